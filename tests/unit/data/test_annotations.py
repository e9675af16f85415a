"""Label files of people."""

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from metajudge.data import Annotations, read_annotations
from metajudge.errors import UsageError

LABEL: dict[str, Any] = {
    "id": "r1", "question_id": "q1", "annotator": "anna", "marks": [[1, 2, 0.75], [3, 1, 1]], "unclear": [],
    "seconds": 41.5, "probability": 0.25, "judge_shown": False, "n_human": 3, "n_model": 2,
}  # fmt: skip


def label(**fields: Any) -> dict[str, Any]:
    return {**LABEL, **fields}


def written(path: Path, labels: Iterable[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in labels), encoding="utf-8")
    return path


def read(tmp_path: Path, *labels: dict[str, Any]) -> Annotations:
    return read_annotations([written(tmp_path / "labels.jsonl", labels)])


def test_a_label_becomes_a_matrix(tmp_path: Path) -> None:
    """What is not marked is 0; an unclear item has no scores."""
    found = read(tmp_path, label(), label(id="r2", unclear=[3], marks=[[1, 2, 0.75], [3, 1, 1], [2, 1, 0]]))
    first, second = found.rows
    assert first.matrix() == [[0, 0.75], [0, 0], [1, 0]]
    assert second.matrix() == [[0, 0.75], [0, 0], [None, None]] and second.marks == ((1, 2, 0.75), (3, 1, 1.0))
    assert (first.annotator, first.probability, first.seconds, first.judge_shown) == ("anna", 0.25, 41.5, False)
    assert (first.line, second.line) == (1, 2)


def test_tasks_without_an_annotator_are_counted(tmp_path: Path) -> None:
    found = read(tmp_path, label(), label(id="r2", annotator=None, marks=None), label(id="r3", annotator=""))
    assert (len(found.rows), found.unlabelled) == (1, 2)


def test_several_files_and_annotators_are_read_together(tmp_path: Path) -> None:
    paths = [written(tmp_path / f"{name}.jsonl", [label(annotator=name)]) for name in ("zoe", "anna")]
    assert read_annotations(paths).annotators == ["zoe", "anna"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_spreadsheet_says_the_same(tmp_path: Path, delimiter: str) -> None:
    """As texts, with the byte order mark and the delimiters that spreadsheets write; blank lines are left out."""
    cells = {**LABEL, "marks": "R1@S2: 0.75; R3@S1: 1", "unclear": "R2", "judge_shown": "FALSE", "note": "a, b; c"}
    path = tmp_path / "labels.csv"
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, [*cells], delimiter=delimiter)
        writer.writeheader()
        writer.writerow(cells)
        writer.writerow(dict.fromkeys(cells, ""))
        writer.writerow({**cells, "id": "r2", "marks": "R1 @ S1:1\nR2@S2: .5", "unclear": "", "seconds": ""})
        writer.writerow({**cells, "id": "r3", "marks": "", "annotator": ""})
        writer.writerow({**cells, "id": "r4", "marks": ""})
    first, second, third = read_annotations([path]).rows
    assert (first.marks, first.unclear, first.n_human, first.probability) == (
        ((1, 2, 0.75), (3, 1, 1.0)),
        (2,),
        3,
        0.25,
    )
    assert second.marks == ((1, 1, 1.0), (2, 2, 0.5)) and second.seconds is None
    assert third.id == "r4" and third.marks == ()


def test_a_spreadsheet_may_write_numbers_with_a_comma(tmp_path: Path) -> None:
    """As in many languages, with semicolons between the cells; letters may be small."""
    path = tmp_path / "labels.csv"
    line = 'r1;q1;anna;"r1@s2: 0,75; R3@S1: 1,0";r2;41,5;0,25;FALSE;3;2'
    path.write_text(f"{';'.join(LABEL)}\n{line}\n", encoding="utf-8")
    [row] = read_annotations([path]).rows
    assert row.marks == ((1, 2, 0.75), (3, 1, 1.0)) and row.unclear == (2,)
    assert (row.probability, row.seconds) == (0.25, 41.5)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"marks": [[1, 3, 1]]}, "has the marks [[1, 3, 1]]; R is 1..3, S is 1..2, the score 0, 0.25, 0.5, 0.75 or 1"),
        ({"marks": [[0, 1, 1]]}, "R is 1..3"),
        ({"marks": [[1, 1, 0.3]]}, "the score 0, 0.25"),
        ({"marks": [[1, 1, True]]}, "the score 0, 0.25"),
        ({"marks": [[1, 1, 1], [1, 1, 0.5]]}, "R1@S1 occurs twice"),
        ({"marks": None}, "has no marks; it is a list of [R, S, score]"),
        ({"marks": [[1, 1]]}, "it is a list of [R, S, score]"),
        ({"unclear": [4]}, "has the unclear [4]; it is a list of human items within 1..3"),
        ({"unclear": "R1"}, "it is a list of human items"),
        (
            {"probability": None},
            "has no probability; it is above 0 and at most 1; label rows that label-sample has drawn",
        ),
        ({"probability": 0}, "has the probability 0; it is above 0"),
        ({"probability": 1.5}, "it is above 0 and at most 1"),
        ({"probability": True}, "it is above 0 and at most 1"),
        ({"judge_shown": "yes"}, "has the judge_shown yes; it is true or false"),
        ({"n_human": 0}, "has the n_human 0; it is a whole number from 1 up"),
        ({"n_model": 1.5}, "it is a whole number from 0 up"),
        ({"id": " "}, "it is a text that is not empty"),
        ({"annotator": 7}, "has the annotator 7"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, fields: dict[str, Any], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read(tmp_path, label(id="r0"), label(**fields))
    assert f"{tmp_path}/labels.jsonl line 2 " in str(caught.value) and said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_wrong_cell_of_a_spreadsheet_is_named(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    names = ",".join(LABEL)
    for cell, said in (("R1@S2 0.75", "has the marks R1@S2 0.75; it is"), ("R1@S9: 1", "S is 1..2")):
        path.write_text(f"{names}\nr1,q1,anna,{cell},,,0.5,,3,2\n", encoding="utf-8")
        with pytest.raises(UsageError, match=said.replace(".", r"\.")):
            read_annotations([path])
    path.write_text(f"{names}\nr1,q1,anna,,R2 R3,,0.5,,3,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has the unclear R2 R3"):
        read_annotations([path])
    path.write_text(f"{names}\nr1,q1,anna,,,,half,,3,2\n", encoding="utf-8")
    with pytest.raises(UsageError, match="has the probability half"):
        read_annotations([path])
    path.write_bytes(names.encode() + b"\n\xff\n")
    with pytest.raises(UsageError, match="is no CSV text in UTF-8"):
        read_annotations([path])
    with pytest.raises(UsageError, match="does not exist"):
        read_annotations([tmp_path / "none.csv"])


def test_two_labels_of_one_annotator_for_a_row_are_refused(tmp_path: Path) -> None:
    """Those for another model are not two."""
    assert len(read(tmp_path, label(), label(question_id="q2")).rows) == 2
    with pytest.raises(UsageError) as caught:
        read(tmp_path, label(), label(annotator="bob"), label(marks=[]))
    assert "line 3: anna has labelled row r1 before" in str(caught.value)
    assert "labels.jsonl line 1); keep one label, or name only the latest export" in str(caught.value)


def test_rows_of_two_drawings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        UsageError, match=r"line 2: row r1 has the probability 0\.5, but 0\.25 in .* line 1; use labels"
    ):
        read(tmp_path, label(), label(annotator="bob", probability=0.5))


def test_a_probability_that_a_spreadsheet_has_rounded_is_the_same(tmp_path: Path) -> None:
    """It keeps nine digits or so of 1/3; the other annotator's file has all."""
    found = read(tmp_path, label(probability=0.333333333), label(annotator="bob", probability=1 / 3))
    assert len(found.rows) == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no row is labelled yet (0 tasks); fill in `annotator` and `marks`"),
        (json.dumps(label(annotator=None)), "no row is labelled yet (1 task)"),
        ('{"id": "a", "status": "success", "samples": []}', "line 1 has no question_id and no annotator and no marks"),
        ("not JSON", "line 1 is not JSON"),
        ("[1]", "line 1 is a JSON"),
    ],
)
def test_a_file_of_another_kind_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        read_annotations([path])
    assert said in str(caught.value) and "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist"):
        read_annotations([tmp_path / "none.jsonl"])
