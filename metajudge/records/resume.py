"""The rows with a record in a results file, which a resumed run skips."""

import logging
from pathlib import Path

from metajudge.data import InvalidRow
from metajudge.errors import UsageError
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.opening import lines_of
from metajudge.records.record import Record

log = logging.getLogger("metajudge")


def row_key(record_id: str | None, question_id: str | None) -> int:
    """Return a 64-bit key of one row's question, small enough to keep for every row."""
    return hash((record_id, question_id))


def index_records(fd: int, path: Path, expected: tuple[str, JudgeIdentity] | None) -> tuple[set[int], set[int]]:
    """Return the keys of the rows with a finished record, and of those with failures alone.

    Raises `UsageError` for a record without id, and for one of another evaluated model or judge than `expected`.
    """
    finished: set[int] = set()
    failed: set[int] = set()
    unreadable, previous = 0, None
    for number, line in enumerate(lines_of(fd), 1):
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
        if expected is not None and names != previous:  # most records have the judge of the one before
            _check_same(path, number, record, *expected)
            previous = names
        (finished if record.is_finished else failed).add(row_key(record.id, record.question_id))
    if unreadable:
        log.warning("%s has %d unreadable lines; they are left as they are", path, unreadable)
    return finished, failed - finished


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
            f"`output_file` {path} holds another judge's records (line {number}: {'; '.join(differences)}); "
            f"name another file (for metajudge_infer.sh another OUTPUT_DIR), or go on with `allow_mixed`"
        )


_LABELS = {"critic_name": "critic's name"}
