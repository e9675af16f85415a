"""Classes and flaws of reasons: the command against a real server, and the shares that come out."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.driver import log, metajudge, records, start, until
from tests.servers import running

PLANTED = ["EG", "EG F4", "CG F2 F4", "GS F1", "GS F6 F7"]
"""What the scripted judge finds in the reasons of each row."""


@pytest.fixture(scope="module")
def judge() -> Iterator[str]:
    with running("tests.servers.scripted") as url:
        yield url


def reason(row: int, number: int, planted: str) -> str:
    return f"Reason {number} of row {row} is of the kind {planted}"


def write_rows(path: Path, count: int, planted: Sequence[str] = PLANTED, model: str = "M") -> Path:
    rows = [
        {
            "context": f"Question {number}: which one?",
            "response1": f"The first answer to question {number}",
            "response2": f"The second answer to question {number}, somewhat longer",
            "overall_preference": 1,
            "human-checklist": [f"Point of the human in row {number} EG"],
            f"{model}-checklist": [reason(number, item, kind) for item, kind in enumerate(planted, 1)],
            f"{model}-label": "B>A",
        }
        for number in range(count)
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def flaws(source: Path, out: Path, url: str, *flags: str, model: str = "m") -> subprocess.CompletedProcess[str]:
    files = ("--input-file", source, "--output-file", out, "--model-be-evaluated", model)
    return metajudge("flaws", *files, "--api-base", url, "--model", "scripted", *flags)


def found(path: Path, model: str = "M") -> list[list[dict[str, Any]]]:
    return [row[f"{model}-flaws"] for row in records(path)]


def test_each_reason_gets_the_class_and_the_flaws_that_the_judge_named(judge: str, tmp_path: Path) -> None:
    """One question per reason; every row keeps its fields and gains an entry per reason, with quotes."""
    source, out = write_rows(tmp_path / "rows.jsonl", 3), tmp_path / "flaws.jsonl"
    plan = flaws(source, out, judge, "--dry-run", "--price-input", "1", "--price-output", "1")
    assert "Rows      3 to flaws, 0 unusable, 0 skipped" in plan.stdout and "Requests  15 in total" in plan.stdout
    ran = flaws(source, out, judge)
    assert ran.returncode == 0, ran.stderr
    assert "Requests  15, including 0 retries" in ran.stdout
    for number, row in enumerate(found(out)):
        kinds = [" ".join([entry["class"], *entry["flaws"]]) for entry in row]
        assert kinds == PLANTED and not any(entry["unread"] for entry in row)
        assert row[0]["quotes"] == [{"tag": "EG", "in": "B", "text": f"The second answer to question {number},"}]
        assert {quote["in"] for quote in row[4]["quotes"]} == {"REASON", "VERDICT"}
    stamp = records(out)[0]["metajudge"]
    assert (stamp["step"], stamp["status"], stamp["model"]) == ("flaws", "success", "scripted")


def test_a_quote_that_does_not_hold_is_asked_once_more_and_then_unread(judge: str, tmp_path: Path) -> None:
    """A false quote never counts: neither the class nor the flaw; a right one in the second reply does."""
    planted = ["false EG F4", "false once EG F4", "false CG F2"]
    source, out = write_rows(tmp_path / "rows.jsonl", 1, planted, model="F"), tmp_path / "flaws.jsonl"
    ran = flaws(source, out, judge, model="F")
    assert ran.returncode == 0, ran.stderr
    ((never, once, flaw),) = found(out, "F")
    assert (never["class"], never["flaws"], never["unread"], never["quotes"]) == (None, [], ["class", "F4"], [])
    assert (once["class"], once["flaws"], once["unread"]) == ("EG", ["F4"], [])
    assert (flaw["class"], flaw["flaws"], flaw["unread"]) == ("CG", [], ["F2"])
    assert "Requests  6, including 3 retries (malformed 3)" in ran.stdout
    assert "3 classes or flaws unread for want of a quote that holds" in ran.stdout


def test_a_second_run_asks_nothing_again(judge: str, tmp_path: Path) -> None:
    """Finished rows are resumed, also those with something unread."""
    source, out = write_rows(tmp_path / "rows.jsonl", 2, ["false EG", "EG"], model="Again"), tmp_path / "flaws.jsonl"
    assert flaws(source, out, judge, "--limit", "1", model="Again").returncode == 0
    assert flaws(source, out, judge, model="Again").returncode == 0
    before = log(judge)["asked"]
    assert "2 resumed; " not in (again := flaws(source, out, judge, model="Again")).stdout
    assert "Requests  0" in again.stdout and log(judge)["asked"] == before and len(found(out, "Again")) == 2


def test_killed_in_the_middle_and_resumed_no_question_is_asked_twice(tmp_path: Path) -> None:
    """A part of a reply that was accepted is taken from the journal, too; only questions in flight are repeated."""
    source, out = write_rows(tmp_path / "rows.jsonl", 12, [*PLANTED, "false EG F4"]), tmp_path / "flaws.jsonl"
    with running("tests.servers.scripted", "--latency", "0.05") as url:
        files = ["--input-file", str(source), "--output-file", str(out), "--model-be-evaluated", "M"]
        request = ["--api-base", url, "--model", "scripted", "--concurrent-requests", "4"]
        process = start([sys.executable, "-m", "metajudge", "flaws", *files, *request])
        kept = tmp_path / "flaws.jsonl.records.journal"
        until(lambda: kept.exists() and kept.read_bytes().count(b"\n") >= 20)
        process.kill()
        process.communicate()
        result = flaws(source, out, url)
        asked = log(url)["asked"]
    assert result.returncode == 0 and "kept from an earlier run" in result.stdout, result.stdout + result.stderr
    # A false quote is asked for twice in any case.
    assert len(asked) == 72 and sum(asked.values()) <= 72 + 12 + 4 * 2
    assert [entry["unread"] for row in found(out) for entry in row] == [[], [], [], [], [], ["class", "F4"]] * 12


def test_the_report_shows_the_shares_that_were_planted(judge: str, tmp_path: Path) -> None:
    """Of 60 reasons: 24 EG, 12 CG, 24 GS; with false quotes, both ends of what may be."""
    source, out = write_rows(tmp_path / "rows.jsonl", 12), tmp_path / "flaws.jsonl"
    assert flaws(source, out, judge).returncode == 0
    false = write_rows(tmp_path / "more.jsonl", 12, ["EG F4", "false EG F4"], model="N")
    assert flaws(false, tmp_path / "more-flaws.jsonl", judge, model="N").returncode == 0
    shown = metajudge("report", out, tmp_path / "more-flaws.jsonl", "--output-file", tmp_path / "report.json")
    assert shown.returncode == 0 and "of 24 reasons unread: class 12, F4 12" in shown.stderr
    m, n = (row["flaws"][0]["shares"] for row in json.loads((tmp_path / "report.json").read_text()))
    shares = {tag: list(share["unread_as"].values()) for tag, share in m.items()}
    planted = {"EG": 0.4, "CG": 0.2, "GS": 0.4, "F1": 0.2, "F2": 0.2, "F3": 0, "F4": 0.4, "F5": 0, "F6": 0.2, "F7": 0.2}
    assert shares == {tag: [share, share] for tag, share in planted.items()}
    assert list(n["EG"]["unread_as"].values()) == list(n["F4"]["unread_as"].values()) == [0.5, 1.0]


def test_the_human_points_are_a_control(judge: str, tmp_path: Path) -> None:
    source, out = write_rows(tmp_path / "rows.jsonl", 2), tmp_path / "human.jsonl"
    assert flaws(source, out, judge, model="human").returncode == 0
    assert [[entry["class"] for entry in row] for row in found(out, "human")] == [["EG"], ["EG"]]


def test_other_models_and_the_embedded_judge_are_refused_in_one_line(judge: str, tmp_path: Path) -> None:
    source, out = write_rows(tmp_path / "rows.jsonl", 1), tmp_path / "flaws.jsonl"
    unknown = flaws(source, out, judge, model="other")
    assert unknown.returncode == 2 and "models of the file: M" in unknown.stderr
    embedded = metajudge(
        "flaws", "--input-file", source, "--output-file", out, "--model-be-evaluated", "M", "--model", "embedded"
    )
    assert embedded.returncode == 2 and embedded.stderr.count("\n") == 1
    assert "flaws needs a language model" in embedded.stderr
