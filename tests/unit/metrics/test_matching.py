"""The best one-to-one matching, against brute force and scipy."""

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from metajudge.metrics.matching import UNITS, Match, optimal_matching

STEPS = st.sampled_from([None, 0.0, 0.0, 0.25, 0.5, 0.75, 1.0])
MATRICES = st.integers(1, 5).flatmap(
    lambda width: st.lists(st.lists(STEPS, min_size=width, max_size=width), min_size=1, max_size=4)
)


def by_brute_force(scores: list[list[float | None]]) -> tuple[int, list[int], list[int]]:
    """Total, model items and their scores of the matching that every criterion in turn prefers."""
    found: list[tuple[int, int, list[int], list[int]]] = []

    def extend(row: int, pairs: list[tuple[int, int]]) -> None:
        if row == len(scores):
            chosen = sorted(pairs)
            items, units = [item for item, _ in chosen], [unit for _, unit in chosen]
            found.append((-sum(units), len(units), items, [-unit for unit in units]))
            return
        extend(row + 1, pairs)
        for column, score in enumerate(scores[row], 1):
            if score and column not in [item for item, _ in pairs]:
                extend(row + 1, [*pairs, (column, round(score * UNITS))])

    extend(0, [])
    total, _, items, units = min(found)
    return -total, items, [-unit for unit in units]


def summary(pairs: list[Match]) -> tuple[int, list[int], list[int]]:
    """A matching in the form of `by_brute_force`."""
    units = [round(pair.score * UNITS) for pair in pairs]
    return sum(units), [pair.model_item for pair in pairs], units


@given(MATRICES)
def test_the_matching_is_the_one_that_brute_force_finds(scores: list[list[float | None]]) -> None:
    """Highest total, fewest pairs, earliest model items, the higher scores on the earliest: one answer."""
    pairs = optimal_matching(scores)
    assert summary(pairs) == by_brute_force(scores)
    assert len({pair.human_item for pair in pairs}) == len(pairs)
    assert all(scores[pair.human_item - 1][pair.model_item - 1] == pair.score > 0 for pair in pairs)


def test_the_total_is_scipys_on_thousands_of_random_matrices() -> None:
    """Rectangles of every shape, ties, zeros, one row, one column."""
    rng = random.Random(7)
    for _ in range(4000):
        shape = rng.randint(1, 9), rng.randint(1, 9)
        steps = rng.random() < 0.5
        matrix = np.array(
            [[rng.choice([0, 0, 0.25, 0.5, 0.75, 1]) if steps else round(rng.random(), 4) for _ in range(shape[1])]
             for _ in range(shape[0])]
        )  # fmt: skip
        rows, columns = linear_sum_assignment(matrix, maximize=True)
        total = sum(pair.score for pair in optimal_matching(matrix.tolist()))
        assert total == pytest.approx(matrix[rows, columns].sum(), abs=1e-9)


@given(MATRICES, st.randoms())
def test_the_order_of_human_items_changes_no_model_item_and_no_score(
    scores: list[list[float | None]], rng: random.Random
) -> None:
    """Ties between matchings are settled by the model items alone."""
    shuffled = rng.sample(scores, len(scores))
    assert summary(optimal_matching(scores)) == summary(optimal_matching(shuffled))


def test_ties_are_exact() -> None:
    """.1 + .2 and .3 are the same total: one pair is taken rather than two."""
    assert optimal_matching([[0.1, 0.3], [None, 0.2]]) == [Match(1, 2, 0.3)]


def test_a_hundred_model_items_are_matched() -> None:
    """The weights outgrow machine integers there."""
    scores = [[1.0 if j == 99 - i else 0.25 for j in range(100)] for i in range(4)]
    assert [pair.model_item for pair in optimal_matching(scores)] == [97, 98, 99, 100]


def test_nothing_to_match_is_an_empty_matching() -> None:
    assert optimal_matching([]) == optimal_matching([[], []]) == optimal_matching([[0.0, None]]) == []


@pytest.mark.parametrize("bad", [float("nan"), 1.5, -0.1, float("inf"), 10**400])
def test_a_score_that_is_none_is_refused(bad: float) -> None:
    """Silently it would be a wrong figure."""
    with pytest.raises(ValueError, match=r"is not within 0\.\.1"):
        optimal_matching([[0.5, bad]])
