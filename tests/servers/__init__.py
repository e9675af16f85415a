"""Real servers for tests, each in a separate process."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def unmeasured() -> dict[str, str]:
    """Return the environment without coverage, which slows the start. Test servers do not run the package."""
    return {name: value for name, value in os.environ.items() if name != "COVERAGE_PROCESS_CONFIG"}


@contextlib.contextmanager
def running(module: str, *arguments: str) -> Iterator[str]:
    """Start `python -m module arguments` and yield the base URL that it prints first."""
    command = [sys.executable, "-m", module, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, env=unmeasured(), stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:"), f"{module} did not start"
        yield url
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
