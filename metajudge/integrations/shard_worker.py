"""One shard of a run as a child process of a worker on any machine: started, reported, stopped.

The child is an ordinary run of its shard (`metajudge.cli.shard_process`). A pipe ties it to its worker: if the worker
ends, however that happens, the child stops as at Ctrl-C and keeps the replies in flight.
"""

import base64
import contextlib
import os
import pickle
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Self

import metajudge
from metajudge.engine import INCOMPLETE, INTERRUPTED, USER_ERROR, RunStats
from metajudge.errors import UsageError
from metajudge.records import check_unlocked

POLL_SECONDS = 0.5
INHERITED = ("OPENAI_API_KEY", "OPENAI_BASE_URL")
"""Variables that a shard takes from the machine on which the run was started, not from its worker."""
_STORAGE_SECONDS = 5.0
"""A shared file system may show a new file late."""
_STATE = "state "
"""Beginning of a line with counts."""
_MESSAGE, _ERROR = "metajudge: ", "metajudge: error: "


@dataclass(frozen=True, slots=True)
class ShardJob:
    """One shard to run."""

    shard: str
    """K/N."""
    words: Sequence[str]
    """Command and flags; all paths are absolute."""
    input_file: Path
    input_size: int
    """Bytes."""
    outputs: Sequence[Path]
    """Record files of the shard."""
    lock_seconds: float
    """Time to wait for an earlier child of this shard that has lost its worker."""
    environment: Mapping[str, str] = field(repr=False)
    """Values of `INHERITED`. The key is in no other place."""

    def make_files(self) -> None:
        """Make the record files that are missing: a worker that does not see them has other storage."""
        for path in self.outputs:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()


@dataclass(frozen=True, slots=True)
class State:
    """Counts of a child, which it writes as lines to its stdout."""

    stats: RunStats
    sent: int
    """Requests in flight."""
    limit: int
    """Requests that may be in flight."""

    def to_line(self) -> str:
        """Return the line that `from_line` reads."""
        return _STATE + base64.b64encode(pickle.dumps(self)).decode()

    @classmethod
    def from_line(cls, line: str) -> Self | None:
        """Read a line of a child; None if it is another one."""
        if not line.startswith(_STATE):
            return None
        state: Self = pickle.loads(base64.b64decode(line.removeprefix(_STATE)))
        return state


@dataclass(frozen=True, slots=True)
class Report:
    """State of a shard."""

    shard: str
    attempt: str = ""
    """Names the child: a shard that has lost its worker has several."""
    state: State | None = None
    """None while nothing is counted."""
    messages: Sequence[str] = ()
    """Warnings since the last report."""


@dataclass(frozen=True, slots=True)
class ShardEnd:
    """End of a shard."""

    shard: str
    code: int
    """Exit code of a run."""
    problem: str = ""
    """Error that ended it, if any."""
    last_line: str = ""
    """Last line of the child's summary."""


Send = Callable[[Report], int]
"""Takes a report, and returns how often the whole run was stopped so far."""


def run_shard(job: ShardJob, send: Send) -> ShardEnd:
    """Run a shard to its end; if the run is stopped, the child ends as at Ctrl-C, and at once at a second stop."""
    if problem := _storage_problem(job):
        return ShardEnd(job.shard, USER_ERROR, problem)
    deadline = time.monotonic() + job.lock_seconds
    while not send(Report(job.shard)):
        if _is_unlocked(job.outputs) or time.monotonic() > deadline:  # then the child says who writes
            with _child(job) as child:
                return _Supervisor(job.shard, child).run(send)
        time.sleep(POLL_SECONDS)
    return ShardEnd(job.shard, INTERRUPTED)


def _storage_problem(job: ShardJob) -> str:
    """Return why this machine does not share the files of the run; empty if it does."""
    host, deadline = socket.gethostname(), time.monotonic() + _STORAGE_SECONDS
    remedy = "put input and output on storage that all nodes have under the same path"
    for path in (job.input_file, *job.outputs):
        while not path.exists():
            if time.monotonic() > deadline:
                return f"the node {host} has no file {path}; {remedy}"
            time.sleep(POLL_SECONDS)
    size = job.input_file.stat().st_size
    if size != job.input_size:
        return f"{job.input_file} has {size} bytes on the node {host}, and {job.input_size} here; {remedy}"
    return ""


def _is_unlocked(outputs: Sequence[Path]) -> bool:
    try:
        for path in outputs:
            check_unlocked(path)
    except UsageError:
        return False
    return True


@contextlib.contextmanager
def _child(job: ShardJob) -> Iterator["subprocess.Popen[str]"]:
    """Start the process of a shard; at the end close the pipe to it, which stops it, and wait."""
    kept = {name: value for name, value in os.environ.items() if name not in INHERITED}
    package = str(Path(metajudge.__file__).parents[1])
    path = os.pathsep.join(filter(None, [package, kept.get("PYTHONPATH")]))
    with subprocess.Popen(
        [sys.executable, "-m", "metajudge.cli.shard_process", *job.words],
        env={**kept, **job.environment, "PYTHONPATH": path},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        encoding="utf-8", errors="replace",
        start_new_session=True,  # a signal to the worker's group is not for the child
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()


class _Supervisor:
    """Reads what a child writes, and stops it."""

    def __init__(self, shard: str, child: "subprocess.Popen[str]") -> None:
        self._shard, self._child = shard, child
        self._attempt = f"{socket.gethostname()}:{child.pid}:{time.time()}"
        self._messages: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._state: State | None = None
        self._problem = self._last_line = ""
        self._stops = 0

    def run(self, send: Send) -> ShardEnd:
        """Follow the child to its end; `send` takes the reports and returns how often the run was stopped."""
        assert self._child.stdout is not None and self._child.stderr is not None
        readers = [
            threading.Thread(target=read, args=[stream], daemon=True)
            for read, stream in ((self._read_output, self._child.stdout), (self._read_errors, self._child.stderr))
        ]
        for reader in readers:
            reader.start()
        while any(reader.is_alive() for reader in readers):
            readers[0].join(POLL_SECONDS)
            readers[1].join(0 if readers[0].is_alive() else POLL_SECONDS)
            self._report(send)
        code = self._child.wait()
        self._report(send)
        if code < 0 and code != -signal.SIGINT:
            return ShardEnd(self._shard, INCOMPLETE, f"its process was ended by {signal.Signals(-code).name}")
        return ShardEnd(self._shard, INTERRUPTED if code < 0 else code, self._problem, self._last_line)

    def _report(self, send: Send) -> None:
        """Report the state; pass one stop on, if there is one more than before."""
        messages = []
        while not self._messages.empty():
            messages.append(self._messages.get())
        if send(Report(self._shard, self._attempt, self._state, messages)) > self._stops:
            self._stops += 1
            self._child.send_signal(signal.SIGINT)

    def _read_output(self, stream: IO[str]) -> None:
        for line in stream:
            state = State.from_line(line)
            self._state = state or self._state
            if state is None and line.strip():
                self._last_line = line.strip()

    def _read_errors(self, stream: IO[str]) -> None:
        for line in stream:
            if line.startswith(_ERROR):
                self._problem = line.removeprefix(_ERROR).strip()
            elif line.strip():
                self._messages.put(line.removeprefix(_MESSAGE).rstrip())
