"""Confidence sets of ranks, worked by hand."""

import numpy as np
import pytest

from metajudge.metrics.statistics.ranks import Ranks, needed_swaps, rank_sets, swap_test
from metajudge.metrics.statistics.significance import permutation_test

BASE = np.tile([0.25, 0.5, 0.75], 10)
"""One model's scores in 30 clusters."""


def sets(*models: np.ndarray, swaps: int = 4000) -> list[str]:
    return [str(one) for one in rank_sets(np.array(models), np.array(models), swaps)]


def test_models_with_a_sure_order_have_one_rank_each() -> None:
    """Ranks follow the means, not the order of the models."""
    assert sets(BASE, BASE - 0.2, BASE + 0.2) == ["2", "3", "1"]


def test_two_models_that_the_data_do_not_separate_share_their_ranks() -> None:
    """Two are above two others for sure; within each two, differences cancel."""
    turned = np.roll(BASE, 1)
    assert sets(BASE, turned, BASE + 0.5, turned + 0.5) == ["3–4", "3–4", "1–2", "1–2"]


def test_equal_models_may_have_every_rank() -> None:
    assert sets(BASE, BASE, BASE) == ["1–3"] * 3 and sets(BASE) == ["1"]


def test_bounds_exclude_a_rank_only_if_they_do_not_overlap() -> None:
    """The first is surely better than the second's lower bounds, but not than its upper ones."""
    lower = np.array([BASE + 0.1, BASE - 0.2])
    assert rank_sets(lower, lower) == [Ranks(1, 1), Ranks(2, 2)]
    assert rank_sets(lower, lower + np.array([[0.0], [0.4]])) == [Ranks(1, 2), Ranks(1, 2)]


def test_a_p_value_is_half_of_the_two_sided_one() -> None:
    """Counted over all 2^10 swaps by hand: of ten equal differences only all or none is as far: 2 / 1,024 / 2."""
    gaps = np.full((1, 10), 0.25)
    ones = np.ones(10)
    (found,) = swap_test(gaps, 50_000)
    assert found == pytest.approx(1 / 1024, rel=0.2)
    assert found == pytest.approx(permutation_test((gaps[0], 0 * ones), (ones, ones), 50_000) / 2, rel=0.25)
    assert swap_test(-gaps, 50_000).tolist() == [1.0] and swap_test(0 * gaps).tolist() == [1.0]


def test_holm_corrects_for_all_ordered_pairs() -> None:
    """One pair alone is sure at 5 %; among the 30 ordered pairs of six models it is not."""
    gap = np.array([0.25] * 12 + [-0.25] * 3 + [0.0] * 15)
    same = [BASE] * 4
    assert sets(BASE, BASE + gap) == ["2", "1"]
    assert sets(BASE, BASE + gap, *same) == ["1–6"] * 6


@pytest.mark.parametrize("models", [2, 3, 10])
def test_the_least_number_of_swaps_suffices_and_one_less_does_not(models: int) -> None:
    """One model far above all others in many clusters: its smallest possible p is 1 / (B + 1) / 2."""
    least = needed_swaps(models)
    scores = np.zeros((models, 60))
    scores[0] = 1.0
    assert str(rank_sets(scores, scores, least)[0]) == "1"
    assert str(rank_sets(scores, scores, least - 1)[0]) == f"1–{models}"
