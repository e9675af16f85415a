"""Forms of an input file other than JSONL: gzip, a JSON array and Parquet are rewritten, others are named."""

import gzip
import importlib
import json
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator
from typing import IO, Any

from metajudge.errors import UsageError

_BOM = b"\xef\xbb\xbf"
_BLANK = b" \t\r\n"
_HEAD = 1 << 16
_CHUNK = 1 << 20
_LONGEST_OBJECT = 1 << 24
"""Bytes in which an object over several lines is looked for."""
_ARRAY = re.compile(rb"\[\s*[{\]]")
_OUTSIDE = re.compile(rb'["\[\]{},]')
_INSIDE = re.compile(rb'"|\\.', re.DOTALL)
_OTHERS = (
    (b"version https://git-lfs", "a Git LFS pointer, not the file itself; fetch the file with: git lfs pull"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd; decompress it first: zstd -d FILE"),
    (b"BZh", "compressed with bzip2; decompress it first: bunzip2 FILE"),
    (b"\xfd7zXZ\0", "compressed with xz; decompress it first: xz -d FILE"),
    (b"PK\x03\x04", "a zip archive or a spreadsheet; name a JSONL file in it or saved from it"),
    (b"ARROW1", "an Arrow file; save it as JSONL or Parquet, such as with to_json of `datasets`"),
    (b"\xff\xff\xff\xff", "an Arrow file; save it as JSONL or Parquet, such as with to_json of `datasets`"),
    (b"<!doctype html", "a web page, no data; download the file itself"),
    (b"<html", "a web page, no data; download the file itself"),
)
"""Beginnings of files that hold no rows that can be read, in lower case or binary, with the form and the remedy."""


class UnreadableForm(UsageError):
    """A file is in a form that cannot be read."""

    def __init__(self, name: str, reason: str) -> None:
        """`name`: the file in messages; `reason` says what it is and what to do."""
        super().__init__(f"{name} {reason}")
        self.reason = reason


class _NoArrayError(Exception):
    """Raised when something follows the first array: the lines of the file are values of their own."""


def as_jsonl(file: IO[bytes], name: str) -> IO[bytes] | None:
    """Return the rows of an open file as a temporary JSONL file; None if they are JSONL already.

    `name`: the file in messages. Raises `UnreadableForm`. Memory does not grow with the file.
    """
    found = None
    while (head := _head(file)).startswith(b"\x1f\x8b"):
        file = found = _unzipped(file, name)
    if head.startswith(b"PAR1"):
        return spooled(_parquet_rows(file, name))
    text = head.removeprefix(_BOM).lstrip(_BLANK)
    for magic, reason in _OTHERS:
        if head.startswith(magic) or text[: len(magic)].lower() == magic:
            raise UnreadableForm(name, f"is {reason}")
    if _ARRAY.match(text):
        try:
            return spooled(element + b"\n" for element in _elements(file))
        except _NoArrayError:
            return found
    if text.startswith(b"{"):
        _refuse_long_object(file, text, name)
    return found


def spooled(parts: Iterator[bytes]) -> IO[bytes]:
    """Write `parts` to a temporary file without a name. Raises `UsageError` if its disk is full."""
    spool = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as its reader)
    try:
        spool.writelines(parts)
        spool.flush()
    except gzip.BadGzipFile:  # an OSError, too, but of the parts
        raise
    except OSError as error:
        raise UsageError(
            f"the input cannot be copied to {tempfile.gettempdir()}: {error.strerror}; set TMPDIR to another directory"
        ) from None
    return spool


def chunks(read: Callable[[int], bytes]) -> Iterator[bytes]:
    """Yield the rest of a file in pieces; `read`: its method."""
    return iter(lambda: read(_CHUNK), b"")


def _head(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read(_HEAD)


def _unzipped(file: IO[bytes], name: str) -> IO[bytes]:
    file.seek(0)
    try:
        with gzip.open(file) as inner:
            return spooled(chunks(inner.read))
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise UnreadableForm(name, f"is a damaged gzip file ({error}); copy or download it again") from None


# ------------------------------------------------------------------ JSON


def _elements(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the elements of the array that a file holds, a line each; an element may be no JSON.

    After an array without an end comes its bracket, which is no row. Raises `_NoArrayError`.
    """
    file.seek(0)
    array = _Array()
    for chunk in chunks(file.read):
        yield from array.feed(chunk)
    if not array.is_closed:
        yield from filter(None, [array.element()])
        yield b"["


class _Array:
    """Cuts an array into its elements, from pieces of any length."""

    def __init__(self) -> None:
        self.is_closed = False
        self._depth = 0
        self._in_string = False
        self._open = bytearray()
        """Beginning of the current element."""
        self._escape = b""
        """A backslash whose character comes with the next piece."""

    def feed(self, piece: bytes) -> Iterator[bytes]:
        """Yield the elements that end in the next piece of the file. Raises `_NoArrayError`."""
        piece, self._escape = self._escape + piece, b""
        start = place = 0
        while found := (_INSIDE if self._in_string else _OUTSIDE).search(piece, place):
            token, place = found[0], found.end()
            if self.is_closed:
                raise _NoArrayError
            if token == b'"':
                self._in_string = not self._in_string
            elif not self._in_string:
                self._depth += (token in b"[{") - (token in b"]}")
                if self._is_between(token):
                    self._open += piece[start : place - 1]
                    start = place
                    if element := self.element():
                        yield element
                    if not self._depth:
                        self.is_closed = True
        if self._in_string and piece.endswith(b"\\") and place < len(piece):
            piece, self._escape = piece[:-1], b"\\"
        self._open += piece[start:]
        if self.is_closed and self._open.strip():
            raise _NoArrayError

    def _is_between(self, token: bytes) -> bool:
        """Return True for the array's brackets and the commas between its elements."""
        return self._depth <= 1 and (token == b"," or (token == b"[" and self._depth == 1) or self._depth == 0)

    def element(self) -> bytes:
        """Return the current element as one line, and begin the next one."""
        text = bytes(self._open).translate(_ONE_LINE).strip()
        self._open.clear()
        return b"" if text == _BOM else text


_ONE_LINE = bytes.maketrans(b"\r\n", b"  ")  # JSON has line breaks only between its tokens


def _refuse_long_object(file: IO[bytes], head: bytes, name: str) -> None:
    """Raise `UnreadableForm` if the file begins with an object over several lines."""
    line, end, _ = head.partition(b"\n")
    if not end or _is_json(line):
        return
    file.seek(0)
    text = file.read(_LONGEST_OBJECT).removeprefix(_BOM).decode("utf-8", "replace").lstrip()
    try:
        found, length = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return
    if _is_json(line.rstrip(b", \t\r")) and text[length:].lstrip().startswith(","):
        raise UnreadableForm(
            name, "is no JSONL: a comma follows each object; remove them, such as with: sed 's/,$//' FILE > rows.jsonl"
        )
    rows = next((key for key, value in found.items() if isinstance(value, list) and _are_rows(value)), None)
    part = "." if rows is None else f".[{json.dumps(rows)}][]"
    raise UnreadableForm(
        name,
        "is a JSON object over several lines, no JSONL; write one object per line, such as with: "
        f"jq -c '{part}' FILE > rows.jsonl",
    )


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return False
    return True


def _are_rows(values: list[Any]) -> bool:
    """Return whether a list holds objects that are no messages of a conversation."""
    return bool(values) and all(isinstance(value, dict) and "role" not in value for value in values)


# ------------------------------------------------------------------ Parquet


def _parquet_rows(file: IO[bytes], name: str) -> Iterator[bytes]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError:
        raise UnreadableForm(name, "is Parquet: reading Parquet needs pyarrow: pip install pyarrow") from None
    errors = importlib.import_module("pyarrow").ArrowException
    try:
        for batch in parquet.ParquetFile(file).iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                yield json.dumps(row, default=str).encode() + b"\n"
    except errors as error:
        raise UnreadableForm(name, f"is Parquet that cannot be read: {' '.join(str(error).split())}") from None
