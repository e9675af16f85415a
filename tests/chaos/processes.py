"""The judge and the inference as processes that a test may stop, pause, kill and restart."""

import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from tests.e2e import driver
from tests.e2e.driver import KEY, PATIENCE, command, environment, infer, records
from tests.servers import ROOT, unmeasured


class JudgeServer:
    """`tests.servers.faulty` with its log file. It keeps its port and its log over restarts."""

    def __init__(self, log: Path, *flags: str) -> None:
        """Start it; `log` is where it notes what it serves."""
        self.log = log
        self._flags = flags
        self._port = "0"
        self.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def start(self, *flags: str) -> None:
        """Start it (again), with other flags if there are any."""
        self._flags = flags or self._flags
        arguments = ["--port", self._port, "--log", str(self.log), *self._flags]
        command = [sys.executable, "-m", "tests.servers.faulty", *arguments]
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=unmeasured(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()
        assert self.url.startswith("http://127.0.0.1:"), "the judge did not start"
        self._port = self.url.removesuffix("/v1").rpartition(":")[2]

    def stop(self) -> None:
        """Kill the server: connections break, nothing listens any more."""
        self._process.kill()
        self._process.wait(10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def restart(self, *flags: str) -> None:
        """Stop it and start it again, with other flags if there are any."""
        self.stop()
        self.start(*flags)

    def pause(self) -> None:
        """Stop the process: it accepts connections and sends nothing."""
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Continue a paused process."""
        self._process.send_signal(signal.SIGCONT)


def start(
    source: Path,
    out: Path | str,
    url: str,
    *flags: str,
    largest_file: int | None = None,
    measured: bool = True,
    **options: Any,
) -> subprocess.Popen[str]:
    """Start it (again), with other flags if there are any.

    `largest_file`: bytes that it may write to a file. `measured`: counts for the coverage, which makes the start
    slower. `env`: more variables.
    """
    variables = environment(OPENAI_API_KEY=KEY, **options.pop("env", {}))
    if largest_file is not None or not measured:  # the limit would stop the coverage file, too
        variables.pop("COVERAGE_PROCESS_CONFIG", None)
    if largest_file is not None:
        limits = (largest_file, largest_file)
        options["preexec_fn"] = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    return driver.start(command(source, out, url, *flags), env=variables, **options)


def end(process: subprocess.Popen[str], timeout: float = 2 * PATIENCE) -> subprocess.CompletedProcess[str]:
    stdout, stderr = process.communicate(timeout=timeout)
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def said(result: subprocess.CompletedProcess[str], *codes: int) -> str:
    """Return all output of a run. Fail unless it ended with one of `codes` and without a traceback."""
    text = result.stdout + result.stderr
    assert result.returncode in codes and "Traceback" not in text, text
    return text


def last_line(result: subprocess.CompletedProcess[str], code: int) -> str:
    """Return the last line of a run's summary. Fail unless it ended with `code` and without a traceback."""
    said(result, code)
    return (result.stdout or result.stderr).splitlines()[-1]


def size(path: Path) -> int:
    """Return a file's size, 0 if it does not exist."""
    return path.stat().st_size if path.exists() else 0


def rows_of(path: Path) -> list[str]:
    """Return the rows of the finished records, sorted; duplicates are kept."""
    return sorted(r["metadata"]["context"] for r in records(path) if r["status"] in ("success", "empty"))


def all_rows(count: int) -> list[str]:
    """Return the value of `rows_of` when each row of `tests.e2e.driver.rows` is judged once."""
    return sorted(f"row {number}" for number in range(count))


def judge_all(source: Path, out: Path, url: str, count: int, *flags: str) -> str:
    """Run an inference and fail unless each of `count` rows is judged once. Return its output."""
    text = said(infer(source, out, url, *flags), 0)
    assert rows_of(out) == all_rows(count)
    return text
