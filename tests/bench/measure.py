"""Rows, records and processes for the benchmarks, with time, CPU and memory of a process."""

import compileall
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data.rows import Row
from metajudge.data.samples import Sample, read_samples
from metajudge.engine.question import Answer
from metajudge.llm.completion import Reply, Usage
from metajudge.records.record import Record, encode
from metajudge.tasks.match.task import MatchTask
from tests.bench.lean_server import BLOCK
from tests.e2e.driver import environment, log
from tests.servers import ROOT, running

TRIES = 3


def best_of(attempt: Callable[[], bool]) -> int:
    """Return 0 as soon as one of three attempts is within its bounds, otherwise 1. An attempt prints its bounds."""
    held = any(attempt() for _ in range(TRIES))
    print("all bounds hold" if held else f"a bound did not hold in any of {TRIES} attempts")
    return 0 if held else 1


def row(number: int, filler: str) -> dict[str, Any]:
    """Return an input row with two responses `filler`, four human and five model items."""
    return {
        "context": [{"role": "user", "content": f"question {number}"}],
        "response1": filler,
        "response2": filler,
        "human-checklist": [f"Response 1 lacks point {number}.{n} of what was asked for" for n in range(4)],
        "M-checklist": [f"A does not give point {number}.{n} although it was wanted" for n in range(5)],
    }


def write_rows(path: Path, count: int, response_bytes: int) -> None:
    """Write `count` rows with two responses of `response_bytes` together."""
    filler = "lorem ipsum " * (response_bytes // 24)
    with path.open("wb") as file:
        file.writelines(encode(row(number, filler)) for number in range(count))


def records(task: MatchTask, count: int, filler: str, thinking: str = "") -> Iterator[Record]:
    """Yield finished records of `count` rows. `thinking` precedes the result block of each reply."""
    for number in range(count):
        (sample,) = read_samples([Row(number + 1, row(number, filler))], ["M"])
        assert isinstance(sample, Sample)
        (question,) = task.questions(sample)
        reply = Reply(f"{thinking}{BLOCK}", "stop", Usage(2000, 60, 2060), 1.0)
        yield task.record(sample, [Answer(reply, question.read(reply))], 1.0)


@dataclass(frozen=True, slots=True)
class Process:
    """A process that ended successfully."""

    started: float
    """Time on the machine's monotonic clock."""
    seconds: float
    cpu: float
    """User and system seconds."""
    peak_mb: float


# A process inherits the peak memory of its parent, so its parent is a small process.
_LAUNCH = """
import json, resource, subprocess, sys, time
started = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, started, time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def run(*command: str) -> Process:
    """Run a Python command to its end. A failure ends the benchmark."""
    # Without bytecode every start would compile the package, unlike a user's second run.
    compileall.compile_dir(ROOT / "metajudge", quiet=1)
    launch = [sys.executable, "-S", "-c", _LAUNCH, sys.executable, *command]
    found = subprocess.run(launch, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True).stdout
    code, started, seconds, cpu, peak = json.loads(found)
    if code:
        raise SystemExit(f"{command[:4]} ended with {code}")
    return Process(started, seconds, cpu, peak / (1024 if sys.platform == "linux" else 1024 * 1024))


def inference(source: Path, out: Path, url: str, *flags: str) -> list[str]:
    """Return the words of our own client's command."""
    files = ["--input-file", str(source), "--output-file", str(out), "--model-be-evaluated", "M"]
    return ["metajudge_infer.py", *files, "--api-base", url, "--granularity", "row", *flags]


@dataclass(frozen=True, slots=True)
class Measured:
    """One client's process, and its requests as the server saw them."""

    process: Process
    first: float
    """Seconds from the start of the process to its first request."""
    replied: list[float]
    """Seconds between the first request and each reply."""

    @property
    def window(self) -> float:
        """Return the seconds between the first request and the last reply."""
        return self.replied[-1]


def rate(times: list[float], before: int, behind: int) -> float:
    """Return the events per second without the first and the last ones."""
    first, last = before - 1, len(times) - behind - 1
    return (last - first) / (times[last] - times[first])


def measure(rows: int, response_bytes: int, latency: float, in_flight: int, *, client: str = "metajudge") -> Measured:
    """Judge `rows` rows once against a server with this latency (s). `client` is ours or one of `peers`."""
    with tempfile.TemporaryDirectory() as folder, running("tests.bench.lean_server", "--latency", str(latency)) as url:
        source, out = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        write_rows(source, rows, response_bytes)
        command = ["-m", "tests.bench.peers", client, url, str(source), str(in_flight)]
        if client == "metajudge":
            command = inference(source, out, url, "--concurrent-requests", str(in_flight))
        ended, served = run(*command), log(url)
    if len(served["replied"]) != rows:
        raise SystemExit(f"the server answered {len(served['replied'])} requests of {rows}")
    return Measured(ended, served["first"] - ended.started, served["replied"])
