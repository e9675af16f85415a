"""Figures from best scores alone against those of the full matrix."""

import random

import pytest

from metajudge.metrics import Known, Match, optimal_matching, paper_metrics, row_bounds, sparse_matrix
from tests.best_scores import Sides, broken_claims, random_sides


def sides(scores: list[list[float]], threshold: float = 0.0) -> Sides:
    """Return the figures of `scores` and those of each human item's best score, the first on ties."""
    return Sides.of(scores, [row.index(max(row)) for row in scores], threshold)


def test_the_example_in_which_less_is_known_than_a_lower_bound() -> None:
    """R1: S1 .5; R2: S1 .75, S5 .5. Best scores: S1 with R2. All scores: S1 with R1 and S5 with R2."""
    found = sides([[0.5, 0, 0, 0, 0], [0.75, 0, 0, 0, 0.5]])
    assert (found.best.rationale_consistency, found.full.rationale_consistency) == (0.375, 0.5)
    assert found.bounds.rationale_consistency == 0.625 and found.bounds.total == Known.LOWER_BOUND
    assert found.best.average_precision == 0.5 < found.full.average_precision == pytest.approx(0.7)
    assert found.bounds.average_precision == Known.LOWER_BOUND
    assert found.best.average_precision_soft == 0.375 > found.full.average_precision_soft == pytest.approx(0.35)
    assert found.bounds.average_precision_soft == Known.NOT_DETERMINED
    assert (found.best.best_pair_score, found.full.best_pair_score) == (0.75, 0.5)
    assert found.bounds.best_pair_score == (0.5, 0.75)
    assert [found.bounds.sound(score) for score in (0.5, 0.75, 1)] == [0, Known.NOT_DETERMINED, 0]


def test_a_match_threshold_can_take_both_ways() -> None:
    """The same row above .5: best scores have a hit, all scores have none."""
    found = sides([[0.5, 0, 0, 0, 0], [0.75, 0, 0, 0, 0.5]], threshold=0.5)
    assert (found.best.average_precision, found.full.average_precision) == (0.5, 0.0)
    assert found.bounds.average_precision == Known.NOT_DETERMINED


def test_items_that_no_other_claims_make_rc_precision_and_f1_exact() -> None:
    """Three human items with three model items; average precision too, as these are the first ones, best first."""
    for claimed, average, soft in (([1, 2, 3], 0, 0), ([1, 3, 2], 0, 2), ([1, 2, 4], 1, 2)):
        marks = [Match(number, item, 1.25 - number / 4) for number, item in enumerate(claimed, 1)]
        scores = sparse_matrix(marks, 3, 5)
        found = row_bounds(scores, optimal_matching(scores), 5)
        assert (found.total, found.average_precision, found.average_precision_soft) == (0, average, soft), claimed
        assert found.rationale_consistency == 0.75 and found.best_pair_score == (1, 1)


def test_an_equal_score_at_an_earlier_item_is_why_average_precision_is_not_exact() -> None:
    """The judge names S2 and not S1, which is as good."""
    found = Sides.of([[0.5, 0.5]], [1])
    assert (found.best.average_precision, found.full.average_precision) == (0.5, 1.0)
    assert found.bounds.total == Known.EXACT and found.bounds.average_precision == Known.LOWER_BOUND


def test_fewer_model_items_than_human_items_lower_the_upper_bound() -> None:
    """Two model items match two human items at most: the two best of 1, .75 and .5."""
    scores = sparse_matrix([Match(1, 1, 1.0), Match(2, 1, 0.75), Match(3, 2, 0.5)], 3, 2)
    found = row_bounds(scores, optimal_matching(scores), 2)
    assert found.rationale_consistency == pytest.approx(1.75 / 3) and found.total == Known.LOWER_BOUND
    alone = sparse_matrix([Match(1, 1, 0.5), Match(2, 1, 1.0)], 2, 1)
    assert row_bounds(alone, optimal_matching(alone), 1).average_precision_soft == Known.EXACT


def test_an_unknown_best_score_may_be_1() -> None:
    """R2's best model item lost its credit; the next one is not known."""
    scores = sparse_matrix([Match(1, 1, 0.5), Match(2, 0, 0.0)], 2, 3)
    assert row_bounds(scores, optimal_matching(scores), 3).rationale_consistency == 0.25
    found = row_bounds(scores, optimal_matching(scores), 3, unknown=[2])
    assert found.rationale_consistency == 0.75 and found.best_pair_score == (0.5, 1.0)
    assert found.total == Known.LOWER_BOUND and found.sound(0.75) == Known.NOT_DETERMINED


def test_scores_between_the_steps_leave_half_of_the_best_one() -> None:
    """.6 may give way to two pairs of a little more than .3."""
    scores = sparse_matrix([Match(1, 1, 0.6), Match(2, 1, 0.35)], 2, 2)
    found = row_bounds(scores, optimal_matching(scores), 2)
    assert found.best_pair_score == (0.3, 0.6) and found.sound(0.5) == Known.NOT_DETERMINED


def test_a_second_score_of_a_human_item_makes_no_bound_of_average_precision() -> None:
    """R1 with S1 .75 and S2 .5, as a reply of the reference may have it: S5 at .7 would take S2's place."""
    scores: list[list[float | None]] = [[0.75, 0.5, None], [0.75, None, None]]
    found = row_bounds(scores, optimal_matching(scores), 3)
    assert found.average_precision == Known.NOT_DETERMINED
    full = paper_metrics([[0.75, 0.5, 0.7], [0.75, 0, 0]], 3)
    assert full.average_precision < paper_metrics(scores, 3).average_precision


@pytest.mark.parametrize("steps", [4, 1000])
def test_no_claim_about_a_random_matrix_is_false(steps: int) -> None:
    """Each kind of claim is made. tests/slow does the same with 100,000 matrices."""
    rng, made = random.Random(steps), set[str]()
    for _ in range(3000):
        found = random_sides(rng, steps)
        assert not broken_claims(found), found
        made |= found.claims()
    assert made == {f"{name} {known.name}" for name, known in Sides.possible(steps)}
