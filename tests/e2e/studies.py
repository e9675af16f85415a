"""Studies of scripted models: their files, their runs, and what the server noted of them."""

import itertools
import json
import random
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metajudge.cli import main
from tests.e2e import driver
from tests.e2e.driver import log, records, until
from tests.servers import ROOT

RAW = ROOT / "example" / "raw_preferences_5samples.jsonl"
ACKNOWLEDGED = 1.0
"""Seconds after which a reply that was sent must have been written by the run."""


def raw_rows(path: Path, count: int) -> Path:
    """Write rows with annotators' texts, whose questions all differ."""
    raw = records(RAW)
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            row = raw[n % len(raw)]
            longer = {name: row[name] + "x" * n for name in ("response1", "response2")}
            file.write(json.dumps({**row, **longer, "context": f"question {n}"}) + "\n")
    return path


def table(title: str, **values: Any) -> str:
    """Return a table of a study's file; the values are written as JSON, which TOML reads alike for these."""
    lines = [f"{key} = {value if key == 'extra_body' else json.dumps(value)}" for key, value in values.items()]
    return "\n".join([f"[{title}]" if title != "models" else "[[models]]", *lines, ""])


@dataclass(slots=True)
class ScriptedStudy:
    """A study whose decomposer, judge and models are one scripted server."""

    folder: Path
    url: str
    models: int
    rows: int
    concurrent: int = 4
    """Requests in flight of each endpoint."""
    above: str = ""
    """Keys above the tables of the file."""
    runs: int = 0
    killed: dict[str, float] = field(default_factory=dict)
    """Times of the kills by run."""

    @property
    def file(self) -> Path:
        return self.folder / "study.toml"

    @property
    def output(self) -> Path:
        return self.folder / "study"

    def write(self, *more: str) -> None:
        """Write the file, for the next run; its number is the `user` of every request."""
        self.runs += 1
        endpoint = {
            "api_base": self.url, "concurrent_requests": self.concurrent, "extra_body": f'{{ user = "{self.runs}" }}',
            "price_input": 1, "price_output": 1,
        }  # fmt: skip
        self.folder.mkdir(parents=True, exist_ok=True)
        if not (self.folder / "rows.jsonl").exists():
            raw_rows(self.folder / "rows.jsonl", self.rows)
        parts = [self.above, table("data", rows="rows.jsonl"), table("decomposer", model="decomposer", **endpoint)]
        parts.append(table("judge", model="the-judge", **endpoint))
        names = [f"critic-{n}" for n in range(1, self.models + 1)]
        parts += [table("models", name=name, model=name, **endpoint) for name in names]
        self.file.write_text("\n".join([*parts, *more]), encoding="utf-8")

    def run(self, *flags: str, more: str = "") -> subprocess.CompletedProcess[str]:
        """Run the study to its end."""
        self.write(more)
        return driver.metajudge("study", self.file, *flags)

    def run_here(self, *flags: str, more: str = "") -> int:
        """Run the study in this process, which has imported everything; return the exit code."""
        self.write(more)
        return main(["study", str(self.file), *flags])

    def kill(self, rng: random.Random) -> bool:
        """Start the study and kill it once it has asked something; return False if it ended by itself."""
        self.write()
        process = driver.start([sys.executable, "-m", "metajudge", "study", str(self.file)])
        run = str(self.runs)
        until(lambda: process.poll() is not None or any(one["run"] == run for one in self.asked()))
        time.sleep(rng.uniform(0, 0.6))
        is_running = process.poll() is None
        self.killed[run] = time.monotonic()
        process.kill()
        process.communicate()
        return is_running

    def history(self) -> dict[str, list[dict[str, Any]]]:
        """Return every request by model and question, in order."""
        found: dict[str, list[dict[str, Any]]] = log(self.url)["history"]
        return found

    def asked(self) -> list[dict[str, Any]]:
        return list(itertools.chain(*self.history().values()))

    def unexcused(self) -> list[tuple[str, dict[str, Any]]]:
        """Return the requests that were repeated though their run was not killed while they were in flight.

        In flight is a request without a reply at the time of the kill, or with one that was sent less than a second
        before.
        """
        found = []
        for question, history in self.history().items():
            for first, again in itertools.pairwise(history):
                kill = self.killed.get(first["run"]) if first["run"] != again["run"] else None
                if kill is None or (first["replied"] is not None and first["replied"] + ACKNOWLEDGED < kill):
                    found.append((question, first))
        return found

    def judge_folder(self) -> Path:
        (folder,) = (self.output / "judges").iterdir()
        return folder
