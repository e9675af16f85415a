"""Intervals: formulas worked by hand, pairing, clusters, and what has no interval. Coverage is in tests/slow."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
import scipy.stats

from metajudge.metrics.statistics.intervals import (
    MIN_STRATUM,
    NO_INTERVAL,
    Clusters,
    Interval,
    PendingMean,
    bootstrap_t,
    cluster_rows,
    difference_interval,
    few_differences,
    mean_interval,
    one_sided_p,
    paired_difference,
    prepare_mean,
    t_quantile,
    unpaired_difference,
    weighted_means,
    wilson,
)
from metajudge.metrics.statistics.resampling import ClusterBootstrap, Floats, resample_counts

Values = Sequence[float] | Floats


def equal(count: int, size: int = 1) -> Clusters:
    """Return `count` clusters of `size` rows each."""
    return cluster_rows([str(row // size) for row in range(count * size)], [""] * count * size)


def prepared(values: Values, size: int = 1, resamples: int = 500) -> tuple[PendingMean, ClusterBootstrap]:
    """Return the mean of values in clusters of `size` rows, and its resamples."""
    clusters = equal(len(values) // size, size)
    sums = ClusterBootstrap(clusters.strata)
    mean = prepare_mean(np.array(values), clusters, sums)
    assert mean is not None
    sums.run(resamples)
    return mean, sums


def interval_of(values: Values, size: int = 1) -> Interval:
    """Return the bootstrap-t interval of a mean."""
    return bootstrap_t(*prepared(values, size, resamples=4000))


def test_wilson_is_the_textbook_interval() -> None:
    """8 of 10: (p + z²/2n ± z √(p(1-p)/n + z²/4n²)) / (1 + z²/n) = .4902 to .9433."""
    found = wilson(np.array([1.0] * 8 + [0.0] * 2), equal(10))
    assert (found.value, found.low, found.high) == pytest.approx((0.8, 0.4901625, 0.9433178), abs=1e-6)


def test_rows_that_say_the_same_within_clusters_count_once() -> None:
    """Twelve clusters of four equal answers: Wilson's with n = 12 · 11/12 and t(11) = 2.20099."""
    values = np.array([1.0] * 9 + [0.0] * 3)
    clustered = wilson(np.repeat(values, 4), equal(12, 4))
    centre = (0.75 + 2.20099**2 / 22) / (1 + 2.20099**2 / 11)
    half = 2.20099 * math.sqrt(0.75 * 0.25 / 11 + 2.20099**2 / 484) / (1 + 2.20099**2 / 11)
    assert (clustered.low, clustered.high) == pytest.approx((centre - half, centre + half), abs=1e-5)
    independent = wilson(np.repeat(values, 4), equal(48))
    assert independent.low is not None and clustered.low is not None and independent.low > clustered.low + 0.05


def test_all_right_in_clusters_is_as_sure_as_one_row_a_cluster() -> None:
    """The spread within clusters cannot be seen: 10 clusters, not 50 rows."""
    clustered = wilson(np.ones(50), equal(10, 5))
    assert clustered.low == pytest.approx(10 / (10 + 2.26216**2), abs=1e-5)  # t(9)
    assert clustered.high == 1.0


def test_a_difference_has_students_interval() -> None:
    """Twelve gaps with the mean .25 and Σ(d - d̄)² = 1.5: .25 ± 2.20099 · √(1.5 / 11 / 12)."""
    gaps = np.array([0.0, 0.5] * 4 + [-0.25, 0.75] * 2)
    found = difference_interval(gaps, equal(12))
    half = 2.20099 * math.sqrt(1.5 / 11 / 12)
    assert (found.value, found.low, found.high) == pytest.approx((0.25, 0.25 - half, 0.25 + half), abs=1e-5)
    twice = difference_interval(np.repeat(gaps, 2), equal(12, 2))
    assert (twice.low, twice.high) == pytest.approx((found.low, found.high))
    assert difference_interval(np.full(12, 0.25), equal(12)) == Interval(0.25, None, None)
    tenths = difference_interval(np.full(12_000, 0.1), equal(12, 1000))
    assert (tenths.low, tenths.high) == (None, None)
    assert difference_interval(np.full(3, np.nan), equal(3)) == NO_INTERVAL


def test_the_one_sided_p_of_paired_differences_is_tangos() -> None:
    """At a margin of 0 it is McNemar's; without any difference z is the root of n margin / (1 - margin)."""
    clusters, normal = equal(60), scipy.stats.norm
    gaps = np.repeat([1.0, -1.0, 0.0], [9, 3, 48])
    assert one_sided_p(gaps, clusters, 0.0) == pytest.approx(normal.cdf(6 / math.sqrt(12)))
    assert one_sided_p(np.zeros(60), clusters, 0.05) == pytest.approx(normal.cdf(-math.sqrt(60 * 0.05 / 0.95)))
    assert one_sided_p(-gaps, clusters, -0.1) == pytest.approx(1 - one_sided_p(gaps, clusters, 0.1))
    # The restricted likelihood's maximum, found by search.
    shares = np.linspace(1e-6, 0.399, 400_001)
    best = shares[np.argmax(9 * np.log(shares + 0.1) + 3 * np.log(shares) + 48 * np.log(0.9 - 2 * shares))]
    z = (6 - 60 * 0.1) / math.sqrt(60 * (2 * best + 0.1 * 0.9))
    assert one_sided_p(gaps, clusters, 0.1) == pytest.approx(normal.cdf(z), abs=1e-4)
    best = shares[np.argmax(9 * np.log(shares + 0.2) + 3 * np.log(shares) + 48 * np.log(0.8 - 2 * shares))]
    z = (6 - 60 * 0.2) / math.sqrt(60 * (2 * best + 0.2 * 0.8))
    assert one_sided_p(gaps, clusters, 0.2) == pytest.approx(normal.cdf(z), abs=1e-4)
    assert one_sided_p(np.full(60, math.nan), clusters, 0.05) == 0.5


def test_a_mean_of_means_has_the_variance_of_its_parts() -> None:
    """Means .75 of 12 rows and .5 of 20: their mean has the variance (.1875/11 + .25/19) / 4, and Wilson's ends."""
    values = np.array([1.0] * 9 + [0.0] * 3 + [1.0] * 10 + [0.0] * 10)
    first = np.array([True] * 12 + [False] * 20)
    parts = [np.where(first, values, np.nan), np.where(first, np.nan, values)]
    found = weighted_means(parts, [0.5, 0.5], equal(32))
    n = 0.625 * 0.375 / ((0.1875 / 11 + 0.25 / 19) / 4)
    z = 1.959964
    half = z * math.sqrt(0.625 * 0.375 / n + z * z / (4 * n * n)) / (1 + z * z / n)
    centre = (0.625 + z * z / (2 * n)) / (1 + z * z / n)
    assert (found.value, found.low, found.high) == pytest.approx((0.625, centre - half, centre + half), abs=1e-6)


def test_means_over_shared_clusters_are_not_independent() -> None:
    """A column and its complement: the mean is .5 whatever the rows, so its interval is unknown, not wide."""
    values = np.array([1.0, 0.0, 0.0] * 8)
    assert weighted_means([values, 1 - values], [0.5, 0.5], equal(24)) == Interval(0.5, None, None)
    same = weighted_means([values, values], [0.5, 0.5], equal(24))
    apart = weighted_means([np.append(values, [np.nan] * 24), np.append([np.nan] * 24, values)], [0.5] * 2, equal(48))
    assert same.low is not None and apart.low is not None and same.low < apart.low


def test_a_mean_of_means_of_few_clusters_has_no_interval() -> None:
    """One part has nine; a part without a row leaves nothing."""
    values = np.array([1.0] * 4 + [0.0] * 5 + [1.0] * 6 + [0.0] * 6)
    few = np.array([True] * 9 + [False] * 12)
    parts = [np.where(few, values, np.nan), np.where(few, np.nan, values)]
    found = weighted_means(parts, [0.5, 0.5], equal(21))
    assert (found.value, found.low, found.high) == (pytest.approx((4 / 9 + 0.5) / 2), None, None)
    assert weighted_means([*parts, np.full(21, np.nan)], [0.3] * 3, equal(21)) == NO_INTERVAL


@pytest.mark.parametrize("freedom", [9, 12, 20, 50, 500])
@pytest.mark.parametrize("p", [0.8, 0.95, 0.975])
def test_quantiles_of_t(p: float, freedom: int) -> None:
    """Expected values are from scipy."""
    assert t_quantile(p, freedom) == pytest.approx(float(scipy.stats.t.ppf(p, freedom)), abs=2e-5)


def test_where_few_clusters_differ_the_end_of_the_scale_is_not_reached() -> None:
    """3 of 1,000 rows differ: Wilson's; of a difference √(up + down - (up - down)²) with one more row a side."""
    few = np.zeros(1000)
    few[:3] = 0.5
    clusters = equal(1000)
    assert mean_interval(*prepared(few)) == wilson(few, clusters)
    found = difference_interval(few, clusters)
    up, down = 2.5 / 1002, 1 / 1002
    half = 1.959964 * math.sqrt((up + down - (up - down) ** 2) / 1002)
    assert (found.low, found.high) == pytest.approx((up - down - half, up - down + half), abs=1e-6)


def test_a_bootstrap_t_interval_of_many_rows_is_the_normal_one() -> None:
    """mean ± 1.96 · s/√n for 2,000 rows of .2 to .8."""
    values = np.random.default_rng(1).uniform(0.2, 0.8, 2000)
    found = interval_of(values)
    half = 1.96 * values.std() / math.sqrt(2000)
    assert found.value == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=half / 15)
    assert found.high == pytest.approx(values.mean() + half, abs=half / 15)


def test_a_skewed_sample_reaches_further_on_its_long_side() -> None:
    """Two high scores among twenty zeros: the percentile bootstrap would stop short there."""
    found = interval_of([0.0] * 20 + [0.8, 1.0])
    assert found.low is not None and found.high is not None and found.value is not None
    assert found.high - found.value > 1.5 * (found.value - found.low)


def test_copies_of_rows_in_their_clusters_add_no_certainty() -> None:
    values = np.random.default_rng(2).uniform(0, 1, 40)
    once = interval_of(values)
    copied = interval_of(np.repeat(values, 5), 5)
    assert (copied.low, copied.high) == pytest.approx((once.low, once.high), abs=1e-4)


def test_equal_seeds_give_equal_intervals() -> None:
    """A report can be repeated to the last digit."""
    values = [0.1, 0.5, 0.2, 0.9, 0.4, 0.3, 0.8, 0.6, 0.7, 0.2, 0.5]
    assert interval_of(values) == interval_of(values)


def test_few_clusters_and_equal_scores_have_no_interval() -> None:
    """Nine clusters of any size, and equal scores, have an unknown spread."""
    values = np.tile([0.0, 1.0], 45)
    assert wilson(values, equal(9, 10)) == interval_of(values, 10) == Interval(0.5, None, None)
    assert interval_of([0.3] * 30) == Interval(pytest.approx(0.3), None, None)
    assert wilson(np.full(3, np.nan), equal(3)) == NO_INTERVAL


def test_a_resample_of_nothing_but_the_mean_itself_does_not_spoil_the_interval() -> None:
    """It has no error and no distance: 0 / 0."""
    found = interval_of([0.5] * 10 + [0.4, 0.6])
    assert found.low is not None and 0.4 < found.low < 0.5 < (found.high or 0) < 0.6


def test_rows_without_a_value_count_nothing() -> None:
    """NaN is neither 0 nor a row."""
    values = np.random.default_rng(3).uniform(0, 1, 30)
    mean, sums = prepared([*values, *[np.nan] * 30])
    assert mean.value == pytest.approx(values.mean()) and mean.clusters == 30
    assert prepare_mean(np.full(60, np.nan), equal(60), sums) is None


def test_every_resample_draws_as_many_clusters_of_each_domain_as_there_are() -> None:
    """Domains below the least size are drawn from together."""
    domains = ["a"] * 30 + ["b"] * MIN_STRATUM + ["c"] * 3 + ["d"] * 4
    clusters = cluster_rows(list(map(str, range(len(domains)))), domains)
    assert sorted(clusters.strata) == [7, MIN_STRATUM, 30]
    counts = resample_counts(clusters.strata, 50, np.random.default_rng(0))
    of_a = counts[:, clusters.of_row[:30]].sum(axis=1)
    assert (of_a == 30).all() and (counts.sum(axis=1) == len(domains)).all()
    assert len(np.unique(counts, axis=0)) > 40


def test_one_resample_serves_all_columns_so_that_pairing_is_kept() -> None:
    """The sum of two columns is, in every resample, the resampled sum of their sum."""
    rng = np.random.default_rng(4)
    first, second = rng.uniform(0, 1, 25), rng.uniform(0, 1, 25)
    sums = ClusterBootstrap((25,))
    places = [sums.add(column) for column in (first, second, first + second)]
    sums.run(300)
    assert sums.of(places[0]) + sums.of(places[1]) == pytest.approx(sums.of(places[2]), rel=1e-5)
    assert sums.add(first) == places[0]


def test_a_paired_difference_worked_by_hand() -> None:
    """10 rows, 3 lost, none won: up 1/12, down 4/12, -.25 ± 1.96 √((5/12 - .0625)/12) = -.5868 to .0868."""
    gaps = np.array([0.0] * 7 + [-1.0] * 3)
    found = paired_difference(gaps, equal(10))
    assert (found.value, found.low, found.high) == pytest.approx((-0.3, -0.58675, 0.08675), abs=1e-4)


def test_paired_proportions_of_equal_rows_count_a_row_a_cluster() -> None:
    """Twenty clusters of twenty equal gaps, 8 up, 4 down: n = 20 · 19/20 = 19, 3.8 / 21 ± t(19) · √(… / 21)."""
    gaps = np.repeat([1.0] * 8 + [-1.0] * 4 + [0.0] * 8, 20)
    found = paired_difference(gaps, equal(20, 20))
    up, down = (19 * 8 / 20 + 1) / 21, (19 * 4 / 20 + 1) / 21
    half = 2.093024 * math.sqrt((up + down - (up - down) ** 2) / 21)
    assert (found.value, found.low, found.high) == pytest.approx((0.2, up - down - half, up - down + half), abs=1e-6)
    independent = paired_difference(gaps, equal(400))
    assert independent.low is not None and found.low is not None and independent.low > 0.1 > found.low + 0.2


@pytest.mark.parametrize(("n", "others", "sparse"), [(30, 7, True), (30, 8, False), (21, 7, True), (20, 7, False)])
def test_wilsons_interval_is_of_means_of_which_fewer_than_eight_clusters_in_a_third_differ(
    n: int, others: int, sparse: bool
) -> None:
    """The limits that the README states."""
    values = np.array([0.25] * (n - others) + [0.5] * others)
    assert (mean_interval(*prepared(values)) == wilson(values, equal(n))) is sparse


@pytest.mark.parametrize(("n", "others", "sparse"), [(30, 7, True), (30, 8, False), (14, 7, True), (13, 7, False)])
def test_a_difference_of_which_fewer_than_eight_in_a_half_are_not_0_has_the_interval_of_proportions(
    n: int, others: int, sparse: bool
) -> None:
    """The limits that the README states."""
    gaps, clusters = np.array([0.0] * (n - others) + [0.5] * others), equal(n)
    assert few_differences(gaps, clusters) is sparse
    assert (difference_interval(gaps, clusters) == paired_difference(gaps, clusters)) is sparse


def test_an_unpaired_difference_of_separate_rows_is_the_two_sample_formula() -> None:
    """√(p(1-p)/n + q(1-q)/m) for rows that only one side has."""
    first = np.array([1.0] * 12 + [0.0] * 8 + [np.nan] * 25)
    second = np.array([np.nan] * 20 + [1.0] * 5 + [0.0] * 20)
    found = unpaired_difference((first, second), equal(45))
    half = 1.959964 * math.sqrt(0.6 * 0.4 / 20 + 0.2 * 0.8 / 25)
    assert (found.value, found.low, found.high) == pytest.approx((0.4, 0.4 - half, 0.4 + half), abs=1e-5)
