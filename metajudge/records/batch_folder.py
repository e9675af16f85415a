"""The folder of a run's batches, `<output>.batch/`: parts with requests, their results, and the manifest.

A part is a JSONL file `NNN.jsonl` of requests; its results are `NNN.output.jsonl` and `NNN.errors.jsonl`. The manifest
says what has become of each part. It is replaced as a whole before and after every step that costs money.
"""

import contextlib
import hashlib
import json
import os
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, Self

from metajudge.errors import UsageError
from metajudge.records.atomic import replacing, side_file, unwritable
from metajudge.records.lock import locked

MANIFEST = "manifest.json"
_SCHEMA = 1
CREATED, SUBMITTING, WAITING, COLLECTED = "created", "submitting", "waiting", "collected"
"""States of a part that the provider does not know: written, being sent, refused for a full queue, and done."""
COMPLETED, FAILED, EXPIRED, CANCELLED = "completed", "failed", "expired", "cancelled"
TERMINAL = (COMPLETED, FAILED, EXPIRED, CANCELLED)
"""States in which a provider has ended its work on a part."""


@dataclass(slots=True)
class Part:
    """A file of requests and the state of its batch."""

    name: str
    """Three digits or more, such as 001."""
    sha256: str
    """Hash of the file."""
    requests: int
    size: int
    """Bytes."""
    tokens: int
    """Estimated prompt tokens."""
    mark: str
    """Unique text by which its batch is found again at the provider."""
    adapted: list[str] = field(default_factory=list)
    """Parameters that its requests leave out because the provider has refused them."""
    state: str = CREATED
    """One of ours, or that of the provider's batch."""
    file_id: str | None = None
    batch_id: str | None = None
    output_file_id: str | None = None
    error_file_id: str | None = None
    done: int | None = None
    """Requests that the provider has answered."""
    message: str = ""
    """Reason of a failure, in the provider's words."""
    in_flight_at_refusal: int | None = None
    """Parts of ours at the provider when its queue was full; None = not refused."""

    @property
    def is_unsent(self) -> bool:
        """True if a submission is due."""
        return self.state in (CREATED, SUBMITTING, WAITING)

    @property
    def is_terminal(self) -> bool:
        """True if the provider has ended its work, or the results are collected."""
        return self.state in (*TERMINAL, COLLECTED)

    @property
    def is_in_flight(self) -> bool:
        """True while the provider works on it."""
        return not (self.is_unsent or self.is_terminal)


@dataclass(slots=True)
class Manifest:
    """Contents of the manifest: the command whose requests the parts hold, and the parts."""

    output: str
    """Name of the output that the folder belongs to."""
    command: str
    """`infer`, `decompose` or `critic`."""
    flags: dict[str, Any]
    """The command's options by name, without the key; paths are relative to the folder of the output."""
    fingerprint: str
    """Hash of the input's lines."""
    api_base: str
    url: str
    """Address of a request, such as /v1/chat/completions."""
    discount: float
    """Price of a batch as a share of the price of single requests."""
    max_enqueued_tokens: int | None = None
    adapted: list[str] = field(default_factory=list)
    """Parameters that the provider has refused so far."""
    parts: list[Part] = field(default_factory=list)
    id: str = field(default_factory=lambda: uuid.uuid4().hex)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a manifest; keys of later versions are ignored. Raises `TypeError` or `KeyError` if it is none."""
        known = {one.name: data[one.name] for one in fields(cls) if one.name in data}
        names = {one.name for one in fields(Part)}
        parts = [Part(**{name: value for name, value in one.items() if name in names}) for one in data["parts"]]
        return cls(**{**known, "parts": parts})

    @property
    def open_parts(self) -> list[Part]:
        """Parts whose results are not collected."""
        return [part for part in self.parts if part.state != COLLECTED]


class BatchFolder:
    """The folder `<output>.batch/`."""

    def __init__(self, path: Path) -> None:
        """Name the folder; `of` finds it."""
        self.path = path

    @classmethod
    def beside(cls, output: Path) -> Self:
        """Return the folder of an output."""
        return cls(side_file(output, ".batch"))

    @classmethod
    def of(cls, path: Path) -> Self:
        """Return the folder that `path` names: itself, its manifest, or its output. Raises `UsageError`."""
        for folder in (path, path.parent, side_file(path, ".batch")):
            if (folder / MANIFEST).is_file() and (folder != path.parent or path.name == MANIFEST):
                return cls(folder)
        raise UsageError(
            f"{path} has no batches: there is neither {path / MANIFEST} nor {path}.batch; create them first"
        )

    @property
    def output(self) -> Path:
        """The output that the folder belongs to."""
        return self.path.with_name(self.path.name.removesuffix(".batch"))

    def requests(self, part: Part) -> Path:
        """Return the file of a part's requests."""
        return self.path / f"{part.name}.jsonl"

    def results(self, part: Part) -> tuple[Path, Path]:
        """Return the files of a part's results: the replies and the errors. They may not exist."""
        return self.path / f"{part.name}.output.jsonl", self.path / f"{part.name}.errors.jsonl"

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Keep other processes from the folder. Raises `UsageError` if one is at work in it."""
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            fd = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be written: {error.strerror}; check its permissions") from None
        try:
            with locked(fd, self.path):
                yield
        finally:
            if not (self.path / MANIFEST).exists():  # nothing came of it
                (self.path / "lock").unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    self.path.rmdir()
            os.close(fd)

    def read(self) -> Manifest | None:
        """Return the manifest; None if there is none. Raises `UsageError` if it is broken or of another output."""
        path = self.path / MANIFEST
        try:
            data = json.loads(path.read_bytes())
            if data["schema"] != _SCHEMA:
                raise UsageError(f"{path} has schema {data['schema']!r}, not {_SCHEMA}; use the version that wrote it")
            manifest = Manifest.from_json(data)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{path} cannot be read: {error.strerror}; check its permissions") from None
        except (ValueError, TypeError, KeyError):
            raise UsageError(f"{path} is no manifest of batches; restore it, or create the batches anew") from None
        if manifest.output != self.output.name:
            raise UsageError(
                f"{path} belongs to the output {manifest.output}, not to {self.output.name}; move it to "
                f"{manifest.output}.batch"
            )
        return manifest

    def write(self, manifest: Manifest) -> None:
        """Replace the manifest as a whole. Raises `DiskFull`."""
        data = {"schema": _SCHEMA, **asdict(manifest)}
        path = self.path / MANIFEST
        try:
            with replacing(path) as file:
                file.write(json.dumps(data, indent=1).encode() + b"\n")
        except OSError as error:
            raise unwritable(path, error) from None

    def custom_ids(self, part: Part) -> Iterator[str]:
        """Yield the ids of a part's requests. Raises `UsageError` if its file has changed."""
        path, found = self.requests(part), hashlib.sha256()
        try:
            with path.open("rb") as file:
                for line in file:
                    found.update(line)
                    yield str(json.loads(line)["custom_id"])
        except (OSError, ValueError, KeyError, TypeError):
            raise UsageError(f"{path} cannot be read or is no part of a batch; restore it") from None
        if found.hexdigest() != part.sha256:
            raise UsageError(f"{path} has changed since it was created; restore it, or create the batches anew")


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
