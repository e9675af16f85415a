"""Join the shards of a run into what one run over the whole input writes: a record per row, in the order of the input.

Of a step (`decompose`, `critic`) the rows and their records are joined, of an inference the records, from which the
matches file is made. Memory grows by 16 bytes per row and by an index of one shard.
"""

import contextlib
import heapq
import os
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, NamedTuple

from metajudge.data import InputFile, InvalidRow
from metajudge.errors import DiskFull, UsageError
from metajudge.records.atomic import replacing, side_file
from metajudge.records.dedupe import check_target
from metajudge.records.judge_identity import SAME_RECORD, JudgeIdentity
from metajudge.records.latest import LatestRecords
from metajudge.records.lock import check_unlocked
from metajudge.records.matches_file import write_matches
from metajudge.records.opening import check_content, read_index, row_key
from metajudge.records.record import Record
from metajudge.records.shard_file import ShardHead, read_head, read_shard
from metajudge.text import listed, plural

RECORDS = ".records"
"""Ending of the records beside the rows that a step writes."""
_SHOWN_SHARDS = 5

_Place = tuple[int, int]
"""Line number of a row in the input, and offset of its line in a file."""


@dataclass(slots=True)
class Merged:
    """Counts of the rows of all shards."""

    shards: int = 0
    rows: int = 0
    """Rows written."""
    failed: int = 0
    """Rows whose record is a failure."""
    missing: int = 0
    """Rows without a record, which are left out."""
    missing_shards: int = 0
    superseded: int = 0
    """Records whose row has a later or finished one."""
    others: int = 0
    """Records of rows that the input does not have, which are left out."""
    unreadable: int = 0
    """Lines that are no JSON object."""


@dataclass(frozen=True, slots=True)
class _Shard:
    """One file to join."""

    path: Path
    """As the user names it."""
    records: Path
    head: ShardHead

    @property
    def is_step(self) -> bool:
        return self.records != self.path


class _Found(NamedTuple):
    """A record that counts."""

    offset: int
    is_failed: bool
    judge: int
    """Its number in `_Judges`."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Lines of one file, in the order of the input."""

    lines: "array[int]" = field(default_factory=lambda: array("q"))
    """Line numbers in the input."""
    offsets: "array[int]" = field(default_factory=lambda: array("q"))

    def add(self, line: int, offset: int) -> None:
        self.lines.append(line)
        self.offsets.append(offset)

    def __iter__(self) -> Iterator[_Place]:
        return zip(self.lines, self.offsets, strict=True)


def merge(
    paths: Sequence[Path], target: Path, *, allow_missing: bool = False, allow_mixed: bool = False, force: bool = False
) -> Merged:
    """Join the outputs of all shards of a run as `target`, which appears whole or not at all.

    `allow_missing`: shards or records may be missing. `allow_mixed`: the records may have several judges. `force`
    replaces an existing target. Raises `UsageError` and `DiskFull`.
    """
    shards = _open_shards(paths)
    is_step = shards[0].is_step
    targets = [target, *([side_file(target, RECORDS)] if is_step else [])]
    for path in targets:
        check_target(path, [source for shard in shards for source in (shard.path, shard.records)], force=force)
    merged = Merged(shards=len(shards), missing_shards=shards[0].head.of - len(shards))
    if merged.missing_shards and not allow_missing:
        raise UsageError(_missing_shards(shards))
    judges = _Judges()
    records, rows = [], []
    for shard in shards:
        found = _read_shard(shard, judges, merged, allow_mixed=allow_mixed)
        records.append(found[0])
        rows.append(found[1])
    if merged.missing and not allow_missing:
        raise UsageError(
            f"{plural(merged.missing, 'row')} of the shards have no record yet; run the shards again to finish them, "
            "or merge what is there with `allow_missing`"
        )
    _write(target, shards, records, rows if is_step else None)
    if not is_step:
        write_matches(target, is_unique=True)
    return merged


def check_replaceable(target: Path, shards: Iterable[Path]) -> None:
    """Raise `UsageError` unless the shards have every finished row of the records in `target`: it may be replaced."""
    if not target.exists():
        return
    check_unlocked(target)
    with target.open("rb") as file:
        check_content(file.fileno(), target)
    finished = _finished(target)
    for shard in shards:
        finished -= _finished(shard)
    if finished:
        raise UsageError(
            f"`output_file` {target} has {plural(len(finished), 'finished record')} that its shards lack; name another "
            "file, or continue this one without shards"
        )


def _finished(path: Path) -> set[int]:
    return read_index(path, "", JudgeIdentity(), allow_mixed=True).finished


# ------------------------------------------------------------------ the shards


def _open_shards(paths: Sequence[Path]) -> list[_Shard]:
    """Return the shards in their order. Raises `UsageError` if they are not shards of one run."""
    shards: dict[int, _Shard] = {}
    first: _Shard | None = None
    for path in dict.fromkeys(paths):
        shard = _open_shard(path)
        first = first or shard
        other = shards.setdefault(shard.head.shard, shard)
        if shard.head.of != first.head.of:
            raise UsageError(f"{path} is shard {shard.head}, but {first.path} is shard {first.head}; name one run's")
        if shard.is_step != first.is_step:
            raise UsageError(f"{path} and {first.path} are outputs of different commands; name one run's shards")
        if shard.head.input != first.head.input:
            raise UsageError(
                f"{path} and {first.path} were made of different inputs: the input has changed between them; run all "
                "shards on one input"
            )
        if other is not shard:
            raise UsageError(f"shard {shard.head} is there twice: {other.path} and {path}; name one of them")
    return [shards[number] for number in sorted(shards)]


def _open_shard(path: Path) -> _Shard:
    if path.is_dir():
        raise UsageError(f"{path} is a directory; name the outputs of the shards")
    if not path.exists():
        raise UsageError(f"{path} does not exist (looked in {Path.cwd()}); check the path")
    for records in (side_file(path, RECORDS), path):
        head = read_head(records)
        if head is not None:
            check_unlocked(records)
            return _Shard(path, records, head)
    raise UsageError(
        f"{path} is no output of a shard, or was moved without {path.name}.shard, which lies beside it; name the "
        "outputs of runs with --shard"
    )


def _missing_shards(shards: Sequence[_Shard]) -> str:
    there, of = {shard.head.shard for shard in shards}, shards[0].head.of
    missing = [f"{number}/{of}" for number in range(of) if number not in there]
    shown = [*missing[:_SHOWN_SHARDS], *([f"{len(missing) - _SHOWN_SHARDS} more"] * (len(missing) > _SHOWN_SHARDS))]
    noun, verb, them = ("shard", "is", "it") if len(missing) == 1 else ("shards", "are", "them")
    return f"{noun} {listed(shown)} {verb} missing; run {them}, or merge what is there with `allow_missing`"


# ------------------------------------------------------------------ reading


class _Judges:
    """The judges and evaluated models of all records, numbered."""

    def __init__(self) -> None:
        self._found: list[tuple[JudgeIdentity, str | None]] = []
        self._last: tuple[object, int] = None, -1
        self._first: tuple[int, Path] | None = None
        """The judge of the first record that counts, and its shard."""

    def number_of(self, record: Record) -> int:
        """Return the number of a record's judge and evaluated model."""
        names = record.judge, record.model_be_evaluated
        if names != self._last[0]:  # most records have the judge of the one before
            judge = (record.judged_by or JudgeIdentity(), record.model_be_evaluated)
            if judge not in self._found:
                self._found.append(judge)
            self._last = names, self._found.index(judge)
        return self._last[1]

    def check(self, number: int, path: Path, line: int) -> None:
        """Raise `UsageError` if the judge of a record that counts, of input line `line`, is another than the first."""
        if self._first is None:
            self._first = number, path
        first, where = self._first
        if number == first:
            return
        (judge, model), (first_judge, first_model) = self._found[number], self._found[first]
        differences = judge.differences(first_judge, (*SAME_RECORD, "settings"))
        if (model or "").lower() != (first_model or "").lower():
            differences["evaluated model"] = (model, first_model)
        if differences:
            shown = "; ".join(f"{name} {mine!r}, not {theirs!r}" for name, (mine, theirs) in differences.items())
            raise UsageError(
                f"{path} has records of another judge or model than {where} (line {line} of the input: {shown}); judge "
                "all shards alike, or join them as they are with `allow_mixed`"
            )


def _read_shard(shard: _Shard, judges: _Judges, merged: Merged, *, allow_mixed: bool) -> tuple[_Places, _Places]:
    """Return the places of the records, and of a step's rows; count in `merged`."""
    offsets = _latest(shard, judges, merged)
    records, rows = _Places(), _Places()
    written = InputFile(shard.path).lines() if shard.is_step else iter(())
    for line, row_id, question_id in read_shard(shard.records):
        found = offsets.pop(row_key(row_id, question_id), None)
        if found is not None:
            if not allow_mixed:
                judges.check(found.judge, shard.records, line)
            records.add(line, found.offset)
            merged.failed += found.is_failed
        elif question_id:
            merged.missing += 1
            continue
        if shard.is_step:
            _, offset, _ = next(written, (0, -1, b""))
            if offset < 0:
                break
            rows.add(line, offset)
        merged.rows += 1
    else:
        if next(written, None) is None:
            merged.others += len(offsets)
            return records, rows
    raise UsageError(
        f"{shard.path} does not hold the rows of {shard.records.name}, because of --limit or another change; run the "
        "shard again"
    )


def _latest(shard: _Shard, judges: _Judges, merged: Merged) -> dict[int, _Found]:
    """Return the record that counts for each row of a shard, by `row_key`."""
    latest = LatestRecords()
    keys: array[int] = array("q")
    found: list[_Found] = []
    for number, offset, line in InputFile(shard.records).lines():
        record = Record.from_line(line, number)
        if isinstance(record, InvalidRow):
            merged.unreadable += 1
            continue
        latest.add(record)
        keys.append(row_key(record.id, record.question_id))
        found.append(_Found(offset, not record.is_finished, judges.number_of(record)))
    counting = latest.find()
    merged.superseded += counting.superseded
    return {keys[number]: found[number] for number in counting.numbers}


# ------------------------------------------------------------------ writing


def _write(target: Path, shards: Sequence[_Shard], records: Sequence[_Places], rows: Sequence[_Places] | None) -> None:
    """Write the records, and then a step's rows: a run refuses rows without records."""
    building = f".{os.getpid()}.building"  # two processes may write the same target
    try:
        if rows is None:
            with replacing(target, building) as file:
                file.writelines(_lines([shard.records for shard in shards], records))
            return
        with replacing(target, building) as file, replacing(side_file(target, RECORDS), building) as record_file:
            file.writelines(_lines([shard.path for shard in shards], rows))
            record_file.writelines(_lines([shard.records for shard in shards], records))
    except OSError as error:
        raise DiskFull(f"{target} cannot be written: {error.strerror}; the shards are as they were") from None


def _lines(paths: Sequence[Path], places: Iterable[_Places]) -> Iterator[bytes]:
    """Yield the lines of several files in the order of the input."""
    with contextlib.ExitStack() as stack:
        sources = [_reader(stack.enter_context(path.open("rb"))) for path in paths]
        numbered = [_numbered(number, one) for number, one in enumerate(places)]
        for _, number, offset in heapq.merge(*numbered):
            yield sources[number](offset).removesuffix(b"\n") + b"\n"


def _numbered(number: int, places: _Places) -> Iterator[tuple[int, int, int]]:
    return ((line, number, offset) for line, offset in places)


def _reader(file: BinaryIO) -> Callable[[int], bytes]:
    """Return a function that reads the line at an offset."""

    def read(offset: int) -> bytes:
        file.seek(offset)
        return file.readline()

    return read
