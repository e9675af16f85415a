"""A judge that answers wrongly, slowly or not at all: faults that a retry repairs leave no trace in the table."""

import signal
import time
from pathlib import Path

import pytest

from tests.chaos.processes import JudgeServer, all_rows, end, judge_all, last_line, rows_of, said, start
from tests.chaos.served import asks, counts
from tests.e2e.driver import KEY, analysis, infer, log, records, rows, scores, until

REPAIRED = {
    1: "trickle plain surrogate think bold",
    2: "429s 429date 429words 429ms-words html no-body broken-json hang drip truncated",
    3: "429ms 429past 429negative 500 reset torn garbage null-content no-choices malformed",
}
"""Faults by the number of requests after which such a question is answered."""


def table(out: Path) -> str:
    result = analysis("--input-file", str(out))
    assert result.returncode == 0, result.stderr
    return result.stdout


def clean_run(folder: Path, judge: JudgeServer, count: int, *flags: str) -> Path:
    """Judge as many rows without faults. The file has the same name, because the table may show it."""
    folder.mkdir()
    result = infer(rows(folder / "in.jsonl", [""] * count), folder / "out.jsonl", judge.url, *flags)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder / "out.jsonl"


@pytest.mark.parametrize("granularity", ["row", "item"])
def test_faults_that_a_retry_repairs_leave_no_trace_in_the_table(
    judge: JudgeServer, tmp_path: Path, granularity: str
) -> None:
    """Scores and table equal those of a run without faults."""
    names = [(name, n) for n, text in REPAIRED.items() for name in text.split()]
    tries = [(f"[[{name}x{n - 1}]]" if n > 1 else f"[[{name}]]", n) for name, n in names]
    source, out = rows(tmp_path / "in.jsonl", [fault for fault, _ in tries]), tmp_path / "out.jsonl"
    flags = ("--granularity", granularity, "--concurrent-requests", "32", "--log-file", str(tmp_path / "log"))
    result = infer(source, out, judge.url, "--timeout", "3", *flags)
    assert result.returncode == 0, result.stdout + result.stderr
    for cause in ("429 10", "connection 6", "no completion 5", "malformed 4", "500 2", "timeout 2", "length 1"):
        assert granularity == "item" or cause in result.stdout, result.stdout
    assert rows_of(out) == all_rows(len(tries))
    asked = counts(judge.log)
    assert [(fault, asked[f"S1: model {number}.0 {fault}"]) for number, (fault, _) in enumerate(tries)] == tries
    clean = clean_run(tmp_path / "clean", judge, len(tries), *flags)
    assert scores(out) == scores(clean)
    assert table(out) == table(clean)
    # The key is in no file and in no output.
    assert log(judge.url)["keys"] == [f"Bearer {KEY}"]
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert KEY not in result.stdout + result.stderr and KEY.encode() not in written


def test_a_reply_that_arrived_before_its_connection_broke_is_kept(judge: JudgeServer, tmp_path: Path) -> None:
    """A reset right after each reply repeats no question, although connections are reused."""
    source, out = rows(tmp_path / "in.jsonl", ["[[reset-after]]"] * 20), tmp_path / "out.jsonl"
    judge_all(source, out, judge.url, 20, "--concurrent-requests", "4")
    assert table(out) == table(clean_run(tmp_path / "clean", judge, 20))
    assert set(counts(judge.log).values()) == {1}


def test_an_absurd_pause_holds_only_the_question_that_got_it(judge: JudgeServer, tmp_path: Path) -> None:
    """A Retry-After of thirty years delays one row. A signal ends the wait; the next run asks again."""
    faults = ["[[429hugex1]]" if number % 10 == 0 else "" for number in range(40)]
    source, out = rows(tmp_path / "in.jsonl", faults), tmp_path / "out.jsonl"
    process = start(source, out, judge.url, "--concurrent-requests", "3")
    until(lambda: out.exists() and out.read_bytes().count(b"\n") == 36)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert last_line(end(process, 10), 130).startswith("Stopped by a signal with 4 rows left")
    judge_all(source, out, judge.url, 40)
    assert counts(judge.log).total() == 44


@pytest.mark.slow
def test_an_absurd_pause_ends_after_two_minutes(judge: JudgeServer, tmp_path: Path) -> None:
    """The run finishes by itself."""
    source, out = rows(tmp_path / "in.jsonl", ["[[429hugex1]]", ""]), tmp_path / "out.jsonl"
    process = start(source, out, judge.url)
    said(end(process, 180), 0)
    (first, again), _ = sorted(asks(judge.log).values(), key=len, reverse=True)
    assert 119 < again.asked - first.asked < 130


def test_a_key_revoked_in_the_middle_stops_the_run_and_saves_what_is_in_flight(tmp_path: Path) -> None:
    """A 401 ends the run with exit code 2 and every reply written. A new key finishes."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 100), tmp_path / "out.jsonl"
    with JudgeServer(tmp_path / "served.log", "--latency", "0.3", "--revoke-after", "30") as judge:
        result = infer(source, out, judge.url, "--concurrent-requests", "8")
        last = last_line(result, 2)
        assert last.startswith("Stopped with 70 rows left") and "refused the key (401)" in last
        assert len(records(out)) == 30
        assert counts(judge.log).total() <= 30 + 8
        judge.restart("--latency", "0")
        assert "30 resumed" in judge_all(source, out, judge.url, 100)
        answered = [sum(ask.replied is not None for ask in history) for history in asks(judge.log).values()]
        assert set(answered) == {1}
