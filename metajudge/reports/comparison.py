"""Differences of two models on their common rows, their intervals, and the smallest detectable difference."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from metajudge.errors import UsageError
from metajudge.metrics.statistics.intervals import (
    MIN_CLUSTERS,
    Clusters,
    Column,
    Interval,
    clustered_error,
    difference_interval,
    few_differences,
    paired_difference,
    t_quantile,
    unpaired_difference,
)
from metajudge.metrics.statistics.significance import SWAPS, holm, permutation_test
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.score_table import SETTINGS, ScoreTable, score_names

POWER = 0.80
_SPURIOUS = ("outcome", "spurious_correctness")
"""Unpaired: each model has other rows with the right label. The only figure that is better when low."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two models over their common rows."""

    first: str
    second: str
    metric: tuple[str, str]
    n: int
    """Rows behind the values: those of both models; for spurious correctness, those of either."""
    values: tuple[float, float]
    difference: Interval
    """First minus second."""
    p_value: float
    p_holm: float
    """Adjusted over all pairs of models."""
    wins: int
    """Rows with values of both models on which the first is better."""
    ties: int
    losses: int
    detectable: float | None
    """Smallest true difference that these rows detect with 80 % power at a two-sided 5 % level.

    None where the spread cannot be estimated: in fewer than 10 clusters, where fewer than 8 clusters differ (and half
    of them do not), and for spurious correctness.
    """

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        group, name = self.metric
        return asdict(self) | {"metric": {"group": group, "name": name}, "values": list(self.values)}


def check_comparable(files: Sequence[ScoreTable]) -> None:
    """Raise `UsageError` unless all records have one judge, one set of instructions, one granularity, one top-k."""
    for file in files:
        for name, values in file.mixed.items():
            raise UsageError(
                f"the records of {file.path} differ in {_label(name)} ({' and '.join(values)}): its figures mix what "
                "means different things; compare anyway with `allow_mixed`"
            )
    first = files[0]
    for other in files[1:]:
        one, two = first.judged_by, other.judged_by
        if one is None or two is None:
            if one is not two:
                unknown = first if one is None else other
                raise UsageError(f"{unknown.path} does not say by which judge it is; compare anyway with `allow_mixed`")
            continue
        for name, (a, b) in one.differences(two, SETTINGS).items():
            raise UsageError(
                f"{first.path} and {other.path} differ in {_label(name)} ({a} and {b}): their figures mean "
                f"different things; judge both alike, or compare anyway with `allow_mixed`"
            )


def _label(setting: str) -> str:
    return "judge model" if setting == "model" else setting


def compare(files: Sequence[ScoreTable], swaps: int = SWAPS) -> list[Difference]:
    """Compare every metric of every pair of files. Raises `UsageError` for a pair without a common row."""
    found = []
    for (first, clusters), (second, _) in itertools.combinations(zip(files, shared_clusters(files), strict=True), 2):
        rows = _common_rows(first, second)
        found += [_difference(first, second, rows, name, clusters, swaps) for name in score_names()]
    return _adjusted([one for one in found if one is not None])


def _common_rows(first: ScoreTable, second: ScoreTable) -> list[tuple[int, int]]:
    others = second.places()
    rows = [(place, others[name]) for name, place in first.places().items() if name in others]
    if not rows:
        raise UsageError(f"{first.path} and {second.path} have no row in common: were they made from the same input?")
    return rows


def _difference(
    first: ScoreTable, second: ScoreTable, rows: Sequence[tuple[int, int]], name: tuple[str, str],
    clusters: Clusters, swaps: int,
) -> Difference | None:  # fmt: skip
    """Compare one metric, `p_holm` not yet adjusted; None where either file has no value."""
    # In the row order of the first file.
    columns = (np.full(len(first.ids), np.nan), np.full(len(first.ids), np.nan))
    places, others = (np.array(part) for part in zip(*rows, strict=True))
    columns[0][places] = first.columns[name][places]
    columns[1][places] = second.columns[name][others]
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
    """Return the smallest true mean of paired differences that rows like these show: `Difference.detectable`."""
    _, error, groups = clustered_error(gaps, clusters)
    if groups < MIN_CLUSTERS or few_differences(gaps, clusters):
        return None
    return (t_quantile(0.975, groups - 1) + t_quantile(POWER, groups - 1)) * error or None


def _adjusted(found: Sequence[Difference]) -> list[Difference]:
    """Apply Holm's correction over the pairs, metric by metric."""
    by_metric: dict[tuple[str, str], list[float]] = {}
    for one in found:
        by_metric.setdefault(one.metric, []).append(one.p_value)
    adjusted = {metric: iter(holm(values)) for metric, values in by_metric.items()}
    return [replace(one, p_holm=next(adjusted[one.metric])) for one in found]
