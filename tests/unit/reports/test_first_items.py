"""Scoring of the first model items only."""

from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import ScoreTable, score_file
from tests.unit.result_rows import Run, failed, one_item, record, write

MATRIX = [[0.0, 0.5, 1.0], [0.75, 0.0, 0.0]]


def scored(tmp_path: Path, one: dict[str, Any], top_k: int | None) -> ScoreTable:
    return score_file(write(tmp_path / "M.jsonl", [one]), ScoringConfig(top_k=top_k))


def test_a_cut_record_has_the_figures_of_a_shorter_list(tmp_path: Path) -> None:
    """All metrics, in every sample, are those of a judge that saw two items; the lists' key may be in capitals."""
    longer, shorter = (
        record(1, [row[:end] for row in MATRIX], more_samples=[[row[:end] for row in [[1, 1, 1], [0, 0.25, 1]]]])
        for end in (3, 2)
    )
    longer["metadata"]["M-Checklist"] = longer["metadata"].pop("M-checklist")
    cut, plain = scored(tmp_path, longer, 2), scored(tmp_path, shorter, None)
    for name, column in plain.columns.items():
        assert cut.columns[name].tolist() == pytest.approx(column.tolist(), nan_ok=True), name
    assert cut.columns["paper", "precision"][0] == pytest.approx((1.25 / 2 + 1.25 / 2) / 2)
    assert cut.columns["reference", "recall"][0] == 0.625
    assert cut.samples == plain.samples and cut.n_judged.tolist() == [2.0]
    assert scored(tmp_path, longer, 3).samples == scored(tmp_path, longer, None).samples


def test_a_record_of_best_scores_alone_is_refused_if_it_would_be_cut(tmp_path: Path, run: Run) -> None:
    """One line with the reason, exit 2. A list that the judge saw no more of is fine, as is a failed row."""
    path = write(tmp_path / "M.jsonl", [failed(1), record(2, MATRIX, row_granularity=True)])
    for command in ("report", "export"):
        code, out, err = run(command, path, "--top-k", "2")
        assert code == 2 and out == "" and err.count("\n") == 1
        assert f"{path}: --top-k 2 needs a score for every pair" in err and "granularity item" in err
    assert scored(tmp_path, record(2, MATRIX, row_granularity=True), 3).samples == [(0.875,)]
    saw = record(2, [[0.5, 0, 0]], row_granularity=True, judge={"top_k": 1})
    assert scored(tmp_path, saw, 2).samples == [(0.5,)]
    with pytest.raises(UsageError, match="`top_k` 1 needs"):
        scored(tmp_path, record(2, MATRIX, row_granularity=True), 1)


def test_models_with_more_reasons_are_named_once(tmp_path: Path, run: Run) -> None:
    """Above 10 % more, in report and compare; cut lists are alike."""
    longer = write(tmp_path / "L.jsonl", [record(n, [[0.5, 0.0, 0.25]], "L") for n in range(12)])
    shorter = write(tmp_path / "S.jsonl", [record(n, [[0.5, 0.0]], "S") for n in range(12)])
    note = "RC grows with the number of reasons, which differs (L 3.00, S 2.00 per row); --top-k cuts all lists alike"
    for command in ("report", "compare"):
        flags = ("--resamples", "100", longer, shorter)
        assert run(command, *flags)[2].count(note) == 1
        assert "RC grows" not in run(command, *flags, "--top-k", "2")[2]
    rows = [record(n, [[0.5] * (10 + (n == 0))], "T") for n in range(2)]  # 10.5 to 10
    files = [
        write(tmp_path / "T.jsonl", rows),
        write(tmp_path / "U.jsonl", [record(n, [[0.5] * 10], "U") for n in "01"]),
    ]
    assert "RC grows" not in run("report", "--resamples", "100", *files)[2]


def test_the_methods_paragraph_says_what_is_cut_and_what_is_a_bound(tmp_path: Path, run: Run) -> None:
    items = write(tmp_path / "I.jsonl", [record(n, MATRIX) for n in range(3)])
    rows = write(tmp_path / "R.jsonl", [record(n, [[0.5, 0], [0.5, 0]], row_granularity=True) for n in range(3)])
    paragraph = " ".join(run("report", "--methods", items, "--top-k", "2")[1].split())
    assert "the first 2 items counted" in paragraph and "bounds" not in paragraph
    paragraph = " ".join(run("report", "--methods", rows)[1].split())
    assert "RC is given by its bounds" in paragraph and "counted" not in paragraph


def test_a_list_of_one_item_is_exact(tmp_path: Path) -> None:
    """Nothing else can be matched."""
    assert not scored(tmp_path, {**one_item(1, 0.5), "score_matrix": None}, None).known_of(
        ("paper", "average_precision")
    )
