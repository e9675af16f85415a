"""How near the reward server comes to the ideal rate: `python -m tests.bench.reward_server`.

256 different generations are with the server at any time and its judge answers after 0.2 s, so that 1,280 a second are
ideal. They are posted one a request over 256 connections, and 32 a request over 8. The rate is that of the time in
which all 256 are there: it begins when the first 512 are answered, whose connections open all at once, and ends when
the last one is posted, as fewer and fewer are there from then on.

Judge and client, which nobody runs beside the server, are kept off one CPU where the system allows that. Others may
use it: how long the server's loop waited for it is told, too, and where that is more than a percent or two, the rate is
theirs as much as the server's. `--repeat N` takes the best of N runs of each. What a bare aiohttp loop reaches, which
does nothing but ask such a judge, is printed first.

Exits 1 when a rate is below 0.90 of the ideal.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import math
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from tests.bench.measure import measure as peer
from tests.e2e.driver import environment
from tests.servers import ROOT, running

IN_PROGRESS, LATENCY, LEAST = 256, 0.2, 0.90
UNCOUNTED = 2 * IN_PROGRESS
CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
SERVERS_CPU = CPUS[-1:] if len(CPUS) > 1 else []
FORMS = (1, 32)
PROMPT = "Which response is better, and why?\n" + "lorem ipsum " * 250
FAULTS = (
    "gives a wrong year for the treaty", "never says how to undo the change", "is twice as long as was asked for",
    "forgets the empty list and so crashes", "names no source of the figures",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measured:
    """One form of request."""

    rate: float
    """Generations a second."""
    cpu: float
    """Seconds of the server's CPU a generation."""
    waited: float
    """Share of the time that the server waited for a CPU which another process had."""


def request(first: int, count: int) -> bytes:
    """A whole HTTP request with generations that no other one holds."""
    numbers = range(first, first + count)
    data = {
        "query": [PROMPT + generation(number) for number in numbers],
        "prompts": [PROMPT] * count,
        "labels": [label(number) for number in numbers],
    }
    body = json.dumps(data).encode()
    return b"POST / HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(body),
        body,
    )


def generation(number: int) -> str:
    """Five reasons and the right verdict: the judge has to be asked."""
    reasons = [f"- Response A {fault} (case {number})" for fault in FAULTS]
    return "\n".join(
        ["<RESULT_START>", "List of reasons:", *reasons, r"Final assessment result: \boxed{B>A}", "<RESULT_END>"]
    )


def label(number: int) -> str:
    """Four human items, as the judge's answer has them."""
    human = [f"Response 1 lacks point {number}.{n} of what was asked for" for n in range(4)]
    return json.dumps({"human-checklist": human, "overall_preference": 2})


@dataclass(slots=True)
class Load:
    """Requests that are posted one after the other over several connections."""

    left: deque[bytes]
    uncounted: int
    """So many answers come before those that are measured."""
    pid: int
    """The server."""
    answers: int = 0
    begun: Moment | None = None
    ended: Moment | None = None

    def answered(self) -> None:
        """Note one; called before the connection that had it posts the next."""
        self.answers += 1
        if self.answers == self.uncounted:
            self.begun = Moment.now(self)
        elif not self.left and self.ended is None:
            self.ended = Moment.now(self)


@dataclass(frozen=True, slots=True)
class Moment:
    """What was reached when."""

    at: float
    answers: int
    had: float
    """Seconds that the server's loop had a CPU so far."""
    waited: float
    """Seconds that it waited for one."""

    @classmethod
    def now(cls, load: Load) -> Moment:
        """This moment."""
        return cls(time.perf_counter(), load.answers, *scheduled(load.pid))


class Client(asyncio.Protocol):
    """One connection, which posts what is left one after the other."""

    def __init__(self, load: Load, done: asyncio.Future[None]) -> None:
        self._load, self._done, self._buffer = load, done, bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._next()

    def _next(self) -> None:
        if self._load.left:
            self._transport.write(self._load.left.popleft())
        else:
            self._transport.close()
            self._done.set_result(None)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        length = int(bytes(self._buffer[:end]).lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        if not self._buffer.startswith(b"HTTP/1.1 200") or b'"unscored": [0.0' not in self._buffer:
            self._load.left.clear()
            self._done.set_exception(SystemExit(bytes(self._buffer).decode()))
            return
        self._buffer.clear()
        self._load.answered()
        self._next()


async def post(url: str, load: Load, connections: int) -> None:
    """Until all are answered."""
    loop, address = asyncio.get_running_loop(), urlsplit(url)
    done = [loop.create_future() for _ in range(connections)]
    for one in done:
        await loop.create_connection(lambda one=one: Client(load, one), address.hostname, address.port)  # type: ignore[misc, arg-type]
    await asyncio.gather(*done)


@contextlib.contextmanager
def serving(judge: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The reward server: its URL and its process."""
    command = [sys.executable, "-m", "metajudge", "serve-reward", "--port", "0"]
    command += ["--api-base", judge, "--concurrent-requests", str(IN_PROGRESS)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        if SERVERS_CPU:
            os.sched_setaffinity(process.pid, SERVERS_CPU)
        try:
            yield process.stdout.readline().strip(), process
        finally:
            process.send_signal(signal.SIGINT)


def scheduled(pid: int) -> tuple[float, float]:
    """Seconds that the server's loop had a CPU, and that it waited for one; NaN where the system does not tell."""
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            had, waited, _ = map(int, file.read().split())
    except OSError:
        return math.nan, math.nan
    return had / 1e9, waited / 1e9


def measure(batch: int, generations: int) -> Measured:
    """Post so many generations, `batch` a request, and some before and behind that are not counted."""
    posted = [request(number, batch) for number in range(0, UNCOUNTED + generations + IN_PROGRESS, batch)]
    with running("tests.bench.lean_server", "--latency", str(LATENCY)) as judge, serving(judge) as (url, process):
        load = Load(deque(posted), UNCOUNTED // batch, process.pid)
        asyncio.run(post(url, load, IN_PROGRESS // batch))
    begun, ended = load.begun, load.ended
    assert begun is not None and ended is not None
    seconds, answers = ended.at - begun.at, (ended.answers - begun.answers) * batch
    return Measured(answers / seconds, (ended.had - begun.had) / answers, (ended.waited - begun.waited) / seconds)


def bare_loop(questions: int) -> float:
    """Questions a second of a loop that asks the judge and keeps nothing, while all 256 are there."""
    return peer(UNCOUNTED + questions + IN_PROGRESS, len(PROMPT), LATENCY, IN_PROGRESS, client="bare").rate(
        UNCOUNTED, IN_PROGRESS
    )


def main() -> int:
    """Measure and print; 0 when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generations", type=int, default=20 * IN_PROGRESS)
    parser.add_argument("--repeat", type=int, default=1)
    args = parser.parse_args()
    ideal, held = IN_PROGRESS / LATENCY, True
    floor = [bare_loop(args.generations) for _ in range(args.repeat)]
    print(f"bare loop:    {max(floor):6.0f} questions/s, {max(floor) / ideal:.3f} of the ideal", flush=True)
    if SERVERS_CPU:
        os.sched_setaffinity(0, CPUS[:-1])
    for batch in FORMS:
        runs = [measure(batch, args.generations) for _ in range(args.repeat)]
        best = max(runs, key=lambda run: run.rate)
        print(
            f"{batch:2} a request: {best.rate:6.0f} generations/s, {best.rate / ideal:.3f} of the ideal, "
            f"server CPU {best.cpu * 1000:.2f} ms a generation, waited for a CPU {best.waited:.0%} of the time",
            flush=True,
        )
        held &= best.rate >= LEAST * ideal
    print("all bounds hold" if held else "a bound does not hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
