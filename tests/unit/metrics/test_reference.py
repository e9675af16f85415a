"""The reference's metrics, worked by hand."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.metrics.matching import Match
from metajudge.metrics.reference import ReferenceMetrics, average_precision, mean_std, reference_metrics
from tests import oracle

MARKS = st.lists(
    st.builds(Match, st.integers(0, 8), st.integers(0, 8), st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])), max_size=10
)


def values(result: ReferenceMetrics) -> tuple[float, float, float, float]:
    """The figures as a tuple: precision, recall, F1, average precision."""
    return result.precision, result.recall, result.f1, result.average_precision


def test_a_row_worked_by_hand() -> None:
    """Four human items, three model items; two human items share S1, S2 is named with score 0.

    recall = (1 + .5 + 0 + .75) / 4 = .5625; precision = (1 + 0 + .75) / 3 = .58333;
    F1 = 2 · .5625 · .58333 / 1.14583 = .57273; b = 1, 0, .75, so AP = (1/1 + 1/2 + 1.75/3) / 4 = .52083.
    """
    marks = [Match(1, 1, 1.0), Match(2, 1, 0.5), Match(3, 2, 0.0), Match(4, 3, 0.75)]
    assert values(reference_metrics(marks, 4, 3)) == pytest.approx((1.75 / 3, 0.5625, 0.5727272727, 2.0833333333 / 4))


def test_only_the_first_five_model_items_count() -> None:
    """A match with S6 gives no credit, and seven model items are divided by five."""
    assert values(reference_metrics([Match(1, 6, 1.0), Match(2, 5, 1.0)], 2, 7)) == pytest.approx(
        (0.2, 0.5, 2 / 7, 0.5)
    )


def test_no_match_and_numbers_beyond_the_lists_are_dropped() -> None:
    """S0, a human item that does not exist and a model item that does not exist give no credit."""
    assert reference_metrics([Match(1, 0, 1.0), Match(3, 1, 1.0), Match(2, 3, 1.0)], 2, 2) == ReferenceMetrics(
        0.0, 0.0, 0.0, 0.0
    )


def test_a_mark_of_human_item_zero_counts_as_in_the_reference() -> None:
    """R0 is kept, so that recall can be that of an item which does not exist."""
    assert reference_metrics([Match(0, 1, 1.0), Match(1, 1, 0.5)], 2, 1).recall == 0.75


def test_average_precision_prefers_matches_that_come_first() -> None:
    assert average_precision([1.0, 0.0], 2) == 0.75
    assert average_precision([0.0, 1.0], 2) == 0.25
    assert average_precision([], 2) == 0.0


def test_means_are_unweighted_and_deviations_are_of_the_population() -> None:
    """Two records with recall 0 and 1 deviate by .5, not by .7071."""
    found = mean_std({"precision": [0.2, 0.4], "recall": [0.0, 1.0], "f1": [0.1, 0.3], "average_precision": [0.0, 0.5]})
    assert found is not None and values(found.mean) == pytest.approx((0.3, 0.5, 0.2, 0.25))
    assert values(found.std) == pytest.approx((0.1, 0.5, 0.1, 0.25))


def test_no_records_have_no_means() -> None:
    """Unknown, not 0."""
    assert mean_std({name: [] for name in ("precision", "recall", "f1", "average_precision")}) is None


@given(MARKS, st.integers(1, 7), st.integers(1, 12))
def test_the_figures_are_those_of_the_oracle(marks: list[Match], n_human: int, n_model: int) -> None:
    """Any marks, also of items that do not exist, give the plain script's figures."""
    expected = oracle.four_figures([tuple(mark) for mark in marks], n_human, n_model)
    assert values(reference_metrics(marks, n_human, n_model)) == pytest.approx(expected, abs=1e-12)


@given(MARKS, st.integers(1, 7), st.integers(1, 12), st.randoms())
def test_the_order_of_the_marks_does_not_matter(
    marks: list[Match], n_human: int, n_model: int, shuffler: random.Random
) -> None:
    """A judge may write its lines in any order."""
    shuffled = list(marks)
    shuffler.shuffle(shuffled)
    assert reference_metrics(shuffled, n_human, n_model) == reference_metrics(marks, n_human, n_model)
