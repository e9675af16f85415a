"""The folder of a run's batches, `<output>.batch/`: parts with requests, their results, and the manifest.

A part is a JSONL file `NNN.jsonl` of requests; its results are `NNN.output.jsonl` and `NNN.errors.jsonl`. The manifest
is replaced as a whole before and after every step that costs money.
"""

import contextlib
import hashlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Self

from metajudge.errors import UsageError
from metajudge.records.atomic import replacing, side_file, unwritable
from metajudge.records.batch.manifest import Manifest, Part
from metajudge.records.lock import locked

MANIFEST = "manifest.json"
_SCHEMA = 1


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
        missing = side_file(path, ".batch") / MANIFEST
        raise UsageError(f"{path} has no batches ({missing} is missing); create them, or name the output of `create`")

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
                try:
                    yield
                finally:
                    if not (self.path / MANIFEST).exists():  # nothing came of it
                        (self.path / "lock").unlink(missing_ok=True)
                        with contextlib.suppress(OSError):
                            self.path.rmdir()
        finally:
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
