"""Files with the flaws of reasons become tables: one for each evaluated model and judge."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from metajudge.data import InputFile, InvalidRow, Row, UnreadableLines, make_sample, read_checklist
from metajudge.errors import UsageError
from metajudge.records import flaw_stamps
from metajudge.reports.row_scores import ScoringConfig, cluster_of, domain_of
from metajudge.tasks.flaws import SUFFIX, ItemFlaws
from metajudge.text import printable


@dataclass(frozen=True, slots=True)
class FlawRow:
    """Classes and flaws of one row's reasons."""

    id: str
    question_id: str
    """Hash of the evaluated model and both lists, as in its result record; empty without these lists."""
    reasons: tuple[str, ...] | None
    """The evaluated model's list; None if the file does not have it."""
    cluster: str
    domain: str
    items: tuple[ItemFlaws, ...]


@dataclass(frozen=True, slots=True)
class FlawTable:
    """Rows of one evaluated model that one judge has read by one prompt."""

    model: str
    """Evaluated model; `read_flaw_tables` appends the file's name if several files have the same model and judge."""
    model_be_evaluated: str
    path: Path
    judge: str
    """Model, or person, that has named classes and flaws."""
    instructions: str
    """Hash of the judge's instructions; empty for people."""
    rows: tuple[FlawRow, ...]
    failed: int
    """Rows without any list of flaws: nothing could be asked."""
    unreadable: UnreadableLines

    @property
    def judged_by(self) -> tuple[str, str]:
        """Judge and instructions: tables that differ in these have shares that cannot be compared."""
        return self.judge, self.instructions


def read_flaw_tables(paths: Sequence[Path], options: ScoringConfig | None = None) -> list[FlawTable]:
    """Read files that `flaws` has written, or label files of the same form. Raises `UsageError` for other files."""
    options = options or ScoringConfig()
    tables = [table for path in paths for table in _tables(path, options)]
    names = Counter((table.model.lower(), table.judged_by) for table in tables)
    return [
        replace(table, model=f"{table.model} ({table.path.name})")
        if names[table.model.lower(), table.judged_by] > 1
        else table
        for table in tables
    ]


_Key = tuple[str, str, str]
"""Evaluated model, judge, hash of the instructions."""


def _tables(path: Path, options: ScoringConfig) -> Iterator[FlawTable]:
    unreadable, failed = UnreadableLines(), Counter[_Key]()
    rows: dict[_Key, dict[str, FlawRow]] = {}
    for row in InputFile(path, "").rows():
        if isinstance(row, InvalidRow):
            unreadable.add(row)
            continue
        for stamp in flaw_stamps(row.data):
            key = _key(stamp, path, row.line)
            own = rows.setdefault(key, {})
            found = _row(row, stamp, key[0], path, options)
            if found is None:
                failed[key] += 1
            else:
                own[found.id] = found
    if not rows:
        raise UsageError(f"{path} holds no flaws of reasons; make them with: python3 -m metajudge flaws")
    for (model, judge, instructions), found_rows in rows.items():
        count = failed[model, judge, instructions]
        yield FlawTable(model, model, path, judge, instructions, tuple(found_rows.values()), count, unreadable)


def _key(stamp: Mapping[str, Any], path: Path, line: int) -> _Key:
    names = [stamp.get(name) for name in ("model_be_evaluated", "model", "instructions")]
    if not all(isinstance(name, str) and name for name in names[:2]):
        raise UsageError(
            f'{path} line {line}: its "metajudge" does not name the evaluated model (model_be_evaluated) and the judge '
            "(model); run flaws again with another output file"
        )
    return str(names[0]), str(names[1]), str(names[2] or "")


def _row(row: Row, stamp: Mapping[str, Any], model: str, path: Path, options: ScoringConfig) -> FlawRow | None:
    """Return the flaws of one row; None if it has none. Raises `UsageError` for an entry that is wrong."""
    entries = row.data.get(f"{model}{SUFFIX}")
    if not isinstance(entries, list):
        return None
    where = f"{path} line {row.line}"
    row_id = str(stamp.get("id") or "")
    reasons = read_checklist(row.data, model)
    try:
        items = tuple(ItemFlaws.from_json(entry) for entry in entries)
    except ValueError as error:
        raise UsageError(f'{where} has an entry in "{printable(model)}{SUFFIX}" {printable(str(error))}') from None
    numbers = [one.item for one in items]
    if len(set(numbers)) < len(numbers) or (not isinstance(reasons, str) and max(numbers, default=0) > len(reasons)):
        raise UsageError(f"{where} names a reason of {printable(model)} twice, or one that its list does not have")
    sample = make_sample(row, row_id, model)
    return FlawRow(
        id=row_id,
        question_id="" if isinstance(sample, InvalidRow) else sample.question_id,
        reasons=None if isinstance(reasons, str) else reasons,
        cluster=cluster_of(row.data, row_id, options.cluster_field)[0],
        domain=domain_of(row.data),
        items=items,
    )
