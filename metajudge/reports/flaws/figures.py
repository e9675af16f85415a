"""Figures of the kinds of reasons: shares of classes and flaws, their differences, and the credit of each class.

What is unread is neither: each share has two ends, with the unread at 0 and at 1.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metajudge.metrics.statistics import intervals
from metajudge.metrics.statistics.intervals import Clusters, Column, Interval
from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.metrics.statistics.shares import share_difference
from metajudge.reports.flaws.credit import ClassCredit, class_credits
from metajudge.reports.flaws.tables import FlawTable
from metajudge.reports.score_table import ScoreTable
from metajudge.tasks.flaws import CLASS, CLASSES, FLAWS, ItemFlaws

TAGS = (*CLASSES, *FLAWS)
"""Classes and flaws in the order of the tables."""


@dataclass(frozen=True, slots=True)
class Share:
    """Share of reasons, or a difference of two shares, with the unread at its lowest and at its highest."""

    low: Interval
    high: Interval

    @property
    def ends(self) -> tuple[float | None, float | None]:
        """Both values; equal if nothing is unread."""
        return self.low.value, self.high.value

    def as_json(self) -> dict[str, Any]:
        """Return both values, and the outer ends of their intervals."""
        return {
            "unread_as": {"lowest": self.low.value, "highest": self.high.value},
            "low": self.low.low,
            "high": self.high.high,
        }


@dataclass(frozen=True, slots=True)
class ModelFlaws:
    """Kinds of reasons of one model, by one judge."""

    table: FlawTable
    reasons: int
    clusters: int
    unread: Mapping[str, int]
    """Reasons that are unread, by `class` and flaw; without those of which nothing is."""
    shares: Mapping[str, Share]
    """By class and flaw."""
    credits: Mapping[str, Mapping[str, ClassCredit]]
    """By the judge of the matching, then by class and `unread`; empty without result files of the same lists."""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the model."""
        table = self.table
        return {
            "model": table.model,
            "judge_model": table.judge,
            "instructions": table.instructions or None,
            "file": table.path.name,
            "rows": len(table.rows),
            "failed_rows": table.failed,
            "reasons": self.reasons,
            "clusters": self.clusters,
            "unread": dict(self.unread),
            "shares": {tag: share.as_json() for tag, share in self.shares.items()},
            "rationale_consistency_given_class": {
                judge: {name: one.as_json() for name, one in own.items()} for judge, own in self.credits.items()
            },
        }


@dataclass(frozen=True, slots=True)
class FlawDifference:
    """Shares of one model minus those of another, over the rows that both have."""

    models: tuple[str, str]
    judge: str
    rows: int
    shares: Mapping[str, Share]

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the pair."""
        return {
            "models": list(self.models),
            "judge_model": self.judge,
            "rows": self.rows,
            "differences": {tag: share.as_json() for tag, share in self.shares.items()},
        }


@dataclass(frozen=True, slots=True)
class FlawFigures:
    """Models and pairs of models, one judge after the other."""

    models: tuple[ModelFlaws, ...]
    differences: tuple[FlawDifference, ...]

    def as_json(self) -> list[dict[str, Any]]:
        """Return an object for each model, with its differences from the models behind it."""
        return [
            one.as_json()
            | {
                "differences": [
                    pair.as_json()
                    for pair in self.differences
                    if (pair.models[0], pair.judge) == (one.table.model, one.table.judge)
                ]
            }
            for one in self.models
        ]


NO_FLAWS = FlawFigures((), ())


def with_flaws(rows: Sequence[dict[str, Any]], figures: FlawFigures) -> list[dict[str, Any]]:
    """Return the JSON rows of a report, each model's with its `flaws`; models without a row follow as rows."""
    entries = figures.as_json()
    names = [one.table.model_be_evaluated for one in figures.models]
    found = []
    for row in rows:
        is_model = row.get("group") is None
        own = [entry for entry, name in zip(entries, names, strict=True) if name.lower() == str(row["model"]).lower()]
        found.append(row | {"flaws": own} if own and is_model else row)
    known = {str(row["model"]).lower() for row in rows}
    rest: dict[str, list[dict[str, Any]]] = {}
    for entry, name in zip(entries, names, strict=True):
        if name.lower() not in known:
            rest.setdefault(name, []).append(entry)
    return found + [{"model": name, "group": None, "flaws": own} for name, own in rest.items()]


def flaw_figures(
    tables: Sequence[FlawTable], results: Sequence[ScoreTable] = (), resamples: int = RESAMPLES
) -> FlawFigures:
    """Return the figures of every table, and of every pair of models of one judge.

    `results`: result files whose records say what each reason is worth. `resamples` for their intervals.
    """
    judges = dict.fromkeys(table.judged_by for table in tables)
    models: list[ModelFlaws] = []
    pairs: list[FlawDifference] = []
    for judge in judges:
        own = [_Items(table) for table in tables if table.judged_by == judge]
        clusters = _together(own)
        for items in own:
            models.append(_model(items, results, resamples))
        pairs += [_difference(one, other, clusters, own) for one, other in itertools.combinations(own, 2)]
    return FlawFigures(tuple(models), tuple(pairs))


# ------------------------------------------------------------------ shares


class _Items:
    """The reasons of one table as columns, one place for each."""

    def __init__(self, table: FlawTable) -> None:
        self.table = table
        pairs = [(row, item) for row in table.rows for item in row.items]
        self.rows = [row for row, _ in pairs]
        self.items = [item for _, item in pairs]
        self.clusters = intervals.cluster_rows([row.cluster for row in self.rows], [row.domain for row in self.rows])

    def column(self, tag: str, unread: float) -> Column:
        """Return 1 for each reason that has the tag, 0 for others, and `unread` where it is unread."""
        return np.array([_value(item, tag, unread) for item in self.items], np.float64)


def _value(item: ItemFlaws, tag: str, unread: float) -> float:
    if (CLASS if tag in CLASSES else tag) in item.unread:
        return unread
    return float(item.kind == tag or tag in item.flaws)


def _together(own: Sequence[_Items]) -> Clusters:
    """Return the clusters of all reasons of these tables, one table after the other."""
    rows = [row for items in own for row in items.rows]
    return intervals.cluster_rows([row.cluster for row in rows], [row.domain for row in rows])


def _model(items: _Items, results: Sequence[ScoreTable], resamples: int) -> ModelFlaws:
    shares = {
        tag: Share(*(intervals.wilson(items.column(tag, unread), items.clusters) for unread in (0.0, 1.0)))
        for tag in TAGS
    }
    unread = {name: sum(name in item.unread for item in items.items) for name in (CLASS, *FLAWS)}
    return ModelFlaws(
        table=items.table,
        reasons=len(items.items),
        clusters=items.clusters.count if items.items else 0,
        unread={name: count for name, count in unread.items() if count},
        shares=shares,
        credits=class_credits(items.table, results, resamples),
    )


def _difference(first: _Items, second: _Items, clusters: Clusters, own: Sequence[_Items]) -> FlawDifference:
    common = {row.id for row in first.table.rows} & {row.id for row in second.table.rows}

    def column(one: _Items, tag: str, unread: float) -> Column:
        parts = []
        for items in own:
            values = items.column(tag, unread) if items is one else np.full(len(items.items), math.nan)
            parts.append(np.where([row.id in common for row in items.rows], values, np.nan))
        return np.concatenate(parts)

    def between(tag: str, unread: float) -> Interval:
        return share_difference(column(first, tag, unread), column(second, tag, 1 - unread), clusters)

    shares = {tag: Share(between(tag, 0.0), between(tag, 1.0)) for tag in TAGS}
    return FlawDifference((first.table.model, second.table.model), first.table.judge, len(common), shares)
