"""`--paper`: the reference's table with the paper's metrics beside it."""

import json
import re
from pathlib import Path

import pytest

from metajudge.cli import main
from tests.unit.result_rows import failed, one_item, record, write


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, list[str], str]:
    """`metajudge analysis …`: exit code, lines of stdout, stderr."""
    code = main(["analysis", *map(str, arguments)])
    out, err = capsys.readouterr()
    return code, out.splitlines(), err


def test_the_papers_columns_follow_the_references(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """[[1, .75], [.75, 0]]: recall .875, RC .75, AP 1, soft (.75 + .75) / 2, precision .75."""
    path = write(tmp_path / "M.jsonl", [record(1, [[1.0, 0.75], [0.75, 0.0]])])
    code, plain, _ = run(capsys, "--input-file", path)
    _, paper, _ = run(capsys, "--input-file", path, "--paper")
    del plain[4]  # the headings
    assert code == 0 and all(line.startswith(old) for line, old in zip([*paper[:4], *paper[6:]], plain, strict=True))
    assert paper[4].split() == ["Reference"] * 4 + ["One-to-one"] * 2
    assert re.split(" {2,}", paper[5].strip()) == [
        "Model", "precision", "recall", "F1", "AP", "Valid", "RC", "AP", "AP soft", "precision", "F1",
    ]  # fmt: skip
    assert [paper[4].index("One-to-one"), paper[4].rindex("One-to-one")] == [
        paper[5].rindex("precision"), paper[5].rindex("F1"),
    ]  # fmt: skip
    assert paper[7].split()[-5:] == ["0.7500", "1.0000", "0.7500", "0.7500", "0.7500"]
    assert len(set(map(len, [paper[1], *paper[3:7]]))) == 1


def test_rows_that_not_all_files_have_are_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A star at the number of valid rows, how many on stderr, and in JSON."""
    write(tmp_path / "A.jsonl", [one_item(n, 0.5, "A") for n in range(3)])
    write(tmp_path / "B.jsonl", [one_item(n, 0.5, "B") for n in range(5)])
    _, lines, err = run(capsys, "--input-dir", tmp_path, "--paper", "--output-file", tmp_path / "s.json")
    assert [line.split()[5] for line in lines[7:9]] == ["3", "5*"]
    assert "B.jsonl*: 2 rows of 5 not in all files" in err
    found = {row["model"]: row for row in json.loads((tmp_path / "s.json").read_text())}
    assert found["A"]["not_common_rows"] == 0 and found["B"]["not_common_rows"] == 2
    assert found["A"]["paper"]["rationale_consistency"] == 0.5


def test_a_file_without_a_scored_row_has_no_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """n/a, never 0."""
    code, lines, _ = run(capsys, "--input-file", write(tmp_path / "M.jsonl", [failed(1)]), "--paper")
    assert code == 1 and lines[7].split()[-5:] == ["n/a"] * 5


def test_lower_bounds_are_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """[[1, .75], [.75, 0]] from best scores alone: at least .5, AP at least .5, AP soft unknown."""
    path = write(tmp_path / "M.jsonl", [record(1, [[1.0, 0.75], [0.75, 0.0]], row_granularity=True)])
    _, lines, err = run(capsys, "--input-file", path, "--paper", "--output-file", tmp_path / "s.json")
    (line,) = (line for line in lines if line.startswith("M "))
    assert line.split()[-5:] == ["≥0.5000", "≥0.5000", "n/a", "≥0.5000", "≥0.5000"]
    assert len(line) == len(lines[1]) and "≥ marks a lower bound" in err
    (found,) = json.loads((tmp_path / "s.json").read_text())
    assert found["paper_lower_bounds"] == ["rationale_consistency", "average_precision", "precision", "f1"]
    assert found["paper"]["average_precision_soft"] is None
    exact = write(tmp_path / "E.jsonl", [record(1, [[1.0, 0.75], [0.75, 0.0]])])
    _, lines, err = run(capsys, "--input-file", exact, "--paper")
    assert "≥" not in "".join(lines) + err


def test_several_jobs_give_the_same_table_notes_and_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in "ABC":
        write(tmp_path / f"{name}.jsonl", [one_item(1, 0.5, name), failed(2, name)])
    one = run(capsys, "--input-dir", tmp_path, "--output-file", tmp_path / "one.json")
    two = run(capsys, "--input-dir", tmp_path, "--output-file", tmp_path / "two.json", "--jobs", "2")
    assert one == two and one[0] == 0 and one[2].count("1 status error") == 3
    assert (tmp_path / "one.json").read_text() == (tmp_path / "two.json").read_text()


def test_csv_has_the_columns_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / "M.jsonl", [one_item(1, 0.5)])
    _, lines, _ = run(capsys, "--input-file", path, "--paper", "--format", "csv")
    assert lines[0] == (
        "Model,Reference precision,Reference recall,Reference F1,Reference AP,Valid,RC,AP,AP soft,"
        "One-to-one precision,One-to-one F1"
    )
    assert lines[1] == "M,0.5000,0.5000,0.5000,0.5000,1,0.5000,1.0000,0.5000,0.5000,0.5000"


def test_a_file_of_two_judges_has_a_line_for_each(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures of `report`; no row of the one is missing from the other, and nothing mixes."""
    rows = [
        one_item(n, score, judge={"model": judge}) for n, (judge, score) in enumerate([("x", 1.0), ("y", 0.25)] * 3)
    ]
    rows[0] = {**rows[0], "status": "error"}
    path = write(tmp_path / "M.jsonl", rows)
    code, lines, err = run(capsys, path, "--paper", "--output-file", tmp_path / "s.json")
    assert code == 0 and "mix" not in err and "not in all files" not in err
    assert [(*line.split()[:3], *line.split()[6:8]) for line in lines if line.startswith("M (")] == [
        ("M", "(x)", "1.0000", "2", "1.0000"),
        ("M", "(y)", "0.2500", "3", "0.2500"),
    ]
    found = json.loads((tmp_path / "s.json").read_text())
    assert [(row["total_samples"], row["valid_samples"], row["judge_models"]) for row in found] == [
        (3, 2, ["x"]),
        (3, 3, ["y"]),
    ]
    main(["report", str(path), "--output-file", str(tmp_path / "r.json")])
    values = [row["paper"]["rationale_consistency"]["value"] for row in json.loads((tmp_path / "r.json").read_text())]
    assert [row["paper"]["rationale_consistency"] for row in found] == values
    capsys.readouterr()
    assert len(run(capsys, path, "--paper", "--eval-model", "y")[1]) == len(lines) - 1
    (mixed,) = [line for line in run(capsys, path)[1] if line.startswith("M ")]
    assert mixed.split()[5] == "5"
