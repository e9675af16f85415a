"""The paper's metrics, worked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.metrics.matching import Match
from metajudge.metrics.paper import matched_average_precision, paper_metrics
from tests.unit.metrics.test_matching import MATRICES

# Human items, model items, and who matches whom, of the cases that the paper prints with their RC.
PAPER_CASES = [
    (4, 3, {}, 0.0),
    (4, 3, {3: 1, 1: 2, 4: 3}, 0.75),
    (3, 4, {1: 1, 2: 4, 3: 3}, 1.0),
    (3, 3, {}, 0.0),
    (3, 4, {1: 1, 2: 4, 3: 3}, 1.0),
    (3, 5, {3: 2}, 0.33),
    (3, 5, {}, 0.0),
    (3, 5, {3: 1, 2: 3, 1: 5}, 1.0),
    (4, 5, {3: 4}, 0.25),
    (4, 5, {}, 0.0),
    (4, 5, {1: 1, 3: 2, 2: 4}, 0.75),
]


@pytest.mark.parametrize(("n_human", "n_model", "matches", "printed"), PAPER_CASES)
def test_the_papers_cases_have_the_rationale_consistency_that_it_prints(
    n_human: int, n_model: int, matches: dict[int, int], printed: float
) -> None:
    """Every match is full; RC is the share of matched human items."""
    scores: list[list[float | None]] = [
        [float(matches.get(r) == s) for s in range(1, n_model + 1)] for r in range(1, n_human + 1)
    ]
    assert paper_metrics(scores, n_model).rationale_consistency == pytest.approx(printed, abs=0.005)


def test_the_papers_case_of_one_weak_match() -> None:
    """R1 with S2 at .25, three human items: .25 / 3 = .083."""
    scores: list[list[float | None]] = [[0, 0.25, 0, 0, 0], [0] * 5, [0] * 5]
    assert paper_metrics(scores, 5).rationale_consistency == pytest.approx(0.0833333333)


def test_greedy_unconstrained_and_optimal_matching_give_three_totals() -> None:
    """[[1, .75], [.75, 0]]: greedy takes R1-S1 (1) and is left with 0; optimal is .75 + .75 = 1.5; without the
    one-to-one rule each human item takes its best, 1 + .75 = 1.75.
    """
    scores: list[list[float | None]] = [[1.0, 0.75], [0.75, 0.0]]
    cells = sorted(((score or 0, i, j) for i, row in enumerate(scores) for j, score in enumerate(row)), reverse=True)
    greedy, rows, columns = 0.0, set[int](), set[int]()
    for score, i, j in cells:
        if i not in rows and j not in columns:
            greedy, rows, columns = greedy + score, rows | {i}, columns | {j}
    best = sum(max(score or 0 for score in row) for row in scores)
    assert (greedy / 2, paper_metrics(scores, 2).rationale_consistency, best / 2) == (0.5, 0.75, 0.875)


def test_a_row_worked_by_hand() -> None:
    """Three human items, four model items judged; the matching is S1-R2 at .5 and S3-R1 at 1.

    RC = 1.5 / 3 = .5; precision = 1.5 / 4 = .375; F1 = 2 · .5 · .375 / .875 = .428571.
    AP (Eq. 3) = (1/1 + 2/3) / 3 = .555556; soft = (.5/1 + 1.5/3) / 3 = .333333.
    """
    found = paper_metrics([[0.5, None, 1.0, 0.0], [0.5, 0.25, 0.75, None], [0.0, 0.0, 0.75, 0.0]], 4)
    assert found.rationale_consistency == pytest.approx(0.5)
    assert found.precision == pytest.approx(0.375)
    assert found.f1 == pytest.approx(0.4285714286)
    assert found.average_precision == pytest.approx(0.5555555556)
    assert found.average_precision_soft == pytest.approx(0.3333333333)
    assert found.best_pair_score == 1.0


def test_the_match_threshold_takes_weak_pairs_out_of_average_precision_only() -> None:
    """S1 at .25 does not count above .25: AP = (1/2) / 2 instead of (1/1 + 2/2) / 2; RC stays."""
    scores: list[list[float | None]] = [[0.25, 0], [0, 1.0]]
    strict, plain = paper_metrics(scores, 2, match_threshold=0.25), paper_metrics(scores, 2)
    assert (plain.average_precision, strict.average_precision) == (1.0, 0.25)
    assert strict.rationale_consistency == plain.rationale_consistency == 0.625


def test_one_broad_reason_counts_fully_under_the_plain_equation() -> None:
    """Four matches at .25 have AP 1, three full matches of four .75: what Eq. 3 says."""
    weak = [Match(n, n, 0.25) for n in range(1, 5)]
    assert matched_average_precision(weak, 4) == 1.0
    assert matched_average_precision([Match(n, n, 1.0) for n in range(1, 4)], 4) == 0.75
    assert matched_average_precision(weak, 4, match_threshold=0.5) == 0.0


def test_a_model_without_reasons_found_nothing_and_no_human_item_is_undefined() -> None:
    """0 in the first case, no figure in the second."""
    nothing = paper_metrics([[], []], 0)
    assert (nothing.rationale_consistency, nothing.average_precision, nothing.precision, nothing.f1) == (0, 0, 0, 0)
    with pytest.raises(ValueError, match="undefined"):
        paper_metrics([], 3)


@given(MATRICES, st.floats(0, 1))
def test_the_metrics_stay_within_0_and_1_and_in_order(scores: list[list[float | None]], threshold: float) -> None:
    """RC never exceeds the mean best score; a higher threshold never raises AP; soft never exceeds hard."""
    found = paper_metrics(scores, len(scores[0]), threshold)
    plain = paper_metrics(scores, len(scores[0]))
    best = sum(max((score for score in row if score is not None), default=0.0) for row in scores) / len(scores)
    assert 0 <= found.rationale_consistency <= best + 1e-12 <= 1 + 1e-12
    assert 0 <= found.average_precision_soft <= found.average_precision + 1e-12
    assert found.average_precision <= plain.average_precision + 1e-12 <= 1 + 2e-12
    assert 0 <= found.precision <= 1 + 1e-12 and 0 <= found.f1 <= 1 + 1e-12
