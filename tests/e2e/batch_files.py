"""Inputs, commands and comparisons for tests of batches."""

import contextlib
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

from metajudge.cli import main
from tests.e2e.driver import KEY, records

UNEQUAL = ("latency_s", "finished_at", "attempts")
"""Keys of a record that differ between a batch and an online run."""


class Files:
    """An input, an output and its batches in one folder."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder, self.url = folder, url
        self.rows, self.out, self.online = folder / "in.jsonl", folder / "out.jsonl", folder / "online.jsonl"
        self.batches = folder / "out.jsonl.batch"
        self.said = self.error = ""

    def write(self, faults: list[str], models: tuple[str, ...] = ("M",)) -> None:
        """Write a row for each fault ("" = none) of its question."""
        name = self.folder.name  # no other test asks the same
        with self.rows.open("w", encoding="utf-8") as file:
            for number, fault in enumerate(faults):
                row: dict[str, Any] = {
                    "context": f"row {number}",
                    "human-checklist": [f"human {name} {number}.{n}" for n in range(2)],
                }
                for model in models:
                    row[f"{model}-checklist"] = [f"{model} {name} {number}.0 {fault}", f"{model} {name} {number}.1"]
                file.write(json.dumps(row) + "\n")

    def run(self, *words: str | Path) -> int:
        """Run a command in this process."""
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            try:
                code = main([str(word) for word in words])
            except SystemExit as exit_:
                code = int(exit_.code or 0)
        self.said, self.error = out.getvalue(), error.getvalue()
        return code

    def flags(self, output: Path, *flags: str, models: str = "M") -> list[str]:
        files = ["--input-file", str(self.rows), "--output-file", str(output), "--model-be-evaluated", models]
        granularity = [] if "--granularity" in flags else ["--granularity", "row"]
        return [*files, *granularity, "--model", "judge", "--api-base", self.url, *flags]

    def create(self, *flags: str, models: str = "M") -> int:
        return self.run("batch", "create", "infer", *self.flags(self.out, *flags, models=models))

    def infer(self, output: Path, *flags: str, models: str = "M") -> int:
        return self.run("infer", *self.flags(output, *flags, models=models))

    def batch(self, action: str, *flags: str | Path) -> int:
        return self.run("batch", action, self.out, *flags)

    def finish(self) -> int:
        """Wait until the provider has ended, and collect."""
        assert self.batch("status", "--wait", "--poll-seconds", "0.01") == 0, self.said + self.error
        return self.batch("collect")

    def requests(self, *parts: str) -> list[dict[str, Any]]:
        """Return the requests of these parts; of all if none is named."""
        paths = [self.batches / f"{part}.jsonl" for part in parts] or sorted(self.batches.glob("[0-9]*.jsonl"))
        return [one for path in paths if path.name.count(".") == 1 for one in records(path)]

    def manifest(self) -> dict[str, Any]:
        data: dict[str, Any] = json.loads((self.batches / "manifest.json").read_bytes())
        return data

    def states(self) -> list[str]:
        return [part["state"] for part in self.manifest()["parts"]]

    def says_nothing_secret(self) -> bool:
        texts = [path.read_bytes() for path in self.folder.rglob("*") if path.is_file()]
        return not any(KEY.encode() in text for text in texts)


def comparable(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the finished records by row, without times and attempts; no row may have two."""
    finished = [one for one in records(path) if one["status"] in ("success", "empty")]
    counts = Counter((one["id"], one["question_id"]) for one in finished)
    assert set(counts.values()) <= {1}
    return {
        (one["id"], one["question_id"]): {key: value for key, value in one.items() if key not in UNEQUAL}
        for one in finished
    }
