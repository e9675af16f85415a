"""Output of a step: the input's rows with the fields from their records, one line per row, in order."""

import os
from array import array
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metajudge.data import METADATA_KEY, InputFile, InvalidRow, RowIds, Shard
from metajudge.errors import DiskFull
from metajudge.records import LatestRecords, Record, encode, replacing, row_key
from metajudge.tasks.step import SKIPPED, Step, StepResult, StepRow, StepSpec, step_rows


@dataclass(frozen=True, slots=True)
class OutputCounts:
    """Counts of the output's rows."""

    by_status: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    """Counts of `Step.remarks` over the rows."""


def write_output(
    source: InputFile, limit: int | None, output: Path, records: Path, step: Step, shard: Shard | None = None
) -> OutputCounts:
    """Rebuild `output`. Raises `DiskFull`.

    A row without a record (the run was stopped) is left out; a skipped row stays unchanged.
    A row beyond `limit` keeps its line if an earlier run has made it.
    """
    output = Path(os.path.realpath(output))  # a link stays one
    written, numbers = OutputCounts(), RowIds()
    rows = (shard or Shard()).rows(source.rows(), numbers)
    try:
        places = _places(records)
        before: set[int] = set()
        if limit is not None and output.exists():
            with output.open("rb") as file:
                before = {hash(line) for line in file}
        with replacing(output) as new, records.open("rb") as kept:
            for number, row in enumerate(step_rows(rows, step, numbers)):
                if isinstance(row, InvalidRow):
                    continue
                if row.precomputed is not None and row.precomputed.status == SKIPPED:
                    line = encode(row.row)
                    # A skipped row has no record: beyond the limit, only its line shows that an earlier run wrote it.
                    if limit is None or number < limit or hash(line) in before:
                        written.by_status[SKIPPED] += 1
                        new.write(line)
                elif (place := places.get(row_key(row.id, row.question_id))) is not None:
                    kept.seek(place)
                    record = Record.from_line(kept.readline())
                    assert isinstance(record, Record) and record.derived is not None
                    found = step.finalize(StepResult(**record.derived))
                    written.by_status[found.status] += 1
                    written.notes.update(step.remarks(found.notes))
                    new.write(encode(_stamped(row, step.spec, found, record)))
    except OSError as error:
        raise DiskFull(f"{output} cannot be written: {error.strerror}; its rows are safe in {records}") from None
    return written


def _places(records: Path) -> dict[int, int]:
    """Return the byte offset of each row's latest record."""
    latest, keys, offsets = LatestRecords(), array("q"), array("q")
    for number, offset, line in InputFile(records).lines():
        record = Record.from_line(line, number)
        if isinstance(record, Record):
            latest.add(record)
            keys.append(row_key(record.id, record.question_id))
            offsets.append(offset)
    return {keys[number]: offsets[number] for number in latest.find().numbers}


def _stamped(row: StepRow, spec: StepSpec, found: StepResult, record: Record) -> dict[str, Any]:
    stamp: dict[str, Any] = {"id": row.id, "step": spec.name, "status": found.status}
    if spec.needs_model:
        # Not the model of this run: with `allow_mixed` another one may have made the row.
        stamp |= {"model": record.judge_model, "attempts": record.attempts}
    stamp |= found.notes
    if METADATA_KEY in row.row:
        stamp["earlier"] = row.row[METADATA_KEY]
    # Keys are found without regard to case and the first counts: an old list would hide the new one.
    gained = {key.lower() for key in found.fields}
    kept = {key: value for key, value in row.row.items() if key in found.fields or key.lower() not in gained}
    return {**kept, **found.fields, METADATA_KEY: stamp}
