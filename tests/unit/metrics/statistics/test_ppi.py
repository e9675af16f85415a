"""Means corrected by people's labels."""

import math

import numpy as np
import pytest

from metajudge.metrics.statistics.intervals import Clusters, cluster_rows
from metajudge.metrics.statistics.ppi import (
    Labels,
    best_tuning,
    correct,
    corrected_scores,
    hall_quantile,
    labelled_clusters,
)
from tests.unit.labelled_world import coverage, lenient, missing, world


def singles(n: int) -> Clusters:
    return cluster_rows([str(number) for number in range(n)], [""] * n)


def labels(rows: int, scores: dict[int, float], probability: float = 0.5) -> Labels:
    """Return labels of the rows with these places."""
    columns = np.full((2, rows), np.nan)
    for place, score in scores.items():
        columns[:, place] = score, probability
    return Labels(columns[0], columns[1])


def test_an_example_worked_by_hand() -> None:
    """λ = 0.5: half of the judge's mean .5, plus the weighted mean of human − judge / 2.

    Rows of weight 2, 2 and 4 leave 0 − .2 = −.2, .4 − .3 = .1 and .6 − .4 = .2: (−.4 + .2 + .8) / 8 = .075.
    """
    judge = np.array([0.4, 0.6, 0.8, 0.2, 0.5])
    scores = np.array([0.0, 0.4, 0.6, np.nan, np.nan])
    probabilities = np.array([0.5, 0.5, 0.25, np.nan, np.nan])
    found = corrected_scores(judge, Labels(scores, probabilities), singles(5), tuning=0.5)
    assert found.column.mean() == pytest.approx(0.25 + 0.075)
    assert found.tuning == 0.5
    # A row without a label has λ · judge + D; the first one (.5 · .4 + .075) + 2 / (8 / 5) · (−.2 − .075).
    assert found.column[3:] == pytest.approx([0.175, 0.325])
    assert found.column[0] == pytest.approx(0.275 + 1.25 * -0.275)


def test_labels_of_all_rows_are_the_figure() -> None:
    """With every row labelled, the corrected mean is that of the people, whatever the judge says."""
    rng = np.random.default_rng(0)
    people, judge = rng.random(40), rng.random(40)
    found = correct(judge, Labels(people, np.ones(40)), singles(40))
    assert found.corrected.value == pytest.approx(people.mean())
    assert found.labels_alone.value == pytest.approx(people.mean())
    assert found.corrected.low == pytest.approx(found.labels_alone.low)
    assert (found.rows, found.labelled, found.raw) == (40, 40, pytest.approx(judge.mean()))


def test_a_judge_that_is_right_narrows_the_interval_to_that_of_all_rows() -> None:
    """λ is 1 and nothing is left to add."""
    judge = np.random.default_rng(1).random(400)
    some = {place: float(judge[place]) for place in range(0, 400, 10)}
    found = correct(judge, labels(400, some), singles(400))
    assert found.tuning == pytest.approx(1) and found.corrected.value == pytest.approx(judge.mean())
    assert found.corrected.low is not None and found.corrected.high is not None
    assert found.corrected.high - found.corrected.low == pytest.approx(
        2 * 2.0227 * (40 / 39) ** 0.5 * judge.std(ddof=1) / 20, rel=1e-3
    )
    assert found.labels_alone.high - found.labels_alone.low > 2 * (found.corrected.high - found.corrected.low)


def test_a_constant_error_of_the_judge_is_taken_out() -> None:
    """Only the labelled rows show that the judge is .2 too high."""
    rng = np.random.default_rng(2)
    people = rng.random(300) * 0.8
    some = {place: float(people[place]) for place in range(0, 300, 5)}
    found = correct(people + 0.2, labels(300, some), singles(300))
    assert found.corrected.value == pytest.approx(people.mean())
    assert found.raw == pytest.approx(people.mean() + 0.2)


@pytest.mark.parametrize(
    ("human", "expected"),
    [([0, 0.25, 0.5, 1], 1.0), ([0, 0, 0.1, 0.2], 0.26 / 1.25), ([1, 0.5, 0.25, 0], 0.0), ([0, 0.5, 1, 2], 1.0)],
)
def test_the_best_tuning_is_the_slope_within_0_and_1(human: list[float], expected: float) -> None:
    """The judge's scores are 0, .25, .5, 1."""
    judge = np.array([0, 0.25, 0.5, 1.0])
    x, y = judge - judge.mean(), np.array(human) - np.mean(human)
    slope = float(x @ y / (x @ x))
    found = best_tuning(judge, np.array(human, float), np.full(4, 2.0))
    assert found == pytest.approx(min(max(slope, 0), 1))
    assert math.isclose(found, expected, abs_tol=0.05)


def test_equal_scores_of_the_judge_have_no_slope() -> None:
    """Nor have rows that were all labelled for sure: nothing depends on the judge then."""
    assert best_tuning(np.full(5, 0.5), np.arange(5.0), np.full(5, 2.0)) == 0
    assert best_tuning(np.arange(5.0), np.arange(5.0), np.ones(5)) == 0
    assert best_tuning(np.zeros(0), np.zeros(0), np.zeros(0)) == 0


def test_the_tuning_of_a_cluster_comes_from_the_others() -> None:
    """One cluster that follows the judge exactly, among others that do not: its own λ is theirs."""
    judge = np.linspace(0, 1, 22)
    people = np.full(22, 0.5)
    people[:2] = judge[:2]
    clusters = cluster_rows(["a", "a", *map(str, range(20))], [""] * 22)
    found = corrected_scores(judge, Labels(people, np.full(22, 0.5)), clusters)
    of_others = best_tuning(judge[2:], people[2:], np.full(20, 2.0))
    of_all = best_tuning(judge, people, np.full(22, 2.0))
    assert of_others == 0 < of_all
    residual = found.column[:2] - found.tuning * judge[:2]  # all weights are equal
    assert residual == pytest.approx(people[:2] - of_others * judge[:2])


def test_few_labelled_clusters_give_no_interval_and_none_gives_no_figure() -> None:
    judge = np.random.default_rng(3).random(50)
    for count in (9, 10):
        some = labels(50, {place: 0.1 * (place % 3) for place in range(count)})
        assert labelled_clusters(judge, some, singles(50)) == count
        assert (correct(judge, some, singles(50)).corrected.low is None) is (count < 10)
    found = correct(judge, labels(50, {}), singles(50))
    assert found.corrected.value is None and found.tuning is None and found.raw == pytest.approx(judge.mean())
    with pytest.raises(ValueError, match="no row is labelled"):
        corrected_scores(judge, labels(50, {}), singles(50))


def test_rows_without_a_score_of_the_judge_are_left_out() -> None:
    """Their labels count as little as they do."""
    rng = np.random.default_rng(4)
    judge, people = rng.random(60), rng.random(60)
    missing_scores = np.where(np.arange(60) < 20, np.nan, judge)
    every = Labels(people, np.ones(60))
    found = correct(missing_scores, every, singles(60))
    alone = correct(judge[20:], Labels(people[20:], np.ones(40)), singles(40))
    assert (found.rows, found.labelled) == (40, 40)
    assert found.corrected.value == pytest.approx(alone.corrected.value)
    assert found.corrected.low == pytest.approx(alone.corrected.low)


def test_intervals_end_within_the_scale() -> None:
    judge = np.zeros(200)
    some = {place: float(place == 0) for place in range(12)}
    assert correct(judge, labels(200, some), singles(200)).corrected.low == 0
    low = correct(judge, labels(200, some), singles(200), is_difference=True).corrected.low
    assert low is not None and low < 0


@pytest.mark.parametrize("skewness", [-0.5, 0.0, 0.1, 0.9])
@pytest.mark.parametrize("t", [-2.02, 0.3, 2.02])
def test_halls_quantile_inverts_his_transformation(skewness: float, t: float) -> None:
    """g(T) = T + k T² / 3 + k² T³ / 27 + k / 6 with k = skewness."""
    x = hall_quantile(t, skewness)
    assert x + skewness * x**2 / 3 + skewness**2 * x**3 / 27 + skewness / 6 == pytest.approx(t)


def test_skewed_scores_have_an_interval_that_is_longer_on_the_side_of_the_tail() -> None:
    """Of 40 labelled rows a few are far above the judge's score; differences have the symmetric interval."""
    judge = np.zeros(400)
    some = labels(400, {place: 0.6 if place < 40 else 0.0 for place in range(0, 400, 10)})
    one = correct(judge, some, singles(400)).corrected
    other = correct(judge, some, singles(400), is_difference=True).corrected
    assert one.low is not None and one.high is not None and other.low is not None and other.high is not None
    assert one.high - one.value > 1.5 * (one.value - one.low)
    assert other.high - other.value == pytest.approx(other.value - other.low)


def test_labels_correct_what_the_judge_gets_wrong() -> None:
    """A small run of tests/slow/test_label_coverage.py: the raw interval fails, labels alone are wider."""
    found = coverage(world(1, 1200, (lenient, missing)), 60, 120)
    corrected, _, raw = found.hits
    assert (corrected > 0.85).all() and (raw < 0.4).all()
    assert (found.widths[0] < 0.8 * found.widths[1]).all()
