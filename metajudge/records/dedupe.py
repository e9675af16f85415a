"""A result file with one record a row: what counts is kept, byte for byte; the rest is counted."""

from __future__ import annotations

import os
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from metajudge.data import InputFile, InvalidRow
from metajudge.errors import DiskFull, UsageError
from metajudge.records.discovery import check_results, read_first
from metajudge.records.latest import LatestRecords

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class Compacted:
    """What became of the lines of a file."""

    kept: int
    superseded: int
    """Records whose row has a later or finished one."""
    unreadable: int
    """Lines that are no JSON object."""


def dedupe(source: Path, target: Path, *, force: bool = False) -> Compacted:
    """Write the records of `source` that count to `target`, each as it is and where it stood among the others.

    `target` appears whole or not at all. `force` replaces an existing one. Raises `UsageError` and `DiskFull`.
    """
    _check(source, target, force)
    latest, unreadable = LatestRecords(), 0
    for row in InputFile(source).rows():
        if isinstance(row, InvalidRow):
            unreadable += 1
        else:
            latest.add(row.data, row.line, row.line)
    lines = frozenset(latest.values())
    _write(source, target, lines)
    return Compacted(len(lines), latest.superseded, unreadable)


def _check(source: Path, target: Path, force: bool) -> None:
    if source.exists() and not source.is_file() and not source.is_dir():
        raise UsageError(f"{source} is no ordinary file; it is read twice, so save it to one first")
    check_results(source, *read_first(source))
    if target.is_dir():
        raise UsageError(f"{target} is a directory; name a file in it")
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} is the file that is read; name another one for the result")
    if target.exists() and not force:
        raise UsageError(f"{target} exists; name another file, or replace it with --force")
    if not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: the directory {target.parent} does not exist; create it first")


def _write(source: Path, target: Path, lines: Set[int]) -> None:
    # Beside the target, so that the renaming is atomic; no name in .jsonl, so that no analysis ever reads it.
    building = target.with_name(f"{target.name}.{os.getpid()}.building")
    try:
        file = building.open("xb")
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; name another file") from None
    try:
        with file, source.open("rb") as original:
            for line in _chosen(original, lines):
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        building.replace(target)
    except OSError as error:
        building.unlink(missing_ok=True)
        raise DiskFull(f"{target} cannot be written: {error.strerror}; {source} is as it was") from None
    except BaseException:
        building.unlink(missing_ok=True)
        raise


def _chosen(file: IO[bytes], lines: Set[int]) -> Iterator[bytes]:
    for number, line in enumerate(file, 1):
        if number in lines:
            whole = line if line.endswith(b"\n") else line + b"\n"
            yield whole.removeprefix(_BOM) if number == 1 else whole
