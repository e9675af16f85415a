"""Rate of the reward server beside a bare loop: `python -m tests.bench.reward_server`.

The server always has 256 different generations, 32 per request over 8 connections. Its judge answers after 0.2 s. The
bare aiohttp loop sends as many requests to such a judge. Both rates leave out the begin and the end, when fewer are in
flight. If the system allows it, judge and client are kept off the server's CPU.
"""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from typing import Any

import aiohttp

from tests.bench.measure import best_of, measure, rate
from tests.e2e.driver import environment
from tests.servers import ROOT, running

IN_PROGRESS, LATENCY, A_REQUEST, LEAST = 256, 0.2, 32, 0.80
GENERATIONS, UNCOUNTED = 23 * IN_PROGRESS, 2 * IN_PROGRESS
CPUS = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
PROMPT = "Which response is better, and why?\n" + "lorem ipsum " * 250
FAULTS = (
    "gives a wrong year for the treaty", "never says how to undo the change", "is twice as long as was asked for",
    "forgets the empty list and so crashes", "names no source of the figures",
)  # fmt: skip


def request(first: int) -> dict[str, Any]:
    """Return generations that no other request holds."""
    numbers = range(first, first + A_REQUEST)
    return {
        "query": [PROMPT + generation(number) for number in numbers],
        "prompts": [PROMPT] * A_REQUEST,
        "labels": [label(number) for number in numbers],
    }


def generation(number: int) -> str:
    """Return five reasons and the right verdict, so that the judge has to be asked."""
    reasons = [f"- Response A {fault} (case {number})" for fault in FAULTS]
    end = [r"Final assessment result: \boxed{B>A}", "<RESULT_END>"]
    return "\n".join(["<RESULT_START>", "List of reasons:", *reasons, *end])


def label(number: int) -> str:
    """Return a label with four human items, as in the judge's answer."""
    human = [f"Response 1 lacks point {number}.{n} of what was asked for" for n in range(4)]
    return json.dumps({"human-checklist": human, "overall_preference": 2})


async def post(url: str) -> list[float]:
    """Post all generations over several connections. Return the time of each answer."""
    todo = (json.dumps(request(first)).encode() for first in range(0, GENERATIONS, A_REQUEST))
    answered: list[float] = []

    async def work(session: aiohttp.ClientSession) -> None:
        for body in todo:
            async with session.post(url, data=body, headers={"Content-Type": "application/json"}) as response:
                found = json.loads(await response.read())
            if response.status != 200 or any(found["extra_logs"]["unscored"]):
                raise SystemExit(f"{response.status}: {found}")
            answered.append(time.perf_counter())

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session:
        await asyncio.gather(*(work(session) for _ in range(IN_PROGRESS // A_REQUEST)))
    return answered


def reward_server(judge: str) -> float:
    """Return the generations per second."""
    command = [sys.executable, "-m", "metajudge", "serve-reward", "--port", "0", "--api-base", judge]
    command += ["--concurrent-requests", str(IN_PROGRESS)]
    with subprocess.Popen(
        command, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            if len(CPUS) > 1:
                os.sched_setaffinity(process.pid, CPUS[-1:])
            times = asyncio.run(post(process.stdout.readline().strip()))
        finally:
            process.send_signal(signal.SIGINT)
    return A_REQUEST * rate(times, UNCOUNTED // A_REQUEST, IN_PROGRESS // A_REQUEST)


def attempt() -> bool:
    """Measure both once. Return true within the bound."""
    bare = rate(measure(GENERATIONS, len(PROMPT), LATENCY, IN_PROGRESS, client="bare").replied, UNCOUNTED, IN_PROGRESS)
    if len(CPUS) > 1:
        os.sched_setaffinity(0, CPUS[:-1])
    try:
        with running("tests.bench.lean_server", "--latency", str(LATENCY)) as judge:
            found = reward_server(judge)
    finally:
        if CPUS:
            os.sched_setaffinity(0, CPUS)
    share = found / bare
    print(f"bare loop {bare:.0f} a second, reward server {found:.0f}: {share:.3f} (at least {LEAST})", flush=True)
    return share >= LEAST


if __name__ == "__main__":
    sys.exit(best_of(attempt))
