"""Differences of shares of things within rows."""

import math

import numpy as np
import pytest

from metajudge.metrics.statistics.intervals import Clusters, cluster_rows, wilson
from metajudge.metrics.statistics.resampling import Floats
from metajudge.metrics.statistics.shares import share_difference

NAN = math.nan


def sides(first: list[list[float]], second: list[list[float]]) -> tuple[Floats, Floats, Clusters]:
    """Return the columns of two sides, whose lists hold the things of each row."""
    keys = [f"row {n}" for rows in (first, second) for n, row in enumerate(rows) for _ in row]
    values = [[value for row in rows for value in row] for rows in (first, second)]
    gaps = [[NAN] * len(own) for own in values]
    columns = np.array(values[0] + gaps[1]), np.array(gaps[0] + values[1])
    return *columns, cluster_rows(keys, [""] * len(keys))


def test_the_ends_are_those_of_both_wilson_intervals_worked_by_hand() -> None:
    """Rows of one thing each, whose errors are uncorrelated: r = 0, so that the distances add up as squares."""
    first, second, clusters = sides([[1.0], [1.0], [0.0], [0.0]] * 5, [[1.0], [0.0], [1.0], [0.0]] * 5)
    one = wilson(first, clusters)
    found = share_difference(first, second, clusters)
    assert one.value == 0.5 and one.low is not None and found.value == 0.0
    assert found.high == pytest.approx(math.sqrt(2) * (0.5 - one.low)) and found.low == pytest.approx(-found.high)


def test_common_rows_make_the_interval_shorter() -> None:
    """Both sides err in the same rows: the difference is known better than of unrelated rows."""
    same = [[1.0], [1.0], [0.0], [0.0]] * 5
    paired = share_difference(*sides(same, [*same[:-1], [1.0]]))
    apart = share_difference(*sides(same, [[0.0], [1.0], [1.0], [0.0]] * 5))
    assert paired.low is not None and apart.low is not None and paired.high is not None and apart.high is not None
    assert paired.high - paired.low < 0.6 * (apart.high - apart.low)


def test_a_flaw_that_nobody_has_keeps_an_interval() -> None:
    """Nothing was seen in 20 rows: a difference of a few percent is possible."""
    none = [[0.0, 0.0]] * 20
    found = share_difference(*sides(none, none))
    assert found.value == 0.0 and found.low is not None and -0.3 < found.low < -0.05 and found.high == -found.low


@pytest.mark.parametrize("rows", [0, 3])
def test_few_rows_have_no_interval(rows: int) -> None:
    found = share_difference(*sides([[1.0]] * rows, [[0.0]] * rows))
    assert (found.value, found.low, found.high) == (1.0 if rows else None, None, None)


def test_nine_intervals_in_ten_or_more_hold_the_truth() -> None:
    """Rows of five things with a common tendency, shares of 60 % and 5 %: nominal 95 %, 400 draws."""
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        tendency = rng.beta(2, 2, 60)[:, None] - 0.5
        both = [
            rng.random((60, 5)) < np.clip(share + width * tendency, 0, 1) for share, width in ((0.6, 0.4), (0.05, 0.1))
        ]
        found = share_difference(*sides(*(one.astype(float).tolist() for one in both)))
        assert found.low is not None and found.high is not None
        held += found.low <= 0.55 <= found.high
    assert held / 400 > 0.92
