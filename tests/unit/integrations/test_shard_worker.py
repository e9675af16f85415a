"""A shard's child process: counted, stopped, tied to its worker. The judge is a process; there is no Ray."""

import contextlib
import os
import pickle
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from metajudge.integrations import shard_worker
from metajudge.integrations.shard_worker import Report, ShardJob, run_shard
from metajudge.records.lock import locked
from tests.chaos.processes import JudgeServer
from tests.chaos.served import counts
from tests.e2e.driver import KEY, log, records, rows, until
from tests.servers import ROOT, unmeasured

LATENCY, ROWS = 0.2, 60
SHARD = "1/2"


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[JudgeServer]:
    with JudgeServer(tmp_path / "served.log", "--latency", str(LATENCY)) as server:
        yield server


@pytest.fixture
def job(tmp_path: Path, judge: JudgeServer) -> ShardJob:
    source, output = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.1-of-2.jsonl"
    words = ["infer", "--granularity=row", "--concurrent-requests=4", f"--shard={SHARD}", "--model-be-evaluated=M"]
    words += [f"--input-file={source}", f"--output-file={tmp_path / 'out.jsonl'}", f"--api-base={judge.url}"]
    made = ShardJob(SHARD, words, source, source.stat().st_size, [output], 10, {"OPENAI_API_KEY": KEY})
    made.make_files()
    return made


class Reports:
    """The reports of a shard; the run is stopped once `asked` questions were asked."""

    def __init__(self, judge: JudgeServer, *, asked: int = ROWS, stops: int = 0) -> None:
        self.judge, self.asked, self.stops = judge, asked, stops
        self.all: list[Report] = []

    def send(self, report: Report) -> int:
        self.all.append(report)
        return self.stops if counts(self.judge.log).total() >= self.asked else 0


def test_a_shard_runs_to_its_end_with_the_key_of_the_run(
    job: ShardJob, judge: JudgeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker's own key and address are another judge's."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-worker")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    reports = Reports(judge)
    end = run_shard(job, reports.send)
    assert end.code == 0 and not end.problem and end.last_line.startswith("Next ")
    last = reports.all[-1].state
    assert last is not None and last.stats.success == last.stats.total == last.stats.requests == ROWS / 2
    assert log(judge.url)["keys"] == [f"Bearer {KEY}"] and KEY not in repr(job)
    assert len(records(job.outputs[0])) == ROWS / 2


def test_warnings_and_the_error_are_passed_on(job: ShardJob, judge: JudgeServer) -> None:
    job.input_file.write_text("broken\n" + job.input_file.read_text())
    job = replace(job, input_size=job.input_file.stat().st_size)
    reports = Reports(judge)
    assert run_shard(job, reports.send).code == 1
    (line,) = [line for report in reports.all for line in report.messages]
    assert line.startswith("line 1 of ") and line.endswith("left out")
    end = run_shard(replace(job, words=[*job.words, "--granularity=item"]), reports.send)
    assert end.code == 2 and "has records of granularity 'row'" in end.problem


def test_a_stop_lets_replies_arrive_and_a_second_one_does_not(job: ShardJob, judge: JudgeServer) -> None:
    assert run_shard(job, Reports(judge, asked=8, stops=1).send).code == 130
    asked = counts(judge.log).total()
    assert 8 <= asked < ROWS / 2 and len(records(job.outputs[0])) == asked
    judge.restart("--latency", "60")
    started = time.monotonic()
    assert run_shard(job, Reports(judge, asked=asked + 4, stops=2).send).code == 130
    assert time.monotonic() - started < 30 and len(records(job.outputs[0])) == asked
    assert run_shard(job, lambda report: 1).code == 130  # stopped before it begins


def test_a_child_that_is_killed_is_named(job: ShardJob, judge: JudgeServer) -> None:
    def kill(report: Report) -> int:
        if report.attempt and counts(judge.log):
            with contextlib.suppress(ProcessLookupError):  # the last report
                os.kill(int(report.attempt.split(":")[1]), signal.SIGKILL)
        return 0

    end = run_shard(job, kill)
    assert (end.code, end.problem) == (1, "its process was ended by SIGKILL")


WORKER = """
import pickle, sys
from metajudge.integrations.shard_worker import run_shard
run_shard(pickle.load(sys.stdin.buffer), lambda report: 0)
"""


def test_the_child_of_a_killed_worker_stops_and_its_successor_waits(job: ShardJob, judge: JudgeServer) -> None:
    """The replies in flight arrive. The next child starts once the file is free; nothing is asked twice."""
    command = [sys.executable, "-c", WORKER]
    worker = subprocess.Popen(command, cwd=ROOT, env=unmeasured(), stdin=subprocess.PIPE)
    assert worker.stdin is not None
    worker.stdin.write(pickle.dumps(job))
    worker.stdin.close()
    until(lambda: counts(judge.log).total() >= 8)
    worker.kill()
    worker.wait()
    reports = Reports(judge)
    assert run_shard(job, reports.send).code == 0
    last = reports.all[-1].state
    assert last is not None and 8 <= last.stats.resumed < ROWS / 2  # the first child has stopped early
    assert len(records(job.outputs[0])) == ROWS / 2 and set(counts(judge.log).values()) == {1}


def test_a_file_that_another_run_writes_is_awaited_only_so_long(job: ShardJob) -> None:
    job = replace(job, lock_seconds=1)
    with job.outputs[0].open("ab") as file, locked(file.fileno(), job.outputs[0]):
        end = run_shard(job, lambda report: 0)
    assert end.code == 2 and "is being written by another run" in end.problem


def test_other_storage_is_refused(job: ShardJob, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that lacks a file, or has another one under its name."""
    monkeypatch.setattr(shard_worker, "_STORAGE_SECONDS", 0.1)
    remedy = "put input and output on storage that all nodes have under the same path"
    for lacking in (job.input_file, job.outputs[0]):
        moved = lacking.rename(lacking.with_suffix(".moved"))
        end = run_shard(job, lambda report: 0)
        assert end.code == 2 and f"has no file {lacking}; {remedy}" in end.problem
        moved.rename(lacking)
    end = run_shard(replace(job, input_size=7), lambda report: 0)
    assert end.code == 2 and "and 7 here" in end.problem
