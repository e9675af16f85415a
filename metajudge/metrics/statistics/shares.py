"""Shares of things within rows, such as reasons with a flaw, compared over rows that both sides have."""

import math

from metajudge.metrics.statistics.intervals import NO_INTERVAL, Clusters, Column, Interval, wilson
from metajudge.metrics.statistics.resampling import Floats


def share_difference(first: Column, second: Column, clusters: Clusters) -> Interval:
    """Return the first share minus the second with an interval from both Wilson intervals, within -1..1.

    Both columns have one place for each thing of both sides, 0 or 1, and NaN for the things of the other side. Each
    side of the interval is √(a² + b² - 2rab) from the difference, a and b being the distances of both shares from the
    ends of their intervals; Zou and Donner (2008), Construction of confidence limits about effect measures. The
    correlation r is that of both shares' linearised errors over the clusters. The interval does not collapse for rare
    flaws. There is none if one of the shares has none.
    """
    one, other = wilson(first, clusters), wilson(second, clusters)
    if one.value is None or other.value is None:
        return NO_INTERVAL
    value = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Interval(value, None, None)
    r = _correlation(_errors(first, one.value, clusters), _errors(second, other.value, clusters))
    below = _distance(one.value - one.low, other.high - other.value, r)
    above = _distance(one.high - one.value, other.value - other.low, r)
    return Interval(value, max(value - below, -1.0), min(value + above, 1.0))


def _distance(a: float, b: float, r: float) -> float:
    return math.sqrt(max(a * a + b * b - 2 * r * a * b, 0.0))


def _errors(column: Column, value: float, clusters: Clusters) -> Floats:
    return clusters.sums(column) - value * clusters.sizes(column)


def _correlation(x: Floats, y: Floats) -> float:
    """Return the correlation of two columns around 0; 0 if one of them is 0 throughout."""
    both = math.sqrt(float(x @ x) * float(y @ y))
    return float(x @ y) / both if both > 1e-12 else 0.0
