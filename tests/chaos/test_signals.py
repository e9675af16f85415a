"""SIGINT and SIGTERM wait for replies in flight. A second signal stops at once. The summary says how to resume."""

import asyncio
import json
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from metajudge.cli.signals import stop_on_signals
from tests.chaos.processes import JudgeServer, end, judge_all, last_line, start
from tests.chaos.served import asks, counts
from tests.e2e.driver import records, rows, until

ROWS, IN_FLIGHT = 40, 8
BOTH = [signal.SIGINT, signal.SIGTERM]
ONE_QUICK = [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
"""The handlers of both are the same; the tests of open rows and of restored handlers send SIGTERM, too."""
GO_ON = "Stopped by a signal with {} rows left. Run the same command again to resume."


def interrupted(tmp_path: Path, judge: JudgeServer, *flags: str) -> tuple[subprocess.Popen[str], Path, Path]:
    """Start a run and wait until eight questions are in flight, none of them answered."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    process = start(source, out, judge.url, "--concurrent-requests", str(IN_FLIGHT), *flags)
    until(lambda: counts(judge.log).total() >= IN_FLIGHT)
    return process, source, out


def finish(judge: JudgeServer, source: Path, out: Path, *flags: str) -> None:
    """Run the command again with a fast judge and check that every row is judged once."""
    judge.restart("--latency", "0")
    judge_all(source, out, judge.url, ROWS, *flags)


@pytest.mark.parametrize("number", ONE_QUICK)
def test_replies_in_flight_at_a_signal_are_saved_and_nothing_more_is_sent(tmp_path: Path, number: int) -> None:
    """All eight replies are written, and the next run asks only the other questions."""
    with JudgeServer(tmp_path / "served.log", "--latency", "1.5") as judge:
        process, source, out = interrupted(tmp_path, judge)
        process.send_signal(number)
        result = end(process)
        last = last_line(result, 130)
        assert "waiting for the replies in flight" in result.stderr
        assert len(records(out)) == counts(judge.log).total() == IN_FLIGHT
        assert last == GO_ON.format(ROWS - IN_FLIGHT)
        finish(judge, source, out)
        assert set(counts(judge.log).values()) == {1}


def test_replies_of_open_rows_are_saved_in_the_journal(tmp_path: Path) -> None:
    """By item, the eight answers of three unfinished rows are not requested again."""
    with JudgeServer(tmp_path / "served.log", "--latency", "1.5") as judge:
        process, source, out = interrupted(tmp_path, judge, "--granularity", "item")
        process.send_signal(signal.SIGTERM)
        last = last_line(end(process), 130)
        assert (tmp_path / "out.jsonl.journal").exists()
        assert last == GO_ON.format(ROWS - len(records(out)))
        finish(judge, source, out, "--granularity", "item")
        assert set(counts(judge.log).values()) == {1} and len(asks(judge.log)) == 3 * ROWS
        assert not (tmp_path / "out.jsonl.journal").exists()


@pytest.mark.parametrize("number", ONE_QUICK)
def test_a_second_signal_stops_at_once(tmp_path: Path, number: int) -> None:
    """The run ends within seconds although a reply takes half a minute, and can be resumed."""
    with JudgeServer(tmp_path / "served.log", "--latency", "30") as judge:
        process, source, out = interrupted(tmp_path, judge)
        process.send_signal(number)
        time.sleep(1)
        assert process.poll() is None
        again = time.monotonic()
        process.send_signal(number)
        last = last_line(end(process), 130)
        assert time.monotonic() - again < 8
        assert last == GO_ON.format(ROWS)
        finish(judge, source, out)


@pytest.mark.parametrize("grace", [0, 2])
def test_the_grace_bounds_the_wait_for_replies(tmp_path: Path, grace: int) -> None:
    """A slow judge is waited for until the shutdown timeout."""
    with JudgeServer(tmp_path / "served.log", "--latency", "30") as judge:
        process, _, _ = interrupted(tmp_path, judge, "--shutdown-timeout", str(grace))
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        last = last_line(end(process), 130)
        assert grace <= time.monotonic() - began < grace + 8
        assert last == GO_ON.format(ROWS)


@pytest.mark.parametrize("number", BOTH)
def test_a_signal_while_the_input_is_read_is_no_traceback(tmp_path: Path, number: int) -> None:
    """Rows come from a pipe that stays open. No request is sent and the exit code is 130."""
    text = rows(tmp_path / "in.jsonl", [""] * 2000).read_text()
    with JudgeServer(tmp_path / "served.log") as judge:
        process = start(Path("-"), tmp_path / "out.jsonl", judge.url, stdin=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(text)  # more than a pipe holds, so the program has begun to read
        process.stdin.flush()
        process.send_signal(number)
        result = end(process)
        assert counts(judge.log).total() == 0
    assert result.returncode == 130 and "Traceback" not in result.stderr, result


def test_rows_with_equal_questions_in_flight_are_all_saved(tmp_path: Path) -> None:
    """Six rows share one request, which the next run does not repeat."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    (line,) = rows(tmp_path / "one.jsonl", [""]).read_text().splitlines()
    equal = [json.dumps({**json.loads(line), "context": f"row {number}"}) for number in range(6)]
    source.write_text("\n".join(equal) + "\n")
    with JudgeServer(tmp_path / "served.log", "--latency", "1.5") as judge:
        process = start(source, out, judge.url)
        until(lambda: counts(judge.log).total() == 1)
        time.sleep(0.3)
        process.send_signal(signal.SIGINT)
        assert end(process).returncode == 130
        judge_all(source, out, judge.url, 6)
        assert counts(judge.log).total() == 1


def test_behind_a_run_a_signal_means_what_it_did_before() -> None:
    """The earlier handlers are restored, so a late signal does not end the process silently."""
    heard: list[int] = []
    before = {number: signal.signal(number, lambda got, _: heard.append(got)) for number in BOTH}

    async def go() -> None:
        with stop_on_signals(lambda: heard.append(0)):
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0.05)

    try:
        asyncio.run(go())
        for number in BOTH:
            os.kill(os.getpid(), number)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    assert heard == [0, signal.SIGINT, signal.SIGTERM]
