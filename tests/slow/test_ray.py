"""Shards on a real Ray cluster of two nodes on this machine; workers and the driver are killed."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.processes import JudgeServer, all_rows, end, rows_of
from tests.chaos.served import counts
from tests.e2e import driver
from tests.e2e.driver import KEY, command, environment, log, records, rows, until

cluster_utils = pytest.importorskip("ray.cluster_utils", reason="needs pip install '.[ray]'")

pytestmark = pytest.mark.slow

SHARDS, IN_FLIGHT, ROWS = 2, 8, 100
LATENCY = 0.3
SETTINGS = {"include_dashboard": False, "object_store_memory": 80 * 1024 * 1024}


@pytest.fixture(scope="module")
def cluster() -> Iterator[tuple[str, Path]]:
    """Start two nodes; return the address, and the folder of all that Ray writes."""
    with pytest.MonkeyPatch.context() as patch, contextlib.ExitStack() as stack:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        folder = Path(tempfile.mkdtemp(prefix="mj-", dir="/tmp"))  # the path of a socket must be short
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        made = cluster_utils.Cluster()
        stack.callback(made.shutdown)
        for _ in range(2):
            made.add_node(num_cpus=1, temp_dir=str(folder), **SETTINGS)
        yield made.address, folder


@pytest.fixture
def judge(tmp_path: Path) -> Iterator[JudgeServer]:
    with JudgeServer(tmp_path / "served.log", "--latency", str(LATENCY)) as server:
        yield server


class Run:
    """One command over an input, with the processes of its shards."""

    def __init__(self, folder: Path, judge: JudgeServer, address: str, count: int = ROWS) -> None:
        self.folder, self.judge, self.count = folder, judge, count
        self.started: list[subprocess.Popen[str]] = []
        self.source, self.out = rows(folder / "in.jsonl", [""] * count), folder / "out.jsonl"
        flags = ("--engine", "ray", "--shards", str(SHARDS), "--ray-address", address)
        self.words = command(self.source, self.out, judge.url, *flags, "--concurrent-requests", str(IN_FLIGHT))

    def start(self) -> subprocess.Popen[str]:
        self.started.append(driver.start(self.words, env=environment(OPENAI_API_KEY=KEY)))
        return self.started[-1]

    def start_and_ask(self, share: float) -> subprocess.Popen[str]:
        """Start it, and return when all shards run and this share of the rows was asked."""
        self.judge.pause()  # until the last shard runs
        process = self.start()
        until(lambda: time.sleep(0.1) or process.poll() is not None or len(self.children()) == SHARDS)
        self.judge.resume()
        until(lambda: process.poll() is not None or counts(self.judge.log).total() >= share * self.count)
        assert process.poll() is None, process.communicate()
        return process

    def children(self) -> list[tuple[int, int]]:
        """Return the process of each shard with that of its worker."""
        text = subprocess.run(["ps", "-ww", "-eo", "pid,ppid,args"], capture_output=True, text=True, check=True).stdout
        lines = [line.split(None, 2) for line in text.splitlines() if "shard_process" in line]
        return [(int(pid), int(parent)) for pid, parent, args in lines if str(self.folder) in args]

    def finish(self) -> str:
        """Run it to its end; every row must be judged once."""
        ended = end(self.start())
        assert ended.returncode == 0, ended.stdout + ended.stderr
        self.check()
        return ended.stdout

    def check(self) -> None:
        shards = [self.folder / "shards" / f"out.{number}-of-{SHARDS}.jsonl" for number in range(SHARDS)]
        assert rows_of(self.out) == all_rows(self.count)
        assert sorted(row for shard in shards for row in rows_of(shard)) == all_rows(self.count)

    @property
    def repeated(self) -> int:
        """Number of requests that were sent again."""
        return counts(self.judge.log).total() - len(counts(self.judge.log))


@pytest.fixture
def run(tmp_path: Path, judge: JudgeServer, cluster: tuple[str, Path]) -> Iterator[Run]:
    made = Run(tmp_path, judge, cluster[0])
    yield made
    for process in made.started:
        if process.poll() is None:
            process.kill()
            process.communicate()


def plain(path: Path) -> list[str]:
    """Return the records without times, in the order of the rows."""
    lines = path.read_text().splitlines()
    lines.sort(key=lambda line: int(json.loads(line)["metadata"]["context"].removeprefix("row ")))
    return [re.sub(r'"(latency_s|finished_at)": [^,]*, ', "", line) for line in lines]


def test_the_shards_equal_one_run_and_keep_the_key_private(run: Run, cluster: tuple[str, Path]) -> None:
    """The second time, nothing is asked. The key is in no command line and in no file of Ray."""
    process = run.start_and_ask(0.3)
    listed = subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert KEY not in listed
    ended = end(process)
    assert ended.returncode == 0 and f"Rows      {ROWS} judged" in ended.stdout, ended.stdout + ended.stderr
    run.check()
    assert run.repeated == 0 and log(run.judge.url)["keys"] == [f"Bearer {KEY}"]
    assert log(run.judge.url)["most_in_flight"] <= IN_FLIGHT
    one = run.folder / "one.jsonl"
    assert driver.infer(run.source, one, run.judge.url, "--concurrent-requests", "50").returncode == 0
    assert plain(run.out) == plain(one) and plain(run.out) == [
        re.sub(r'"(latency_s|finished_at)": [^,]*, ', "", line) for line in run.out.read_text().splitlines()
    ]
    before = run.out.read_bytes()
    assert "Requests  0," in run.finish() and run.out.read_bytes() == before
    assert not [path for path in cluster[1].rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_a_killed_worker_costs_at_most_what_is_in_flight(run: Run) -> None:
    """Its shard stops with grace, starts again, and no row is missing or doubled."""
    process = run.start_and_ask(0.2)
    _, worker = run.children()[0]
    os.kill(worker, signal.SIGKILL)
    ended = end(process)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    run.check()
    assert run.repeated <= IN_FLIGHT
    assert not run.children()


def test_a_killed_driver_costs_at_most_what_is_in_flight(run: Run) -> None:
    """The shards stop by themselves; the same command continues them."""
    process = run.start_and_ask(0.2)
    process.kill()
    end(process)
    assert not run.out.exists()
    assert "Rows      0 judged" not in run.finish()
    assert run.repeated <= IN_FLIGHT
    assert not run.children()


def test_ctrl_c_lets_replies_arrive(run: Run) -> None:
    """Every question that was asked has a record; the same command asks only the others."""
    process = run.start_and_ask(0.2)
    process.send_signal(signal.SIGINT)
    ended = end(process)
    assert ended.returncode == 130 and "Run the same command again to resume." in ended.stdout
    assert "Traceback" not in ended.stderr and not run.out.exists() and not run.children()
    asked = len(counts(run.judge.log))
    found = [one for path in (run.folder / "shards").glob("*-of-2.jsonl") for one in records(path)]
    assert 0.2 * ROWS <= asked < ROWS and len(found) == asked
    run.finish()
    assert run.repeated == 0


def test_a_cluster_that_does_not_answer_is_named_in_one_line(tmp_path: Path, judge: JudgeServer) -> None:
    run = Run(tmp_path, judge, "127.0.0.1:1")
    ended = end(run.start())
    assert ended.returncode == 2 and ended.stderr.count("\n") == 1 and not (tmp_path / "shards").exists()
    assert "no Ray cluster answers at 127.0.0.1:1" in ended.stderr and "check --ray-address" in ended.stderr
