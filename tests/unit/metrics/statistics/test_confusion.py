"""Agreement from weighted tables of the five steps."""

import numpy as np
import pytest

from metajudge.metrics.statistics.agreement import (
    concordance,
    gwet_ac2,
    krippendorff_alpha,
    levels,
    weighted_kappa,
)
from metajudge.metrics.statistics.confusion import PairedScores, row_agreement, step_agreement, weighted_mean
from metajudge.metrics.statistics.intervals import Clusters, cluster_rows


def scores(n: int, seed: int = 0, weights: float | None = 1.0) -> tuple[PairedScores, Clusters]:
    """Return random scores of n rows with three pairs each, a judge that repeats two thirds, and the clusters."""
    rng = np.random.default_rng(seed)
    people = rng.choice([0, 0, 0, 0.25, 0.5, 0.75, 1], 3 * n)
    judge = np.where(rng.random(3 * n) < 2 / 3, people, rng.choice([0, 0.25, 0.5, 0.75, 1], 3 * n))
    own = np.repeat(rng.integers(1, 4, n).astype(float), 3) if weights is None else np.full(3 * n, weights)
    clusters = cluster_rows([str(row) for row in range(n)], [""] * n)
    return PairedScores(people, judge, own, np.repeat(clusters.of_row, 3)), clusters


def test_equal_weights_give_the_known_measures() -> None:
    """The measures of `agreement`, from the scores themselves."""
    found, clusters = scores(40)
    measures = {name: one.value for name, one in step_agreement(found, clusters, 200).measures.items()}
    x, y = found.people, found.judge
    both = np.stack([x, y], axis=1)
    assert measures["gwet_ac2"] == pytest.approx(gwet_ac2(levels(x), levels(y)))
    assert measures["weighted_kappa"] == pytest.approx(weighted_kappa(levels(x), levels(y)))
    assert measures["alpha_ordinal"] == pytest.approx(krippendorff_alpha(both, "ordinal"))
    assert measures["alpha_interval"] == pytest.approx(krippendorff_alpha(both, "interval"))
    assert measures["exact"] == pytest.approx((x == y).mean())
    assert measures["sensitivity"] == pytest.approx((y >= 0.5)[x >= 0.5].mean())
    assert measures["specificity"] == pytest.approx((y < 0.5)[x < 0.5].mean())


def test_a_weight_counts_as_that_many_rows() -> None:
    """Weights 1 to 3 give what repeating each row gives; only alpha knows the number of scores."""
    found, clusters = scores(40, weights=None)
    times = found.weights.astype(int)
    repeated = PairedScores(
        *(np.repeat(column, times) for column in (found.people, found.judge)),
        np.ones(times.sum()),
        np.repeat(found.of_row, times),
    )
    one, other = step_agreement(found, clusters, 200), step_agreement(repeated, clusters, 200)
    for name in ("gwet_ac2", "weighted_kappa", "sensitivity", "specificity", "exact"):
        assert one.measures[name].value == pytest.approx(other.measures[name].value)
    assert np.allclose(one.shares, other.shares) and np.sum(one.confusion) == 120 != np.sum(other.confusion)
    rows, more = row_agreement(found, clusters, 200), row_agreement(repeated, clusters, 200)
    for name in ("bias", "rmse", "concordance"):
        assert getattr(rows, name).value == pytest.approx(getattr(more, name).value)


def test_people_are_the_lines_of_the_table() -> None:
    clusters = cluster_rows(["a"], [""])
    pairs = PairedScores(np.array([0, 0, 0.5]), np.array([1, 0, 0.75]), np.array([2.0, 1, 1]), np.zeros(3, np.intp))
    found = step_agreement(pairs, clusters, 100)
    assert found.confusion[0] == [1, 0, 0, 0, 1] and found.confusion[2] == [0, 0, 0, 1, 0]
    assert found.shares[0][4] == 0.5
    assert found.measures["sensitivity"].value == 1 and found.measures["specificity"].value == pytest.approx(1 / 3)
    assert found.measures["exact"].low is None  # one cluster


def test_row_measures_worked_by_hand() -> None:
    """Weights 1, 1, 2: bias (.1 − .1 + 2 · .2) / 4; RMSE √((.01 + .01 + 2 · .04) / 4)."""
    x, y, w = np.array([0.2, 0.5, 0.4]), np.array([0.3, 0.4, 0.6]), np.array([1.0, 1, 2])
    clusters = cluster_rows(["a", "b", "c"], [""] * 3)
    found = row_agreement(PairedScores(x, y, w, clusters.of_row), clusters, 100)
    assert found.bias.value == pytest.approx(0.1) and found.rmse.value == pytest.approx(0.025**0.5)
    repeated = np.repeat(x, [1, 1, 2]), np.repeat(y, [1, 1, 2])
    assert found.concordance.value == pytest.approx(concordance(*repeated))
    assert (found.rows, found.bias.low) == (3, None)


def test_intervals_are_over_clusters() -> None:
    """Rows that all occur five times in their cluster know nothing more."""
    single, clusters = scores(60)
    columns = (single.people, single.judge, single.weights, single.of_row)
    repeated = PairedScores(*(np.repeat(column, 5) for column in columns))
    one, five = (step_agreement(own, clusters, 500).measures["gwet_ac2"] for own in (single, repeated))
    assert (one.low, one.high) == (pytest.approx(five.low), pytest.approx(five.high))
    assert one.low < one.value < one.high
    rows = [row_agreement(own, clusters, 500).bias for own in (single, repeated)]
    assert rows[0].low == pytest.approx(rows[1].low) and rows[0].low < rows[0].high


def test_a_measure_that_nothing_defines_is_none() -> None:
    """Nobody finds anything: no sensitivity, kappa, alpha or concordance."""
    clusters = cluster_rows([str(n) for n in range(20)], [""] * 20)
    nothing = PairedScores(np.zeros(20), np.zeros(20), np.ones(20), clusters.of_row)
    measures = step_agreement(nothing, clusters, 100).measures
    undefined = {name for name, one in measures.items() if one.value is None}
    assert undefined == {"sensitivity", "weighted_kappa", "alpha_ordinal", "alpha_interval"}
    rows = row_agreement(nothing, clusters, 100)
    assert rows.concordance.value is None and rows.rmse.value == 0
    assert (rows.bias.value, rows.bias.low) == (0, None)


def test_a_weighted_mean_is_students() -> None:
    """With equal weights, x̄ ± t s / √n: 2.2010 · 1 / √12 of n = 12 alternating ±1 has s = √(12/11)."""
    values = np.array([1.0, -1] * 6)
    clusters = cluster_rows([str(n) for n in range(12)], [""] * 12)
    found = weighted_mean(values, np.full(12, 7.0), clusters.of_row, clusters)
    assert found.value == pytest.approx(0) and found.high == pytest.approx(2.20099 * (12 / 11 / 12) ** 0.5, rel=1e-4)
