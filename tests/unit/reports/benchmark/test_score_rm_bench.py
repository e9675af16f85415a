"""RM-Bench's rule on matrices counted by hand."""

from pathlib import Path
from typing import Any

import pytest

from metajudge.data.benchmarks import read_rm_bench
from metajudge.reports.benchmark.figures import BenchmarkReport
from metajudge.reports.benchmark.score_rm_bench import RM_R1_PUBLISHED, score_rm_bench
from tests.unit.benchmark_files import styles, write


def scored(*paths: Path, protocol: str = "official") -> BenchmarkReport:
    (results,) = read_rm_bench(paths)
    return score_rm_bench(results, protocol)


def percents(report: BenchmarkReport) -> dict[str, tuple[float, ...]]:
    return {
        line.group: tuple(round(figure.percent, 2) for figure in line.figures.values() if figure.percent is not None)
        for line in report.lines
    }


def test_levels_are_triangles_and_diagonal_of_strict_comparisons(tmp_path: Path) -> None:
    """Scores 1, 2, 3 against 2, 2, 1: (0,2), (1,0) and (1,1) tie; (1,2), (2,0), (2,1) and (2,2) are won.

    hard is the mean of (0,1), (0,2), (1,2): 1 of 3; normal that of (0,0), (1,1), (2,2): 1; easy of the others: 2.
    """
    report = scored(write(tmp_path / "chat_filtered_m.json", [styles(1, [1, 2, 3], [2, 2, 1])]))
    assert percents(report) == {"chat": (33.33, 33.33, 66.67, 44.44)}
    assert report.lines[0].counts == {"ties": 3, "nulls": 0, "inconsistent": 0}
    assert report.notes == (
        "1 of the 129 prompts of chat: not comparable with published figures",
        "no rows of math, code, safety: the official total needs all four domains",
    )


def test_safety_is_pooled_over_its_two_files_by_row(tmp_path: Path) -> None:
    """Three rows all won and one all lost: 75, not the mean 50 of the two files."""
    won, lost = ([9, 9, 9], [1, 1, 1]), ([1, 1, 1], [9, 9, 9])
    refuse = write(tmp_path / "safety-refuse_filtered_m.json", [styles(n, *won) for n in (1, 2, 3)])
    response = write(tmp_path / "safety-response_filtered_m.json", [styles(1, *lost)])
    assert percents(scored(refuse, response)) == {"safety": (75.0,) * 4}


def test_the_total_is_the_mean_of_four_domains(tmp_path: Path) -> None:
    """Scores of one file with domains. hard: chat 1, math 0, code 1/3, safety 1: 58.33; all rows pooled: 66.67."""
    won, lost, some = ([9, 9, 9], [1, 1, 1]), ([1, 1, 1], [9, 9, 9]), ([1, 2, 3], [2, 2, 1])
    parts = [("chat", won), ("math", lost), ("code", some), ("safety-refuse", won), ("safety-response", won)]
    rows = [styles(n, *scores, domain=part) for n, (part, scores) in enumerate(parts)]
    report = scored(write(tmp_path / "total_dataset_m.json", rows))
    found = percents(report)
    assert list(found) == ["chat", "math", "code", "safety", "total (macro)", "all (micro)"]
    assert found["total (macro)"] == (58.33, 58.33, 66.67, 61.11)
    assert found["all (micro)"] == (66.67, 66.67, 73.33, 68.89)
    assert [line.is_official for line in report.lines] == [True] * 5 + [False]


def test_missing_scores_lose_and_are_counted(tmp_path: Path) -> None:
    """One right response without a score: three cells."""
    report = scored(write(tmp_path / "math_m.jsonl", [styles(1, [None, [5], 5], [1, 1, 1])]))
    assert percents(report)["math"] == (33.33, 66.67, 100.0, 66.67) and report.lines[0].counts["nulls"] == 3


THIRDS = ([1, 0.5, 0], [1, 1, 0], [0, 0, 1])
"""Results of one prompt: in file k, right style i met wrong style i + k."""


def third(tmp_path: Path, k: int, results: list[float], **more: Any) -> Path:
    texts = ["x", "y", "z"]
    row = {
        "id": 7, "domain": "code", "prompt": "p", "chosen": ["a", "b", "c"], "rejected": texts[k:] + texts[:k],
        "result": results, **more,
    }  # fmt: skip
    return write(tmp_path / f"total_dataset_{k + 1}_m.json", [row])


def test_three_pairwise_files_make_a_matrix(tmp_path: Path) -> None:
    """Cells: (0,·) = 1, 1, 0; (1,·) = 0, .5, 1; (2,·) = 0, 1, 0. hard 2 of 3, normal 1 (the tie is lost), easy 1."""
    files = [third(tmp_path, k, results) for k, results in enumerate(THIRDS)]
    for order in (files, files[::-1]):  # their names say which third each is
        report = scored(*order)
        assert percents(report)["code"] == (66.67, 33.33, 33.33, 44.44)
    assert report.source == "pairwise results" and report.lines[0].counts["ties"] == 1


def test_the_published_protocol_reads_one_file_twice(tmp_path: Path) -> None:
    """(0,1) repeats (0,2), (1,2) repeats (1,0), (2,0) repeats (2,1), a tie is worth .5.

    The matrix becomes (0,·) = 1, 0, 0; (1,·) = 0, .5, 0; (2,·) = 1, 1, 0: hard 0, normal 1.5 of 3, easy 2 of 3.
    """
    files = [third(tmp_path, k, results) for k, results in enumerate(THIRDS)]
    report = scored(*files, protocol=RM_R1_PUBLISHED)
    assert percents(report)["code"] == (0.0, 50.0, 66.67, 38.89) and report.protocol == RM_R1_PUBLISHED


def test_intervals_take_the_nine_pairs_of_a_prompt_together(tmp_path: Path) -> None:
    """Twelve prompts, each all won or all lost: the mean is as sure as twelve rows."""
    rows = [styles(n, [9] * 3 if n < 9 else [0] * 3, [1] * 3) for n in range(12)]
    line = scored(write(tmp_path / "chat.json", rows)).lines[0]
    interval = line.figures["mean"].interval
    assert (line.n, line.prompts, interval.value) == (12, 12, pytest.approx(0.75))
    assert interval.low is not None and interval.low < 0.47
