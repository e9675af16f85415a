"""Controls and the human reference beside rationale consistency (RC), from the records that `infer` marks.

A control's RC is what the judge gives where nothing is to be found. The human reference is no upper limit: it is the
RC of annotators, and that of the model's first reasons against the same lists.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from metajudge.metrics import paper_metrics
from metajudge.metrics.statistics import intervals
from metajudge.metrics.statistics.intervals import Interval
from metajudge.metrics.statistics.resampling import RESAMPLES, ClusterBootstrap
from metajudge.records import (
    ANNOTATORS,
    HUMAN_REFERENCE,
    OTHER_ROW,
    SIDES_EXCHANGED,
    Record,
    Unscored,
    latest_records,
)
from metajudge.reports.judge_settings import settings_of
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.overview.compact import Names, fitted, interval_cell, lower_bound_cell, table
from metajudge.reports.row_scores import ScoringConfig, matrices_of
from metajudge.reports.score_table import RC, ScoreTable, score_file
from metajudge.reports.table_records import records_of
from metajudge.text import CSV, TABLE, printable, render_rows, wrapped


@dataclass(frozen=True, slots=True)
class ControlFigures:
    """RC of one model beside that of a control, or of annotators, on the same rows."""

    model: str
    judge_model: str | None
    kind: str
    """Kind of control, as in `JudgeIdentity.control`."""
    n: int
    """Rows with both figures; those of the control if there are no ordinary records."""
    clusters: int
    consistency: Interval
    """RC of the model on these rows: with `sides-exchanged` of the same reasons as they are; with `human-reference` of
    its first reasons against the other annotators' points."""
    control: Interval
    """RC of the control, or of the annotators."""
    difference: Interval
    """Paired: `consistency` minus `control`; unknown if these are lower bounds."""
    exact: bool
    """False: both are lower bounds, since only the best score of each human item is known."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {
            "model": self.model,
            "judge_model": self.judge_model,
            "kind": self.kind,
            "n": self.n,
            "clusters": self.clusters,
            "rationale_consistency": self.consistency.as_json(),
            "control": self.control.as_json(),
            "difference": self.difference.as_json(),
            "exact": self.exact,
        }


def control_figures(
    paths: Sequence[Path],
    ordinary: Sequence[ScoreTable],
    options: ScoringConfig | None = None,
    resamples: int = RESAMPLES,
) -> list[ControlFigures]:
    """Return the figures of the files of control records at `paths`, beside the `ordinary` files of the same judge.

    A control without an ordinary file has its own level only. Raises `UsageError` like `score_file`.
    """
    tables = [_scored(path, replace(options or ScoringConfig(), group_by=None)) for path in paths]
    found = [_figures(*pair, resamples) for pair in _pairs(tables, ordinary)]
    order = [table.model for table in ordinary]
    return sorted(found, key=lambda one: (*_place(order, one.model), _place(_KINDS, one.kind)))


def _scored(path: Path, options: ScoringConfig) -> ScoreTable:
    """Score a file of control records; exchanged reasons are not cut, since their first ones are others."""
    table = score_file(path, options)
    return score_file(path, replace(options, top_k=None)) if options.top_k and table.kind == SIDES_EXCHANGED else table


def _place(names: Sequence[str], name: str) -> tuple[int, str]:
    """Return a key that sorts a name by its place among `names`, others behind."""
    return names.index(name) if name in names else len(names), name


def control_levels(figures: Sequence[ControlFigures]) -> dict[str, float]:
    """Return the RC of each kind of control in words, the mean over its models."""
    values: dict[str, list[float]] = {kind: [] for kind in _KINDS}
    for one in figures:
        values.setdefault(one.kind, []).extend([] if one.control.value is None else [one.control.value])
    words = {kind: "annotators against each other" if kind == HUMAN_REFERENCE else f"control {kind}" for kind in values}
    return {words[kind]: math.fsum(found) / len(found) for kind, found in values.items() if found}


def with_controls(rows: Sequence[dict[str, Any]], figures: Sequence[ControlFigures]) -> list[dict[str, Any]]:
    """Return the JSON rows of a report, each model's with its `controls`; those of no row follow as rows."""
    named = {(row["model"], row["judge_model"]) for row in rows}
    found = []
    for row in rows:
        own = [one for one in figures if (one.model, one.judge_model) == (row["model"], row["judge_model"])]
        found.append(row | {"controls": [one.as_json() for one in own]} if own and row["group"] is None else row)
    return found + [one.as_json() for one in figures if (one.model, one.judge_model) not in named]


def _pairs(
    controls: Sequence[ScoreTable], ordinary: Sequence[ScoreTable]
) -> Iterator[tuple[ScoreTable, ScoreTable | None]]:
    """Yield each control with the table that it is held against; people with the model's table of the same kind."""
    for control in controls:
        if control.kind == HUMAN_REFERENCE:
            if control.model_be_evaluated != ANNOTATORS:
                people = [one for one in controls if one.model_be_evaluated == ANNOTATORS and _alike(one, control)]
                yield from ((one, control) for one in people)
            continue
        name = control.model_be_evaluated.lower()
        found = [one for one in ordinary if one.model_be_evaluated.lower() == name and _alike(one, control)]
        yield from ((control, one) for one in found)
        if not found:
            yield control, None


def _alike(one: ScoreTable, other: ScoreTable) -> bool:
    """Return True if one judge has made both tables in the same way, whatever the control."""
    return _settings(one) == _settings(other)


def _settings(table: ScoreTable) -> tuple[Any, ...]:
    return settings_of(table.judged_by and replace(table.judged_by, control=None))


def _figures(control: ScoreTable, model: ScoreTable | None, resamples: int) -> ControlFigures:
    theirs, own = control.columns[RC].copy(), np.full(len(control.ids), math.nan)
    if model is not None:
        values = _values(control, model)
        own = np.array([values.get(name, math.nan) for name in control.ids], np.float64)
        own[np.isnan(theirs)] = theirs[np.isnan(own)] = math.nan
    (clusters,) = shared_clusters([control])
    sums = ClusterBootstrap(clusters.strata)
    means = [intervals.prepare_mean(column, clusters, sums) for column in (own, theirs)]
    sums.run(resamples)
    found = [intervals.mean_interval(mean, sums) for mean in means]
    exact = control.has_full_matrix and (model is None or model.has_full_matrix)
    return ControlFigures(
        model=(model or control).model,
        judge_model=control.judged_by.model if control.judged_by else None,
        kind=control.kind,
        n=int((~np.isnan(theirs)).sum()),
        clusters=int(np.count_nonzero(clusters.sizes(theirs))),
        consistency=found[0],
        control=found[1],
        difference=intervals.difference_interval(own - theirs, clusters) if exact else intervals.NO_INTERVAL,
        exact=exact,
    )


def _values(control: ScoreTable, model: ScoreTable) -> Mapping[str, float]:
    """Return the model's RC by row id; for exchanged reasons that of the same reasons as they are."""
    if control.kind == SIDES_EXCHANGED:
        return _of_the_same_reasons(control, model)
    return dict(zip(model.ids, model.columns[RC].tolist(), strict=True))


def _of_the_same_reasons(control: ScoreTable, model: ScoreTable) -> dict[str, float]:
    judged = {record.id: record.control.get("items") for record in latest_records(control.path) if record.control}
    return {
        name: _consistency_of(record, model.model_be_evaluated, items)
        for (name, _), record in records_of(model)
        if isinstance(items := judged.get(name), list)
    }


def _consistency_of(record: Record, model: str, items: Sequence[int]) -> float:
    """Return the RC of these model items of a record, numbered from 1; NaN if it has no score."""
    lists = record.scored_lists(model)
    if isinstance(lists, Unscored) or not all(type(number) is int and 1 <= number <= lists.n_model for number in items):
        return math.nan
    parts = [[[row[number - 1] for number in items] for row in matrix] for matrix in matrices_of(record, lists)[0]]
    return math.fsum(paper_metrics(part, len(items)).rationale_consistency for part in parts) / len(parts)


# ------------------------------------------------------------------ text


_TITLE = "Controls and human reference"
_CAPTIONS = {
    OTHER_ROW: "other-row: the model's reasons against another row's human list, where a strict judge gives almost 0.",
    SIDES_EXCHANGED: "sides-exchanged: the same reasons with Response A and B exchanged, where a strict judge gives "
    "little.",
    HUMAN_REFERENCE: "human-reference: annotators against each other's points, and as many of the model's reasons "
    "against the same points, once for each annotator; it is no upper limit.",
}
_KINDS = tuple(_CAPTIONS)
_INEXACT = "≥: lower bounds, since granularity row names the best matches only; they have no difference."


def render_controls(figures: Sequence[ControlFigures], style: str = TABLE, width: int = 100) -> str:
    """Return a table with a line for each model and control; empty without figures and as CSV.

    The default style explains it and fits into `width` columns, if names of 8 columns are enough for that.
    """
    if not figures or style == CSV:
        return ""
    several = len({one.judge_model for one in figures}) > 1
    headings = [*(["Judge"] if several else []), "Model", "Compared with", "n", "Model's RC", "Other RC", "Difference"]

    def draw(digits: int, names: Names) -> str:
        judges = [[names[str(one.judge_model)]] if several else [] for one in figures]
        cells = [[*judge, *_cells(one, digits, names)] for judge, one in zip(judges, figures, strict=True)]
        return table(cells, headings) if style == TABLE else render_rows(cells, headings, style).rstrip("\n")

    shown = [*dict.fromkeys(name for one in figures for name in (one.model, str(one.judge_model)))]
    if style != TABLE:
        return f"{_TITLE}\n\n{draw(4, {name: printable(name) for name in shown})}\n"
    kinds = {one.kind for one in figures}
    caption = [f"{_TITLE}, given this judge.", *(text for kind, text in _CAPTIONS.items() if kind in kinds)]
    lines = wrapped(" ".join(caption if all(one.exact for one in figures) else [*caption, _INEXACT]), width)
    return "\n".join([*lines, "", fitted(draw, (3, 2, 2), shown, width)[0], ""])


def _cells(one: ControlFigures, digits: int, names: Names) -> list[str]:
    levels = [_level(interval, one.exact, digits) for interval in (one.consistency, one.control)]
    return [names[one.model], one.kind, str(one.n), *levels, interval_cell(one.difference, digits)]


def _level(interval: Interval, exact: bool, digits: int) -> str:
    if exact or interval.value is None:
        return interval_cell(interval, digits)
    return lower_bound_cell(interval, digits, has_interval=False)
