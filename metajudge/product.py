"""The output of a deriving command: its input's rows with what their records say, one line a row, in their order."""

from __future__ import annotations

import contextlib
import json
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metajudge.errors import DiskFull
from metajudge.results import encode, row_key, side_file
from metajudge.samples import InputFile, Row, RowNumbers, Unusable
from metajudge.standing import Latest
from metajudge.step import STAMP, Derived, Step, passed_over


@dataclass(frozen=True, slots=True)
class Written:
    """What the output holds."""

    by_status: Counter[str] = field(default_factory=Counter)
    """Rows."""
    remarks: Counter[str] = field(default_factory=Counter)
    """What the step says about them, counted."""


def write_product(rows: Iterator[Row | Unusable], output: Path, records: Path, step: Step, model: str) -> Written:
    """Rebuild `output`. Raises `DiskFull`.

    A row without a record yet (the run was stopped) is left out; one that an earlier step left unfit stays as it is.
    """
    places, numbers, written = _places(records), RowNumbers(), Written()
    building = side_file(output, ".building")
    try:
        with building.open("wb") as file, records.open("rb") as kept:
            for row in rows:
                if isinstance(row, Unusable):
                    continue
                row_id = numbers.id_of(row.data)
                if passed_over(row.data):
                    written.by_status["passed over"] += 1
                    file.write(encode(row.data))
                elif (place := places.get(row_key(row_id, step.key(row.data)))) is not None:
                    kept.seek(place)
                    record = json.loads(kept.readline())
                    found = step.present(Derived(**record["derived"]))
                    written.by_status[found.status] += 1
                    written.remarks.update(step.remarks(found))
                    file.write(encode(_stamped(row.data, row_id, step, found, record["attempts"], model)))
            file.flush()
            os.fsync(file.fileno())
        building.replace(output)
    except OSError as error:
        with contextlib.suppress(OSError):
            building.unlink(missing_ok=True)
        raise DiskFull(f"{output} cannot be written: {error.strerror}; its rows are safe in {records}") from None
    return written


def _places(records: Path) -> dict[int, int]:
    """Where the standing record of each row begins."""
    latest = Latest()
    for row in InputFile(records).rows():
        if isinstance(row, Row):
            latest.add(row.data, row.line, (row_key(str(row.data["id"]), str(row.data["question_id"])), row.offset))
    return dict(latest.values())


def _stamped(
    row: Mapping[str, Any], row_id: str, step: Step, found: Derived, attempts: int, model: str
) -> dict[str, Any]:
    stamp: dict[str, Any] = {"id": row_id, "step": step.name, "status": found.status}
    stamp |= {"model": model, "attempts": attempts} if step.asks else {}
    stamp |= found.notes
    if STAMP in row:
        stamp["earlier"] = row[STAMP]
    return {**row, **found.fields, STAMP: stamp}
