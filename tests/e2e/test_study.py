"""Whole studies: one command from annotators' texts to report and page, against a real server."""

import json
import random
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e import driver
from tests.e2e.driver import records
from tests.e2e.studies import ScriptedStudy
from tests.servers import running

PRODUCTS = {"report.json", "report.txt", "page.html", "overall_compare.png"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running("tests.servers.scripted", "--latency", "0.02") as url:
        yield url


def test_the_file_of_init_runs_offline_and_a_second_run_asks_nothing(tmp_path: Path) -> None:
    """No key and no network: the embedded judge and two models whose checklists are in the example rows."""
    begun = driver.metajudge("study", "init", cwd=tmp_path)
    assert begun.returncode == 0 and "python3 -m metajudge study study.toml" in begun.stdout
    planned = driver.metajudge("study", "check", "study.toml", cwd=tmp_path)
    assert planned.returncode == 0
    assert re.search(r"^judge model-low_deceptive_alignment +10 +50 ", planned.stdout, re.MULTILINE), planned.stdout
    first = driver.metajudge("study", "study.toml", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "judge model-high_deceptive_alignment: 10 done, 0 done before; 50 requests" in first.stderr
    assert {path.name for path in (tmp_path / "study").iterdir() if path.is_file()} == PRODUCTS
    report = json.loads((tmp_path / "study" / "report.json").read_text())
    assert [row["model"] for row in report] == ["model-low_deceptive_alignment", "model-high_deceptive_alignment"]
    assert (tmp_path / "study" / "report.txt").read_text().strip() in first.stdout
    second = driver.metajudge("study", "study.toml", cwd=tmp_path)
    assert second.returncode == 0 and second.stderr.count("0 done, 10 done before; 0 requests") == 2
    again = driver.metajudge("study", "init", cwd=tmp_path)
    assert again.returncode == 2 and "study.toml exists already" in again.stderr


def check_whole(study: ScriptedStudy) -> None:
    """Fail unless every row of every model is judged once and report and page are there."""
    for number in range(1, study.models + 1):
        judged = records(study.judge_folder() / f"critic-{number}.jsonl")
        contexts = [one["metadata"]["context"] for one in judged if one["status"] == "success"]
        assert Counter(contexts) == Counter({f"question {n}": 1 for n in range(study.rows)})
    assert {path.name for path in study.output.iterdir() if path.is_file()} == PRODUCTS
    report = json.loads((study.output / "report.json").read_text())
    assert [(row["model"], row["n"]) for row in report] == [
        (f"critic-{number}", study.rows) for number in range(1, study.models + 1)
    ]


def storm(study: ScriptedStudy, kills: int) -> None:
    """Kill a study, let it end, and add a model."""
    rng = random.Random(study.rows)
    assert all([study.kill(rng) for _ in range(kills)]), "the study ended before all kills were spent"
    end = study.run()
    assert end.returncode == 0, end.stdout + end.stderr
    check_whole(study)
    assert not study.unexcused()
    in_flight = study.concurrent * (study.models + 1)
    questions = len(study.history())
    assert questions == study.rows * (1 + study.models + 2 * study.models)
    assert len(study.asked()) - questions <= kills * in_flight
    before = study.asked()
    study.models += 1
    more = study.run()
    assert more.returncode == 0, more.stdout + more.stderr
    check_whole(study)
    added = [question for question, history in study.history().items() if history[-1]["run"] == str(study.runs)]
    assert len(study.asked()) - len(before) == len(added) == 3 * study.rows
    own = [question for question in added if question.startswith(f"critic-{study.models} ")]
    assert len(own) == study.rows and not study.unexcused()


def test_a_study_killed_twice_asks_again_only_what_was_in_flight(tmp_path: Path) -> None:
    """Two models and 16 rows; a third model asks only its own questions."""
    with running("tests.servers.scripted", "--latency", "0.08") as url:
        storm(ScriptedStudy(tmp_path, url, models=2, rows=16), kills=2)


@pytest.mark.slow
def test_a_study_of_five_models_killed_ten_times_asks_again_only_what_was_in_flight(tmp_path: Path) -> None:
    """Five models and 60 rows; a sixth model asks only its own questions."""
    with running("tests.servers.scripted", "--latency", "0.06") as url:
        storm(ScriptedStudy(tmp_path, url, models=5, rows=60), kills=10)
