"""Writing of the parts of a batch, each within the limits of a provider."""

import contextlib
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from metajudge.errors import UsageError
from metajudge.records.atomic import replacing, unwritable
from metajudge.records.batch.folder import BatchFolder
from metajudge.records.batch.manifest import Manifest, Part


@dataclass(frozen=True, slots=True)
class PartLimits:
    """Limits of one part."""

    requests: int = 50_000
    size: int = 200_000_000
    """Bytes."""
    tokens: int | None = None
    """Estimated prompt tokens."""


class PartWriter:
    """Writes requests to new parts of a folder. The parts count only when the manifest names them."""

    def __init__(self, folder: BatchFolder, limits: PartLimits, manifest: Manifest) -> None:
        self._folder, self._limits, self._manifest = folder, limits, manifest
        self._number = max((int(part.name) for part in manifest.parts), default=0)
        self._stack = contextlib.ExitStack()
        self._file: BinaryIO | None = None
        self._hash = hashlib.sha256()
        self._requests = self._size = self._tokens = 0
        self.parts: list[Part] = []

    def add(self, line: bytes, tokens: int) -> None:
        """Write a request, a line with its newline, into the last part or a new one.

        Raises `UsageError` if it is larger than a whole part may be, and `DiskFull`.
        """
        limits = self._limits
        if len(line) > limits.size:
            raise UsageError(f"a request has {len(line):,} bytes; raise `max_bytes` (now {limits.size:,})")
        if limits.tokens is not None and tokens > limits.tokens:
            raise UsageError(f"a request has {tokens:,} tokens; raise `max_enqueued_tokens` (now {limits.tokens:,})")
        is_full = (
            self._requests >= limits.requests
            or self._size + len(line) > limits.size
            or (limits.tokens is not None and self._tokens + tokens > limits.tokens)
        )
        try:
            if is_full:
                self.close()
            if self._file is None:
                self._file = self._stack.enter_context(replacing(self._path()))
            self._file.write(line)
        except OSError as error:
            raise unwritable(self._path(), error) from None
        self._hash.update(line)
        self._requests, self._size, self._tokens = self._requests + 1, self._size + len(line), self._tokens + tokens

    def close(self) -> None:
        """Complete the last part."""
        if self._file is None:
            return
        self._stack.close()
        self._number += 1
        name, digest = f"{self._number:03}", self._hash.hexdigest()
        mark = hashlib.sha256(f"{self._manifest.id}/{name}/{digest}".encode()).hexdigest()
        adapted = list(self._manifest.adapted)
        self.parts.append(Part(name, digest, self._requests, self._size, self._tokens, mark, adapted))
        self._file, self._hash = None, hashlib.sha256()
        self._requests = self._size = self._tokens = 0

    def discard(self) -> None:
        """Remove what was written."""
        with contextlib.suppress(_Discarded), self._stack:
            raise _Discarded
        for part in self.parts:
            self._folder.requests(part).unlink(missing_ok=True)

    def _path(self) -> Path:
        return self._folder.path / f"{self._number + 1:03}.jsonl"


class _Discarded(Exception):
    """Makes `replacing` remove an incomplete file."""
