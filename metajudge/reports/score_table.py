"""A result file becomes columns of scores with one place per row, for `report` and `compare`.

A metric is NaN where a row has none (unscored, or not among the metric's rows): never 0, never "wrong".
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from metajudge.data import SIGNED, InvalidRow, Labels, RowIds, UnreadableLines
from metajudge.errors import UsageError
from metajudge.metrics import PaperMetrics, ReferenceMetrics
from metajudge.metrics.statistics.intervals import Column
from metajudge.records import QUESTION, JudgeIdentity, LatestRecords, Record, ResultFile, Unscored, open_results
from metajudge.reports.row_scores import (
    BUILT_IN_GROUPS,
    CONTEXT,
    NO_GROUP,
    RowScores,
    ScoringConfig,
    fields_with_a_value,
    row_scores,
)
from metajudge.text import printable

PAPER = {
    "rationale_consistency": "RC",
    "average_precision": "AP",
    "average_precision_soft": "AP soft",
    "precision": "Precision",
    "f1": "F1",
}
"""Metrics of a group with their headings, in the order of the columns."""
REFERENCE = {"precision": "Precision", "recall": "Recall", "f1": "F1", "average_precision": "AP"}
OUTCOME = {"accuracy": "OA", "accuracy_3way": "OA 3-way", "spurious_correctness": "S-Corr", "fidelity": "Fidelity"}
METRIC_GROUPS = {"paper": PAPER, "reference": REFERENCE, "outcome": OUTCOME}
ACCURACY, FIDELITY = ("outcome", "accuracy"), ("outcome", "fidelity")
TIE_RATE = ("outcome", "tie_rate")
"""Name of a column that is no score: more ties are neither better nor worse."""
SETTINGS = ("model", *QUESTION)
"""Fields of `JudgeIdentity` that make figures mean different things."""


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
    clusters: tuple[str, ...]
    domains: tuple[str, ...]
    groups: tuple[str, ...]
    n_human: tuple[int | None, ...]
    """None = unknown; 0 = the paper's metrics are undefined."""
    columns: Mapping[tuple[str, str], Column]
    samples: Sequence[Sequence[float]]
    """Rationale consistency of every sample of the judge by row, empty where unscored."""
    upper_bound: Column
    """Mean best score of the human items: upper bound of rationale consistency if only these are known."""
    has_full_matrix: bool
    """True if every scored row has a full matrix, so that rationale consistency is exact."""
    shared_rows: int
    unscored: dict[str, int] = field(default_factory=dict)
    """Rows by reason."""
    labels: dict[str, int] = field(default_factory=dict)
    """Rows by `gold` and `no_gold`; among the former `human_ties`, `readable`, `invalid`, `predicted_ties`, among the
    latter `unreadable_gold`."""
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

    def places(self) -> dict[str, int]:
        """Return each id's place; the last one if a list has changed."""
        return {name: place for place, name in enumerate(self.ids)}

    def mean(self, group: str, metric: str) -> float | None:
        """Return the mean of a metric over the rows that have a value; None if none has."""
        column = self.columns[group, metric]
        return None if np.isnan(column).all() else float(np.nanmean(column))


def score_file(path: Path, options: ScoringConfig, model: str | None = None) -> ScoreTable:
    """Score every row of a result file; `model` names the evaluated model if the file does not.

    Raises `UsageError` for a file without results and for a bad score.
    """
    file = open_results(path, model)
    latest, numbers = LatestRecords(), RowIds()
    fields: dict[str, None] = {}
    of_others: Counter[str] = Counter()
    unreadable = UnreadableLines()
    for number, _, line in file.source.lines():
        record = Record.from_line(line, number)
        if isinstance(record, InvalidRow):
            unreadable.add(record)
            continue
        own = record.model_be_evaluated
        if own is not None and own.lower() != file.model.lower():
            of_others[own] += 1
            continue
        fields.update(dict.fromkeys(fields_with_a_value(record)))
        try:
            scored = row_scores(record, file.model, options, numbers)
        except ValueError as error:
            raise UsageError(f"{path} line {number}: {error}; correct or remove the line") from None
        latest.add(record, number, (scored, record.judged_by))
    rows: list[tuple[RowScores, JudgeIdentity | None]] = latest.values()
    judges = [judge for scored, judge in rows if not scored.evidence.unscored] or [judge for _, judge in rows]
    found = _columns(file, next(filter(None, judges), None), [scored for scored, _ in rows], options)
    return replace(
        found,
        fields=tuple(fields),
        unreadable=unreadable,
        other_models=dict(of_others),
        mixed=differences(judges),
        changed=latest.changed,
    )


def score_files(paths: Sequence[Path], options: ScoringConfig) -> list[ScoreTable]:
    """Score several files; append the file's name to a model that several files have.

    Raises `UsageError` like `score_file`, and if no row has a value to group by or to read the cluster from.
    """
    files = _disambiguate([score_file(path, options) for path in paths])
    _check_fields(files, options)
    return files


def _check_fields(files: Sequence[ScoreTable], options: ScoringConfig) -> None:
    """Raise `UsageError` for a field of the options that no row has; rows without a context are allowed."""
    fields = dict.fromkeys(name for file in files for name in file.fields)
    cluster_field = None if options.cluster_field == CONTEXT else options.cluster_field
    chosen = {"group_by": (options.group_by, BUILT_IN_GROUPS), "cluster_field": (cluster_field, ())}
    for name, (value, more) in chosen.items():
        known = [*more, *map(printable, fields)]
        if files and value is not None and value not in (*more, *fields):
            raise UsageError(f"`{name}` {value}: no row has a value there; there are {', '.join(known)}")


def differences(judges: Iterable[JudgeIdentity | None]) -> dict[str, list[str]]:
    """Return the values of those `SETTINGS` in which the judges differ; None is an unnamed judge."""
    every = list(judges)
    values = {name: {str(getattr(judge, name)) for judge in every if judge} for name in SETTINGS}
    if None in every:
        values["model"].add("an unnamed judge")
    return {name: sorted(filter(None, found)) for name, found in values.items() if len(found) > 1}


def _disambiguate(files: Sequence[ScoreTable]) -> list[ScoreTable]:
    """Append the file's name, or its path, to a model that several files have."""
    models = Counter(file.model.lower() for file in files)
    names = Counter((file.model.lower(), file.path.name) for file in files)
    return [
        replace(
            file,
            model=f"{file.model} ({file.path.name if names[file.model.lower(), file.path.name] == 1 else file.path})",
        )
        if models[file.model.lower()] > 1
        else file
        for file in files
    ]


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
    counts = Counter(_label_counts(predicted, gold))
    unreadable = sum(row.gold not in (None, "") and true is None for row, true in zip(rows, gold, strict=True))
    counts += Counter(unreadable_gold=unreadable)
    paper = [row.evidence.paper for row in rows]
    reference = [(row.reference,) if isinstance(row.reference, ReferenceMetrics) else () for row in rows]
    columns = {("paper", name): _column(paper, name) for name in PAPER}
    columns |= {("reference", name): _column(reference, name) for name in REFERENCE}
    columns |= _outcome_columns(rows, predicted, gold, options)
    groups = [row.group for row in rows]
    if options.group_by == "label_correct":
        groups = [_CORRECT.get(value, NO_GROUP) for value in columns[ACCURACY].tolist()]
    return ScoreTable(
        model=file.model,
        model_be_evaluated=file.model,
        path=file.path,
        judged_by=judged_by,
        ids=tuple(row.id for row in rows),
        clusters=tuple(row.cluster for row in rows),
        domains=tuple(row.domain for row in rows),
        groups=tuple(groups),
        n_human=tuple(row.n_human for row in rows),
        columns=columns,
        samples=[[figures.rationale_consistency for figures in row] for row in paper],
        upper_bound=_column(paper, "upper_bound"),
        has_full_matrix=all(row.evidence.has_full_matrix for row in rows if row.evidence.paper),
        shared_rows=sum(row.evidence.shared for row in rows),
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
    values = ([getattr(one, name) for one in row] for row in figures)
    return np.array([math.fsum(row) / len(row) if row else math.nan for row in values], np.float64)


# ------------------------------------------------------------------ outcome


def _label_counts(predicted: Sequence[int | None], gold: Sequence[int | None]) -> Iterator[str]:
    for label, true in zip(predicted, gold, strict=True):
        if true is None:
            yield "no_gold"
            continue
        yield "gold"
        if true == 0:
            yield "human_ties"
        yield "invalid" if label is None else "readable"
        if label == 0:
            yield "predicted_ties"


def _outcome_columns(
    rows: Sequence[RowScores], predicted: Sequence[int | None], gold: Sequence[int | None], options: ScoringConfig
) -> dict[tuple[str, str], Column]:
    """Return the outcome metrics and the tie rate of every row, NaN outside of each metric's rows.

    accuracy: rows without a human tie. accuracy_3way: all rows, a tie among the answers. spurious_correctness: rows
    with the right label and a scored rationale; 1 where no matched pair reaches the sound threshold. fidelity: rows
    with a wrong label, scored or not, and scored rows with the right one; 1 with the right label and a sound rationale;
    no row if right ones are there and none is scored. tie_rate: rows with a readable label and a human preference; 1
    where the model calls a tie.
    """
    label, true = (np.array([math.nan if one is None else one for one in side], float) for side in (predicted, gold))
    ties = np.where(np.isnan(label) | np.isnan(true), np.nan, label == 0)
    if np.isnan(ties).all():  # no label can be compared: unknown, not wrong
        return dict.fromkeys([*(("outcome", name) for name in OUTCOME), TIE_RATE], ties)
    counted = ~np.isnan(true) & ~(options.drop_invalid_labels & np.isnan(label))
    right = np.where(counted, np.sign(label) == np.sign(true), np.nan)
    decided = np.where(true == 0, np.nan, right)
    reached = ([one.best_pair_score >= options.sound_threshold for one in row.evidence.paper] for row in rows)
    sound = np.array([sum(samples) / len(samples) if samples else math.nan for samples in reached])
    fidelity = np.where(decided == 0, 0.0, decided * sound)
    if np.isnan(sound).all() or is_unknown(fidelity, decided):
        fidelity = np.full(len(rows), np.nan)
    return {
        ACCURACY: decided,
        ("outcome", "accuracy_3way"): right,
        ("outcome", "spurious_correctness"): np.where(decided == 1, 1 - sound, np.nan),
        FIDELITY: fidelity,
        TIE_RATE: ties,
    }


def is_unknown(fidelity: Column, accuracy: Column) -> bool:
    """Return True if rows with the right label are there and none of them is scored."""
    right = accuracy == 1
    return bool(right.any() and np.isnan(fidelity[right]).all())


def score_names() -> list[tuple[str, str]]:
    """Return every (group, metric) that is a score: higher is better, except for spurious correctness."""
    return [(group, name) for group, names in METRIC_GROUPS.items() for name in names]
