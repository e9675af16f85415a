"""Two models on the rows that both have: differences, how sure they are, and what this many rows can show."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from statistics import NormalDist
from typing import Any

import numpy as np

from metajudge.errors import UsageError
from metajudge.intervals import (
    RESAMPLES,
    Clusters,
    Column,
    Interval,
    Mean,
    Sums,
    bootstrap_t,
    mean_of,
    paired_difference,
    unpaired_difference,
)
from metajudge.report import shared_clusters
from metajudge.scored import SETTINGS, ScoredFile, score_names
from metajudge.significance import SWAPS, holm, swap_test

POWER = 0.80
_SPURIOUS = ("outcome", "spurious_correctness")
"""Unpaired: about another set of rows for each model, those with its right labels. The one figure better when low."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two models over their common rows."""

    first: str
    second: str
    metric: tuple[str, str]
    n: int
    """Rows that the values are over: those of both models; for spurious correctness, unpaired, of either model."""
    values: tuple[float, float]
    difference: Interval
    """First minus second."""
    p_value: float
    p_holm: float
    """Adjusted over all pairs of models."""
    wins: int
    """Rows on which the first model is better, of those that both models have a value for."""
    ties: int
    losses: int
    detectable: float | None
    """The smallest true difference that this many rows detect with 80 % power at a two-sided 5 % level."""

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        row = asdict(self)
        row["metric"] = {"group": self.metric[0], "name": self.metric[1]}
        row["values"] = list(self.values)
        return row


def check_comparable(files: Sequence[ScoredFile]) -> None:
    """Raise `UsageError` when the files do not come from one judge, one set of instructions, one granularity."""
    for file in files:
        for name, values in file.mixed.items():
            raise UsageError(
                f"the records of {file.path} differ in {_told(name)} ({' and '.join(values)}): its figures mix what "
                "means different things; compare anyway with --allow-mixed"
            )
    first = files[0]
    for other in files[1:]:
        mine, theirs = first.judged_by, other.judged_by
        if mine is None or theirs is None:
            if mine is not theirs:
                unknown = first if mine is None else other
                raise UsageError(f"{unknown.path} does not say by which judge it is; compare anyway with --allow-mixed")
            continue
        for name in SETTINGS:
            a, b = getattr(mine, name), getattr(theirs, name)
            if a != b:
                raise UsageError(
                    f"{first.path} and {other.path} differ in {_told(name)} ({a} and {b}): their figures mean "
                    f"different things; judge both alike, or compare anyway with --allow-mixed"
                )


def _told(setting: str) -> str:
    return "judge model" if setting == "model" else setting


def compare(files: Sequence[ScoredFile], resamples: int = RESAMPLES, swaps: int = SWAPS) -> list[Difference]:
    """Every metric of every pair of files. Raises `UsageError` when a pair has no row in common."""
    pairs = list(itertools.combinations(range(len(files)), 2))
    clusters = shared_clusters(files)
    sums = Sums(clusters[0].strata)
    asked = []
    for i, j in pairs:
        rows = _common_rows(files[i], files[j])
        for name in score_names():
            asked.append(_ask(files[i], files[j], rows, name, clusters[i], sums))
    sums.run(resamples)
    found = [one.answer(sums, swaps) for one in asked if one is not None]
    return _adjusted(found)


def _common_rows(first: ScoredFile, second: ScoredFile) -> list[tuple[int, int]]:
    theirs = second.places()
    rows = [(mine, theirs[name]) for name, mine in first.places().items() if name in theirs]
    if not rows:
        raise UsageError(f"{first.path} and {second.path} have no row in common: were they made from the same input?")
    return rows


@dataclass(frozen=True, slots=True)
class _Asked:
    """A comparison before the resamples are drawn; columns are in the row order of the first file."""

    names: tuple[str, str]
    metric: tuple[str, str]
    columns: tuple[Column, Column]
    clusters: Clusters
    mean: Mean | None

    def answer(self, sums: Sums, swaps: int) -> Difference:
        """The difference, once the resamples are drawn; `p_holm` is not yet adjusted."""
        first, second = self.columns
        values = (float(np.nanmean(first)), float(np.nanmean(second)))
        own = [(self.clusters.sums(column), self.clusters.sizes(column)) for column in self.columns]
        p_value = swap_test((own[0][0], own[1][0]), (own[0][1], own[1][1]), swaps)
        better = second - first if self.metric == _SPURIOUS else first - second
        better = better[~np.isnan(better)]
        return Difference(
            first=self.names[0],
            second=self.names[1],
            metric=self.metric,
            n=int((~np.isnan(first) | ~np.isnan(second)).sum()),
            values=values,
            difference=self._interval(values, sums),
            p_value=p_value,
            p_holm=p_value,
            wins=int((better > 1e-9).sum()),
            ties=int((np.abs(better) <= 1e-9).sum()),
            losses=int((better < -1e-9).sum()),
            detectable=_detectable(self.mean) if self.mean is not None else None,
        )

    def _interval(self, values: tuple[float, float], sums: Sums) -> Interval:
        if self.metric == _SPURIOUS or self.mean is None:
            return unpaired_difference(self.columns, self.clusters)
        if self.metric[0] == "outcome":
            return paired_difference(self.columns[0] - self.columns[1], self.clusters)
        return bootstrap_t(self.mean, sums, bounds=(-1.0, 1.0))


def _ask(
    first: ScoredFile, second: ScoredFile, rows: Sequence[tuple[int, int]], name: tuple[str, str],
    clusters: Clusters, sums: Sums,
) -> _Asked | None:  # fmt: skip
    columns = (np.full(len(first.ids), np.nan), np.full(len(first.ids), np.nan))
    mine, theirs = (np.array(part) for part in zip(*rows, strict=True))
    columns[0][mine] = first.columns[name][mine]
    columns[1][mine] = second.columns[name][theirs]
    if name != _SPURIOUS:
        lacking = np.isnan(columns[0]) | np.isnan(columns[1])
        columns[0][lacking] = columns[1][lacking] = np.nan
    if np.isnan(columns[0]).all() or np.isnan(columns[1]).all():
        return None
    mean = None if name == _SPURIOUS else mean_of(columns[0] - columns[1], clusters, sums)
    return _Asked((first.model, second.model), name, columns, clusters, mean)


def _detectable(mean: Mean) -> float | None:
    normal = NormalDist()
    return (normal.inv_cdf(0.975) + normal.inv_cdf(POWER)) * mean.error or None


def _adjusted(found: Sequence[Difference]) -> list[Difference]:
    """With Holm's correction over the pairs, metric by metric."""
    by_metric: dict[tuple[str, str], list[int]] = {}
    for place, one in enumerate(found):
        by_metric.setdefault(one.metric, []).append(place)
    adjusted: Mapping[int, float] = {
        place: p
        for places in by_metric.values()
        for place, p in zip(places, holm([found[place].p_value for place in places]), strict=True)
    }
    return [replace(one, p_holm=adjusted[place]) for place, one in enumerate(found)]
