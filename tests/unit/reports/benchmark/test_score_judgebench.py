"""JudgeBench's rule on pairs counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from metajudge.data.benchmarks import read_judgebench
from metajudge.metrics.statistics.intervals import cluster_rows, wilson
from metajudge.reports.benchmark.figures import BenchmarkReport, Line
from metajudge.reports.benchmark.score_judgebench import score_judgebench
from tests.unit.benchmark_files import pair, write

PAIRS = [
    pair(1, "mmlu-pro-law", "A", "AA"),  # 2: right in both
    pair(2, "mmlu-pro-law", "B", "B="),  # 1: a tie counts neither way
    pair(3, "mmlu-pro-math", "A", "A-"),  # 1: neither does a null
    pair(4, "livebench-reasoning", "B", "BA"),  # 0: one for each
    pair(5, "livebench-math", "A", "=B"),  # -1
    pair(6, "livebench-math", "A", "--"),  # 0
    pair(7, "livecodebench", "B", "BB"),  # 2
    pair(8, "livecodebench", "A", "BB"),  # -2
]


def scored(tmp_path: Path, rows: list[dict[str, object]]) -> BenchmarkReport:
    return score_judgebench(read_judgebench(write(tmp_path / "judged.jsonl", rows)))


def percents(report: BenchmarkReport, figure: str = "accuracy") -> dict[str, float | None]:
    return {line.group: line.figures[figure].percent for line in report.lines}


def line(report: BenchmarkReport, group: str) -> Line:
    return next(one for one in report.lines if one.group == group)


def test_a_pair_is_right_if_more_games_chose_the_right_response(tmp_path: Path) -> None:
    """A null and a tie count neither way, and stay in the denominator: 4 of 8."""
    report = scored(tmp_path, PAIRS)
    assert percents(report) == {
        "knowledge": 100, "reasoning": 0, "math": 0, "coding": 50, "all (micro)": 50,
        "mean of 4 categories (macro)": 37.5,
    }  # fmt: skip
    assert [one.is_official for one in report.lines] == [True] * 5 + [False]
    assert (report.model, report.protocol, report.source) == ("the-judge", "official", "split gpt-4o, two games a pair")
    (note,) = report.notes
    assert note.startswith("8 of the 350 pairs of the split gpt-4o")


def test_the_stricter_rule_wants_the_right_response_in_both_orders(tmp_path: Path) -> None:
    """Pairs 1 and 7: knowledge 1 of 3, coding 1 of 2."""
    found = percents(scored(tmp_path, PAIRS), "both orders")
    assert found["knowledge"] == pytest.approx(100 / 3)
    assert (found["coding"], found["all (micro)"]) == (50, 25)
    assert found["mean of 4 categories (macro)"] == pytest.approx((100 / 3 + 50) / 4)


def test_what_counts_neither_way_is_counted(tmp_path: Path) -> None:
    """wrong: 5 and 8; even: 4 and 6; the games of 2, 3, 4 and 5 differ; two nulls of a pair do not."""
    report = scored(tmp_path, PAIRS)
    assert line(report, "all (micro)").counts == {"wrong": 2, "even": 2, "inconsistent": 4, "ties": 2, "nulls": 3}
    assert line(report, "math").counts == {"wrong": 1, "even": 1, "inconsistent": 1, "ties": 1, "nulls": 2}


def test_one_game_a_pair_is_the_share_of_right_decisions(tmp_path: Path) -> None:
    """A null is not right; no rule for two orders."""
    rows = [pair(n, "livecodebench", "A", game) for n, game in enumerate("AAB=-")]
    report = scored(tmp_path, rows)
    assert percents(report) == {"coding": 40, "all (micro)": 40} and "both orders" not in report.lines[0].figures
    assert report.protocol == "official, single game"


def test_intervals_are_clustered_by_prompt(tmp_path: Path) -> None:
    """Each of twelve questions has two pairs with equal outcomes: as sure as twelve rows, not 24."""
    rows = [pair(n, "livecodebench", "A", "AA" if n < 18 else "BB", question=f"question {n // 2}") for n in range(24)]
    found = line(scored(tmp_path, rows), "all (micro)")
    assert (found.n, found.prompts) == (24, 12)
    outcomes = np.array([1.0] * 18 + [0.0] * 6)
    keys = [str(n // 2) for n in range(24)]
    assert found.figures["accuracy"].interval == wilson(outcomes, cluster_rows(keys, [""] * 24))
    alone = wilson(outcomes, cluster_rows(list(map(str, range(24))), [""] * 24))
    assert found.figures["accuracy"].interval.low < alone.low  # type: ignore[operator]


def test_a_whole_split_has_no_note(tmp_path: Path) -> None:
    claude = {"response_model": "claude-3-5-sonnet-20240620"}
    report = scored(tmp_path, [pair(n, "mmlu-pro-law", "A", "AA", **claude) for n in range(270)])
    assert report.notes == () and report.source.startswith("split claude-3-5-sonnet,")
    other = scored(tmp_path, [pair(1, "mmlu-pro-law", "A", "AA", response_model="mine")])
    assert other.notes == ("mine is none of the published splits (gpt-4o, claude-3-5-sonnet)",)


def test_a_source_outside_of_the_categories_has_a_star(tmp_path: Path) -> None:
    """The official script prints four categories; a pair of another source counts in the total alone."""
    rows = [pair(1, "mmlu-pro-law", "A", "AA"), pair(2, "arena", "A", "BB")]
    report = score_judgebench(read_judgebench(write(tmp_path / "m.jsonl", rows)))
    found = [(line.group, line.is_official) for line in report.lines[:3]]
    assert found == [("knowledge", True), ("other", False), ("all (micro)", True)]
