"""Runs an inference as a process and measures it: time, CPU, memory, and what the server saw."""

from __future__ import annotations

import compileall
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.driver import environment, log
from tests.servers import ROOT, running


@dataclass(frozen=True, slots=True)
class Measured:
    """One inference."""

    seconds: float
    """From the start of the process to its end."""
    replied: list[float]
    """Seconds between the server's first request and each of its replies."""
    cpu: float
    """User and system seconds of the process."""
    peak_mb: float

    @property
    def window(self) -> float:
        """Seconds between the server's first request and its last reply."""
        return self.replied[-1]

    def rate(self, before: int, behind: int) -> float:
        """Replies a second without so many of the first and of the last ones."""
        first, last = before - 1, len(self.replied) - behind - 1
        return (last - first) / (self.replied[last] - self.replied[first])


def write_rows(path: Path, count: int, response_bytes: int) -> None:
    """`count` rows with two responses of `response_bytes` together, four human and five model items each."""
    filler = "lorem ipsum " * (response_bytes // 24)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            row = {
                "context": [{"role": "user", "content": f"question {number}"}],
                "response1": filler,
                "response2": filler,
                "human-checklist": [f"Response 1 lacks point {number}.{n} of what was asked for" for n in range(4)],
                "M-checklist": [f"A does not give point {number}.{n} although it was wanted" for n in range(5)],
            }
            file.write(json.dumps(row) + "\n")


def measure(rows: int, response_bytes: int, latency: float, in_flight: int, *, client: str = "metajudge") -> Measured:
    """Judge `rows` rows once against a server that answers after `latency` seconds; `client`: ours, or of `peers`."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running("tests.bench.lean_server", "--latency", str(latency)) as url,
    ):
        source, out = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        write_rows(source, rows, response_bytes)
        command = [sys.executable, "-m", "tests.bench.peers", client, url, str(source), str(in_flight)]
        if client == "metajudge":
            command = [sys.executable, str(ROOT / "metajudge_infer.py"), "--input-file", str(source)]
            command += ["--output-file", str(out), "--model-be-evaluated", "M", "--api-base", url]
            command += ["--concurrent-requests", str(in_flight)]
        ended = run(command)
        replied = log(url)["replied"]
        if len(replied) != rows:
            raise SystemExit(f"the server answered {len(replied)} requests of {rows}")
        return Measured(ended.seconds, replied, ended.cpu, ended.peak_mb)


@dataclass(frozen=True, slots=True)
class Process:
    """A process that ended well."""

    seconds: float
    cpu: float
    peak_mb: float


# A process begins with the peak memory of the one that started it: so a small one starts it.
_LAUNCH = """
import json, resource, subprocess, sys, time
started = time.perf_counter()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
usage = resource.getrusage(resource.RUSAGE_CHILDREN)
print(json.dumps([code, time.perf_counter() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]))
"""


def run(command: list[str]) -> Process:
    """Run a command to its end; one that fails ends the benchmark."""
    # As for whoever has run it before: an environment that writes no bytecode would compile it all at every start.
    compileall.compile_dir(ROOT / "metajudge", quiet=1)
    launch = [sys.executable, "-S", "-c", _LAUNCH, *command]
    found = subprocess.run(launch, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=True).stdout
    code, seconds, cpu, peak = json.loads(found)
    if code:
        raise SystemExit(f"{command[:4]} ended with {code}")
    return Process(seconds, cpu, peak / (1024 if sys.platform == "linux" else 1024 * 1024))
