"""Kills, signals, second writers: what was paid for is never asked again."""

from __future__ import annotations

import json
import random
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.driver import analysis, command, environment, infer, log, records, rows, until
from tests.servers import ROOT, running

ROWS = 60


@pytest.fixture
def judge() -> Iterator[str]:
    with running("tests.servers.faulty", "--latency", "0.05") as url:
        yield url


def start(source: Path, out: Path, url: str, *flags: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command(source, out, url, *flags), env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize(("granularity", "questions"), [("row", 1), ("item", 3)])
def test_killed_again_and_again_no_finished_reply_is_asked_twice(
    judge: str, tmp_path: Path, granularity: str, questions: int
) -> None:
    """Five kills at random moments: every row ends with one finished record; only questions in flight repeat."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    flags = ("--granularity", granularity, "--concurrent-requests", "4")
    rng = random.Random(granularity)
    for _ in range(5):
        process = start(source, out, judge, *flags)
        deadline = time.monotonic() + 20
        written = out.stat().st_size if out.exists() else 0
        while time.monotonic() < deadline and not (out.exists() and out.stat().st_size > written):
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.15))
        process.kill()
        process.communicate()
    result = infer(source, out, judge, *flags)
    assert result.returncode == 0, result.stdout + result.stderr
    found = records(out)
    assert sorted(record["metadata"]["context"] for record in found) == sorted(f"row {n}" for n in range(ROWS))
    assert {record["status"] for record in found} == {"success"}
    served = log(judge)
    repeated = sum(count - 1 for count in served["asked"].values())
    assert len(served["asked"]) == ROWS * questions
    assert repeated <= 5 * 4  # at most the questions in flight at each kill
    assert not list(tmp_path.glob("*.journal"))
    if granularity == "item":
        assert all(None not in row for record in found for row in record["score_matrix"])
        matches = records(out.with_name("out.matches.jsonl"))
        assert len(matches) == ROWS * 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_what_is_in_flight_and_says_how_to_go_on(judge: str, tmp_path: Path, number: int) -> None:
    """Exit 130; then the same command asks nothing that was answered."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    process = start(source, out, judge, "--concurrent-requests", "4")
    until(lambda: out.exists() and out.stat().st_size)
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "waiting for the replies in flight" in stderr and "Traceback" not in stderr
    left = ROWS - len(records(out))
    last = stdout.splitlines()[-1]
    assert last == f"Stopped by a signal with {left} rows left; the same command goes on where this one stopped."
    assert 0 < left < ROWS
    assert infer(source, out, judge).returncode == 0
    assert set(log(judge)["asked"].values()) == {1}
    assert analysis("--input-file", str(out)).returncode == 0


def test_a_second_run_on_the_same_output_is_refused(judge: str, tmp_path: Path) -> None:
    """Exit 2 with one line; the first one is not disturbed."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 600), tmp_path / "out.jsonl"
    first = start(source, out, judge, "--concurrent-requests", "2")
    until(lambda: out.exists() and out.stat().st_size)
    second = infer(source, out, judge)
    assert second.returncode == 2
    assert "is being written by another run" in second.stderr and second.stderr.count("\n") == 1
    assert first.poll() is None
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)
    assert first.returncode == 130
    assert len({record["id"] for record in records(out)}) == len(records(out)) > 3


def test_a_torn_tail_is_set_aside_and_asked_again(judge: str, tmp_path: Path) -> None:
    """What a cut removed is asked again, nothing else; the torn bytes are kept."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 5), tmp_path / "out.jsonl"
    infer(source, out, judge)
    whole = out.read_bytes()
    out.write_bytes(whole[:-100])
    result = infer(source, out, judge)
    assert "1 judged" in result.stdout and "4 resumed" in result.stdout
    assert sum(log(judge)["asked"].values()) == 6
    assert len(records(out)) == 5
    torn = (tmp_path / "out.jsonl.torn").read_bytes()
    assert torn and torn.rstrip(b"\n") in whole


def test_another_judge_is_refused_until_mixing_is_allowed(judge: str, tmp_path: Path) -> None:
    """Model and granularity; the file stays as it was."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 3), tmp_path / "out.jsonl"
    infer(source, out, judge)
    before = out.read_bytes()
    for flags in (("--model", "other"), ("--granularity", "item"), ("--num-samples", "2")):
        refused = infer(source, out, judge, *flags)
        assert refused.returncode == 2 and "--allow-mixed" in refused.stderr and refused.stderr.count("\n") == 1
    assert out.read_bytes() == before
    assert infer(source, out, judge, "--model", "other", "--allow-mixed").returncode == 0
    assert out.read_bytes() == before  # the rows are finished: nothing is asked again


def test_the_output_deleted_during_a_run_is_rescued(judge: str, tmp_path: Path) -> None:
    """Exit 1, the line names where everything is."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    process = start(source, out, judge, "--concurrent-requests", "4")
    until(lambda: out.exists() and out.stat().st_size)
    out.unlink()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in stderr
    last = stdout.splitlines()[-1]
    assert "was deleted during the run; everything written so far is in" in last
    assert "Move it back to the output's name, then the same command goes on" in last
    assert records(tmp_path / "out.jsonl.rescued")


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_closed_stream_costs_no_row(judge: str, tmp_path: Path, closed: str) -> None:
    """Whoever wants to see nothing gets the rows and the exit code all the same."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 3), tmp_path / "out.jsonl"
    words = " ".join(map(shlex.quote, command(source, out, judge)))
    assert subprocess.run(["bash", "-c", f"{words} {closed}"], env=environment(), check=False).returncode == 0
    assert len(records(out)) == 3


def test_decompose_whose_records_are_deleted_tells_of_the_rescue(judge: str, tmp_path: Path) -> None:
    """The same summary as any lost output: nothing names a file that is not there."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(json.dumps({"said": f"Response {n} is wrong"}) + "\n" for n in range(ROWS)))
    flags = ["--input-file", str(source), "--output-file", str(out), "--text-field", "said", "--api-base", judge]
    process = subprocess.Popen(
        [sys.executable, "-m", "metajudge", "decompose", *flags, "--max-retries", "0", "--concurrent-requests", "4"],
        cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    kept = tmp_path / "out.jsonl.records"
    until(lambda: kept.exists() and kept.stat().st_size)
    kept.unlink()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in stderr
    assert f"is in {kept}.rescued" in stdout.splitlines()[-1] and "are safe in" not in stderr
    assert (tmp_path / "out.jsonl.records.rescued").stat().st_size and not out.exists()
