"""The page on which people label rows: its data, its policy, and the command that writes it."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.errors import UsageError
from metajudge.reports.human.labels import RATIONALES
from metajudge.reports.human.sample import label_sample
from metajudge.reports.page import label_page as module
from metajudge.reports.page.label_page import label_page
from metajudge.reports.scored_files import score_files
from tests.servers import ROOT
from tests.unit.reports.page.reading import check_policy, data_of
from tests.unit.result_rows import record, write

EXAMPLE = ROOT / "example" / "deceptive_60samples"


def results(folder: Path, model: str, **fields: Any) -> Path:
    texts = {"response1": "one", "response2": "two", "context": [{"role": "user", "content": "question"}], **fields}
    records = [
        record(number, [[number / 8, 0]], model, **texts) | {"question_id": f"{model} {number}"} for number in range(9)
    ]
    return write(folder / f"{model}.jsonl", records)


def page_of(folder: Path, *flags: str) -> Path:
    output = folder / "labels.html"
    files = [results(folder, "alpha"), results(folder, "beta")]
    assert main(["label-sample", *map(str, files), "--output-file", str(output), "--n", "6", *flags]) == 0
    return output


def test_the_page_has_the_drawn_tasks_and_no_score(tmp_path: Path) -> None:
    """Rows are numbered, lists of one row follow each other; models have no name and the judge no voice."""
    found = data_of(page_of(tmp_path))["labels"]
    tasks = found["tasks"]
    assert found["rows"] == 6 and [task["row"] for task in tasks] == [n for n in range(1, 7) for _ in range(2)]
    assert [task["list"] for task in tasks] == [[1, 2], [2, 2]] * 6
    assert all(task["judge"] is None for task in tasks) and not found["judge_shown"]
    assert tasks[0]["context"] == [["user", "question"]] and tasks[0]["responses"] == ["one", "two"]
    assert all(0 < task["probability"] <= 1 for task in tasks)
    assert not re.search(r"-checklist|-label|alpha-|beta-", json.dumps(tasks))


def test_a_prompt_of_another_name_is_the_conversation(tmp_path: Path) -> None:
    """Rows need not have `context`: every command reads the same fields."""
    file = results(tmp_path, "M", context=None, prompt="from the prompt")
    page = tmp_path / "page.html"
    page.write_bytes(label_page(label_sample(score_files([file], RATIONALES), 4, 0).tasks))
    assert data_of(page)["labels"]["tasks"][0]["context"][0][1] == "from the prompt"


def test_shown_scores_are_in_the_page_that_says_so(tmp_path: Path) -> None:
    """Labels of a blind page are never kept under the name of one that shows scores."""
    shown = data_of(page_of(tmp_path, "--show-judge"))["labels"]
    assert shown["judge_shown"] and all(len(task["judge"][0]) == 2 for task in shown["tasks"])
    (tmp_path / "labels.html").unlink()
    blind = data_of(page_of(tmp_path))["labels"]
    assert blind["key"] != shown["key"]
    (tmp_path / "labels.html").unlink()
    assert data_of(page_of(tmp_path))["labels"]["key"] == blind["key"]
    (tmp_path / "labels.html").unlink()
    assert data_of(page_of(tmp_path, "--seed", "7"))["labels"]["key"] != blind["key"]


def test_the_policy_names_the_hashes_of_program_and_style_alone(tmp_path: Path) -> None:
    """Computed from the page as it was written."""
    script = check_policy(page_of(tmp_path))
    assert script.endswith("startLabels();\n") and "\nstart();" not in script


def test_hostile_texts_are_data(tmp_path: Path) -> None:
    """Closing tags and lone surrogates: an element is letters of Base64, and comes back as it was."""
    hostile = "</script><script>x</script><!-- \ud800 \u2028"
    file = results(tmp_path, "M", response1=hostile, **{"human-checklist": [hostile]})
    page = tmp_path / "page.html"
    page.write_bytes(label_page(label_sample(score_files([file], RATIONALES), 4, 0).tasks))
    assert page.read_text(encoding="utf-8").count("</script>") == 2
    (task, *_) = data_of(page)["labels"]["tasks"]
    assert task["human"] == [hostile] and task["responses"] == [hostile, "two"]


def test_a_page_that_no_browser_should_open_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message says what to do."""
    monkeypatch.setattr(module, "LONGEST_PAGE", 1_000)
    tasks = label_sample(score_files([results(tmp_path, "M")], RATIONALES), 4, 0).tasks
    with pytest.raises(UsageError, match="draw fewer rows"):
        label_page(tasks)


def test_a_page_that_may_hold_labels_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A browser keeps labels under the page's tasks, and a person may have the page open."""
    output = page_of(tmp_path)
    files = [str(tmp_path / "alpha.jsonl"), str(tmp_path / "beta.jsonl")]
    assert main(["label-sample", *files, "--output-file", str(output)]) == 2
    assert "name a new file" in capsys.readouterr().err


def test_the_example_labels_are_of_the_rows_that_the_command_draws() -> None:
    """`label-sample --n 30 --seed 20`: the same tasks, probabilities and lengths of lists, in the same order."""
    tasks = label_sample(score_files(sorted(EXAMPLE.glob("*.jsonl")), RATIONALES), 30, 20).tasks
    lines = (ROOT / "example" / "labels_60samples.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [json.loads(line) for line in lines]
    fields = ("id", "question_id", "probability", "judge_shown", "n_human", "n_model")
    assert [[task[name] for name in fields] for task in tasks] == [[one[name] for name in fields] for one in labels]
