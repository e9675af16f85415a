"""Intervals of means over clusters of rows."""

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from metajudge.metrics.statistics.resampling import ClusterBootstrap, Floats

Column = NDArray[np.float64]

MIN_CLUSTERS = 10
"""Least number of clusters for an interval."""
MIN_STRATUM = 20
"""Domains with fewer clusters are resampled together."""
FEW_OTHERS = 8
"""Least number of clusters that differ from the common mean; with fewer the spread cannot be estimated."""
LEVEL = 0.95
_UPPER = (1 + LEVEL) / 2
_ROUNDING = 1e-12
"""Rounding error per row in a cluster's sum; a smaller sum is 0."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean and its interval. `low` and `high` are None if the interval is unknown; all are None without rows."""

    value: float | None
    low: float | None
    high: float | None

    def as_json(self) -> dict[str, float | None]:
        """Return the three figures by name."""
        return {"value": self.value, "low": self.low, "high": self.high}


NO_INTERVAL = Interval(None, None, None)


@dataclass(frozen=True, slots=True)
class Clusters:
    """Rows that share a source, and the domain that each source belongs to."""

    of_row: NDArray[np.intp]
    """Number of each row's cluster, from 0; clusters of one stratum have consecutive numbers."""
    strata: tuple[int, ...]
    """Number of clusters of each stratum (a domain, or the small ones together)."""

    @property
    def count(self) -> int:
        """Return the number of clusters."""
        return sum(self.strata)

    def sums(self, column: Column) -> Floats:
        """Return the sum of a column within each cluster; NaN counts as 0."""
        return np.asarray(np.bincount(self.of_row, weights=np.nan_to_num(column), minlength=self.count), np.float64)

    def sizes(self, column: Column) -> Floats:
        """Return the number of rows of each cluster that have a value."""
        return np.asarray(np.bincount(self.of_row, weights=~np.isnan(column), minlength=self.count), np.float64)


def cluster_rows(keys: Sequence[Hashable], domains: Sequence[str]) -> Clusters:
    """Return the clusters of rows with these keys; a cluster belongs to the domain of its first row.

    Domains with fewer than `MIN_STRATUM` clusters are one stratum.
    """
    domain_of: dict[Hashable, str] = {}
    for key, domain in zip(keys, domains, strict=True):
        domain_of.setdefault(key, domain)
    members: dict[str, list[Hashable]] = {}
    size = Counter(domain_of.values())
    for key, domain in domain_of.items():
        # Two draws from two clusters show hardly any of their spread, so small domains are resampled together.
        members.setdefault(f"own {domain}" if size[domain] >= MIN_STRATUM else "rest", []).append(key)
    number = {key: place for place, key in enumerate(itertools.chain(*members.values()))}
    return Clusters(np.array([number[key] for key in keys], np.intp), tuple(len(own) for own in members.values()))


@dataclass(frozen=True, slots=True)
class PendingMean:
    """A mean over rows before its resamples are drawn. `prepare_mean` makes it, `bootstrap_t` reads it."""

    value: float
    error: float
    """Standard error, linearised over clusters."""
    clusters: int
    """Clusters with a value."""
    places: Sequence[int]
    """Places of the resampled sums of y, n, y², yn and n²; y is centred on the mean."""
    if_sparse: Interval | None
    """Wilson's interval if few clusters differ (`mostly_constant`), otherwise None."""


def prepare_mean(column: Column, clusters: Clusters, sums: ClusterBootstrap) -> PendingMean | None:
    """Return the mean of a column with NaN for rows without a value; None when no row has one."""
    value, sizes, y = _centred(column, clusters)
    if not sizes.any():
        return None
    error = math.sqrt(float(y @ y)) / float(sizes.sum())
    places = [sums.add(part) for part in (y, sizes, y * y, y * sizes, sizes * sizes)]
    if_sparse = wilson(column, clusters) if error and mostly_constant(column, clusters, 2 / 3) else None
    return PendingMean(value, error, int(np.count_nonzero(sizes)), places, if_sparse)


def _centred(column: Column, clusters: Clusters) -> tuple[float, Floats, Floats]:
    """Return a column's mean (or NaN), the clusters' numbers of values, and their sums centred on the mean."""
    sizes = clusters.sizes(column)
    rows = float(sizes.sum())
    value = float(np.nansum(column)) / rows if rows else math.nan
    centred = clusters.sums(column) - value * sizes  # sums of resamples stay small: single precision suffices
    centred[np.abs(centred) < _ROUNDING * sizes.max(initial=0)] = 0.0
    return value, sizes, centred


def mostly_constant(column: Column, clusters: Clusters, share: float, around: float | None = None) -> bool:
    """Return true if at least this share of the clusters has one mean (`around`, if given), and few have another."""
    sizes = clusters.sizes(column)
    inside = sizes > 0
    means = np.round(clusters.sums(column)[inside] / sizes[inside], 9)
    if around is None:
        most = int(np.unique(means, return_counts=True)[1].max(initial=0))
    else:
        most = int(np.count_nonzero(means == around))
    return most >= share * len(means) and len(means) - most < FEW_OTHERS


def few_differences(gaps: Column, clusters: Clusters) -> bool:
    """Return true if too few paired differences are not 0 to estimate their spread."""
    return mostly_constant(gaps, clusters, 1 / 2, around=0.0)


def mean_interval(mean: PendingMean | None, sums: ClusterBootstrap) -> Interval:
    """Return the interval of a mean of scores within 0..1: bootstrap-t, or Wilson's if few clusters differ.

    If few differ, most resamples contain none of these clusters, and bootstrap-t would reach to the end of the scale.
    Wilson's interval is wide rather than wrong: no such mean has more variance than a proportion. There is no interval
    if all values are equal, nor a value if `mean` is None.
    """
    return NO_INTERVAL if mean is None else mean.if_sparse or bootstrap_t(mean, sums)


def bootstrap_t(mean: PendingMean, sums: ClusterBootstrap) -> Interval:
    """Return the studentised bootstrap interval of a mean (Efron and Tibshirani 1993, chapter 12.5), within 0..1.

    In every resample t* = (mean* - mean) / error*; the interval is mean - t*(high) · error, mean - t*(low) · error.
    No interval below `MIN_CLUSTERS`, and none when all values are equal: their spread is unknown.
    """
    if mean.clusters < MIN_CLUSTERS or not mean.error:
        return Interval(mean.value, None, None)
    y, n, yy, yn, nn = (sums.of(place) for place in mean.places)
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = y / n  # the columns are centred: mean* - mean
        squares = np.maximum(yy - 2 * shift * yn + shift * shift * nn, 0.0)
        t = shift / (np.sqrt(squares) / n)
    # A resample of equal values has no error: its t is infinite, with the sign of its distance.
    t[np.isnan(t)] = 0.0
    tail = (1 - LEVEL) / 2
    low_t, high_t = np.quantile(t, (tail, 1 - tail), method="nearest")
    return _cut(mean.value, mean.value - high_t * mean.error, mean.value - low_t * mean.error, least=0)


def t_quantile(p: float, freedom: float) -> float:
    """Return the quantile of Student's t, by its expansion in 1/freedom (Abramowitz and Stegun 26.7.5).

    From 9 degrees of freedom on it is right to four places for the tails of intervals.
    """
    z = NormalDist().inv_cdf(p)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + sum(term / freedom**power for power, term in enumerate(terms, 1))


def _cut(value: float, low: float, high: float, least: float = -1) -> Interval:
    """Return an interval with its ends cut at `least` and 1."""
    low, high = (float(min(max(end, least), 1.0)) for end in (low, high))
    return Interval(value, low, high)


# ------------------------------------------------------------------ proportions


def wilson(column: Column, clusters: Clusters) -> Interval:
    """Return Wilson's score interval of a proportion (1927), with n divided by the design effect of the clusters.

    That effect is an estimate, and a poor one with few clusters, so the quantile is that of t (Korn and Graubard 1998).
    """
    p, sizes, residuals = _centred(column, clusters)
    rows, groups = float(sizes.sum()), int(np.count_nonzero(sizes))
    if groups < MIN_CLUSTERS:
        return Interval(p if groups else None, None, None)
    return _score_interval(p, rows / _inflation(residuals, p * (1 - p), rows, groups), _quantile(groups, rows))


def _score_interval(p: float, n: float, z: float) -> Interval:
    centre, half = p + z * z / (2 * n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    scale = 1 + z * z / n
    # At 0 and 1, rounding could put the end of the interval on the wrong side of the proportion.
    return _cut(p, min(p, (centre - half) / scale), max(p, (centre + half) / scale), least=0)


def weighted_means(columns: Sequence[Column], weights: Sequence[float], clusters: Clusters) -> Interval:
    """Return the interval of Σ weight · mean over columns with values within 0..1, such as a mean of domains' means.

    The variance is linearised over clusters, which columns may share. The interval is Wilson's for the n that gives a
    proportion of this value the same variance. It is unknown if a column has fewer than `MIN_CLUSTERS` clusters, if no
    value differs from its column's mean, and if the sum is not between 0 and 1.
    """
    value, fewest, errors = 0.0, clusters.count, np.zeros(clusters.count)
    for column, weight in zip(columns, weights, strict=True):
        mean, sizes, residuals = _centred(column, clusters)
        groups = int(np.count_nonzero(sizes))
        if not groups:
            return NO_INTERVAL
        value, fewest = value + weight * mean, min(fewest, groups)
        errors += weight * residuals / float(sizes.sum()) * math.sqrt(groups / max(groups - 1, 1))
    errors[np.abs(errors) < _ROUNDING / clusters.count] = 0.0
    variance = float(errors @ errors)
    if fewest < MIN_CLUSTERS or not variance or not 0 < value < 1:
        return Interval(value, None, None)
    return _score_interval(value, value * (1 - value) / variance, NormalDist().inv_cdf(_UPPER))


def paired_difference(gaps: Column, clusters: Clusters) -> Interval:
    """Return the adjusted Wald interval of a difference of paired proportions (Bonett and Price 2012), within -1..1.

    `gaps`: first minus second of each row, NaN if either has no value. One row is added to each side before the usual
    formula, and n is divided by the design effect of the clusters, as in `wilson`. It is reliable if few rows differ.
    """
    value, sizes, _ = _centred(gaps, clusters)
    rows, groups = float(sizes.sum()), int(np.count_nonzero(sizes))
    if groups < MIN_CLUSTERS:
        return Interval(value if groups else None, None, None)
    n, up, down = _paired_counts(gaps, clusters)
    up, down = (up + 1) / (n + 2), (down + 1) / (n + 2)
    half = _quantile(groups, rows) * math.sqrt((up + down - (up - down) ** 2) / (n + 2))
    return _cut(value, min(value, up - down - half), max(value, up - down + half))


def one_sided_p(gaps: Column, clusters: Clusters, margin: float) -> float:
    """Return the p-value against a mean of paired differences of at least `margin`, by Tango's score test (1998).

    One minus it is the p-value against a mean of at most `margin`. n is divided by the design effect of the clusters,
    as in `paired_difference`. It is 1/2 without rows.
    """
    if margin < 0:
        return 1 - one_sided_p(-gaps, clusters, -margin)
    if np.isnan(gaps).all():
        return 0.5
    n, up, down = _paired_counts(gaps, clusters)
    # The likeliest share of negative differences under a mean of `margin`: the larger root of a quadratic equation.
    b, c = (2 * n - up + down) * margin - up - down, -down * margin * (1 - margin)
    negative = (math.sqrt(b * b - 8 * n * c) - b) / (4 * n)
    variance = n * (2 * negative + margin * (1 - margin))
    return NormalDist().cdf((up - down - n * margin) / math.sqrt(variance)) if variance else 0.5


def _paired_counts(gaps: Column, clusters: Clusters) -> tuple[float, float, float]:
    """Return n and the sums of positive and of negative differences, each divided by the design effect."""
    value, sizes, residuals = _centred(gaps, clusters)
    rows, groups = float(sizes.sum()), int(np.count_nonzero(sizes))
    variance = float(np.nansum(gaps * gaps)) / rows - value * value
    effect = _inflation(residuals, variance, rows, groups)
    up, down = (float(np.nansum(np.maximum(sign * gaps, 0))) for sign in (1, -1))
    return rows / effect, up / effect, down / effect


def difference_interval(gaps: Column, clusters: Clusters) -> Interval:
    """Return the interval of a mean of paired differences within -1..1: Student's over clusters.

    Differences are nearly symmetric. For those, bootstrap-t is too short if many are 0: in simulations with 20 of 100
    rows that differ it contained the truth in 92 %, this interval in 94 %. If few differ, the interval is that of
    paired proportions, wide rather than wrong. There is none below `MIN_CLUSTERS` or if all differences are equal.
    """
    value, error, groups = clustered_error(gaps, clusters)
    if groups < MIN_CLUSTERS or not error:
        return Interval(value if groups else None, None, None)
    if few_differences(gaps, clusters):
        return paired_difference(gaps, clusters)
    half = t_quantile(_UPPER, groups - 1) * error
    return _cut(value, value - half, value + half)


def clustered_error(column: Column, clusters: Clusters) -> tuple[float, float, int]:
    """Return a mean, its standard error linearised over G clusters, times √(G/(G-1)), and G (0 without a value)."""
    value, sizes, residuals = _centred(column, clusters)
    rows, groups = float(sizes.sum()), int(np.count_nonzero(sizes))
    if not groups:
        return value, math.nan, 0
    return value, math.sqrt(float(residuals @ residuals) * groups / max(groups - 1, 1)) / rows, groups


def unpaired_difference(columns: tuple[Column, Column], clusters: Clusters) -> Interval:
    """Return the Wald interval of a difference of two means over different rows, linearised over shared clusters."""
    means, errors = [], np.zeros(clusters.count)
    for column, factor in zip(columns, (1.0, -1.0), strict=True):
        sizes = clusters.sizes(column)
        if not sizes.any():
            return NO_INTERVAL
        means.append(float(np.nansum(column)) / float(sizes.sum()))
        errors += factor * (clusters.sums(column) - means[-1] * sizes) / sizes.sum()
    value, error = means[0] - means[1], math.sqrt(float(errors @ errors))
    fewest = min(int(np.count_nonzero(clusters.sizes(column))) for column in columns)
    if fewest < MIN_CLUSTERS or not error:
        return Interval(value, None, None)
    half = NormalDist().inv_cdf(_UPPER) * error
    return _cut(value, value - half, value + half)


def _quantile(groups: int, rows: float) -> float:
    """Return the quantile of the normal distribution, or of t if rows share clusters: their effect is an estimate."""
    return t_quantile(_UPPER, groups - 1) if groups < rows else NormalDist().inv_cdf(_UPPER)


def _inflation(residuals: Floats, variance: float, n: float, groups: int) -> float:
    """Return the design effect, at least 1: a mean's variance over clusters divided by that over independent rows.

    If all values are equal, their spread within clusters is unknown, so each cluster counts as one row. Kish (1965).
    """
    if groups == n:
        return 1.0
    if variance <= 0:
        return n / groups
    return max(1.0, float(residuals @ residuals) / n / variance * groups / (groups - 1))
