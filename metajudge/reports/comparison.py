"""Two models on the rows that both have: differences, how sure they are, and what this many rows can show."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from metajudge.errors import UsageError
from metajudge.metrics import (
    MIN_CLUSTERS,
    SWAPS,
    Clusters,
    Column,
    Interval,
    clustered_error,
    difference_interval,
    few_differences,
    holm,
    paired_difference,
    permutation_test,
    t_quantile,
    unpaired_difference,
)
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.score_table import SETTINGS, ScoreTable, score_names

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
    """The smallest true difference that this many rows detect with 80 % power at a two-sided 5 % level.

    From the spread of the differences; None where that tells too little: in fewer than 10 clusters, where fewer than 8
    clusters differ (and half of them do not), and of spurious correctness.
    """

    def as_json(self) -> dict[str, Any]:
        """The fields by name."""
        row = asdict(self)
        row["metric"] = {"group": self.metric[0], "name": self.metric[1]}
        row["values"] = list(self.values)
        return row


def check_comparable(files: Sequence[ScoreTable]) -> None:
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
        for name, (a, b) in mine.differences(theirs, SETTINGS).items():
            raise UsageError(
                f"{first.path} and {other.path} differ in {_told(name)} ({a} and {b}): their figures mean "
                f"different things; judge both alike, or compare anyway with --allow-mixed"
            )


def _told(setting: str) -> str:
    return "judge model" if setting == "model" else setting


def compare(files: Sequence[ScoreTable], swaps: int = SWAPS) -> list[Difference]:
    """Every metric of every pair of files. Raises `UsageError` when a pair has no row in common."""
    pairs = list(itertools.combinations(range(len(files)), 2))
    clusters = shared_clusters(files)
    found = []
    for i, j in pairs:
        rows = _common_rows(files[i], files[j])
        for name in score_names():
            found.append(_difference(files[i], files[j], rows, name, clusters[i], swaps))
    return _adjusted([one for one in found if one is not None])


def _common_rows(first: ScoreTable, second: ScoreTable) -> list[tuple[int, int]]:
    theirs = second.places()
    rows = [(mine, theirs[name]) for name, mine in first.places().items() if name in theirs]
    if not rows:
        raise UsageError(f"{first.path} and {second.path} have no row in common: were they made from the same input?")
    return rows


def _difference(
    first: ScoreTable, second: ScoreTable, rows: Sequence[tuple[int, int]], name: tuple[str, str],
    clusters: Clusters, swaps: int,
) -> Difference | None:  # fmt: skip
    """One metric of two files, `p_holm` not yet adjusted; None where either has no value."""
    # In the row order of the first file.
    columns = (np.full(len(first.ids), np.nan), np.full(len(first.ids), np.nan))
    mine, theirs = (np.array(part) for part in zip(*rows, strict=True))
    columns[0][mine] = first.columns[name][mine]
    columns[1][mine] = second.columns[name][theirs]
    gaps = columns[0] - columns[1]
    if name != _SPURIOUS:
        columns[0][np.isnan(gaps)] = columns[1][np.isnan(gaps)] = np.nan
    if np.isnan(columns[0]).all() or np.isnan(columns[1]).all():
        return None
    sums, sizes = zip(*((clusters.sums(column), clusters.sizes(column)) for column in columns), strict=True)
    p_value = permutation_test(sums, sizes, swaps)
    better = (-gaps if name == _SPURIOUS else gaps)[~np.isnan(gaps)]
    return Difference(
        first=first.model,
        second=second.model,
        metric=name,
        n=int((~np.isnan(columns[0]) | ~np.isnan(columns[1])).sum()),
        values=(float(np.nanmean(columns[0])), float(np.nanmean(columns[1]))),
        difference=_interval(name, columns, gaps, clusters),
        p_value=p_value,
        p_holm=p_value,
        wins=int((better > 1e-9).sum()),
        ties=int((np.abs(better) <= 1e-9).sum()),
        losses=int((better < -1e-9).sum()),
        detectable=None if name == _SPURIOUS else detectable(gaps, clusters),
    )


def _interval(name: tuple[str, str], columns: tuple[Column, Column], gaps: Column, clusters: Clusters) -> Interval:
    if name == _SPURIOUS:
        return unpaired_difference(columns, clusters)
    return paired_difference(gaps, clusters) if name[0] == "outcome" else difference_interval(gaps, clusters)


def detectable(gaps: Column, clusters: Clusters) -> float | None:
    """The smallest true mean of paired differences that rows like these show, see `Difference.detectable`."""
    _, error, groups = clustered_error(gaps, clusters)
    if groups < MIN_CLUSTERS or few_differences(gaps, clusters):
        return None
    return (t_quantile(0.975, groups - 1) + t_quantile(POWER, groups - 1)) * error or None


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
