"""Data of a page as gzip blocks: a block is opened when the page needs one of its rows."""

import base64
import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import IO, Any

ROWS = 200
"""Rows of a block."""
_LEVEL = 6
_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")).encode


def data_element(name: str, value: Any) -> bytes:
    """Return a script element that holds a JSON value as gzip in Base64; no browser runs it."""
    text = _encode(value).encode("utf-8", "backslashreplace")  # lone surrogates become JSON escapes
    packed = base64.b64encode(gzip.compress(text, _LEVEL, mtime=0))
    return b'<script type="text/plain" id="%s">%s</script>\n' % (name.encode("ascii"), packed)


@dataclass(slots=True)
class Blocks:
    """Entries of one kind, written to a temporary file in blocks of `ROWS`."""

    kind: str
    """Beginning of the elements' ids: `texts-0`, `texts-1`, …"""
    count: int = 0
    size: int = 0
    """Bytes written."""
    _open: list[Any] = field(default_factory=list)
    _file: IO[bytes] = field(default_factory=TemporaryFile)

    def add(self, entry: Any) -> int:
        """Add an entry; return its place."""
        self._open.append(entry)
        self.count += 1
        if len(self._open) == ROWS:
            self._write()
        return self.count - 1

    def _write(self) -> None:
        number = (self.count - 1) // ROWS
        self.size += self._file.write(data_element(f"{self.kind}-{number}", self._open))
        self._open.clear()

    def elements(self) -> Iterator[bytes]:
        """Yield the elements in pieces; nothing can be added afterwards."""
        if self._open:
            self._write()
        self._file.seek(0)
        while piece := self._file.read(1 << 20):
            yield piece
        self._file.close()
