"""A result file becomes columns of scores with one place per row, for `report` and `compare`.

A metric is NaN where a row has none (unscored, or not among the metric's rows): never 0, never "wrong".
"""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metajudge.data import SIGNED, InvalidRow, Labels, Row, RowIds, UnreadableLines
from metajudge.errors import UsageError
from metajudge.metrics import Known
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
from metajudge.reports.judge_settings import differences
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
from metajudge.reports.score_columns import N_JUDGED, PAPER, REFERENCE, SOUND, UPPER_BOUND, ScoreColumns

METRIC_GROUPS: Mapping[str, Mapping[str, str]] = {"paper": PAPER, "reference": REFERENCE, "outcome": OUTCOME}
RC = ("paper", "rationale_consistency")
"""Column of rationale consistency."""

ScoredRow = tuple[RowScores, RecordFacts]
"""A row with the facts of its record."""


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
    clusters: Sequence[Hashable]
    """Rows with equal values share a source."""
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


def score_parts(path: Path, options: ScoringConfig) -> list[tuple[ScoreTable, list[ScoredRow]]]:
    """Score a result file, each judge's rows apart; return each table with its rows in the order of its columns.

    The rows need several times the memory of the tables.
    """
    kept: list[ScoredRow] = []
    parts = _score(open_results(path, None), options, split=True, kept=kept)
    return [(table, [kept[number] for number in numbers]) for table, numbers, _ in parts]


def score_rows(path: Path, options: ScoringConfig, model: str | None = None) -> tuple[ScoreTable, list[ScoredRow]]:
    """Score a result file like `score_file`; return its rows, too, in the order of the table's columns."""
    kept: list[ScoredRow] = []
    ((table, numbers, _),) = _score(open_results(path, model), options, split=False, kept=kept)
    return table, [kept[number] for number in numbers]


def score_by_judge(path: Path, options: ScoringConfig, model: str | None = None) -> list[tuple[ScoreTable, list[int]]]:
    """Score a result file like `score_file`, each judge's rows apart, with the numbers of their lines."""
    return [(table, list(lines)) for table, _, lines in _score(open_results(path, model), options, split=True)]


class _Part(NamedTuple):
    table: ScoreTable
    numbers: Sequence[int]
    """Numbers of its rows among all records of the file's model, from 0."""
    lines: Sequence[int]
    """Their lines in the file."""


def _score(file: ResultFile, options: ScoringConfig, split: bool, kept: list[ScoredRow] | None = None) -> list[_Part]:
    """Score every row of a file into one table, or into one for each judge that has scored a row.

    `kept` gets all records of the file's model.
    """
    latest, columns, numbers = LatestRecords(), ScoreColumns(options.sound_threshold), RowIds()
    fields: dict[str, None] = {}
    of_others: Counter[str] = Counter()
    unreadable = UnreadableLines()
    for number, record in _own_records(file, of_others, unreadable):
        fields.update(dict.fromkeys(fields_with_a_value(record)))
        try:
            scored = row_scores(record, file.model, options, numbers)
        except ValueError as error:
            raise UsageError(f"{file.path} line {number}: {error}; correct or remove the line") from None
        except UsageError as error:
            raise UsageError(f"{file.path}: {error}") from None
        latest.add(record)
        columns.add(scored, record.judged_by, number)
        if kept is not None:
            kept.append((scored, record_facts(record, file.model, number)))
    found, parts = latest.find(), []
    for part in columns.by_judge(found.numbers) if split else [found.numbers]:
        own = columns if len(part) == len(columns) else columns.take(part)
        judges = own.judges()
        table = _table(file, next(filter(None, judges), None), own, options)
        table = replace(table, fields=tuple(fields), mixed=differences(judges))
        parts.append(_Part(table, part, own.facts["line"]))
    first = replace(parts[0].table, unreadable=unreadable, other_models=dict(of_others), changed=found.changed)
    return [parts[0]._replace(table=first), *parts[1:]]


def _own_records(
    file: ResultFile, of_others: "Counter[str]", unreadable: UnreadableLines
) -> Iterator[tuple[int, Record]]:
    """Yield line and record of the file's model and kind; count the others."""
    is_ordinary = file.first.get("control") is None
    for number, _, line in file.source.lines():
        record = Record.from_line(line, number)
        if isinstance(record, InvalidRow):
            unreadable.add(record)
            continue
        own = record.model_be_evaluated
        if own is not None and own.lower() != file.model.lower():
            of_others[own] += 1
        elif (record.control is None) != is_ordinary:
            of_others[f"{file.model} ({'control' if is_ordinary else 'ordinary'} records)"] += 1
        else:
            yield number, record


def score_labels(path: Path, options: ScoringConfig) -> list[ScoreTable]:
    """Return a table for each model with a label in the input rows of `path`; none for a result file."""
    first, source = read_first(path)
    if first is None or not first.keys().isdisjoint({"samples", "metadata"}):
        return []
    unreadable = UnreadableLines()
    models: dict[str, str] = {}
    for row in source.rows():
        if not isinstance(row, Row):
            unreadable.add(row)
            continue
        for key in row.data:
            if key.lower().endswith(_LABEL) and len(key) > len(_LABEL):
                models.setdefault(key.lower(), key[: -len(_LABEL)])
    found = [(model, RowIds(), ScoreColumns(options.sound_threshold)) for model in models.values()]
    fields: dict[str, None] = {}
    for row in source.rows():
        if not isinstance(row, Row):
            continue
        record = Record(metadata=row.data)
        fields.update(dict.fromkeys(fields_with_a_value(record)))
        for model, numbers, columns in found:
            one = row_scores(record, model, options, numbers)
            columns.add(replace(one, reference=_NOT_JUDGED, evidence=Evidence((), _NOT_JUDGED.reason)))
    tables = [
        replace(_table(ResultFile(path, model, first, source), None, columns, options), fields=tuple(fields))
        for model, _, columns in found
    ]
    return [replace(tables[0], unreadable=unreadable), *tables[1:]] if tables else []


_LABEL = "-label"
_NOT_JUDGED = Unscored("not judged")


# ------------------------------------------------------------------ one file


def _table(file: ResultFile, judged_by: JudgeIdentity | None, rows: ScoreColumns, options: ScoringConfig) -> ScoreTable:
    own = rows.values
    labels = Labels(own["label"], f"{file.path}: {file.model}-label", options.label_scale)
    signed = options.gold_field == "overall_preference"
    golds = Labels(
        () if signed else own["gold"], f"{file.path}: {options.gold_field}", SIGNED if signed else options.label_scale
    )
    predicted = [labels.verdict(label) for label in own["label"]]
    gold = [golds.verdict(value) for value in own["gold"]]
    counts = Counter(label_counts(predicted, gold))
    unreadable = sum(value not in (None, "") and true is None for value, true in zip(own["gold"], gold, strict=True))
    against = sum((label or 0) * side < 0 for label, side in zip(predicted, rows.facts["balance"], strict=True))
    counts += Counter(unreadable_gold=unreadable, against_reasons=against)
    columns = rows.scores() | outcome_columns(rows.figure(SOUND), predicted, gold, options)
    groups = own["group"]
    if options.group_by == "label_correct":
        groups = [_CORRECT.get(value, NO_GROUP) for value in columns[ACCURACY].tolist()]
    return ScoreTable(
        model=file.model,
        model_be_evaluated=file.model,
        path=file.path,
        judged_by=judged_by,
        ids=tuple(own["id"]),
        question_ids=tuple(own["question_id"]),
        clusters=rows.facts["cluster"],
        domains=tuple(own["domain"]),
        groups=tuple(groups),
        n_human=tuple(own["n_human"]),
        columns=columns,
        samples=own["samples"],
        upper_bound=rows.figure(UPPER_BOUND),
        has_full_matrix=not any(rows.facts["has_bounds"]),
        shared_rows=sum(rows.facts["shared"]),
        known=_known(rows, columns[ACCURACY]),
        n_judged=rows.figure(N_JUDGED),
        unscored=rows.reasons("unscored"),
        labels=dict(counts),
        reference_left_out=rows.reasons("left_out"),
        context_from=tuple(filter(None, dict.fromkeys(own["context_from"]))),
    )


_CORRECT = {1.0: "right", 0.0: "wrong"}


def _known(rows: ScoreColumns, accuracy: Column) -> dict[tuple[str, str], Column]:
    """Return `ScoreTable.known`. Rows with a wrong label are not faithful, whatever is known of their reasons."""
    if not any(rows.facts["has_bounds"]):
        return {}
    known = {name: np.array(column, np.float64) for name, column in rows.known.items()}
    sound = np.where(accuracy == 1, known.pop(SOUND), 0.0)
    return known | {SPURIOUS: sound, FIDELITY: sound}


def score_names() -> list[tuple[str, str]]:
    """Return every (group, metric) that is a score: higher is better, except for spurious correctness."""
    return [(group, name) for group, names in METRIC_GROUPS.items() for name in names]
