"""Rows drawn for people to label."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.data import read_annotations
from metajudge.errors import UsageError
from metajudge.reports.human.labels import RATIONALES
from metajudge.reports.human.sample import LabelSample, as_csv, label_sample
from metajudge.reports.score_table import ScoreTable
from metajudge.reports.scored_files import score_files
from tests.unit.result_rows import Run, failed, record, write

SCORES = [0.0, 0.25, 0.5, 0.75, 1.0]


def results(tmp_path: Path, model: str, rows: int = 30, **fields: Any) -> Path:
    """Write a file whose rows have two human items and three reasons."""
    records = [
        record(n, [[SCORES[n % 5], 0, 0], [0, 0, SCORES[(n + len(model)) % 5]]], model, domain=f"d{n % 2}", **fields)
        | {"question_id": f"{model} {n}"}
        for n in range(rows)
    ]
    return write(tmp_path / f"{model}.jsonl", records)


def tables(*paths: Path) -> list[ScoreTable]:
    return score_files(paths, RATIONALES)


def sample(tmp_path: Path, n: int = 12, seed: int = 0, **more: Any) -> LabelSample:
    return label_sample(tables(results(tmp_path, "A"), results(tmp_path, "BB")), n, seed, **more)


def test_the_rows_are_the_same_for_all_models_and_models_are_blinded(tmp_path: Path) -> None:
    """A row's models follow each other, in an order that differs; no name of a model is in a task."""
    found = sample(tmp_path)
    assert (found.rows, found.population, found.models, len(found.tasks)) == (12, 30, 2, 24)
    rows = [task["id"] for task in found.tasks]
    assert rows[::2] == rows[1::2] and len({*rows}) == 12
    firsts = {task["question_id"].split()[0] for task in found.tasks[::2]}
    assert firsts == {"A", "BB"}
    assert not any(
        "A-" in json.dumps(list(task)) or "BB" in json.dumps(task["model-checklist"]) for task in found.tasks
    )


def test_a_task_has_what_a_label_needs(tmp_path: Path) -> None:
    """Filled in, it is a label."""
    (task, *_) = sample(tmp_path).tasks
    assert task["annotator"] is None and task["marks"] is None and task["judge_shown"] is False
    assert (task["n_human"], task["n_model"]) == (2, 3) and 0 < task["probability"] < 1
    assert task["human-checklist"] == ["h", "h"] and task["model-checklist"] == ["s", "s", "s"]
    assert task["context"].startswith("question") and "judge_scores" not in task
    path = tmp_path / "labels.jsonl"
    path.write_text(json.dumps({**task, "annotator": "anna", "marks": [[2, 3, 1]]}), encoding="utf-8")
    (label,) = read_annotations([path]).rows
    assert label.matrix() == [[0, 0, 0], [0, 0, 1]] and label.probability == task["probability"]


def test_a_seed_repeats_the_drawing(tmp_path: Path) -> None:
    first, again, other = (sample(tmp_path, seed=seed) for seed in (1, 1, 2))
    assert first == again and first.tasks != other.tasks


def test_shown_scores_are_marked(tmp_path: Path) -> None:
    tasks = sample(tmp_path, show_judge=True).tasks
    assert all(task["judge_shown"] is True and len(task["judge_scores"]) == 2 for task in tasks)


def test_rows_of_one_model_alone_can_be_drawn_and_unscored_ones_cannot(tmp_path: Path) -> None:
    """A row that is scored for one model only has one task."""
    first = results(tmp_path, "A", 10)
    second = write(tmp_path / "BB.jsonl", [record(n, [[0.5]], "BB") for n in range(8, 12)] + [failed(20, "BB")])
    found = label_sample(tables(first, second), 99, 0)
    assert found.population == 12 and len(found.tasks) == 14
    assert {task["id"] for task in found.tasks} == {f"id{n}" for n in range(12)}
    assert {task["probability"] for task in found.tasks} == {1.0}


def test_people_see_the_reasons_that_the_judge_saw(tmp_path: Path) -> None:
    path = write(tmp_path / "A.jsonl", [record(n, [[0.5, 0, None]], "A", judge={"top_k": 2}) for n in range(3)])
    assert {task["n_model"] for task in label_sample(tables(path), 3, 0).tasks} == {2}


def test_a_spreadsheet_has_the_tasks_with_numbered_items(tmp_path: Path) -> None:
    """No cell is a formula, and a line that is filled in is a label."""
    records = [
        record(n, [[0.5, 0]], "A", response1="=1+1", context=[{"role": "user", "content": "Hi"}]) for n in range(3)
    ]
    path = tmp_path / "tasks.csv"
    tasks = label_sample(tables(write(tmp_path / "A.jsonl", records)), 3, 0).tasks
    lines = list(csv.DictReader(io.StringIO(as_csv(tasks).decode("utf-8-sig"))))
    assert len(lines) == 3 and lines[0]["model-checklist"] == "S1: s\nS2: s" and lines[0]["human-checklist"] == "R1: h"
    assert lines[0]["response1"] == "'=1+1" and lines[0]["context"] == "[user]\nHi" and lines[0]["annotator"] == ""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerows([{**lines[0], "annotator": "anna", "marks": "R1@S2: 0.25"}, lines[1]])
    path.write_text(text.getvalue(), encoding="utf-8")
    found = read_annotations([path])
    assert found.rows[0].marks == ((1, 2, 0.25),) and found.unlabelled == 1


def test_ids_that_look_like_numbers_come_back_from_a_spreadsheet(tmp_path: Path) -> None:
    """It would round sixteen digits: a quote before them makes them a text."""
    one = {**record(0, [[1.0]], "A"), "id": "1234567890123456", "question_id": "12345678901234e7"}
    path = tmp_path / "tasks.csv"
    path.write_bytes(as_csv(label_sample(tables(write(tmp_path / "A.jsonl", [one])), 1, 0).tasks))
    lines = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert (lines[0]["id"], lines[0]["question_id"]) == ("'1234567890123456", "'12345678901234e7")
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]))
    writer.writeheader()
    writer.writerow({**lines[0], "annotator": "anna", "marks": "R1@S1: 1"})
    path.write_text(text.getvalue(), encoding="utf-8")
    [row] = read_annotations([path]).rows
    assert (row.id, row.question_id) == (one["id"], one["question_id"])


def test_two_files_of_one_model_are_refused(tmp_path: Path) -> None:
    first, second = results(tmp_path, "A"), results(tmp_path, "B")
    other = write(tmp_path / "again.jsonl", [record(1, [[0.5]], "a")])
    with pytest.raises(UsageError, match="are both about a; name one file for each model"):
        label_sample(tables(first, second, other), 5, 0)


def test_a_row_twice_is_refused(tmp_path: Path) -> None:
    """A list has changed: nobody knows which of the two is meant."""
    path = write(tmp_path / "A.jsonl", [record(1, [[0.5]], "A"), record(1, [[0.5]], "A") | {"question_id": "other"}])
    with pytest.raises(UsageError, match="has row id1 twice"):
        label_sample(tables(path), 5, 0)


def test_nothing_scored_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no row is scored, so none can be drawn"):
        label_sample(tables(write(tmp_path / "A.jsonl", [failed(1, "A")])), 5, 0)


def test_the_command_writes_tasks_and_says_what_was_drawn(tmp_path: Path, run: Run) -> None:
    """It never replaces a file, which may hold labels."""
    files, output = (results(tmp_path, "A"), results(tmp_path, "BB")), tmp_path / "labels.jsonl"
    code, out, err = run("label-sample", *files, "--n", "12", "--output-file", output)
    assert (code, out) == (0, "") and "24 tasks (12 rows of 30 from 6 strata; 2 evaluated models)" in err
    assert len(output.read_text(encoding="utf-8").splitlines()) == 24
    code, _, err = run("label-sample", *files, "--output-file", output)
    assert code == 2 and "exists and may hold labels; name a new file" in err
    code, _, err = run("label-sample", *files, "--output-file", tmp_path / "labels.txt")
    assert code == 2 and "name an .html, .jsonl or .csv file" in err
    code, _, err = run("label-sample", *files, "--format", "csv", "--output-file", tmp_path / "labels.txt")
    assert code == 2 and "its name must end in .csv" in err
    assert run("label-sample", *files, "--format", "csv", "--output-file", tmp_path / "by_format.csv")[0] == 0
    assert run("label-sample", *files, "--format", "html", "--output-file", tmp_path / "page")[0] == 0
    assert (tmp_path / "page").read_text(encoding="utf-8").startswith("<!doctype html>")
    code, _, err = run("label-sample", *files, "--eval-model", "x", "--output-file", tmp_path / "more.csv")
    assert code == 2 and "no file has results of this judge" in err
