"""Records behind the rows of a score table."""

from collections.abc import Iterator

from metajudge.data import RowIds
from metajudge.metrics import Matrix
from metajudge.records import Record, latest_records
from metajudge.reports.judge_settings import settings_of
from metajudge.reports.row_scores import question_id_of
from metajudge.reports.score_table import ScoreTable

Key = tuple[str, str]
"""Row id and question id."""


def records_of(file: ScoreTable) -> Iterator[tuple[Key, Record]]:
    """Yield the records of one table with the keys of their rows."""
    numbers, model = RowIds(), file.model_be_evaluated
    for record in latest_records(file.path):
        own = record.model_be_evaluated
        if own is not None and own.lower() != model.lower():
            continue
        name = numbers.id_of(record.metadata or {}) if record.id is None else record.id
        if settings_of(record.judged_by) == settings_of(file.judged_by):
            yield (name, question_id_of(record, name, model)), record


def judge_matrix(record: Record, model: str) -> Matrix | None:
    """Return the judge's scores of every pair; None without them, as with granularity `row`."""
    lists = [record.checklist(name) for name in ("human", model)]
    if lists[0] is None or lists[1] is None:
        return None
    matrices = record.score_matrices(len(lists[0]), len(lists[1]))
    return matrices[0] if matrices else None
