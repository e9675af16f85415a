"""The alternative annotator test."""

import numpy as np
import pytest

from metajudge.metrics.statistics.alternative_annotator import (
    AlternativeAnnotator,
    alternative_annotator_test,
    benjamini_yekutieli,
    student_cdf,
)
from metajudge.metrics.statistics.intervals import cluster_rows
from metajudge.metrics.statistics.resampling import Floats


def outcome(judge: Floats, people: Floats, epsilon: float = 0.15) -> AlternativeAnnotator | None:
    return alternative_annotator_test(
        judge, people, cluster_rows(list(map(str, range(len(judge)))), [""] * len(judge)), epsilon
    )


def annotators(rows: int, noise: float, count: int = 3) -> tuple[Floats, Floats]:
    """Return the truth, and what annotators with this much noise say."""
    rng = np.random.default_rng(0)
    truth = rng.random(rows)
    return truth, truth[:, None] + rng.normal(0, noise, (rows, count))


def test_a_judge_nearer_to_the_truth_than_people_passes() -> None:
    truth, people = annotators(80, 0.2)
    found = outcome(truth, people)
    assert found is not None and found.passed and found.winning_rate == 1
    assert all(one.rows == 80 and one.advantage > 0.5 for one in found.opponents)
    assert found.advantage == pytest.approx(np.mean([one.advantage for one in found.opponents]))


def test_a_judge_that_guesses_does_not_pass() -> None:
    _, people = annotators(80, 0.1)
    found = outcome(np.random.default_rng(1).random(80), people)
    assert found is not None and not found.passed and found.winning_rate == 0
    assert max(one.advantage for one in found.opponents) < 0.5


def test_the_advantage_is_counted_by_distance_to_the_others() -> None:
    """Annotators at 0, 0 and 1, judge at .4: against the first, the others are 0 and 1, where .4 is nearer than 0.

    Against the third, the others are 0 and 0, where .4 is nearer than 1, too.
    """
    people = np.tile([0.0, 0.0, 1.0], (40, 1))
    found = outcome(np.full(40, 0.4), people)
    assert found is not None and [one.advantage for one in found.opponents] == [1, 1, 1]
    assert [one.p_value for one in found.opponents] == [0, 0, 0] and found.passed
    worse = outcome(np.full(40, 2.0), people)
    assert worse is not None and [one.advantage for one in worse.opponents] == [0, 0, 0] and not worse.passed


def test_a_tie_counts_for_both() -> None:
    """A judge that copies the first annotator has no lower share: the difference is 0 < ε."""
    _, people = annotators(60, 0.2)
    found = outcome(people[:, 0], people)
    assert found is not None and found.opponents[0].advantage == 1 and found.opponents[0].won
    strict = outcome(people[:, 0], people, epsilon=0.0)
    assert strict is not None and not strict.opponents[0].won


@pytest.mark.parametrize(("rows", "count"), [(80, 2), (29, 3)])
def test_two_annotators_or_few_rows_are_not_enough(rows: int, count: int) -> None:
    truth, people = annotators(rows, 0.2, count)
    assert outcome(truth, people) is None


def test_only_rows_that_others_have_labelled_count() -> None:
    truth, people = annotators(80, 0.2)
    people[:45, 1:] = np.nan
    found = outcome(truth, people)
    assert found is not None and [one.rows for one in found.opponents] == [35, 35, 35]
    people[:60, 1:] = np.nan
    assert outcome(truth, people) is None


def test_benjamini_yekutieli_by_hand() -> None:
    """Three values: the bounds are k · .05 / (3 · 11/6) = .0091, .0182, .0273."""
    assert benjamini_yekutieli([0.02, 0.001, 0.018], 0.05) == [True, True, True]
    assert benjamini_yekutieli([0.028, 0.001, 0.019], 0.05) == [False, True, False]
    assert benjamini_yekutieli([0.5, 0.01, 0.6], 0.05) == [False, False, False]


@pytest.mark.parametrize(("t", "freedom", "expected"), [(-2.0452, 29, 0.025), (-1.6991, 29, 0.05), (1.6766, 49, 0.95)])
def test_students_distribution(t: float, freedom: float, expected: float) -> None:
    """Quantiles from tables."""
    assert student_cdf(t, freedom) == pytest.approx(expected, abs=5e-4)
