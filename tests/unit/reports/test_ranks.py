"""Ranks of models from result files: common rows, clusters, bounds, and what `compare` shows of them."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from metajudge.metrics.statistics.ranks import Ranks
from metajudge.reports.ranks import Ranking, rank_models
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import score_file
from tests.unit.result_rows import Run, failed, one_item, record, write

COMPARE = ("compare", "--resamples", "500", "--details")
SCORES = {"A": [0.25, 0.5] * 8, "B": [0.75, 1.0] * 8, "C": [0.5, 0.25] * 8}
"""B is above both others in every row; A and C differ in nothing."""


def files(tmp_path: Path, scores: dict[str, list[float]], **row: Any) -> list[Path]:
    return [
        write(tmp_path / f"{name}.jsonl", [one_item(n, score, name, **row) for n, score in enumerate(values)])
        for name, values in scores.items()
    ]


def ranked(paths: list[Path]) -> Ranking:
    return rank_models([score_file(path, ScoringConfig()) for path in paths], swaps=2000)


def test_models_have_the_ranks_that_their_rows_leave_possible(tmp_path: Path) -> None:
    """In the order of the files."""
    found = ranked(files(tmp_path, SCORES))
    assert [(one.model, one.bounds, str(one.ranks)) for one in found.models] == [
        ("A", (0.375, 0.375), "2–3"),
        ("B", (0.875, 0.875), "1"),
        ("C", (0.375, 0.375), "2–3"),
    ]
    assert (found.n, found.clusters) == (16, 16)


def test_only_rows_that_are_scored_for_every_model_count(tmp_path: Path) -> None:
    """A has a failed row, C lacks a row, and its rows have another order; worked by hand."""
    rows = {name: [one_item(n, score, name) for n, score in enumerate(scores)] for name, scores in SCORES.items()}
    rows["A"][0] = failed(0, "A", metadata={})
    rows["C"] = rows["C"][:0:-1]
    rows["C"].remove(next(row for row in rows["C"] if row["id"] == "id3"))
    found = ranked([write(tmp_path / f"{name}.jsonl", own) for name, own in rows.items()])
    assert found.n == 14 and [str(one.ranks) for one in found.models] == ["2–3", "1", "2–3"]
    assert found.models[1].bounds == pytest.approx(((7 * 0.75 + 7 * 1.0) / 14,) * 2)


def test_below_ten_clusters_every_rank_is_possible_and_a_line_says_so(tmp_path: Path, run: Run) -> None:
    """Sixteen rows of nine questions; of ten questions they are enough."""
    for clusters in (9, 10):
        rows = {
            name: [one_item(n, score, name, context=f"q {n % clusters}") for n, score in enumerate(scores)]
            for name, scores in SCORES.items()
        }
        paths = [write(tmp_path / f"{name}.jsonl", own) for name, own in rows.items()]
        found = ranked(paths)
        assert found.clusters == clusters
        assert ([one.ranks for one in found.models] == [Ranks(1, 3)] * 3) is (clusters == 9)
        _, out, err = run(*COMPARE, *paths)
        line = "rank: every model has a score in 9 clusters; below 10 every rank is possible"
        assert (line in err.splitlines()) is (clusters == 9) and ("1–3" in out) is (clusters == 9)


def test_rows_of_a_cluster_are_no_independent_evidence(tmp_path: Path) -> None:
    """Ten clusters of 8 rows each: seven for the one model, three for the other."""
    alike = [float(n // 8 < 7) for n in range(80)]
    scores = {"A": alike, "B": [1 - score for score in alike]}
    rows = {
        name: [one_item(n, score, name, context=f"q {n // 8}") for n, score in enumerate(own)]
        for name, own in scores.items()
    }
    assert [str(one.ranks) for one in ranked(files(tmp_path, scores)).models] == ["1", "2"]
    clustered = ranked([write(tmp_path / f"{name}.jsonl", own) for name, own in rows.items()])
    assert [str(one.ranks) for one in clustered.models] == ["1–2"] * 2


def test_records_that_are_bounds_exclude_no_rank_that_their_bounds_allow(tmp_path: Path) -> None:
    """Both human items have the same best model item: rationale consistency is between .375 and .75."""
    shared = [[0.75, 0.0], [0.75, 0.0]]
    rows = [record(n, shared, "A", row_granularity=True) for n in range(20)]
    low = write(tmp_path / "A.jsonl", rows)
    for score, expected in ((0.5, ["1–2", "1–2"]), (0.25, ["1", "2"]), (1.0, ["2", "1"])):
        matrix = [[score, 0.0], [0.0, score]]
        other = write(tmp_path / "B.jsonl", [record(n, matrix, "B", row_granularity=True) for n in range(20)])
        found = ranked([low, other])
        assert found.models[0].bounds == (0.375, 0.75)
        assert [str(one.ranks) for one in found.models] == expected, score


def test_models_without_a_common_scored_row_have_every_rank(tmp_path: Path) -> None:
    scores = write(tmp_path / "A.jsonl", [one_item(n, 0.5, "A") for n in range(12)])
    nothing = write(tmp_path / "B.jsonl", [failed(n, "B", metadata={}) for n in range(12)])
    found = ranked([scores, nothing])
    assert (found.n, found.clusters) == (0, 0)
    assert [(one.bounds, str(one.ranks)) for one in found.models] == [(None, "1–2")] * 2


# ------------------------------------------------------------------ the command


def test_ranks_are_a_table_below_the_differences_and_in_json(tmp_path: Path, run: Run) -> None:
    """The highest RC first; only differences in RC have ranks; CSV has one table."""
    paths = files(tmp_path, SCORES)
    code, out, err = run(*COMPARE, *paths, "--output-file", tmp_path / "c.json")
    title, *table = out[out.index("Ranks by RC") :].splitlines()
    assert code == 0 and title == "Ranks by RC on the 16 rows scored for every model"
    assert [line.split() for line in table[3:]] == [
        ["B", "0.8750", "1"],
        ["A", "0.3750", "2–3"],
        ["C", "0.3750", "2–3"],
    ]
    assert "rank: ranks by RC that the rows leave possible, 95 % sure for all models together" in err
    for one in json.loads((tmp_path / "c.json").read_text()):
        possible = {"A": {"best": 2, "worst": 3}, "B": {"best": 1, "worst": 1}, "C": {"best": 2, "worst": 3}}
        is_rc = one["metric"] == {"group": "paper", "name": "rationale_consistency"}
        assert one["ranks"] == ([possible[one["first"]], possible[one["second"]]] if is_rc else None)
    assert "Rank" not in run(*COMPARE, *paths, "--format", "csv")[1]


def test_each_judge_has_its_ranks(tmp_path: Path, run: Run) -> None:
    for judge in "xy":
        for model, score in (("A", 0.25), ("B", 0.75)):
            better = score if judge == "x" else 1 - score
            records = [one_item(n, better, model, judge={"model": judge}) for n in range(12)]
            write(tmp_path / f"{model}-{judge}.jsonl", records)
    _, out, _ = run(*COMPARE, tmp_path)
    first, second = out.split("\nRanks by RC on the 12 rows scored for every model, judge ")[1:]
    assert first.splitlines()[4].startswith("B (B-x") and second.splitlines()[4].startswith("A (A-y")


def test_too_few_swaps_for_many_models_are_a_note(tmp_path: Path, run: Run) -> None:
    """Ten models need 899 swaps."""
    rng = random.Random(2)
    scores = {f"m{n}": [rng.choice([0.25, 0.5, 0.75]) for _ in range(12)] for n in range(10)}
    paths = files(tmp_path, scores)
    err = run("compare", "--resamples", "898", *paths)[2]
    assert "rank: 898 random swaps exclude no rank of 10 models: give --resamples 899 or more" in err
    assert "exclude no rank" not in run("compare", "--resamples", "899", *paths)[2]
