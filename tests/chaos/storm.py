"""A run that is killed repeatedly, and checks of its results."""

import json
import os
import random
import subprocess
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.processes import JudgeServer, all_rows, rows_of, size, start
from tests.chaos.served import asks, is_unexcused, repeats
from tests.e2e.driver import analysis, infer, records, rows
from tests.servers.faulty import score

QUIET = subprocess.DEVNULL
IN_FLIGHT = 64
FILES = {"in.jsonl", "out.jsonl", "out.matches.jsonl", "out.jsonl.torn", "served.log"}
START_UP = 1.5
"""Seconds within which a kill hits a process that has not asked anything yet, mostly."""


@dataclass(slots=True)
class Storm:
    """One run, killed `kills` times. Every tenth time the end of its last record is cut too (a power cut)."""

    folder: Path
    granularity: str
    rows: int
    kills: int
    slow: float
    """Seconds of a slow reply. Most replies are slow, to keep the run busy until the last kill."""
    seed: int = 0
    killed: list[float] = field(default_factory=list)
    """Times of the kills, on the machine's monotonic clock."""
    torn: list[bytes] = field(default_factory=list)
    """Remains of the records that were cut, here or by a kill within a write."""
    torn_at: int = -1
    """Offset of the last of these in the results."""
    forgiven: set[str] = field(default_factory=set)
    """Questions of these records."""

    source: Path = field(init=False)
    out: Path = field(init=False)
    log: Path = field(init=False)
    flags: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.source, self.out, self.log = (self.folder / name for name in ("in.jsonl", "out.jsonl", "served.log"))
        self.flags = ("--granularity", self.granularity, "--concurrent-requests", str(IN_FLIGHT))

    def rage(self) -> subprocess.CompletedProcess[str]:
        """Kill the run as often as wanted, then let it finish. Return the last process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        rows(self.source, [""] * self.rows, items=4)
        rng = random.Random(self.seed)
        slow = ("--latency", "0.05", "--slow", str(self.slow), "--slow-share", "0.88", "--seed", str(self.seed))
        with JudgeServer(self.log, *slow) as judge:
            for number in range(1, self.kills + 1):
                self._strike(judge.url, rng, number)
                if number % 10 == 5:
                    self._cut(rng)
            return infer(self.source, self.out, judge.url, *self.flags)

    def _strike(self, url: str, rng: random.Random, number: int) -> None:
        served = size(self.log)
        # Bytecode in a separate folder: without it a start takes half as long again.
        env = {"PYTHONPYCACHEPREFIX": f"{self.folder}-cache", "PYTHONDONTWRITEBYTECODE": ""}
        quiet = {"stdout": QUIET, "stderr": QUIET, "measured": False}
        label = ("--extra-body", json.dumps({"user": str(number)}))
        process = start(self.source, self.out, url, *self.flags, *label, env=env, **quiet)
        try:
            if number % 10 == 0:
                time.sleep(rng.uniform(0, START_UP))
            else:
                deadline = time.monotonic() + 20
                while size(self.log) == served and process.poll() is None and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(rng.uniform(1.1, 1.6) if number % 20 == 1 else rng.uniform(0, 0.25))
            assert process.poll() is None, "the run ended before all kills were spent; give it more rows"
            self.killed.append(time.monotonic())
        finally:
            process.kill()
            process.wait()
        self._note_torn()

    def _note_torn(self) -> None:
        """Note a record that the kill cut at a page boundary. It stays in the file until the next start."""
        data = self.out.read_bytes() if self.out.exists() else b""
        begin = data.rfind(b"\n") + 1
        if begin != len(data) and begin != self.torn_at and not is_object(data[begin:]):
            self.torn.append(data[begin:])
            self.torn_at = begin

    def _cut(self, rng: random.Random) -> None:
        data = self.out.read_bytes() if self.out.exists() else b""
        if not data.endswith(b"\n"):
            return
        begin = data.rfind(b"\n", 0, -1) + 1
        row = json.loads(data[begin:])["metadata"]["context"].removeprefix("row ")
        cut = rng.randrange(begin + 1, len(data) - 2)
        os.truncate(self.out, cut)
        self.torn.append(data[begin:cut])
        self.torn_at = begin
        self.forgiven |= {f"S{item + 1}: model {row}.{item}" for item in range(5)}


def is_object(line: bytes) -> bool:
    """Return true if a line without its newline is a whole record."""
    try:
        return isinstance(json.loads(line), dict)
    except ValueError:
        return False


def faults(storm: Storm) -> list[str]:
    """Return every difference between a storm's results and the judge's log."""
    found = records(storm.out)
    torn = storm.out.with_name("out.jsonl.torn")
    aside = torn.read_bytes() if torn.exists() else b""
    left = {path.name for path in storm.folder.iterdir()}
    repeated = repeats(storm.log, storm.killed, storm.forgiven)
    by_kill = Counter(kill for _, kill in repeated if kill is not None)
    held = {
        "a kill struck nobody": len(storm.killed) == storm.kills,
        "a row is missing or doubled": rows_of(storm.out) == all_rows(storm.rows),
        "a record is no success": {record["status"] for record in found} == {"success"},
        "a score is not the judge's": all(has_true_scores(record, storm.granularity) for record in found),
        "a match is missing": len(records(storm.out.with_name("out.matches.jsonl"))) == storm.rows * 5,
        "a torn record is not set aside": aside == b"".join(piece + b"\n" for piece in storm.torn),
        f"a file is left of {left}": left <= FILES,
        "a question was never asked": len(asks(storm.log)) == storm.rows * (1 if storm.granularity == "row" else 5),
        "a written reply was paid for again": not any(is_unexcused(*pair) for pair in repeated),
        f"a kill cost more than was in flight: {by_kill}": max(by_kill.values(), default=0) <= IN_FLIGHT,
        "the results cannot be analysed": analysis("--input-file", str(storm.out)).returncode == 0,
    }
    return [fault for fault, good in held.items() if not good]


def has_true_scores(record: dict[str, Any], granularity: str) -> bool:
    """Return true if a record's scores equal the judge's, computed again from its row."""
    row, result = record["metadata"], record["extraction_result"]
    pairs = [[float(score(human, model)) for model in row["M-checklist"]] for human in row["human-checklist"]]
    best = [mark[2] for mark in result["scores"]] == [max(line) for line in pairs]
    return best and (granularity == "row" or record["score_matrix"] == pairs)
