"""The chain from raw preference data to the table. Each step is a process against a real server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from tests.e2e import driver
from tests.e2e.driver import analysis, infer, log, records, until
from tests.servers import ROOT, running

RAW = ROOT / "example" / "raw_preferences_5samples.jsonl"


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with running("tests.servers.scripted") as url:
        yield url


def command(step: str, source: Path, out: Path, url: str, *flags: str) -> list[str]:
    files = ["--input-file", str(source), "--output-file", str(out), "--api-base", url, "--model", "scripted"]
    return [sys.executable, "-m", "metajudge", step, *files, *flags]


def run(step: str, source: Path, out: Path, url: str, *flags: str) -> subprocess.CompletedProcess[str]:
    return driver.run(*command(step, source, out, url, *flags))


@pytest.fixture(scope="module")
def decomposed(model: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Decompose the example once; its output."""
    out = tmp_path_factory.mktemp("decomposed") / "rows.jsonl"
    result = run("decompose", RAW, out, model)
    assert result.returncode == 0, result.stderr
    assert "(5 success); the replies in rows.jsonl.records" in result.stdout
    assert f"Next      python3 -m metajudge critic --input-file {out} --name NAME" in result.stdout
    return out


def test_the_whole_chain_on_the_example(model: str, decomposed: Path, tmp_path: Path) -> None:
    """Each command reads the output of the one before. The table has the model with five rows."""
    flags = ("--name", "my-model", "--orders", "both", "--top-k", "5")
    second = run("critic", decomposed, tmp_path / "judged.jsonl", model, *flags)
    assert second.returncode == 0, second.stderr
    assert "5 consistent in both orders" in second.stdout
    third = infer(tmp_path / "judged.jsonl", tmp_path / "results.jsonl", model, model="my-model")
    assert third.returncode == 0 and "Rows      5 judged" in third.stdout
    table = analysis("--input-file", str(tmp_path / "results.jsonl"))
    assert table.returncode == 0 and "my-model" in table.stdout and " 5 " in table.stdout.splitlines()[6]


def test_the_output_has_every_row_in_order_with_what_became_of_it(decomposed: Path) -> None:
    """A row keeps its fields and gains the checklist, the ignored texts and the stamp."""
    raw, rows = records(RAW), records(decomposed)
    assert [{key: row[key] for key in before} for before, row in zip(raw, rows, strict=True)] == raw
    for row in rows:
        stamp = row["metajudge"]
        assert [stamp[key] for key in ("step", "status", "model", "items")] == ["decompose", "success", "scripted", 5]
        assert len(row["human-checklist"]) == 5 and row["human-ignored"] == []
    assert {doubt["reason"] for row in rows for doubt in row["metajudge"].get("doubts", [])} <= {
        "duplicate", "preference", "unsupported",
    }  # fmt: skip


def test_bounds_change_the_status_without_asking_again(model: str, decomposed: Path, tmp_path: Path) -> None:
    """A row with too many points has no checklist. A later run with wider bounds needs no request."""
    out = shutil.copytree(decomposed.parent, tmp_path / "copy") / "rows.jsonl"
    before = log(model)["asked"]
    again = run("decompose", RAW, out, model, "--max-items", "4")
    assert again.returncode == 0 and "Requests  0," in again.stdout and "(5 too_many)" in again.stdout
    assert log(model)["asked"] == before
    assert all("human-checklist" not in row and row["metajudge"]["items"] == 5 for row in records(out))
    back = run("decompose", RAW, out, model)
    assert "(5 success)" in back.stdout and log(model)["asked"] == before


def test_a_row_that_an_earlier_step_left_unfit_goes_through_unasked(model: str, tmp_path: Path) -> None:
    """The row keeps its line and its stamp; the critic is not asked about it."""
    rows = records(RAW)
    rows[0]["metajudge"] = {"status": "too_few", "step": "decompose"}
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    result = run("critic", tmp_path / "in.jsonl", tmp_path / "out.jsonl", model, "--name", "m")
    assert result.returncode == 0 and "1 row skipped" in result.stderr
    found = records(tmp_path / "out.jsonl")
    assert found[0] == rows[0] and [row["metajudge"]["status"] for row in found[1:]] == ["success"] * 4
    assert "m-checklist" in found[1] and "m-checklist" not in found[0]


@pytest.mark.parametrize("step", ["decompose", "critic"])
def test_killed_in_the_middle_and_resumed_no_question_is_asked_twice(tmp_path: Path, step: str) -> None:
    """Only questions in flight at the kill are repeated. The output is complete in the end."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    raw = records(RAW)
    many = [{**raw[n % 5], "context": f"question {n}"} for n in range(40)]
    source.write_text("".join(json.dumps(row) + "\n" for row in many))
    flags = ["--name", "m"] if step == "critic" else []
    with running("tests.servers.scripted", "--latency", "0.1") as url:
        process = driver.start(command(step, source, out, url, "--concurrent-requests", "4", *flags))
        kept = tmp_path / "out.jsonl.records"
        until(lambda: kept.exists() and kept.read_bytes().count(b"\n") >= 12)
        process.kill()
        process.communicate()
        result = run(step, source, out, url, *flags)
        asked = log(url)["asked"]
    assert result.returncode == 0, result.stderr
    assert len(asked) == 40 and sum(asked.values()) <= 44 and max(asked.values()) <= 2
    assert [row["context"] for row in records(out)] == [row["context"] for row in many]
    assert {row["metajudge"]["status"] for row in records(out)} == {"success"}


def test_texts_from_elsewhere_are_parsed_without_a_model(tmp_path: Path) -> None:
    """`--from-field` needs neither key nor judge. Each unreadable text is reported with its row."""
    good = "Reasons:\n- Response A is wrong about the year.\n- Response B names the source.\n\\boxed{B>>A}"
    rows = [{"said": good}, {"said": "I like both."}, {"other": 1}]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = ("--input-file", tmp_path / "in.jsonl", "--output-file", tmp_path / "out.jsonl")
    result = driver.metajudge("critic", *files, "--name", "m", "--from-field", "said")
    found = records(tmp_path / "out.jsonl")
    assert result.returncode == 1 and "Requests  0," in result.stdout
    assert found[0]["m-checklist"] == ["Response A is wrong about the year.", "Response B names the source."]
    assert found[0]["m-label"] == "B>>A" and found[0]["m-generated_text"] == good
    assert [row["metajudge"]["status"] for row in found] == ["success", "format_error", "error"]


SAID = (
    "1. The year has 366 days.\n\nEvaluation:\n"
    "- Response A forgets the leap day.\n- Tidy.\n\nMy final verdict is: [[B>A]]",
    "Response A forgets the leap day, as it says. Response B counts it. [[B>>A]]",
    "[[A=B]]",
    "I like both.",
)


def critic_of_texts(tmp_path: Path, *flags: str) -> tuple[subprocess.CompletedProcess[str], list[dict[str, Any]]]:
    """Run `critic` over the texts; the process and the rows."""
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"said": text}) + "\n" for text in SAID))
    files = ("--input-file", tmp_path / "in.jsonl", "--output-file", tmp_path / "out.jsonl")
    result = driver.metajudge("critic", *files, "--name", "m", "--from-field", "said", *flags)
    return result, records(tmp_path / "out.jsonl")


def test_a_clear_verdict_is_kept_and_what_is_no_reason_is_counted(tmp_path: Path) -> None:
    """The summary counts the rows without reasons and the items left out; the stamp says so of each row."""
    result, rows = critic_of_texts(tmp_path, "--reasons-after", "evaluation")
    assert [row.get("m-label") for row in rows] == ["B>A", "B>>A", "A=B", None]
    assert [row.get("m-checklist") for row in rows] == [["Response A forgets the leap day."], [], [], None]
    assert rows[0]["metajudge"]["items_left_out"] == 2 and "no_reasons" not in rows[0]["metajudge"]
    assert rows[1]["metajudge"]["no_reasons"] is True
    assert (
        "2 without a reason (the verdict is kept)" in result.stdout and "2 items that speak of neither" in result.stdout
    )


def test_a_model_cuts_the_reasons_out_of_prose(model: str, tmp_path: Path) -> None:
    """`--extract` asks about the texts that say more than a verdict; the second run asks nothing."""
    flags = ("--extract", "--api-base", model, "--model", "scripted")
    result, rows = critic_of_texts(tmp_path, *flags)
    assert result.returncode == 1 and "Requests  2," in result.stdout, result.stdout + result.stderr
    assert [row.get("m-label") for row in rows] == ["B>A", "B>>A", "A=B", None]
    assert rows[1]["m-checklist"] == ["Response A forgets the leap day, as it says.", "Response B counts it."]
    assert rows[1]["m-generated_text"] == SAID[1] and rows[1]["metajudge"]["model"] == "scripted"
    assert rows[2]["m-checklist"] == [] and rows[2]["metajudge"]["no_reasons"] is True
    again, same = critic_of_texts(tmp_path, *flags)
    assert "Requests  0," in again.stdout and same == rows


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["critic", "--name", "human"], "--name 'human' is not allowed for a model; give it another name"),
        (["decompose", "--min-items", "5", "--max-items", "3"], "--min-items 5 is more than --max-items 3"),
        (["decompose", "--model", "embedded"], "needs a language model"),
        (["decompose"], "no API key for the model: set OPENAI_API_KEY, or --api-base for a server of your own\n"),
        (
            ["critic", "--name", "m"],
            "no API key for the model: set OPENAI_API_KEY, or --api-base for a server of your own\n",
        ),
        (["critic", "--name", "m", "--from-field", "context", "--orders", "both"], "leave out --orders both"),
        (["critic", "--name", "m", "--from-field", "context", "--max-input-tokens", "500"], "--max-input-tokens\n"),
        (["critic", "--name", "m", "--extract"], "--extract and --reasons-after read a text; add --from-field FIELD\n"),
        (["critic", "--name", "m", "--reasons-after", "x"], "add --from-field FIELD\n"),
        (["critic", "--name", "m", "--from-field", "context", "--reasons-after", " "], "--reasons-after is empty;"),
        (
            ["critic", "--name", "m", "--from-field", "context", "--extract", "--reasons-after", "x"],
            "leave out --reasons",
        ),
        (["critic", "--name", "m", "--orders-rule", "sum"], "--orders-rule sum needs two verdicts; add --orders both"),
        (["decompose", "--text-field", "notes", "--dry-run"], 'has "notes"; name another field with --text-field'),
    ],
)
def test_bad_arguments_get_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    """The exit code is 2 and nothing is written."""
    step, *flags = arguments
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    assert main([step, "--input-file", str(RAW), "--output-file", str(tmp_path / "out.jsonl"), *flags]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_an_output_that_is_no_work_of_the_command_is_not_overwritten(model: str, tmp_path: Path) -> None:
    """Neither a foreign file nor the input is overwritten."""
    mine = tmp_path / "mine.jsonl"
    mine.write_text("precious\n")
    assert run("decompose", RAW, mine, model).returncode == 2 and mine.read_text() == "precious\n"
    copy = tmp_path / "copy.jsonl"
    copy.write_bytes(RAW.read_bytes())
    assert "is the input file" in run("decompose", copy, copy, model).stderr


def test_a_list_for_each_annotator(model: str, tmp_path: Path) -> None:
    """Three questions per row give three lists in the form of a model's."""
    out = tmp_path / "rows.jsonl"
    result = run("decompose", RAW, out, model, "--per-annotator")
    assert result.returncode == 0, result.stderr
    assert all({f"annotator-{n}-checklist" for n in (1, 2, 3)} <= set(row) for row in records(out))
