"""Differences of two models on their common rows, their intervals, and the smallest detectable difference."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from metajudge.errors import UsageError
from metajudge.metrics.statistics import intervals, significance
from metajudge.metrics.statistics.intervals import Clusters, Column, Interval
from metajudge.metrics.statistics.resampling import Floats
from metajudge.metrics.statistics.significance import SWAPS
from metajudge.reports.judge_settings import SETTINGS
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.outcome import SPURIOUS
from metajudge.reports.score_table import RC, ScoreTable, score_names
from metajudge.text import printable

POWER = 0.80


@dataclass(frozen=True, slots=True)
class Difference:
    """One metric of two models over their common rows."""

    first: str
    second: str
    metric: tuple[str, str]
    n: int
    """Rows behind the values: those of both models; for spurious correctness, those of either."""
    values: tuple[float | None, float | None]
    """None where nothing is scored, and where a value is not exact."""
    difference: Interval
    """First minus second. Where rationale consistency has bounds, it has no value but an interval over their range."""
    p_value: float | None
    """None without a row that both models have a value for, and where a value is not determined.

    With bounds, the largest anywhere in their range: 1 if that contains 0.
    """
    p_holm: float | None
    """Adjusted over the pairs of models that are compared."""
    wins: int
    """Rows with values of both models on which the first is better; with bounds, anywhere between them."""
    ties: int
    losses: int
    detectable: float | None
    """Smallest true difference that these rows detect with 80 % power at a two-sided 5 % level.

    With bounds it includes their range. None where the spread cannot be estimated: in fewer than 10 clusters, where
    fewer than 8 clusters differ (and half of them do not), and for spurious correctness.
    """
    bounds: tuple[tuple[float, float], tuple[float, float], tuple[float, float]] | None = None
    """Bounds of both values and of the difference; None where they are exact or not determined."""
    is_determined: bool = True
    """False where both models have values that best scores alone do not determine, not even by two bounds."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name; bounds are objects with `low` and `high`, null where the values are exact."""
        group, name = self.metric
        ends = self.bounds and [{"low": low, "high": high} for low, high in self.bounds]
        return asdict(self) | {
            "metric": {"group": group, "name": name},
            "values": list(self.values),
            "bounds": ends and dict(zip(("first", "second", "difference"), ends, strict=True)),
        }


def check_comparable(files: Sequence[ScoreTable]) -> None:
    """Raise `UsageError` unless all records have one judge, one set of instructions, one granularity, one top-k."""
    check_granularity(files)
    for file in files:
        for name, values in file.mixed.items():
            raise UsageError(
                f"the records of {file.path} differ in {_label(name)} ({' and '.join(values)}): its figures mix "
                "these settings; compare anyway with `allow_mixed`"
            )
    first = files[0]
    for other in files[1:]:
        one, two = first.judged_by, other.judged_by
        if one is None or two is None:
            if one is not two:
                unknown = first if one is None else other
                raise UsageError(f"{unknown.path} does not name its judge; compare anyway with `allow_mixed`")
            continue
        for name, (a, b) in one.differences(two, SETTINGS).items():
            raise UsageError(
                f"{first.path} and {other.path} differ in {_label(name)} ({a} and {b}): their figures mean "
                f"different things; judge both alike, or compare anyway with `allow_mixed`"
            )


def check_granularity(files: Sequence[ScoreTable]) -> None:
    """Raise `UsageError` if two records have different granularities; one without a granularity goes with any."""
    paths: dict[str, Path] = {}
    for file in files:
        own = file.judged_by.granularity if file.judged_by else None
        for granularity in file.mixed.get("granularity", [own] if own else []):
            paths.setdefault(granularity, file.path)
    if len(paths) > 1:
        raise UsageError(
            f"{' and '.join(map(str, dict.fromkeys(paths.values())))} differ in granularity ({' and '.join(paths)}): "
            "their figures cannot be compared; judge both alike"
        )


def _label(setting: str) -> str:
    return "judge model" if setting == "model" else setting


def find_baseline(files: Sequence[ScoreTable], name: str) -> ScoreTable | None:
    """Return the file of the model `name`, as the files or their rows call it; None if no file is about it.

    Raises `UsageError` if several files are about it.
    """
    found = [file for file in files if file.model == name]
    found = found or [file for file in files if file.model_be_evaluated.lower() == name.lower()]
    if len(found) > 1:
        raise UsageError(f"`baseline` {name}: several files are about it; name one: {_models(found)}")
    return found[0] if found else None


def unknown_baseline(files: Sequence[ScoreTable], name: str) -> UsageError:
    """Return the error for a baseline that no file is about."""
    return UsageError(f"`baseline` {name}: no file is about this model; there are {_models(files)}")


def _models(files: Sequence[ScoreTable]) -> str:
    return ", ".join(dict.fromkeys(printable(file.model) for file in files))


def compare(files: Sequence[ScoreTable], swaps: int = SWAPS, baseline: ScoreTable | None = None) -> list[Difference]:
    """Compare every metric of every pair of files; without a row that both have scored, rationale consistency is None.

    `baseline`: one of the files; only the pairs of each other file with it are compared. Raises `UsageError` for a pair
    without a common row.
    """
    found: list[Difference | None] = []
    clustered = list(zip(files, shared_clusters(files), strict=True))
    pairs = list(itertools.combinations(clustered, 2))
    if baseline is not None:
        reference = next(one for one in clustered if one[0] is baseline)
        pairs = [(one, reference) for one in clustered if one[0] is not baseline]
    for (first, clusters), (second, _) in pairs:
        others = second.places()
        rows = {place: others[name] for name, place in first.places().items() if name in others}
        if not rows:
            raise UsageError(
                f"{first.path} and {second.path} have no row in common; compare results of the same input rows"
            )
        found += [] if _both_scored(first, second, rows) else [_nothing(first, second)]
        for name in score_names():
            found.append(_of_metric(name, first, second, rows, clusters, swaps))
    return _adjusted([one for one in found if one is not None])


def _both_scored(first: ScoreTable, second: ScoreTable, rows: Mapping[int, int]) -> bool:
    sides = first.columns[RC][[*rows]], second.columns[RC][[*rows.values()]]
    return not np.isnan(sides[0] + sides[1]).all()


def _nothing(first: ScoreTable, second: ScoreTable) -> Difference:
    return Difference(
        first=first.model,
        second=second.model,
        metric=RC,
        n=0,
        values=(None, None),
        difference=intervals.NO_INTERVAL,
        p_value=None,
        p_holm=None,
        wins=0,
        ties=0,
        losses=0,
        detectable=None,
    )


def _of_metric(
    name: tuple[str, str],
    first: ScoreTable,
    second: ScoreTable,
    rows: Mapping[int, int],
    clusters: Clusters,
    swaps: int,
) -> Difference | None:
    """Compare one metric as far as it is known; `rows`: places of the common rows in both files."""

    def paired(one: Column, two: Column) -> Floats:
        columns = np.full((2, len(first.ids)), np.nan)  # in the row order of the first file
        columns[0, [*rows]], columns[1, [*rows]] = one[[*rows]], two[[*rows.values()]]
        return columns

    models, columns = (first.model, second.model), paired(first.columns[name], second.columns[name])
    found = _difference(models, name, columns, clusters, swaps)
    if found is None or not (first.known_of(name, [*rows]) or second.known_of(name, [*rows.values()])):
        return found
    if name != RC:
        blank = _nothing(first, second)
        return replace(blank, metric=name, n=found.n, is_determined=False)
    ends = [paired(first.columns[RC], second.upper_bound), paired(first.upper_bound, second.columns[RC])]
    least, most = (_difference(models, name, one, clusters, swaps) for one in ends)
    assert least is not None and most is not None
    return _between(least, most, [one[0] - one[1] for one in ends])


def _between(least: Difference, most: Difference, gaps: Sequence[Column]) -> Difference:
    """Return what holds of a difference anywhere between these two; `gaps`: their differences by row."""
    (first_low, second_high), (first_high, second_low) = (
        [float(value) for value in one.values if value is not None] for one in (least, most)
    )
    low, high = first_low - second_high, first_high - second_low
    p_value = 1.0 if low <= 0 <= high else max(one.p_value or 0.0 for one in (least, most))
    errors = [one.detectable for one in (least, most) if one.detectable is not None]
    return replace(
        least,
        values=(None, None),
        difference=Interval(None, least.difference.low, most.difference.high),
        p_value=p_value,
        p_holm=p_value,
        ties=int(((np.abs(gaps[0]) <= 1e-9) & (np.abs(gaps[1]) <= 1e-9)).sum()),
        losses=most.losses,
        detectable=max(errors) + high - low if len(errors) == 2 else None,
        bounds=((first_low, first_high), (second_low, second_high), (low, high)),
    )


def _difference(
    models: tuple[str, str], name: tuple[str, str], columns: Floats, clusters: Clusters, swaps: int
) -> Difference | None:
    """Compare one metric, (2, rows), `p_holm` not yet adjusted; None where either model has no value."""
    gaps = columns[0] - columns[1]
    if name != SPURIOUS:
        columns[:, np.isnan(gaps)] = np.nan
    if np.isnan(columns).all(axis=1).any():
        return None
    first, second = columns
    sums, sizes = (clusters.sums(first), clusters.sums(second)), (clusters.sizes(first), clusters.sizes(second))
    p_value = significance.permutation_test(sums, sizes, swaps)
    better = (-gaps if name == SPURIOUS else gaps)[~np.isnan(gaps)]
    return Difference(
        first=models[0],
        second=models[1],
        metric=name,
        n=int((~np.isnan(columns)).any(axis=0).sum()),
        values=(float(np.nanmean(first)), float(np.nanmean(second))),
        difference=_interval(name, columns, gaps, clusters),
        p_value=p_value,
        p_holm=p_value,
        wins=int((better > 1e-9).sum()),
        ties=int((np.abs(better) <= 1e-9).sum()),
        losses=int((better < -1e-9).sum()),
        detectable=None if name == SPURIOUS else detectable(gaps, clusters),
    )


def _interval(name: tuple[str, str], columns: Floats, gaps: Column, clusters: Clusters) -> Interval:
    if name == SPURIOUS:
        return intervals.unpaired_difference((columns[0], columns[1]), clusters)
    of = intervals.paired_difference if name[0] == "outcome" else intervals.difference_interval
    return of(gaps, clusters)


def detectable(gaps: Column, clusters: Clusters) -> float | None:
    """Return the smallest true mean of paired differences that rows like these show: `Difference.detectable`."""
    _, error, groups = intervals.clustered_error(gaps, clusters)
    if groups < intervals.MIN_CLUSTERS or intervals.few_differences(gaps, clusters):
        return None
    return (intervals.t_quantile(0.975, groups - 1) + intervals.t_quantile(POWER, groups - 1)) * error or None


def _adjusted(found: Sequence[Difference]) -> list[Difference]:
    """Apply Holm's correction over the pairs, metric by metric."""
    p_values: dict[tuple[str, str], list[float]] = {name: [] for name in score_names()}
    for one in found:
        p_values[one.metric] += [] if one.p_value is None else [one.p_value]
    adjusted = {name: iter(significance.holm(values)) for name, values in p_values.items()}
    return [one if one.p_value is None else replace(one, p_holm=next(adjusted[one.metric])) for one in found]
