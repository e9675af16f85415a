"""Shards of a run as tasks of a Ray cluster: placed, restarted if their worker is lost, counted, stopped."""

import asyncio
import contextlib
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import fields
from typing import Any

import ray
from ray.exceptions import RayError, RayTaskError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from metajudge.engine import INCOMPLETE, INTERRUPTED, USER_ERROR, RunStats, StopHook, show_progress
from metajudge.errors import MetaJudgeError, UsageError
from metajudge.integrations.shard_worker import POLL_SECONDS, Report, ShardEnd, ShardJob, run_shard

log = logging.getLogger("metajudge")

CPUS = 0.25
"""Part of a CPU that a shard reserves: it mostly waits for the judge."""
RESTARTS = 3
"""Restarts of a shard that has lost its worker or node."""
_OBJECT_STORE = 80 * 1024 * 1024
"""Bytes: Ray's least. Nothing is kept there."""
_CONNECT_SECONDS = 10.0


class ShardRuns:
    """Counts of the shards, and how they have ended."""

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._reports: dict[str, Report] = {}
        """Last report with a state, by shard."""
        self._lost = RunStats()
        """Requests of the children that have lost their workers."""
        self._said: set[str] = set()
        self.stats = RunStats()
        """Sum over all shards; the total is None until each is counted."""
        self.sent = self.limit = 0
        """Requests in flight, and how many may be."""
        self.ends: list[ShardEnd] = []
        self.seconds = 0.0
        self.interrupted = False
        """True if `StopHook` stopped the run from outside."""

    @property
    def exit_code(self) -> int:
        """The highest code of a shard, but that of a stop only if the run was stopped from outside."""
        if self.interrupted:
            return INTERRUPTED
        return max((end.code for end in self.ends if end.code != INTERRUPTED), default=INCOMPLETE)

    def add(self, report: Report) -> None:
        """Add a report; log each message once."""
        for message in report.messages:
            if message not in self._said:
                self._said.add(message)
                log.warning("shard %s: %s", report.shard, message)
        if report.state is None:
            return
        earlier = self._reports.get(report.shard)
        if earlier is not None and earlier.state is not None and earlier.attempt != report.attempt:
            self._lost.add_spent(earlier.state.stats)
        self._reports[report.shard] = report

    def count(self) -> None:
        """Sum the reports."""
        states = [report.state for report in self._reports.values() if report.state is not None]
        self.sent, self.limit = sum(state.sent for state in states), sum(state.limit for state in states)
        total = RunStats.sum(state.stats for state in states)
        total.add_spent(self._lost)
        if len(states) < self._shards:
            total.total = None
        for one in fields(total):  # progress shows this object
            setattr(self.stats, one.name, getattr(total, one.name))


class Board:
    """An actor: takes the reports of the workers, and answers how often the run was stopped."""

    def __init__(self) -> None:
        self._reports: list[Report] = []
        self._stops = 0

    def send(self, report: Report) -> int:
        """Take a report; return the number of stops."""
        self._reports.append(report)
        return self._stops

    def take(self) -> list[Report]:
        """Return the reports since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def stop(self) -> None:
        """Count a stop."""
        self._stops += 1


def run_on_ray(jobs: Sequence[ShardJob], address: str | None = None, *, stop_hook: StopHook = nullcontext) -> ShardRuns:
    """Run the shards on the cluster at `address`, else on that of RAY_ADDRESS, else on one of this machine alone.

    `stop_hook` receives a function that stops the run: at the first call the shards let replies in flight arrive, at
    the second they do not. Raises `UsageError` if there is no cluster, `MetaJudgeError` if it is lost.
    """
    with _cluster(address):
        for job in jobs:
            job.make_files()
        try:
            return asyncio.run(_Driver(jobs).run(stop_hook))
        except RayError as error:
            reason = _last_line(error)
            raise MetaJudgeError(f"the Ray cluster was lost: {reason}; run the same command again to resume") from None


class _Driver:
    """Starts the tasks and follows them."""

    def __init__(self, jobs: Sequence[ShardJob]) -> None:
        self._runs = ShardRuns(len(jobs))
        here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
        self._board: Any = ray.remote(Board).options(num_cpus=0, scheduling_strategy=here).remote()
        self._jobs = jobs
        self._stops = 0
        self._following: asyncio.Task[None] | None = None

    async def run(self, stop_hook: StopHook) -> ShardRuns:
        """Follow the shards to their ends."""
        runs, started = self._runs, time.monotonic()
        async with show_progress(runs.stats, runs):
            with stop_hook(self._interrupt):
                self._following = asyncio.create_task(self._follow())
                await asyncio.wait([self._following])
        if not self._following.cancelled():
            self._following.result()
        runs.seconds = time.monotonic() - started
        return runs

    async def _follow(self) -> None:
        runs = self._runs
        running = {asyncio.create_task(self._end(job)) for job in self._jobs}
        while running:
            ended, running = await asyncio.wait(running, timeout=POLL_SECONDS)
            for report in await self._board.take.remote():
                runs.add(report)
            runs.count()
            runs.ends += [one.result() for one in ended]
            if not self._stops and any(end.code == USER_ERROR for end in runs.ends):
                self._stop()  # the others would end in the same way, and cost until then

    async def _end(self, job: ShardJob) -> ShardEnd:
        task = ray.remote(_task).options(
            name=f"metajudge {job.shard}", num_cpus=CPUS, scheduling_strategy="SPREAD",
            max_retries=RESTARTS, retry_exceptions=False,
        )  # fmt: skip
        try:
            end: ShardEnd = await task.remote(job, self._board)
        except RayTaskError as error:  # the worker lives: it cannot run the task
            return ShardEnd(job.shard, USER_ERROR, _last_line(error))
        except RayError as error:
            return ShardEnd(job.shard, INCOMPLETE, f"its worker was lost {RESTARTS + 1} times: {_last_line(error)}")
        return end

    def _interrupt(self) -> None:
        self._runs.interrupted = True
        if not self._stops:
            log.warning("stopping all shards; a second signal stops them at once")
        self._stop()

    def _stop(self) -> None:
        self._stops += 1
        self._board.stop.remote()
        if self._stops > 2 and self._following is not None:  # a cluster that does not answer
            self._following.cancel()


def _task(job: ShardJob, board: Any) -> ShardEnd:
    """Run a shard in a worker."""
    return run_shard(job, lambda report: int(ray.get(board.send.remote(report))))


def _last_line(error: Exception) -> str:
    return next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), type(error).__name__)


@contextlib.contextmanager
def _cluster(address: str | None) -> Iterator[None]:
    """Connect to a cluster, or start one; leave it, or end it. Raises `UsageError`."""
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    _check_reachable(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    own = {"include_dashboard": False, "object_store_memory": _OBJECT_STORE} if address == "local" else {}
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR, **own)
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise UsageError(f"the Ray cluster {address} cannot be used: {_last_line(error)}") from None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, terminated)  # Ray sets a handler that exits with another code
    try:
        with contextlib.redirect_stdout(sys.stderr):  # Ray writes about lost workers to stdout
            yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raise `UsageError` if nothing listens at `host:port`: Ray itself tries for minutes."""
    found = re.fullmatch(r"(?:ray://)?(.+):(\d+)", address)
    if found is None:
        return
    try:
        socket.create_connection((found[1].strip("[]"), int(found[2])), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise UsageError(
            f"no Ray cluster answers at {address}: {error}; start one with `ray start --head`, or check `ray_address`"
        ) from None
