"""People's labels beside result files: corrected figures in `report` and `compare`."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metajudge.errors import UsageError
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.human.labels import RATIONALES, corrected_difference, labels_of, read_human_labels
from metajudge.reports.model_rows import report_rows, shared_clusters
from metajudge.reports.report import report
from metajudge.reports.score_table import ScoreTable
from metajudge.reports.scored_files import score_files
from metajudge.text import columns
from tests.unit.result_rows import Run, failed, one_item, record, write

ROWS = 60
TRUTH = {"A": 0.75, "B": 0.5}


def people_say(model: str, row: int) -> float:
    """Return what people say about a row: the mean of a model, and .25 more or less in turn."""
    return TRUTH[model] + (0.25 if row % 2 else -0.25)


def judge_says(model: str, row: int) -> float:
    """Return what a judge says that is .25 too low for A, in three rows of four."""
    return people_say(model, row) - (0.25 if model == "A" and row % 4 else 0.0)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    return [
        write(
            tmp_path / f"{model}.jsonl",
            [one_item(n, judge_says(model, n), model) | {"question_id": f"{model} {n}"} for n in range(ROWS)],
        )
        for model in TRUTH
    ]


def label(model: str, row: int, score: float | None = None, annotator: str = "anna", **fields: Any) -> dict[str, Any]:
    value = people_say(model, row) if score is None else score
    return {
        "id": f"id{row}", "question_id": f"{model} {row}", "annotator": annotator, "marks": [[1, 1, value]],
        "probability": 0.5, "n_human": 1, "n_model": 1, **fields,
    }  # fmt: skip


def labelled(tmp_path: Path, labels: list[dict[str, Any]]) -> Path:
    return write(tmp_path / "labels.jsonl", labels)


def both(rows: range, **fields: Any) -> list[dict[str, Any]]:
    """Return labels of these rows for both models."""
    return [label(model, row, **fields) for row in rows for model in TRUTH]


def tables(files: list[Path]) -> list[ScoreTable]:
    return score_files(files, RATIONALES)


def test_labels_are_joined_by_row_and_question(tmp_path: Path, files: list[Path]) -> None:
    """The mean of annotators; a label with an unclear item has no rationale consistency."""
    labels = [
        label("A", 3, 0.5), label("A", 3, 1.0, "bob"), label("A", 4, 0.25), label("A", 4, 1, "bob", unclear=[1]),
        label("A", 5, 1, unclear=[1]), label("B", 3, 0),
    ]  # fmt: skip
    own = tables(files)
    found = labels_of(own[0], read_human_labels([labelled(tmp_path, labels)], own))
    assert {place: score for place, score in enumerate(found.scores) if not np.isnan(score)} == {3: 0.75, 4: 0.25}
    assert found.probabilities[3] == 0.5 and np.isnan(found.probabilities[5])


def test_a_label_is_cut_to_the_reasons_that_the_judge_saw(tmp_path: Path) -> None:
    """The third reason made the point, but the judge looked at two."""
    own = tables([write(tmp_path / "A.jsonl", [record(1, [[0.5, 0, None]], "A", judge={"top_k": 2})])])
    line = {"id": "id1", "question_id": "q1", "annotator": "a", "marks": [[1, 3, 1], [1, 1, 0.25]], "probability": 1}
    found = read_human_labels([labelled(tmp_path, [line | {"n_human": 1, "n_model": 3}])], own)
    assert labels_of(own[0], found).scores.tolist() == [0.25]


def test_a_label_of_a_row_that_is_not_there_is_refused(tmp_path: Path, files: list[Path]) -> None:
    """A label of another evaluated model's lists is left out, as its file may not be among them."""
    own = tables(files)
    with pytest.raises(UsageError, match=r"labels\.jsonl line 2: row id99 is in none of the result files; name"):
        read_human_labels([labelled(tmp_path, [label("A", 1), label("A", 99)])], own)
    assert len(read_human_labels([labelled(tmp_path, both(range(3)))], own[:1]).rows) == 3
    with pytest.raises(UsageError, match="no label is about the evaluated models of the files"):
        read_human_labels([labelled(tmp_path, [label("A", 1) | {"question_id": "x"}])], own)


def test_the_report_has_the_corrected_figure_beside_the_raw_one(tmp_path: Path, files: list[Path]) -> None:
    """A is judged .19 too low, B as people do: only A's figure changes."""
    labels = labelled(tmp_path, both(range(0, ROWS, 3)))
    found = report(files, resamples=200, human=labels)
    first, second = found.to_json()
    one, other = (row["rationale_consistency_corrected"] for row in (first, second))
    assert (one["rows"], one["labelled"]) == (60, 20)
    assert one["raw"] == pytest.approx(0.75 - 0.25 * 0.75)
    assert one["corrected"]["value"] == pytest.approx(0.75, abs=0.05)
    assert one["corrected"]["low"] > one["raw"]
    assert other["corrected"]["value"] == pytest.approx(other["raw"]) and other["tuning"] == pytest.approx(1)
    assert other["corrected"]["low"] < other["raw"] < other["corrected"]["high"]
    raw = report(files, resamples=200).to_json()
    assert raw[0]["rationale_consistency_corrected"] is None
    assert raw[0]["paper"] == first["paper"]
    assert "RC corrected for the judge's errors" in str(found)


def test_the_flag_takes_the_corrected_difference(tmp_path: Path, files: list[Path]) -> None:
    """By the judge A is .06 better than B, which is not surely above .05; by people it is .25."""
    own = tables(files)
    rule = FlagRule(accuracy_margin=0.05)
    raw = report_rows(own, rule, 500)
    labels = read_human_labels([labelled(tmp_path, both(range(0, ROWS, 2)))], own)
    found = report_rows(own, rule, 500, labels)
    assert [row.flag and row.flag.verdict for row in raw] == ["not flagged", "cannot tell at this n"]
    assert [row.flag and row.flag.verdict for row in found] == ["not flagged", "flagged"]
    flag = found[1].flag
    assert flag is not None and flag.is_corrected and flag.paired_consistency is not None
    assert found[0].flag is not None and found[0].flag.is_corrected
    assert flag.consistency_gap == pytest.approx(0.25, abs=0.05)
    assert flag.paired_consistency.least == pytest.approx(flag.consistency_gap)


def test_the_flag_is_the_judges_where_a_model_has_few_labels(tmp_path: Path, files: list[Path], run: Run) -> None:
    labels = labelled(tmp_path, [*both(range(9)), *(label("A", row) for row in range(9, 40))])
    code, out, err = run("report", *files, "--human", labels, "--resamples", "200")
    assert code == 0 and "some model has labels of fewer than 10 of its clusters" in err
    assert "B: 9 labelled rows: a corrected RC needs labels of 10 clusters" in err
    assert "RC is corrected by people's labels." not in out


def test_the_report_prints_a_table(tmp_path: Path, files: list[Path], run: Run) -> None:
    labels = labelled(tmp_path, both(range(0, ROWS, 3)))
    code, out, err = run("report", *files, "--human", labels, "--resamples", "200")
    assert code == 0 and "flag" not in err
    assert "RC corrected for the judge's errors by people's labels: cite it" in out
    assert "RC is corrected by people's labels." in " ".join(out.split())
    (line,) = [line for line in out.splitlines() if line.startswith("A ") and "20 of 60" in line]
    assert ".562 [" in line
    code, out, _ = run("report", *files, "--human", labels, "--resamples", "200", "--format", "csv")
    heading, first, _ = out.splitlines()
    assert heading.endswith("labelled,rationale_consistency_corrected,rationale_consistency_corrected_low,"
                            "rationale_consistency_corrected_high")  # fmt: skip
    assert first.split(",")[-4] == "20" and len(first.split(",")) == len(heading.split(","))
    _, out, _ = run("report", *files, "--human", labels, "--resamples", "200", "--methods")
    assert "RC was also corrected for the judge's errors by human labels" in " ".join(out.split())
    _, out, _ = run("report", *files, "--resamples", "200", "--format", "csv")
    assert "corrected" not in out


def test_differences_are_corrected_on_the_rows_labelled_for_both(tmp_path: Path, files: list[Path]) -> None:
    """Every label of A alone is left out."""
    own = tables(files)
    labels = [*both(range(0, ROWS, 3)), *(label("A", row) for row in range(1, ROWS, 3))]
    found = corrected_difference(
        own[0], own[1], read_human_labels([labelled(tmp_path, labels)], own), shared_clusters(own)[0]
    )
    assert (found.rows, found.labelled, found.raw) == (60, 20, pytest.approx(0.25 - 0.25 * 0.75))
    assert found.corrected.value == pytest.approx(0.25, abs=0.03)
    assert found.labels_alone.value == pytest.approx(0.25)


def test_files_in_another_order_have_the_same_difference(tmp_path: Path, files: list[Path]) -> None:
    """Rows are joined by id, and a row of one file alone has no difference."""
    lines = files[1].read_bytes().splitlines(keepends=True)
    files[1].write_bytes(b"".join(reversed(lines[5:])))
    own = tables(files)
    labels = read_human_labels([labelled(tmp_path, both(range(0, ROWS, 3)))], own)
    found = corrected_difference(own[0], own[1], labels, shared_clusters(own)[0])
    gaps = [judge_says("A", row) - judge_says("B", row) for row in range(5, ROWS)]
    assert (found.rows, found.labelled, found.raw) == (55, 18, pytest.approx(np.mean(gaps)))


def test_compare_prints_and_writes_the_corrected_difference(tmp_path: Path, files: list[Path], run: Run) -> None:
    labels, output = labelled(tmp_path, both(range(0, ROWS, 3))), tmp_path / "out.json"
    code, out, _ = run("compare", *files, "--human", labels, "--resamples", "200", "--output-file", output)
    assert code == 0 and "Differences in RC, A - B, corrected for the judge's errors by people's labels" in out
    with_labels = [one for one in json.loads(output.read_text(encoding="utf-8")) if "corrected" in one]
    assert [one["metric"]["name"] for one in with_labels] == ["rationale_consistency"]
    assert with_labels[0]["corrected"]["labelled"] == 20
    _, out, _ = run("compare", *files, "--human", labels, "--resamples", "200", "--format", "csv")
    assert "people's labels" not in out


def test_corrected_differences_are_shorter_where_the_terminal_is_narrow(
    tmp_path: Path, files: list[Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = labelled(tmp_path, both(range(0, ROWS, 3)))
    found = []
    for width in (80, 200):
        monkeypatch.setenv("COLUMNS", str(width))
        out = run("compare", *files, "--human", labels, "--resamples", "200")[1].split("\n\nMore: ")[0]
        assert max(map(columns, out.splitlines())) <= width
        found.append(out.split("people's labels")[1].splitlines()[-1].split())
    short, full = found
    assert short[:5] == full[:5] == ["A", "B", "20", "of", "60"]
    assert len(short[5]) == len("+.062") and float(short[5]) == pytest.approx(float(full[5]), abs=0.000501)


@pytest.mark.parametrize("command", ["report", "compare"])
def test_labels_with_the_judge_in_view_correct_nothing(
    tmp_path: Path, files: list[Path], run: Run, command: str
) -> None:
    labels = labelled(tmp_path, [*both(range(20)), label("A", 21, judge_shown=True)])
    code, _, err = run(command, *files, "--human", labels)
    assert code == 2 and "1 label made with the judge's scores in view, which cannot correct it" in err


def test_a_record_without_a_score_has_no_corrected_figure(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "A.jsonl", [failed(n, "A") | {"question_id": f"A {n}"} for n in range(12)])
    labels = labelled(tmp_path, [label("A", row) for row in range(12)])
    code, out, _ = run("report", path, "--human", labels, "--resamples", "100")
    assert code == 1 and "0 of 0" in out
