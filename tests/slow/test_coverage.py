"""Intervals hold their 95 % and the flag its 5 % on data with a known truth. Simulations with a fixed seed."""

import math
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from metajudge.metrics.statistics.intervals import (
    Clusters,
    cluster_rows,
    difference_interval,
    mean_interval,
    paired_difference,
    prepare_mean,
    unpaired_difference,
    weighted_means,
    wilson,
)
from metajudge.metrics.statistics.resampling import ClusterBootstrap, resample_counts
from metajudge.metrics.statistics.significance import permutation_test
from metajudge.reports.comparison import detectable
from metajudge.reports.deceptive_alignment import FLAGGED, CommonRows, FlagRule, decide_flags
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import score_file
from tests.unit.result_rows import record, write

pytestmark = pytest.mark.slow

REPETITIONS, RESAMPLES = 2000, 999
Floats = NDArray[np.float64]
SCORES, SHARES = np.array([0.25, 0.5, 0.75, 1.0]), np.array([0.2, 0.25, 0.25, 0.3])
# Rationale consistency as in judged data: 3 to 7 human items, a different skill per row, many zeros.
SKILL = (0.8, 1.8)
TRUE_RC = SKILL[0] / sum(SKILL) * float(SCORES @ SHARES)


def consistency(rng: np.random.Generator, skill: Floats) -> Floats:
    """Return the rationale consistency of rows of these skills."""
    items = rng.integers(3, 8, len(skill))
    matched = (rng.random((len(skill), 7)) < skill[:, None]) & (np.arange(7) < items[:, None])
    return np.asarray((matched * rng.choice(SCORES, (len(skill), 7), p=SHARES)).sum(axis=1) / items)


def of_clusters(rng: np.random.Generator, n: int) -> NDArray[np.intp]:
    """Return the cluster of each of about n rows, one to five rows per cluster."""
    return np.repeat(np.arange(n), rng.integers(1, 6, n))


def coverage(
    draw: Callable[[np.random.Generator], tuple[Floats, Clusters]], truth: float, repetitions: int = REPETITIONS
) -> tuple[float, float]:
    """Return how often a mean's interval and its percentile interval hold the true mean."""
    rng, hits, percentile_hits = np.random.default_rng(20_260_204), 0, 0
    for seed in range(repetitions):
        column, clusters = draw(rng)
        sums = ClusterBootstrap(clusters.strata)
        mean = prepare_mean(column, clusters, sums)
        assert mean is not None
        sums.run(RESAMPLES, seed)
        found = mean_interval(mean, sums)
        if found.low is not None and found.high is not None:
            hits += found.low <= truth <= found.high
        means = sums.of(mean.places[0]) / sums.of(mean.places[1]) + mean.value
        low, high = np.quantile(means, (0.025, 0.975))
        percentile_hits += low <= truth <= high
    return hits / repetitions, percentile_hits / repetitions


def grouped(cluster: NDArray[np.intp]) -> Clusters:
    """Return the clusters of rows, given the number of each row's cluster."""
    return cluster_rows([str(number) for number in cluster], [""] * len(cluster))


def independent(n: int) -> Clusters:
    """Return n clusters of one row."""
    return grouped(np.arange(n))


@pytest.mark.parametrize("clustered", [False, True])
@pytest.mark.parametrize("n", [10, 30, 100, 1000])
def test_rationale_consistency_is_covered(n: int, clustered: bool) -> None:
    """Coverage is 93 % to 97.5 %, also if rows of a cluster share their skill. The percentile bootstrap is too low."""

    def draw(rng: np.random.Generator) -> tuple[Floats, Clusters]:
        cluster = of_clusters(rng, n) if clustered else np.arange(n)
        return consistency(rng, rng.beta(*SKILL, n)[cluster]), grouped(cluster)

    own, percentile = coverage(draw, TRUE_RC)
    print(f"n = {n}: own {own:.3f}, percentile {percentile:.3f}")
    assert 0.93 <= own <= 0.975
    assert clustered or n > 10 or percentile < 0.91


def test_rationale_consistency_of_four_domains_is_covered() -> None:
    """Domains of 40 rows with different means are resampled separately."""
    shares = [(0.3, 2.7), (0.8, 2.2), (1.5, 1.5), (2.2, 0.8)]
    truth = float(np.mean([a / (a + b) for a, b in shares]) * (SCORES @ SHARES))
    clusters = cluster_rows([str(n) for n in range(160)], [str(n // 40) for n in range(160)])
    own, _ = coverage(
        lambda rng: (consistency(rng, np.concatenate([rng.beta(a, b, 40) for a, b in shares])), clusters), truth
    )
    assert 0.93 <= own <= 0.975


@pytest.mark.parametrize(("n", "share"), [(10, 0.3), (30, 0.1), (100, 0.05), (100, 0.15), (1000, 0.005), (1000, 0.03)])
def test_a_mean_of_which_few_rows_differ_is_covered(n: int, share: float) -> None:
    """Most rows have 0, and coverage is at least 93 %."""
    clusters = independent(n)

    def draw(rng: np.random.Generator) -> tuple[Floats, Clusters]:
        return (rng.random(n) < share) * rng.choice(SCORES, n, p=SHARES), clusters

    own, _ = coverage(draw, share * float(SCORES @ SHARES), 500)
    print(f"n = {n}, {share} differ: {own:.3f}")
    assert own >= 0.93


@pytest.mark.parametrize("up", [0.5, 0.8, 1.0])
@pytest.mark.parametrize(
    ("n", "share"),
    [(10, 0.3), (30, 0.3), (30, 0.5), (100, 0.05), (100, 0.1), (100, 0.2), (1000, 0.01), (1000, 0.03), (100, 0.8)],
)
def test_a_difference_between_models_in_some_rows_is_covered(n: int, share: float, up: float) -> None:
    """Models differ in a share of the rows. Coverage is at least 93 % for every direction of the difference."""
    clusters, rng, hits = independent(n), np.random.default_rng(3), 0
    truth = share * float(SCORES @ SHARES) * (2 * up - 1)
    for _ in range(REPETITIONS):
        signs = np.where(rng.random(n) < up, 1, -1)
        gaps = (rng.random(n) < share) * rng.choice(SCORES, n, p=SHARES) * signs
        found = difference_interval(gaps, clusters)
        hits += found.low is None or found.high is None or found.low <= truth <= found.high
    print(f"n = {n}, {share} differ, {up} up: {hits / REPETITIONS:.3f}")
    assert hits / REPETITIONS >= 0.93


@pytest.mark.parametrize("values", [SCORES, np.array([1.0])], ids=["scores", "proportions"])
@pytest.mark.parametrize(
    ("groups", "rows", "share", "up"),
    [(12, 5, 0.3, 1), (12, 20, 0.3, 0.7), (30, 5, 0.3, 0.8), (30, 20, 0.1, 1), (30, 20, 0.3, 0.5), (100, 20, 0.1, 1)],
)
def test_a_difference_of_clustered_rows_is_nearly_covered(
    values: Floats, groups: int, rows: int, share: float, up: float
) -> None:
    """Clusters decide which rows differ and how. Coverage is at least 91 %, as documented."""
    clusters = grouped(np.arange(groups * rows) // rows)
    interval = paired_difference if len(values) == 1 else difference_interval
    weights = np.array([1.0]) if len(values) == 1 else SHARES
    rng, hits, truth = np.random.default_rng(5), 0, share * float(values @ weights) * (2 * up - 1)
    for _ in range(REPETITIONS):
        differing = np.repeat(rng.beta(2 * share, 2 * (1 - share), groups), rows)
        better = np.repeat(rng.beta(2 * up, 2 * (1 - up), groups), rows) if up < 1 else 1.0
        signs = np.where(rng.random(groups * rows) < better, 1, -1)
        gaps = (rng.random(groups * rows) < differing) * rng.choice(values, groups * rows, p=weights) * signs
        found = interval(gaps, clusters)
        hits += found.low is None or found.high is None or found.low <= truth <= found.high
    print(f"{groups} clusters of {rows}, {share} differ, {up} up: {hits / REPETITIONS:.4f}")
    assert 0.91 <= hits / REPETITIONS <= 0.98


@pytest.mark.parametrize(("n", "share"), [(30, 0.6), (100, 0.2), (100, 0.5), (300, 0.05), (300, 0.3)])
def test_what_is_detectable_is_detected_in_four_fifths(n: int, share: float) -> None:
    """The difference computed from data without one is found in other data that have it."""
    clusters, rng, hits, repetitions = independent(n), np.random.default_rng(7), 0, 400

    def draw(difference: float) -> Floats:
        up = (1 + difference / (share * float(SCORES @ SHARES))) / 2
        signs = np.where(rng.random(n) < up, 1, -1)
        return (rng.random(n) < share) * rng.choice(SCORES, n, p=SHARES) * signs

    smallest = [one for _ in range(repetitions) if (one := detectable(draw(0.0), clusters)) is not None]
    difference = float(np.mean(smallest))
    for seed in range(repetitions):
        gaps, ones = draw(difference), np.ones(n)
        hits += permutation_test((gaps, np.zeros(n)), (ones, ones), RESAMPLES, seed=seed) <= 0.05
    print(f"n = {n}, {share} differ: {difference:.4f} detected in {hits / repetitions:.3f}")
    assert len(smallest) > 0.9 * repetitions and 0.74 <= hits / repetitions <= 0.9


@pytest.mark.parametrize(("n", "shares"), [(30, (0.1, 0.3)), (100, (0.3, 0.3)), (300, (0.1, 0.3))])
def test_a_difference_in_spurious_correctness_is_nearly_covered(n: int, shares: tuple[float, float]) -> None:
    """Over the right rows of each model coverage is 90 % to 96 %, as documented."""
    clusters, rng, hits = independent(n), np.random.default_rng(23), 0
    for _ in range(REPETITIONS):
        columns = [np.where(rng.random(n) < 0.7, rng.random(n) < share, np.nan) for share in shares]
        found = unpaired_difference((columns[0], columns[1]), clusters)
        assert found.low is not None and found.high is not None
        hits += found.low <= shares[0] - shares[1] <= found.high
    print(f"S-Corr, n = {n}: {hits / REPETITIONS:.3f}")
    assert 0.90 <= hits / REPETITIONS <= 0.96


def test_equal_spurious_correctness_of_models_of_unequal_accuracy_has_a_p_too_small() -> None:
    """At OA .95 and .30 about 9 % of the p values are below .05, as documented; at .8 and .8 about 5 %."""
    rates = []
    for accuracies in ((0.95, 0.3), (0.8, 0.8)):
        rng, hits = np.random.default_rng(29), 0
        for _ in range(REPETITIONS):
            sizes = [(rng.random(200) < p).astype(np.float64) for p in accuracies]
            sums = [size * (rng.random(200) < 0.3) for size in sizes]
            hits += permutation_test((sums[0], sums[1]), (sizes[0], sizes[1]), 499) <= 0.05
        rates.append(hits / REPETITIONS)
    print(f"p of S-Corr: {rates}")
    assert 0.07 < rates[0] < 0.12 and 0.035 < rates[1] < 0.065


def exact_coverage(p: float, n: int) -> float:
    """Return the coverage for independent rows, summed over every possible number of right answers."""
    clusters = independent(n)
    total = 0.0
    for right in range(n + 1):
        found = wilson(np.repeat([1.0, 0.0], [right, n - right]), clusters)
        assert found.low is not None and found.high is not None
        ways = math.lgamma(n + 1) - math.lgamma(right + 1) - math.lgamma(n - right + 1)
        chance = math.exp(ways + right * math.log(p) + (n - right) * math.log(1 - p))
        total += chance * (found.low <= p <= found.high)
    return total


@pytest.mark.parametrize("p", [0.8, 0.95])
@pytest.mark.parametrize("n", [10, 30, 100, 1000])
def test_outcome_accuracy_is_covered(p: float, n: int) -> None:
    """Exactly computed, between 93 % and 97.5 %, but for p = .95 at n = 10.

    There ten, nine and eight right answers have probabilities of .599, .315 and .075: an interval holds the truth in
    91.4 % when it holds it for the first two and in 98.9 % when for all three; nothing is between.
    """
    found = exact_coverage(p, n)
    if (p, n) == (0.95, 10):
        assert found == pytest.approx(0.9139, abs=1e-4)
    else:
        assert 0.93 <= found <= 0.975


@pytest.mark.parametrize("p", [0.8, 0.95])
@pytest.mark.parametrize("n", [10, 30, 100, 1000])
def test_outcome_accuracy_of_clustered_rows_is_covered(p: float, n: int) -> None:
    """The n clusters have one to five rows that share their chance to be right."""
    rng, hits = np.random.default_rng(7), 0
    for _ in range(REPETITIONS):
        cluster = of_clusters(rng, n)
        right = (rng.random(len(cluster)) < rng.beta(3 * p, 3 * (1 - p), n)[cluster]).astype(np.float64)
        found = wilson(right, grouped(cluster))
        assert found.low is not None and found.high is not None
        hits += found.low <= p <= found.high
    print(f"{n} clusters, p = {p}: {hits / REPETITIONS:.4f}")
    assert 0.93 <= hits / REPETITIONS <= 0.975


def last_is_flagged(rng: np.random.Generator, right: Floats, reasons: Floats) -> bool:
    """Return true if the last model is flagged. The arrays have a line per model and a column per row."""
    n = right.shape[1]
    counts = resample_counts((n,), RESAMPLES, rng).astype(np.float64)
    resampled = [(counts @ values.T / n).T for values in (right, reasons)]
    observed = [values.mean(axis=1) for values in (right, reasons)]
    names = [str(place) for place in range(len(right))]
    return decide_flags(names, observed, resampled, FlagRule())[-1].verdict == FLAGGED


def flagged(n: int, accuracies: tuple[float, float], consistencies: tuple[float, float], repetitions: int) -> float:
    rng, hits = np.random.default_rng(11), 0
    for _ in range(repetitions):
        right = np.stack([rng.random(n) < p for p in accuracies]).astype(np.float64)
        reasons = np.stack([consistency(rng, rng.beta(3 * q, 3 * (1 - q), n)) for q in consistencies])
        hits += last_is_flagged(rng, right, reasons)
    return hits / repetitions


@pytest.mark.parametrize("n", [10, 30, 100, 300, 1000])
def test_a_merely_weaker_model_is_hardly_ever_flagged(n: int) -> None:
    """OA of .70 against .79 with worse reasons is flagged in at most 5 %."""
    assert flagged(n, (0.79, 0.70), (0.55, 0.35), 500) <= 0.05


@pytest.mark.parametrize("errors", [0.0, 0.02])
@pytest.mark.parametrize("n", [10, 40, 60, 120])
def test_an_accuracy_lower_by_the_margin_is_hardly_flagged_where_few_rows_differ(n: int, errors: float) -> None:
    """Resamples alone flag 60 % of such models at ten rows: those without a wrong label have no spread."""
    rng, hits, clusters, names = np.random.default_rng(23), 0, grouped(np.arange(n)), ["a", "b"]
    for _ in range(400):
        kind = rng.choice(3, n, p=(0.95 - 2 * errors, 0.05 + errors, errors))
        right = np.stack([kind != 2, kind != 1]).astype(np.float64)
        reasons = np.stack([rng.beta(6, 3, n), rng.beta(3, 6, n)])
        counts = resample_counts((n,), 2000, rng).astype(np.float64)
        resampled = [(counts @ values.T / n).T for values in (right, reasons)]
        observed = [values.mean(axis=1) for values in (right, reasons)]
        least = CommonRows(right, reasons, reasons, clusters).least_p_values(0, FlagRule())
        hits += decide_flags(names, observed, resampled, FlagRule(), least_p_values=least)[1].verdict == FLAGGED
    print(f"{n} rows, {errors} errors of the other: {hits / 400:.4f}")
    assert hits / 400 <= 0.08


@pytest.mark.parametrize("others", [1, 9])
def test_reasons_worse_by_the_margin_itself_are_flagged_in_5_percent(others: int) -> None:
    """The number of models with the best reasons does not matter, although one is the best by chance."""
    n, rng, hits = 300, np.random.default_rng(17), 0
    scale = float(SCORES @ SHARES)
    skills = [0.45 / scale] * others + [0.40 / scale]
    for _ in range(400):
        right = (rng.random((others + 1, n)) < 0.8).astype(np.float64)
        right[-1] = rng.random(n) < 0.9  # so that its accuracy is surely no worse
        reasons = np.stack([consistency(rng, rng.beta(3 * q, 3 * (1 - q), n)) for q in skills])
        hits += last_is_flagged(rng, right, reasons)
    print(f"{others} others: {hits / 400:.4f}")
    assert hits / 400 <= 0.05


def test_equal_accuracy_with_worse_reasons_is_flagged() -> None:
    """RC lower by .11 at n = 1,000 is flagged in at least 80 %."""
    gap = 0.11 / float(SCORES @ SHARES)
    assert flagged(1000, (0.79, 0.79), (0.5, 0.5 - gap), 200) >= 0.80


def test_metrics_do_not_drift_with_the_number_of_samples(tmp_path: Path) -> None:
    """RC and AP of one sample and of eight differ by less than .005, although the judge errs by a step.

    From records, as `report` reads them: matrices averaged before they are scored would move both by far more.
    """
    rng = np.random.default_rng(13)
    truths = rng.choice([0, 0, 0, 0.25, 0.5, 0.75, 1.0], (2500, 4, 5))
    replies = [np.clip(truth + rng.choice([-0.25, 0, 0, 0, 0.25], (8, 4, 5)), 0, 1).tolist() for truth in truths]

    def means(k: int) -> Floats:
        records = (record(n, first, more_samples=more[: k - 1]) for n, (first, *more) in enumerate(replies))
        file = score_file(write(tmp_path / f"{k}.jsonl", records), ScoringConfig())
        assert {len(row) for row in file.samples} == {k}
        found = [file.mean("paper", name) for name in ("rationale_consistency", "average_precision")]
        return np.array(found, dtype=np.float64)

    one, eight = means(1), means(8)
    print(f"RC and AP of one sample {one}, of eight {eight}")
    assert np.abs(one - eight).max() < 0.005


@pytest.mark.parametrize(
    ("sizes", "shares"),
    [
        ((154, 98, 56, 42), (0.6, 0.6, 0.8, 0.8)),
        ((154, 98, 56, 42), (0.95, 0.95, 0.95, 0.95)),
        ((12, 12, 12, 12), (0.7, 0.7, 0.7, 0.7)),
        ((129, 529, 228, 441), (0.98, 0.97, 0.9, 0.95)),
    ],
)
def test_a_mean_of_groups_means_is_covered(sizes: tuple[int, ...], shares: tuple[float, ...]) -> None:
    """Right and wrong answers in four groups of the sizes of benchmarks."""
    rng, group = np.random.default_rng(20_260_204), np.repeat(np.arange(4), sizes)
    clusters, hits = independent(len(group)), 0
    for _ in range(REPETITIONS):
        column = (rng.random(len(group)) < np.array(shares)[group]).astype(float)
        found = weighted_means([np.where(group == one, column, np.nan) for one in range(4)], [0.25] * 4, clusters)
        assert found.low is not None and found.high is not None
        hits += found.low <= np.mean(shares) <= found.high
    assert 0.93 <= hits / REPETITIONS <= 0.965
