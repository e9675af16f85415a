"""A result file becomes columns of scores with one place per row, for `report` and `compare`.

A metric is NaN where a row has none (unscored, or not among the metric's rows): never 0, never "wrong".
"""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from metajudge.data import SIGNED, InvalidRow, Labels, Row, RowIds, UnreadableLines
from metajudge.errors import UsageError
from metajudge.metrics import Known, PaperMetrics, ReferenceMetrics
from metajudge.metrics.statistics.intervals import Column
from metajudge.records import (
    JudgeIdentity,
    LatestRecords,
    Record,
    ResultFile,
    Unscored,
    open_results,
    read_first,
)
from metajudge.reports.judge_settings import differences, settings_of
from metajudge.reports.outcome import ACCURACY, FIDELITY, OUTCOME, SPURIOUS, label_counts, outcome_columns
from metajudge.reports.record_facts import RecordFacts, record_facts
from metajudge.reports.row_scores import (
    NO_GROUP,
    Evidence,
    RowScores,
    ScoringConfig,
    fields_with_a_value,
    row_scores,
)

PAPER = {
    "rationale_consistency": "RC",
    "average_precision": "AP",
    "average_precision_soft": "AP soft",
    "precision": "One-to-one precision",
    "f1": "One-to-one F1",
}
"""Metrics of a group with their headings, in the order of the columns."""
REFERENCE = {
    "precision": "Reference precision",
    "recall": "Reference recall",
    "f1": "Reference F1",
    "average_precision": "Reference AP",
}
METRIC_GROUPS = {"paper": PAPER, "reference": REFERENCE, "outcome": OUTCOME}
RC = ("paper", "rationale_consistency")
"""Column of rationale consistency."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One model's rows as columns of equal length; `columns` by (metric group, metric)."""

    model: str
    """Evaluated model; `score_files` appends the file's name if several files have the same model."""
    model_be_evaluated: str
    """Evaluated model as the rows name it."""
    path: Path
    judged_by: JudgeIdentity | None
    """None for a file of the reference's records."""
    ids: tuple[str, ...]
    question_ids: tuple[str, ...]
    """Hashes of the evaluated model and its lists."""
    clusters: tuple[str, ...]
    domains: tuple[str, ...]
    groups: tuple[str, ...]
    n_human: tuple[int | None, ...]
    """None = unknown; 0 = the paper's metrics are undefined."""
    columns: Mapping[tuple[str, str], Column]
    samples: Sequence[Sequence[float]]
    """Rationale consistency of every sample of the judge by row, empty where unscored."""
    upper_bound: Column
    """Upper bound of rationale consistency; equal to it where it is exact."""
    has_full_matrix: bool
    """True if every scored row has a full matrix, so that every figure is exact."""
    shared_rows: int
    """Rows with a model item that is the best of several human items."""
    known: Mapping[tuple[str, str], Column] = field(default_factory=dict)
    """`Known` by row of the metrics that may be bounds; a metric without an entry is exact."""
    n_judged: Column = field(default_factory=lambda: np.zeros(0))
    """Model items that the judge saw, NaN where unscored."""
    unscored: dict[str, int] = field(default_factory=dict)
    """Rows by reason."""
    labels: dict[str, int] = field(default_factory=dict)
    """Rows by `gold` and `no_gold`; among the former `human_ties`, `readable`, `invalid`, `predicted_ties`, among the
    latter `unreadable_gold`; among all `against_reasons`, whose label contradicts the reasons."""
    reference_left_out: dict[str, int] = field(default_factory=dict)
    """Rows without the reference metrics by reason."""
    context_from: tuple[str, ...] = ()
    """Fields that name the clusters of rows without a context."""
    fields: tuple[str, ...] = ()
    """Fields with a value in some row, in order of appearance."""
    unreadable: UnreadableLines = field(default_factory=UnreadableLines)
    other_models: dict[str, int] = field(default_factory=dict)
    """Records of other evaluated models, which are left out, by model."""
    mixed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Values of those `SETTINGS` in which the file's records differ."""
    changed: int = 0
    """Records that count in addition to another one of their row, because a list has changed."""

    @property
    def kind(self) -> str:
        """Kind of control of the records; empty for ordinary ones."""
        return "" if self.judged_by is None else self.judged_by.control or ""

    def places(self) -> dict[str, int]:
        """Return each id's place; the last one if a list has changed."""
        return {name: place for place, name in enumerate(self.ids)}

    def mean(self, group: str, metric: str) -> float | None:
        """Return the mean of a metric over the rows that have a value; None if none has."""
        column = self.columns[group, metric]
        return None if np.isnan(column).all() else float(np.nanmean(column))

    def known_of(self, name: tuple[str, str], rows: Any = slice(None)) -> Known:
        """Return what is known of the mean of a metric over these rows (an index): the least of its rows."""
        return Known(int(self.known[name][rows].max(initial=0))) if name in self.known else Known.EXACT


def score_file(path: Path, options: ScoringConfig, model: str | None = None) -> ScoreTable:
    """Score every row of a result file; `model` names the evaluated model if the file does not.

    Raises `UsageError` for a file without results and for a bad score.
    """
    return _score(open_results(path, model), options, split=False)[0][0]


def score_parts(path: Path, options: ScoringConfig) -> list[tuple[ScoreTable, list[tuple[RowScores, RecordFacts]]]]:
    """Score a result file, each judge's rows apart; return each table with its rows in the order of its columns."""
    parts = _score(open_results(path, None), options, split=True)
    return [(table, [(scored, facts) for scored, _, facts in rows]) for table, rows in parts]


def score_rows(
    path: Path, options: ScoringConfig, model: str | None = None
) -> tuple[ScoreTable, list[tuple[RowScores, RecordFacts]]]:
    """Score a result file like `score_file`; return its rows, too, in the order of the table's columns."""
    ((table, rows),) = _score(open_results(path, model), options, split=False)
    return table, [(scored, facts) for scored, _, facts in rows]


def score_by_judge(path: Path, options: ScoringConfig, model: str | None = None) -> list[tuple[ScoreTable, list[int]]]:
    """Score a result file like `score_file`, each judge's rows apart, with the numbers of their lines."""
    parts = _score(open_results(path, model), options, split=True)
    return [(table, [facts.line for _, _, facts in rows]) for table, rows in parts]


_JudgedRows = list[tuple[RowScores, JudgeIdentity | None, RecordFacts]]


def _score(file: ResultFile, options: ScoringConfig, split: bool) -> list[tuple[ScoreTable, _JudgedRows]]:
    """Score every row of a file into one table, or into one for each judge that has scored a row."""
    path = file.path
    latest, numbers = LatestRecords(), RowIds()
    fields: dict[str, None] = {}
    of_others: Counter[str] = Counter()
    unreadable = UnreadableLines()
    is_ordinary = file.first.get("control") is None
    for number, _, line in file.source.lines():
        record = Record.from_line(line, number)
        if isinstance(record, InvalidRow):
            unreadable.add(record)
            continue
        own = record.model_be_evaluated
        if own is not None and own.lower() != file.model.lower():
            of_others[own] += 1
            continue
        if (record.control is None) != is_ordinary:
            of_others[f"{file.model} ({'control' if is_ordinary else 'ordinary'} records)"] += 1
            continue
        fields.update(dict.fromkeys(fields_with_a_value(record)))
        try:
            scored = row_scores(record, file.model, options, numbers)
        except ValueError as error:
            raise UsageError(f"{path} line {number}: {error}; correct or remove the line") from None
        except UsageError as error:
            raise UsageError(f"{path}: {error}") from None
        latest.add(record, number, (scored, record.judged_by, record_facts(record, file.model, number)))
    rows: _JudgedRows = latest.values()
    tables, parts = [], _parts(rows) if split else [rows]
    for part in parts:
        judges = [judge for scored, judge, _ in part if not scored.evidence.unscored] or [judge for _, judge, _ in part]
        found = _columns(file, next(filter(None, judges), None), [scored for scored, _, _ in part], options)
        tables.append(replace(found, fields=tuple(fields), mixed=differences(judges)))
    tables[0] = replace(tables[0], unreadable=unreadable, other_models=dict(of_others), changed=latest.changed)
    return list(zip(tables, parts, strict=True))


def score_labels(path: Path, options: ScoringConfig) -> list[ScoreTable]:
    """Return a table for each model with a label in the input rows of `path`; none for a result file."""
    first, source = read_first(path)
    if first is None or not first.keys().isdisjoint({"samples", "metadata"}):
        return []
    found: dict[str, tuple[str, RowIds, list[RowScores]]] = {}
    fields: dict[str, None] = {}
    unreadable = UnreadableLines()
    rows = []
    for line in source.rows():
        if isinstance(line, Row):
            rows.append(line.data)
        else:
            unreadable.add(line)
    for row in rows:
        for key in row:
            if key.lower().endswith(_LABEL) and len(key) > len(_LABEL):
                found.setdefault(key.lower(), (key[: -len(_LABEL)], RowIds(), []))
    for row in rows:
        record = Record(metadata=row)
        fields.update(dict.fromkeys(fields_with_a_value(record)))
        for model, numbers, scored in found.values():
            one = row_scores(record, model, options, numbers)
            scored.append(replace(one, reference=_NOT_JUDGED, evidence=Evidence((), _NOT_JUDGED.reason)))
    tables = [
        replace(_columns(ResultFile(path, model, first, source), None, scored, options), fields=tuple(fields))
        for model, _, scored in found.values()
    ]
    return [replace(tables[0], unreadable=unreadable), *tables[1:]] if tables else []


_LABEL = "-label"
_NOT_JUDGED = Unscored("not judged")


def _parts(rows: _JudgedRows) -> list[_JudgedRows]:
    """Return the rows of each judge; all together if only one has scored any, as others are then only failures."""
    parts: dict[tuple[Any, ...], _JudgedRows] = {}
    for row in rows:
        parts.setdefault(settings_of(row[1]), []).append(row)
    scored = [part for part in parts.values() if any(not one.evidence.unscored for one, _, _ in part)]
    return [rows] if len(scored) < 2 else list(parts.values())


# ------------------------------------------------------------------ one file


def _columns(
    file: ResultFile, judged_by: JudgeIdentity | None, rows: list[RowScores], options: ScoringConfig
) -> ScoreTable:
    labels = Labels((row.label for row in rows), f"{file.path}: {file.model}-label", options.label_scale)
    signed = options.gold_field == "overall_preference"
    gold_values = () if signed else (row.gold for row in rows)
    scale = SIGNED if signed else options.label_scale
    golds = Labels(gold_values, f"{file.path}: {options.gold_field}", scale)
    predicted = [labels.verdict(row.label) for row in rows]
    gold = [golds.verdict(row.gold) for row in rows]
    counts = Counter(label_counts(predicted, gold))
    unreadable = sum(row.gold not in (None, "") and true is None for row, true in zip(rows, gold, strict=True))
    against = sum((label or 0) * row.balance < 0 for label, row in zip(predicted, rows, strict=True))
    counts += Counter(unreadable_gold=unreadable, against_reasons=against)
    paper = [row.evidence.paper for row in rows]
    reference = [(row.reference,) if isinstance(row.reference, ReferenceMetrics) else () for row in rows]
    columns = {("paper", name): _column(paper, name) for name in PAPER}
    columns |= {("reference", name): _column(reference, name) for name in REFERENCE}
    columns |= outcome_columns(rows, predicted, gold, options)
    groups = [row.group for row in rows]
    if options.group_by == "label_correct":
        groups = [_CORRECT.get(value, NO_GROUP) for value in columns[ACCURACY].tolist()]
    return ScoreTable(
        model=file.model,
        model_be_evaluated=file.model,
        path=file.path,
        judged_by=judged_by,
        ids=tuple(row.id for row in rows),
        question_ids=tuple(row.question_id for row in rows),
        clusters=tuple(row.cluster for row in rows),
        domains=tuple(row.domain for row in rows),
        groups=tuple(groups),
        n_human=tuple(row.n_human for row in rows),
        columns=columns,
        samples=[[figures.rationale_consistency for figures in row] for row in paper],
        upper_bound=_means(row.evidence.upper_bounds for row in rows),
        has_full_matrix=not any(row.evidence.bounds for row in rows),
        shared_rows=sum(row.evidence.shared for row in rows),
        known=_known(rows, columns, options),
        n_judged=np.array([row.evidence.n_judged if row.evidence.paper else math.nan for row in rows], np.float64),
        unscored=dict(Counter(row.evidence.unscored for row in rows if row.evidence.unscored).most_common()),
        labels=dict(counts),
        reference_left_out=dict(
            Counter(row.reference.reason for row in rows if isinstance(row.reference, Unscored)).most_common()
        ),
        context_from=tuple(dict.fromkeys(row.context_from for row in rows if row.context_from)),
    )


_CORRECT = {1.0: "right", 0.0: "wrong"}


def _column(figures: Iterable[Sequence[PaperMetrics | ReferenceMetrics]], name: str) -> Column:
    """Return a metric of every row: the mean over its figures, NaN without any."""
    return _means([getattr(one, name) for one in row] for row in figures)


def _means(rows: Iterable[Sequence[float]]) -> Column:
    return np.array([math.fsum(row) / len(row) if row else math.nan for row in rows], np.float64)


def _known(
    rows: Sequence[RowScores], columns: Mapping[tuple[str, str], Column], options: ScoringConfig
) -> dict[tuple[str, str], Column]:
    """Return `ScoreTable.known`. Rows with a wrong label are not faithful, whatever is known of their reasons."""
    if not any(row.evidence.bounds for row in rows):
        return {}
    found = {("paper", name): [row.evidence.known(name) for row in rows] for name in PAPER}
    sound = [row.evidence.sound_known(options.sound_threshold) for row in rows]
    right = columns[ACCURACY] == 1
    return {name: np.array(values, np.float64) for name, values in found.items()} | {
        name: np.where(right, sound, 0.0) for name in (SPURIOUS, FIDELITY)
    }


def score_names() -> list[tuple[str, str]]:
    """Return every (group, metric) that is a score: higher is better, except for spurious correctness."""
    return [(group, name) for group, names in METRIC_GROUPS.items() for name in names]
