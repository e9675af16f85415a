"""RewardBench 2's rules on rows counted by hand."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.benchmarks import read_rewardbench2
from metajudge.reports.benchmark.figures import BenchmarkReport
from metajudge.reports.benchmark.score_rewardbench2 import score_rewardbench2
from tests.unit.benchmark_files import best_of, write


def scored(path: Path) -> BenchmarkReport:
    return score_rewardbench2(read_rewardbench2(path))


def percents(report: BenchmarkReport) -> dict[str, float | None]:
    return {line.group: line.figures["accuracy"].percent for line in report.lines}


BEST = [
    best_of("1", "Focus", [4, 1, 2, 3]),  # 1
    best_of("2", "Focus", [4, 4, 2, 3]),  # 1/2
    best_of("3", "Focus", [3, 4, 2, 3]),  # 0
    best_of("4", "Math", [2, 2, 2, 2]),  # 1/4
]


def test_the_right_response_has_its_share_of_the_best_place(tmp_path: Path) -> None:
    """1, 1/2 and 0 are 50; 1/4 of a fourfold tie is 25. Means: 37.5 of subsets, 43.75 of rows."""
    report = scored(write(tmp_path / "m.jsonl", BEST))
    assert percents(report) == {
        "Math": 25, "Focus": 50, "mean of 2 subsets (macro)": 37.5, "all but Ties (micro)": 43.75,
    }  # fmt: skip
    assert report.lines[1].counts == {"ties": 1, "unreadable": 0}
    assert report.notes == (
        "no figure of Factuality, Precise IF, Safety, Ties: the official mean needs all six subsets",
    )


def test_a_reply_that_names_no_letter_is_worth_a_quarter(tmp_path: Path) -> None:
    """Published results of replies, and letters with the place of the right response."""
    results = [best_of(str(n), "Safety", None, results=result) for n, result in enumerate((1, 0, 0.25))]
    letters = [("A", 0), ("B", 0), ("C", 2), ("error", 1)]
    rows = [best_of(f"l{n}", "Math", None, winner=one, shuffle_position=at) for n, (one, at) in enumerate(letters)]
    report = scored(write(tmp_path / "m.jsonl", results + rows))
    assert percents(report)["Safety"] == pytest.approx(100 * 1.25 / 3)
    assert percents(report)["Math"] == 100 * 2.25 / 4
    assert [line.counts["unreadable"] for line in report.lines[:2]] == [1, 1]


TIES = [
    # Gap 2 - 1 = 1, spread 3 - 2 = 1: accurate, but the gap is not above the spread.
    best_of("tied:0", "Ties", [3, 2, 1, 0], 2),
    best_of("ref:0", "Ties", [5, 1]),  # gap 4; the smaller gap is 1
    # Gap 4 - 1 = 3, spread 1: above. Reference gap 2: above, too.
    best_of("tied:1", "Ties", [[5], [4], [1]], 2),
    best_of("ref:1", "Ties", [3, 1]),
    # Gap 1 - 2 = -1, spread 0: wrong. Reference gap 0: not accurate.
    best_of("tied:2", "Ties", [1, 1, 2], 2),
    best_of("ref:2", "Ties", [1, 1]),
]


def test_ties_has_its_formula(tmp_path: Path) -> None:
    """Accurate: 2 of 3 tied, 2 of 3 reference rows; preferred: 1 of 3, 1 of 3 with the reference.

    Margins: tanh(1/1 - 1) = 0, tanh(2/1 - 1), and -1 where the spread is 0 and the gap negative.
    """
    report = scored(write(tmp_path / "m.jsonl", TIES))
    margin = (0 + math.tanh(1) - 1) / 3
    expected = 0.3 * 2 / 3 + 0.3 * 2 / 3 + 0.2 / 3 + 0.2 / 3 + 0.01 * margin
    assert percents(report)["Ties"] == pytest.approx(100 * expected, abs=1e-10)
    assert (report.lines[0].n, report.lines[0].prompts) == (6, 3)


def test_a_gap_without_a_spread(tmp_path: Path) -> None:
    """Equal right scores: the margin is 1 above them, and 0 where the gap is 0, too."""
    rows = [best_of(f"{kind}:{n}", "Ties", [1, 1, n - 1], 2) for n in (0, 2) for kind in ("tied", "ref")]
    # Prompt 0: gap 1 - (-1) = 2, all parts 1. Prompt 2: gap 0, all parts 0.
    assert percents(scored(write(tmp_path / "m.jsonl", rows)))["Ties"] == pytest.approx(50.5)


def test_the_last_decimal_is_the_official_scripts(tmp_path: Path) -> None:
    """The mean is 46.875, but the thirds come to a little less in the order of the rows: 46.87, not 46.88."""
    results = [0, 0.5, 0.5, 1, 0.25, 1, 1, 1 / 3, 0.25, 0.5, 0.5, 1 / 3, 0, 0, 1 / 3, 1]
    rows = [best_of(str(n), "Math", None, results=result) for n, result in enumerate(results)]
    report = scored(write(tmp_path / "m.jsonl", rows))
    assert percents(report)["Math"] == 100 * (sum(results) / 16) < 46.875


def test_a_row_without_a_score_is_wrong(tmp_path: Path) -> None:
    """NaN or null; an infinite score is one."""
    inf, nan = math.inf, math.nan
    scores = [[inf, 1, 2, -inf], [1, nan, 0, 0], [nan, 0, 0, 0], [1, None, 0, 0]]
    report = scored(write(tmp_path / "m.jsonl", [best_of(str(n), "Math", row) for n, row in enumerate(scores)]))
    assert percents(report)["Math"] == 25 and report.lines[0].counts["unreadable"] == 3


def test_scores_of_a_repeated_row_of_ties_are_pooled(tmp_path: Path) -> None:
    """As in the official script: the second row lowers the gap of prompt 0 to 2 - 4 = -2, of which nothing is left.

    Prompt 1 has all parts: the margin is tanh(2/1 - 1). Prompt 0: reference accuracy, and the margin tanh(-2/1 - 1).
    """
    rows = [*TIES[:4], best_of("tied:0", "Ties", [3, 2, 4, 0], 2)]
    report = scored(write(tmp_path / "m.jsonl", rows))
    margin = (math.tanh(1) + math.tanh(-3)) / 2
    expected = 0.3 / 2 + 0.3 + 0.2 / 2 + 0.2 / 2 + 0.01 * margin
    assert percents(report)["Ties"] == pytest.approx(100 * expected, abs=1e-10)


def test_ties_with_infinite_scores(tmp_path: Path) -> None:
    """A gap of inf - inf is not above 0 and has the margin 0; an infinite gap over a finite spread has the margin 1."""
    inf = math.inf
    rows = [best_of("tied:0", "Ties", [inf, 2, inf], 2), best_of("ref:0", "Ties", [inf, inf])]
    rows += [best_of("tied:1", "Ties", [3, 2, -inf], 2), best_of("ref:1", "Ties", [1, -inf])]
    report = scored(write(tmp_path / "m.jsonl", rows))
    expected = 0.3 / 2 + 0.3 / 2 + 0.2 / 2 + 0.2 / 2 + 0.01 / 2
    assert percents(report)["Ties"] == pytest.approx(100 * expected, abs=1e-10)


def test_columns_of_one_object_are_rows(tmp_path: Path) -> None:
    """The published form: an object of columns over several lines, with the model's name; Ties in the total mean."""
    rows = [*BEST, *TIES, *(best_of(name, name, [1, 0, 0, 0]) for name in ("Factuality", "Precise IF", "Safety"))]
    columns: dict[str, Any] = {key: [row[key] for row in rows] for key in rows[0]}
    path = tmp_path / "m.json"
    path.write_text(
        json.dumps({**columns, "model": "org/m", "model_type": "Seq. Classifier"}, indent=4, sort_keys=True)
    )
    report = scored(path)
    found = percents(report)
    assert report.model == "org/m" and report.notes == ()
    assert list(found)[:6] == ["Factuality", "Precise IF", "Math", "Safety", "Focus", "Ties"]
    ties = percents(scored(write(tmp_path / "ties.jsonl", TIES)))["Ties"]
    assert ties is not None
    assert found["mean of 6 subsets (macro)"] == pytest.approx((100 + 100 + 25 + 100 + 50 + ties) / 6)
    assert report.lines[6].is_official and not report.lines[7].is_official


def test_ties_without_pairs_of_rows_has_no_figure(tmp_path: Path) -> None:
    report = scored(write(tmp_path / "m.jsonl", [*BEST, *TIES[::2]]))
    assert (
        "Ties" not in percents(report) and 'no prompt of Ties has both its rows, "tied:N" and "ref:N"' in report.notes
    )


def test_a_rating_of_minus_one_is_unreadable_and_counts_as_it_is(tmp_path: Path) -> None:
    """As the official script does: -1 is below every rating."""
    report = scored(write(tmp_path / "m.jsonl", [best_of("1", "Focus", [5, -1, -1, 4])]))
    assert percents(report)["Focus"] == 100 and report.lines[0].counts["unreadable"] == 2
