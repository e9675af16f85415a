"""p values by swapping clusters, and Holm's correction."""

import itertools

import numpy as np
import pytest

from metajudge.metrics.statistics.significance import holm, permutation_test


def test_holm_worked_by_hand() -> None:
    """.01 · 3, then max(.03, .02 · 2), then max(.04, .04 · 1)."""
    assert holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert holm([0.6, 0.5]) == [1.0, 1.0] and holm([]) == []


def test_the_swap_test_agrees_with_every_swap_there_is() -> None:
    """2^8 swaps counted out, against 20,000 random ones."""
    rng = np.random.default_rng(0)
    first, second, sizes = rng.uniform(0, 1, 8), rng.uniform(0, 0.6, 8), np.ones(8)
    gaps = first - second
    exact = np.mean(
        [
            abs((gaps * np.array(signs)).mean()) >= abs(gaps.mean()) - 1e-12
            for signs in itertools.product((1, -1), repeat=8)
        ]
    )
    assert permutation_test((first, second), (sizes, sizes), swaps=20_000) == pytest.approx(exact, abs=0.012)


def test_equal_models_have_p_1() -> None:
    ones = np.ones(5)
    assert permutation_test((ones, ones), (ones, ones), swaps=99) == 1.0


def test_a_difference_that_no_swap_reaches_has_the_least_p() -> None:
    """(0 + 1) / (B + 1), but for the swaps of all or no cluster."""
    first, second, sizes = np.ones(40), np.zeros(40), np.ones(40)
    assert permutation_test((first, second), (sizes, sizes), swaps=999) == 0.001


def test_whole_clusters_are_swapped() -> None:
    """Three clusters of a hundred rows have but eight swaps: p cannot be small."""
    sizes = np.full(3, 100.0)
    assert permutation_test((np.full(3, 90.0), np.full(3, 10.0)), (sizes, sizes), swaps=2000) > 0.2
