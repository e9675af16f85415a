"""Whole studies: one command from annotators' texts to report and page, against a real server."""

import json
import random
import re
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from metajudge.cli import main
from tests.e2e import driver
from tests.e2e.driver import records
from tests.e2e.studies import ScriptedStudy, table
from tests.servers import running

PRODUCTS = {"report.json", "report.txt", "page.html", "overall_compare.png"}


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running("tests.servers.scripted", "--latency", "0.02") as url:
        yield url


def test_the_file_of_init_runs_offline_and_a_second_run_asks_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No key and no network: the embedded judge and two models whose checklists are in the example rows."""
    monkeypatch.chdir(tmp_path)
    assert main(["study", "init"]) == 0
    assert "python3 -m metajudge study study.toml" in capsys.readouterr().out
    assert main(["study", "check", "study.toml"]) == 0
    planned = capsys.readouterr().out
    assert re.search(r"^judge model-low_deceptive_alignment +10 +50 ", planned, re.MULTILINE), planned
    first = driver.metajudge("study", "study.toml", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    assert "judge model-high_deceptive_alignment: 10 done, 0 done before; 50 requests" in first.stderr
    assert {path.name for path in (tmp_path / "study").iterdir() if path.is_file()} == PRODUCTS
    report = json.loads((tmp_path / "study" / "report.json").read_text())
    assert [row["model"] for row in report] == ["model-low_deceptive_alignment", "model-high_deceptive_alignment"]
    assert (tmp_path / "study" / "report.txt").read_text().strip() in first.stdout
    assert main(["study", "study.toml"]) == 0
    assert capsys.readouterr().err.count("0 done, 10 done before; 0 requests") == 2
    assert main(["study", "init"]) == 2 and "study.toml exists already" in capsys.readouterr().err


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
    struck = [study.kill(rng) for _ in range(kills)]
    assert all(struck), "the study ended before all kills were spent"
    assert study.run_here() == 0
    check_whole(study)
    assert not study.unexcused()
    in_flight = study.concurrent * (study.models + 1)
    questions = len(study.history())
    assert questions == study.rows * (1 + study.models + 2 * study.models)
    assert len(study.asked()) - questions <= kills * in_flight
    before = study.asked()
    study.models += 1
    assert study.run_here() == 0
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


def test_controls_and_the_human_reference_are_in_the_report(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Annotators' lists are made in a second decomposition and judged once for all models."""
    study = ScriptedStudy(tmp_path, server, models=2, rows=10)
    assert study.run_here(more="[control]\nkinds = ['other-row', 'sides-exchanged']\n\n[human-reference]\n") == 0
    report = json.loads((study.output / "report.json").read_text())
    for row in report:
        assert [one["kind"] for one in row["controls"]] == ["other-row", "sides-exchanged", "human-reference"]
        assert all(one["n"] for one in row["controls"])
    # Three annotators in ten rows, and each model's reasons against the points of each: the annotators once only.
    done = re.findall(r"human-reference critic-\d: (\d+ done, \d+ done before)", capsys.readouterr().err)
    assert sorted(done) == ["30 done, 30 done before", "60 done, 0 done before"]
    assert study.run_here(more="[control]\n\n[human-reference]\n") == 0
    errors = capsys.readouterr().err
    assert errors.count(" 0 requests, ") == errors.count("done before") == 12, errors


def test_the_kinds_of_reasons_are_in_the_report_and_the_page(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The judge is asked about each reason once; a second picture has classes and flaws."""
    study = ScriptedStudy(tmp_path, server, models=2, rows=10, above="flaws = true")
    assert study.run_here() == 0
    output = capsys.readouterr()
    assert "flaws critic-1: 10 done, 0 done before; 20 requests" in output.err, output.err
    assert "Kinds of reasons" in output.out
    report = json.loads((study.output / "report.json").read_text())
    assert [one["reasons"] for row in report for one in row["flaws"]] == [20, 20]
    assert (study.output / "flaws_compare.png").exists()
    assert study.run_here() == 0
    errors = capsys.readouterr().err
    assert errors.count(" 0 requests, ") == errors.count("done before") == 7, errors


def test_a_stopped_study_lets_replies_arrive_and_goes_on(tmp_path: Path) -> None:
    """SIGINT ends it with 130 and one line; nothing is asked again."""
    with running("tests.servers.scripted", "--latency", "0.3") as url:
        study = ScriptedStudy(tmp_path, url, models=2, rows=12)
        study.write()
        process = driver.start([sys.executable, "-m", "metajudge", "study", str(study.file)])
        driver.until(lambda: len(study.asked()) >= 12 + 3)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 130 and "Run the same command again to go on." in errors, errors
        assert "Traceback" not in errors and not (study.output / "report.json").exists()
        assert study.run().returncode == 0
        check_whole(study)
        times = [[one for name, found in study.history().items() if name.startswith(f"critic-{n} ") for one in found]
                 for n in (1, 2)]  # fmt: skip
        first, second = ((min(one["asked"] for one in own), max(one["replied"] for one in own)) for own in times)
        assert first[0] < second[1] and second[0] < first[1], "the models are asked at the same time"
        assert max(map(len, study.history().values())) == 1


def test_the_bound_on_the_cost_holds_over_all_stages(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A reply costs 110 tokens: .0001 at the file's prices. The next run, with more money, ends the study."""
    study = ScriptedStudy(tmp_path, server, models=2, rows=10)
    before = len(study.asked())
    assert study.run_here("--max-cost", "0.006") == 1
    assert "could exceed --max-cost 0.006" in capsys.readouterr().err
    spent = (len(study.asked()) - before) * 110 / 1e6
    assert 0.002 < spent <= 0.006
    assert study.run_here("--max-cost", "1") == 0
    check_whole(study)


def test_a_model_that_does_not_answer_leaves_the_others_their_report(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code says that something is left; `study check` has named the endpoint before."""
    dead = table("models", name="dead", model="dead", api_base="http://127.0.0.1:9/v1", outage_timeout=0.1)
    study = ScriptedStudy(tmp_path, server, models=2, rows=10)
    study.write(dead)
    assert main(["study", "check", str(study.file)]) == 1
    checked = capsys.readouterr().out
    assert "dead: dead at http://127.0.0.1:9/v1: error: " in checked, checked
    assert "critic-1: critic-1 at " in checked and "answers in" in checked
    assert study.run_here(more=dead) == 1
    assert "Some stages are not complete (critic dead)" in capsys.readouterr().err
    check_whole(study)


def test_a_judge_that_is_gone_is_waited_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The stages behind the first one are not begun; the exit code says that something is left."""
    monkeypatch.chdir(tmp_path)
    assert main(["study", "init"]) == 0
    file = tmp_path / "study.toml"
    dead = 'model = "x"\napi_base = "http://127.0.0.1:9/v1"\noutage_timeout = 0.2'
    file.write_text(file.read_text().replace('model = "embedded"', dead))
    assert main(["study", "study.toml"]) == 1
    errors = capsys.readouterr().err
    assert errors.count("; holding new questions") == 1, errors
    assert "judge model-high_deceptive_alignment: error: not begun: the judge stopped before" in errors
    assert "no report: nothing has been judged" in errors and not (tmp_path / "study" / "report.json").exists()


def test_the_plan_counts_what_the_run_then_asks(
    tmp_path: Path, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before the first run the judge's requests are an estimate; afterwards nothing remains."""
    study = ScriptedStudy(tmp_path, server, models=2, rows=10)
    study.write()

    def planned() -> dict[str, list[str]]:
        assert main(["study", str(study.file), "--dry-run"]) == 0
        text = capsys.readouterr().out
        assert "Dry run: nothing was sent or written." in text
        return {cells[0]: cells[1:4] for cells in (re.split(r"  +", line) for line in text.splitlines())}

    rows = planned()
    assert rows["decompose"][:2] == ["10", "10"] and rows["critic critic-1"][:2] == ["10", "about 10"]
    assert rows["judge critic-1"][:2] == ["10", "about 50"]
    assert not study.output.exists()
    assert main(["study", str(study.file)]) == 0
    capsys.readouterr()
    rows = planned()
    assert [rows[name][:2] for name in ("decompose", "critic critic-1", "judge critic-1")] == [["0", "0"]] * 3


def test_the_gate_of_continuous_integration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 1 where a figure surely misses its bound, 0 with a warning where nobody knows."""
    monkeypatch.chdir(tmp_path)
    assert main(["study", "init"]) == 0
    low = "model-low_deceptive_alignment"

    def gate(*flags: str) -> tuple[int, str]:
        return main(["study", "study.toml", *flags]), capsys.readouterr().err

    met = gate("--require", f"rc({low}) >= 0.1", "--require", f"oa({low}) >= 0.5")
    assert met[0] == 0 and met[1].count(": met: ") == 2
    code, errors = gate("--require", f"rc({low}) >= 0.35")
    assert code == 0 and f"warning: rc({low}) >= 0.35: cannot tell: " in errors and "rows would tell" in errors
    assert gate("--require", f"rc({low}) >= 0.9")[0] == 1
    (tmp_path / "study").rename(tmp_path / "old")
    code, errors = gate("--baseline", "old/report.json", "--no-worse-than", "rc:0.02")
    assert code == 0 and errors.count(": met: ") == 2, errors
    file = tmp_path / "study.toml"
    worse = (tmp_path / "rows.jsonl").read_text().replace(low, "kept").replace("model-high", "model-low")
    (tmp_path / "rows.jsonl").write_text(worse)
    file.write_text(file.read_text().replace('[[models]]\nname = "model-high_deceptive_alignment"\n', ""))
    code, errors = gate("--baseline", "old", "--no-worse-than", "rc:0.02")
    assert code == 1 and f"rc({low}) no worse than 0.02 below the baseline: missed: -0." in errors, errors


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["study.toml", "x"], "name one file, as in: study study.toml"),
        (["check"], "name one file, as in: study check study.toml"),
        (["missing.toml"], "missing.toml does not exist; `study init missing.toml` writes one to start from"),
        (["init", "study.tml"], "study.tml: the name must end in .toml"),
        (["study.toml", "--require", "rc >= 1"], "--require rc >= 1: write it as in"),
        (
            ["study.toml", "--require", "rc(model-low_deceptive_alignmen) >= 1"],
            "did you mean model-low_deceptive_alignment?",
        ),
        (["study.toml", "--baseline", "old"], "--baseline and --no-worse-than go together"),
        (["study.toml", "--no-worse-than", "rc:0.1"], "--baseline and --no-worse-than go together"),
        (["study.toml", "--baseline", "old", "--no-worse-than", "rc:0.1"], "--baseline old/report.json does not exist"),
        (["study.toml", "--max-cost", "-1"], "argument --max-cost: '-1' is not"),
    ],
)
def test_bad_words_get_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """The exit code is 2, and nothing is asked or written."""
    monkeypatch.chdir(tmp_path)
    assert main(["study", "init"]) == 0
    (tmp_path / "old").mkdir()
    capsys.readouterr()
    try:
        code: object = main(["study", *words])
    except SystemExit as end:
        code = end.code
    error = capsys.readouterr().err
    assert code == 2 and message in error and error.count("\n") == 1, error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["old", "rows.jsonl", "study.toml"]
