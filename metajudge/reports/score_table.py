"""A result file becomes columns of scores, one place a row: what `report` and `compare` compute with.

A metric is NaN where a row has none (unscored, or outside of what the metric is about): never 0, never "wrong".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from metajudge.data import SIGNED, InvalidRow, Labels, RowIds, UnreadableLines, sign
from metajudge.errors import UsageError
from metajudge.records import QUESTION, JudgeIdentity, LatestRecords, Record, ResultFile, open_results
from metajudge.reports.row_scores import (
    BUILT_IN_GROUPS,
    NO_GROUP,
    RowScores,
    ScoringConfig,
    fields_with_a_value,
    row_scores,
)
from metajudge.text import printable

PAPER = ("rationale_consistency", "average_precision", "average_precision_soft", "precision", "f1")
REFERENCE = ("precision", "recall", "f1", "average_precision")
OUTCOME = ("accuracy", "accuracy_3way", "spurious_correctness", "fidelity")
TIE_RATE = ("outcome", "tie_rate")
"""A column too, but no score: more ties are neither better nor worse."""
Column = NDArray[np.float64]


SETTINGS = ("model", *QUESTION)
"""Fields of `JudgeIdentity` that make figures mean different things."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """One model's rows as columns of equal length; `columns` by (metric group, metric)."""

    model: str
    """The evaluated model; in `score_files` with the file's name behind it where several files are of one model."""
    model_be_evaluated: str
    """The same as the rows name it."""
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
    """Rationale consistency of every sample of the judge, by row; empty where unscored."""
    upper_bound: Column
    """Mean best score of the human items: where only these were asked, the upper bound of rationale consistency."""
    has_full_matrix: bool
    """The full matrix of every scored row is known, so that rationale consistency is no bound but exact."""
    shared_rows: int
    unscored: dict[str, int] = field(default_factory=dict)
    """Counts by reason."""
    labels: dict[str, int] = field(default_factory=dict)
    """Counts of rows: `gold` and `no_gold`, of the former `human_ties`, `readable`, `invalid`, `predicted_ties`, of the
    latter `unreadable_gold`."""
    fields: tuple[str, ...] = ()
    """Fields that some row has a value for, in order of appearance."""
    unreadable: UnreadableLines = field(default_factory=UnreadableLines)
    other_models: dict[str, int] = field(default_factory=dict)
    """Counts of records that are left out because they are about another evaluated model, by its name."""
    mixed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of the `SETTINGS` those in which its own records differ, with their values."""
    changed: int = 0
    """Records that count beside another one of the same row, of which a list has changed."""

    def places(self) -> dict[str, int]:
        """Where each id's record stands; the last one's of those whose lists have changed."""
        return {name: place for place, name in enumerate(self.ids)}

    def mean(self, group: str, metric: str) -> float | None:
        """The mean of a metric over the rows that have a value; None when none has."""
        column = self.columns[group, metric]
        return None if np.isnan(column).all() else float(np.nanmean(column))


def score_file(path: Path, options: ScoringConfig, model: str | None = None) -> ScoreTable:
    """Score every row of a result file; `model` names the evaluated model where the file does not.

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
    standing: list[tuple[RowScores, JudgeIdentity | None]] = latest.values()
    whose = [judge for scored, judge in standing if not scored.evidence.unscored] or [judge for _, judge in standing]
    found = _columns(file, next(filter(None, whose), None), [scored for scored, _ in standing], options)
    return replace(
        found,
        fields=tuple(fields),
        unreadable=unreadable,
        other_models=dict(of_others),
        mixed=_differences(whose),
        changed=latest.changed,
    )


def score_files(paths: Sequence[Path], options: ScoringConfig) -> list[ScoreTable]:
    """Score several files; those of one model have the file's name behind the model's.

    Raises `UsageError` as `score_file` does, and when no row has a value to group by.
    """
    files = _disambiguate([score_file(path, options) for path in paths])
    by = options.group_by
    there = dict.fromkeys(name for file in files for name in file.fields)
    if by is None or by in BUILT_IN_GROUPS or by in there or not files:
        return files
    raise UsageError(
        f"--group-by {by}: no row has a value there; there are {', '.join(BUILT_IN_GROUPS)}"
        f"{''.join(f', {printable(name)}' for name in there)}"
    )


def differences(files: Sequence[ScoreTable]) -> dict[str, list[str]]:
    """In which settings of their judging files differ that must be equal for a comparison, and their values."""
    return _differences(file.judged_by for file in files)


def _differences(judges: Iterable[JudgeIdentity | None]) -> dict[str, list[str]]:
    every = list(judges)
    values = {name: {_setting(judge, name) for judge in every} - {None} for name in SETTINGS}
    return {name: sorted(filter(None, found)) for name, found in values.items() if len(found) > 1}


def _setting(judge: JudgeIdentity | None, name: str) -> str | None:
    """None where it is unknown."""
    if judge is None:
        return "an unnamed judge" if name == "model" else None
    return str(getattr(judge, name))


def _disambiguate(files: Sequence[ScoreTable]) -> list[ScoreTable]:
    """Several files of one model: each with its file's name behind the model's."""
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
    columns = {("paper", name): _column(rows, name) for name in PAPER}
    columns |= {("reference", name): _reference_column(rows, name) for name in REFERENCE}
    columns |= _outcome_columns(rows, predicted, gold, options)
    columns[TIE_RATE] = _ties(predicted, gold)
    groups = [row.group for row in rows]
    if options.group_by == "label_correct":
        groups = [_CORRECT.get(value, NO_GROUP) for value in columns["outcome", "accuracy"].tolist()]
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
        samples=[[figures.rationale_consistency for figures in row.evidence.paper] for row in rows],
        upper_bound=_column(rows, "upper_bound"),
        has_full_matrix=all(row.evidence.has_full_matrix for row in rows if row.evidence.paper),
        shared_rows=sum(row.evidence.shared for row in rows),
        unscored=dict(Counter(row.evidence.unscored for row in rows if row.evidence.unscored).most_common()),
        labels=dict(counts),
    )


_CORRECT = {1.0: "right", 0.0: "wrong"}


def _column(rows: Sequence[RowScores], name: str) -> Column:
    """A metric of every row: the mean over the samples of the judge, NaN where unscored."""

    def mean(row: RowScores) -> float:
        values = [getattr(figures, name) for figures in row.evidence.paper]
        return math.fsum(values) / len(values) if values else math.nan

    return np.fromiter(map(mean, rows), np.float64, len(rows))


def _reference_column(rows: Sequence[RowScores], name: str) -> Column:
    values = (np.nan if row.reference is None else getattr(row.reference, name) for row in rows)
    return np.fromiter(values, np.float64, len(rows))


# ------------------------------------------------------------------ outcome


def _label_counts(predicted: Sequence[int | None], gold: Sequence[int | None]) -> Iterator[str]:
    for mine, true in zip(predicted, gold, strict=True):
        if true is None:
            yield "no_gold"
            continue
        yield "gold"
        if true == 0:
            yield "human_ties"
        if mine is None:
            yield "invalid"
        else:
            yield "readable"
            if mine == 0:
                yield "predicted_ties"


def _outcome_columns(
    rows: Sequence[RowScores], predicted: Sequence[int | None], gold: Sequence[int | None], options: ScoringConfig
) -> dict[tuple[str, str], Column]:
    """The outcome metrics of every row, NaN outside of the rows that each is about.

    accuracy: rows that humans do not call a tie. accuracy_3way: ties too, a tie among the answers.
    spurious_correctness: rows with the right label and a scored rationale; 1 where no matched pair reaches the
    sound threshold. fidelity: scored rows; right label and sound.
    """
    columns = {("outcome", name): np.full(len(rows), np.nan) for name in OUTCOME}
    if not any(mine is not None and true is not None for mine, true in zip(predicted, gold, strict=True)):
        return columns  # no label can be compared: unknown, not wrong
    for place, (row, mine, true) in enumerate(zip(rows, predicted, gold, strict=True)):
        if true is None or (mine is None and options.drop_invalid_labels):
            continue
        right = float(mine is not None and sign(mine) == sign(true))
        columns["outcome", "accuracy_3way"][place] = right
        if true == 0:
            continue
        columns["outcome", "accuracy"][place] = right
        strongest = [figures.best_pair_score for figures in row.evidence.paper]
        if strongest:
            sound = sum(value >= options.sound_threshold for value in strongest) / len(strongest)
            columns["outcome", "fidelity"][place] = right * sound
            if right:
                columns["outcome", "spurious_correctness"][place] = 1 - sound
    return columns


def _ties(predicted: Sequence[int | None], gold: Sequence[int | None]) -> Column:
    """1 where the model calls a tie, 0 where it does not; NaN without a readable label or a human preference."""
    pairs = zip(predicted, gold, strict=True)
    values = (math.nan if mine is None or true is None else float(mine == 0) for mine, true in pairs)
    return np.fromiter(values, np.float64, len(predicted))


def score_names() -> list[tuple[str, str]]:
    """Every (group, metric) that is a score: the higher the better, but for spurious correctness."""
    groups = {"paper": PAPER, "reference": REFERENCE, "outcome": OUTCOME}
    return [(group, name) for group, names in groups.items() for name in names]


__all__ = [
    "OUTCOME",
    "PAPER",
    "REFERENCE",
    "SETTINGS",
    "TIE_RATE",
    "Column",
    "ScoreTable",
    "ScoringConfig",
    "differences",
    "score_file",
    "score_files",
    "score_names",
]
