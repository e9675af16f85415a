"""Drives the real commands as processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.servers import ROOT

KEY = "sk-never-to-be-seen"
PATIENCE = 60.0
"""Seconds after which a test that waits for something has failed."""


def environment(**more: str) -> dict[str, str]:
    """The caller's environment without a judge in it."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def command(rows: Path, out: Path | str, url: str, *flags: str, model: str = "M") -> list[str]:
    """An inference."""
    return [
        sys.executable,
        str(ROOT / "metajudge_infer.py"),
        "--input-file",
        str(rows),
        "--output-file",
        str(out),
        "--model-be-evaluated",
        model,
        "--api-base",
        url,
        "--max-retries",
        "2",
        *flags,
    ]


def infer(rows: Path, out: Path | str, url: str, *flags: str, model: str = "M") -> subprocess.CompletedProcess[str]:
    """An inference to its end."""
    return subprocess.run(
        command(rows, out, url, *flags, model=model),
        env=environment(OPENAI_API_KEY=KEY),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def analysis(*flags: str) -> subprocess.CompletedProcess[str]:
    """An analysis."""
    return subprocess.run(
        [sys.executable, str(ROOT / "metajudge_analysis.py"), *flags],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def rows(path: Path, faults: list[str], items: int = 2) -> Path:
    """An input file with a row for each fault ("" = none)."""
    with path.open("w", encoding="utf-8") as file:
        for number, fault in enumerate(faults):
            row = {
                "context": f"row {number}",
                "human-checklist": [f"human {number}.{n}" for n in range(items)],
                "M-checklist": [f"model {number}.{n} {fault if n == 0 else ''}" for n in range(items + 1)],
            }
            file.write(json.dumps(row) + "\n")
    return path


def records(path: Path) -> list[dict[str, Any]]:
    """The records of a file, whole lines only."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def log(url: str) -> dict[str, Any]:
    """What the server says that it served."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/log") as response:
        data: dict[str, Any] = json.loads(response.read())
    return data


def scores(path: Path) -> dict[str, Any]:
    """The accepted scores by row, of finished records."""
    return {
        r["metadata"]["context"]: r["extraction_result"]["scores"] for r in records(path) if r["status"] == "success"
    }


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    """Wait for `condition`."""
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for does not happen"
        time.sleep(0.01)
