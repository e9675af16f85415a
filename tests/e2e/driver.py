"""Start the real commands as processes."""

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
    """Return the caller's environment without judge settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("OPENAI_")}
    return {**kept, "PYTHONPATH": str(ROOT), **more}


def run(
    *words: str | Path, cwd: Path = ROOT, timeout: float = 120, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, whatever its exit code. The first word "python" means this interpreter."""
    command = [sys.executable if word == "python" else str(word) for word in words]
    return subprocess.run(
        command, cwd=cwd, env=environment(**variables), capture_output=True, text=True, timeout=timeout, check=False
    )


def metajudge(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m metajudge` to its end."""
    return run("python", "-m", "metajudge", *words, **options)


def command(rows: Path, out: Path | str, url: str, *flags: str, model: str = "M") -> list[str]:
    """Return the words of an inference command; one question per row unless the flags name another granularity."""
    flags = flags if "--granularity" in flags else ("--granularity", "row", *flags)
    files = ["--input-file", str(rows), "--output-file", str(out), "--model-be-evaluated", model]
    script = [sys.executable, str(ROOT / "metajudge_infer.py")]
    return [*script, *files, "--api-base", url, "--max-retries", "2", *flags]


def infer(rows: Path, out: Path | str, url: str, *flags: str, model: str = "M") -> subprocess.CompletedProcess[str]:
    return run(*command(rows, out, url, *flags, model=model), OPENAI_API_KEY=KEY)


def start(words: list[str], **options: Any) -> subprocess.Popen[str]:
    """Start a command with both streams piped."""
    options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "env": environment(), "cwd": ROOT, **options}
    return subprocess.Popen(words, text=True, **options)


def analysis(*flags: str) -> subprocess.CompletedProcess[str]:
    return run("python", ROOT / "metajudge_analysis.py", *flags)


def rows(path: Path, faults: list[str], items: int = 2) -> Path:
    """Write an input file with one row per fault ("" = none)."""
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
    """Return the JSON objects of a file; every line must end in a newline."""
    data = path.read_bytes()
    assert data == b"" or data.endswith(b"\n")
    return [json.loads(line) for line in data.split(b"\n")[:-1]]


def log(url: str) -> dict[str, Any]:
    """Return the log of a test server."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/log") as response:
        data: dict[str, Any] = json.loads(response.read())
    return data


def scores(path: Path) -> dict[str, Any]:
    """Return the accepted scores of the finished records by row."""
    return {
        r["metadata"]["context"]: r["extraction_result"]["scores"] for r in records(path) if r["status"] == "success"
    }


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not condition():
        assert time.monotonic() < deadline, "what the test waits for does not happen"
        time.sleep(0.01)
