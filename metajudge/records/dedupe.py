"""A copy of a result file with one record per row; the lines that are dropped are counted."""

import os
import tempfile
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from metajudge.data import InputFile, InvalidRow
from metajudge.errors import DiskFull, UsageError
from metajudge.records.atomic import replacing
from metajudge.records.discovery import check_results, read_first
from metajudge.records.latest import LatestRecords
from metajudge.records.opening import check_output_name
from metajudge.records.record import Record


@dataclass(frozen=True, slots=True)
class Compacted:
    """Counts of the lines of a file."""

    kept: int
    superseded: int
    """Records whose row has a later or finished one."""
    unreadable: int
    """Lines that are no JSON object."""


def dedupe(source: Path, target: Path, *, force: bool = False) -> Compacted:
    """Copy the records of `source` that count to `target`, byte for byte and in their order.

    `target` appears whole or not at all. `force` replaces an existing one. Raises `UsageError` and `DiskFull`.
    """
    _check(source, target, force)
    latest, numbers, unreadable, file = LatestRecords(), array("q"), 0, InputFile(source)
    for row in file.rows():
        if isinstance(row, InvalidRow):
            unreadable += 1
        else:
            latest.add(Record.from_json(row.data))
            numbers.append(row.line)
    found = latest.find()
    lines = {numbers[number] for number in found.numbers}
    _write(file, target, lines)
    return Compacted(len(lines), found.superseded, unreadable)


def _check(source: Path, target: Path, force: bool) -> None:
    if source.exists() and not source.is_file() and not source.is_dir():
        raise UsageError(f"{source} is no ordinary file; it is read twice, so save it to one first")
    check_results(source, *read_first(source))
    check_target(target, [source], force=force)


def check_target(target: Path, sources: Sequence[Path], *, force: bool) -> None:
    """Raise `UsageError` if `target` cannot be written, is one of `sources`, or exists without `force`."""
    check_output_name(target, "")
    if target.is_dir():
        raise UsageError(f"{target} is a directory; name a file in it")
    if target.exists() and any(target.samefile(source) for source in sources):
        raise UsageError(f"{target} is the file that is read; name another one for the result")
    if target.exists() and not force:
        raise UsageError(f"{target} exists; name another file, or replace it with `force`")
    if not target.parent.is_dir():
        raise UsageError(f"{target} cannot be written: the directory {target.parent} does not exist; create it first")
    try:
        tempfile.TemporaryFile(dir=target.parent).close()
    except OSError as error:
        raise UsageError(f"{target} cannot be written: {error.strerror}; name another file") from None


def _write(source: InputFile, target: Path, lines: set[int]) -> None:
    try:
        # Two processes may write the same target, each its own side file.
        with replacing(target, f".{os.getpid()}.building") as file:
            for number, _, line in source.lines():
                if number in lines:
                    file.write(line.removesuffix(b"\n") + b"\n")
    except OSError as error:
        raise DiskFull(f"{target} cannot be written: {error.strerror}; {source.path} is as it was") from None
