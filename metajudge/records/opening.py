"""A results file before a run appends to it: checked, its torn last line repaired, its finished rows indexed."""

import collections
import logging
import os
import stat
from collections.abc import Generator, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metajudge.data import InvalidRow, Row, as_integer, parse_row
from metajudge.errors import DiskFull, UsageError
from metajudge.records.atomic import side_file
from metajudge.records.judge_identity import SAMPLING, JudgeIdentity
from metajudge.records.record import Record

log = logging.getLogger("metajudge")

_CHUNK = 1 << 20
_OTHER_FORMS = (".gz", ".json", ".parquet", ".zst", ".bz2", ".xz", ".zip", ".arrow", ".csv")
_BEGIN = b'{"id": "'
_BLANK = b"\0 \t\r\n"  # a power loss may leave zeros


def check_output_name(path: Path, named: str = "`output_file` ") -> None:
    """Raise `UsageError` if the name of an output is of another form than JSONL, which is all that is written."""
    ending = next((ending for ending in _OTHER_FORMS if path.name.lower().endswith(ending)), None)
    if ending:
        name = path.name[: -len(ending)].removesuffix(".jsonl")
        raise UsageError(f"{named}{path}: the output is JSONL; give it a name such as {name or 'rows'}.jsonl")


def open_results_file(path: Path) -> int:
    """Open a file for reading and appending; make it if it is missing. Raises `UsageError`."""
    try:
        if path.is_dir():
            raise UsageError(f"`output_file` {path} is a directory; name a file in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"`output_file` {path} cannot be written: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UsageError(f"`output_file` {path} is no ordinary file; results are appended and resumed, name a file")
    return fd


def lines_of(fd: int) -> Generator[bytes, None, None]:
    """Yield the lines of an open file from its start."""
    with open(os.dup(fd), "rb", buffering=_CHUNK) as file:
        file.seek(0)
        yield from file


def check_content(fd: int, path: Path) -> None:
    """Raise `UsageError` if no line of the file begins like a record, so that another program's file stays."""
    lines = (line for line in lines_of(fd) if line.strip(_BLANK))
    first = next(lines, None)
    if first is None or _may_be_record(first) or any(map(_may_be_record, lines)):
        return
    raise UsageError(f"`output_file` {path} holds something other than this program's records; name another file")


def _may_be_record(line: bytes) -> bool:
    """Return True for the beginning of a record, however short, and for any object, which is checked later."""
    return line.startswith(_BEGIN) or _BEGIN.startswith(line.rstrip(_BLANK)) or _is_object(line)


def _is_object(line: bytes) -> bool:
    return isinstance(parse_row(0, line), Row)


def repair_tail(fd: int, path: Path) -> None:
    """Give a whole last line its missing newline; set a torn one aside in `<output>.torn`. Raises `DiskFull`."""
    (tail,) = collections.deque(lines_of(fd), maxlen=1) or [b""]
    if not tail or tail.endswith(b"\n"):
        return
    start = os.fstat(fd).st_size - len(tail)
    whole = tail.rstrip(b"\0")  # a power loss may leave zeros in place of the newline
    try:
        if _is_object(whole):
            os.ftruncate(fd, start + len(whole))
            os.write(fd, b"\n")
            return
        torn = side_file(path, ".torn")
        with torn.open("ab") as aside:
            aside.write(tail + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
    except OSError as error:
        raise DiskFull(f"{path} ends in a torn line that cannot be repaired: {error.strerror}") from None
    os.ftruncate(fd, start)
    log.warning("%s ended in a torn line: set aside in %s, its row is asked again", path, torn)


def row_key(record_id: str | None, question_id: str | None) -> int:
    """Return a 64-bit key of one row's question, small enough to keep for every row."""
    return hash((record_id, question_id))


@dataclass(slots=True)
class ResultIndex:
    """Rows of a results file, and the sampling parameters of its judges."""

    finished: set[int] = field(default_factory=set)
    """Keys (`row_key`) of the rows that have a finished record."""
    failed: set[int] = field(default_factory=set)
    """Keys of the rows whose records are all failures."""
    sampling: list[Mapping[str, Any]] = field(default_factory=list)
    """Different `SAMPLING` values of the records."""

    def add(self, record: Record) -> None:
        """Count a record."""
        key = row_key(record.id, record.question_id)
        (self.finished if record.is_finished else self.failed).add(key)

    def add_sampling(self, judge: Mapping[str, Any] | None) -> None:
        """Note the sampling of a record's `judge`."""
        values = {name: as_integer(judge[name]) for name in SAMPLING if name in judge} if judge else {}
        if values not in self.sampling:
            self.sampling.append(values)

    def other_sampling(self, judge: JudgeIdentity) -> str:
        """Return the parameters in which `judge` differs from earlier records, as a sentence; empty if none does."""
        others = {name: [values[name] for values in self.sampling if name in values] for name in SAMPLING}
        found = []
        for name, values in others.items():
            own = as_integer(getattr(judge, name))
            if earlier := [_shown(value) for value in values if value != own]:
                found.append((f"`{name}` {_shown(own)}", " or ".join(dict.fromkeys(earlier))))
        mine, theirs = (" and ".join(parts) for parts in zip(*found, strict=True)) if found else ("", "")
        return f"with {mine}; its records have {theirs}" if found else ""


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def index_records(
    lines: Iterable[bytes], path: Path, model: str, judge: JudgeIdentity, *, allow_mixed: bool
) -> ResultIndex:
    """Index the lines of a results file.

    Raises `UsageError` for a record without id, for one of another granularity, and unless `allow_mixed` for one of
    another evaluated model or judge.
    """
    index = ResultIndex()
    unreadable, previous = 0, None
    for number, line in enumerate(lines, 1):
        if line.isspace():
            continue
        record = Record.from_line(line)
        if isinstance(record, InvalidRow):
            unreadable += 1
            continue
        if record.id is None or record.question_id is None:
            raise UsageError(
                f"`output_file` {path} holds something other than this program's records "
                f"(line {number} has no id); name another file"
            )
        names = record.judge, record.model_be_evaluated
        if names != previous:  # most records have the judge of the one before
            index.add_sampling(record.judge)
            _check_granularity(path, number, record, judge)
            if not allow_mixed:
                _check_same(path, number, record, model, judge)
            previous = names
        index.add(record)
    if unreadable:
        log.warning("%s has %d unreadable lines; they are left as they are", path, unreadable)
    index.failed -= index.finished
    return index


def read_first_judge(path: Path) -> JudgeIdentity | None:
    """Return the judge of the first record in the results file at `path`; None if there is no such record or file."""
    if not path.is_file():
        return None
    with path.open("rb") as file:
        records = map(Record.from_line, file)
        judges = (record.judged_by for record in records if isinstance(record, Record))
        return next((judge for judge in judges if judge is not None), None)


def read_index(path: Path, model: str, judge: JudgeIdentity, *, allow_mixed: bool) -> ResultIndex:
    """Index the results file at `path` as a run would find it, without touching it; empty if there is none."""
    if not path.is_file():
        return ResultIndex()
    with path.open("rb") as file:
        lines = (line for line in file if line.strip(_BLANK))
        return index_records(lines, path, model, judge, allow_mixed=allow_mixed)


def _check_granularity(path: Path, number: int, record: Record, judge: JudgeIdentity) -> None:
    """Raise `UsageError` if a record has another granularity: no figure of both would mean anything."""
    found = record.judged_by and record.judged_by.granularity
    if found and judge.granularity and found != judge.granularity:
        raise UsageError(
            f"`output_file` {path} has records of granularity {found!r}, not {judge.granularity!r} (line {number}); "
            "granularities never mix in a file: choose another file (OUTPUT_DIR for metajudge_infer.sh)"
        )


def _check_same(path: Path, number: int, record: Record, model: str, judge: JudgeIdentity) -> None:
    own = record.judged_by or JudgeIdentity()
    differences = [
        f"{_LABELS.get(name, name)} {found!r}, not {wanted!r}"
        for name, (found, wanted) in own.differences(judge).items()
    ]
    if (record.model_be_evaluated or "").lower() != model.lower():
        differences.append(f"evaluated model {record.model_be_evaluated!r}, not {model!r}")
    if differences:
        raise UsageError(
            f"`output_file` {path} has records of another judge or model (line {number}: {'; '.join(differences)}); "
            f"choose another file (OUTPUT_DIR for metajudge_infer.sh), or append to it with `allow_mixed`"
        )


_LABELS = {"critic_name": "critic's name"}
