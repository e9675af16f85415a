"""Time as the engine sees it, waits that a stop ends, and exponential backoff."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0
FIRST_OVERLOAD_BACKOFF, LONGEST_OVERLOAD_BACKOFF = 0.25, 4.0
OVERLOAD_JITTER = 0.25


def backoff(tries: int, rng: random.Random) -> float:
    """Return seconds to wait after `tries` failed tries (from 1): exponential with full jitter, at most 30."""
    return rng.uniform(0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(tries, 16)))


def overload_backoff(refusals: int, wait: float | None, rng: random.Random) -> float:
    """Return seconds to wait after `refusals` (from 1) by a judge without capacity, which asks for `wait` seconds.

    It is the larger of `wait` and a doubling backoff of at most 4 s, with up to a quarter more at random (1 s at most).
    """
    grown = min(LONGEST_OVERLOAD_BACKOFF, FIRST_OVERLOAD_BACKOFF * 2.0 ** min(refusals - 1, 16))
    seconds = max(wait or 0.0, grown)
    return seconds + rng.uniform(0, OVERLOAD_JITTER * min(seconds, LONGEST_OVERLOAD_BACKOFF))


class Clock(Protocol):
    """Time as a layer sees it."""

    def now(self) -> float:
        """Return seconds, monotonic."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Stopped(Exception):
    """The run is stopping: nothing more is sent."""


class Pending(Stopped):
    """A question has no reply in this run: its row stays open, without a record, and the run goes on."""


class StoppableClock:
    """The clock of one run. Once it is stopped, `sleep` and `check` raise `Stopped`."""

    def __init__(
        self,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._now, self._sleep = now, sleep
        self._stop = asyncio.Event()

    @property
    def is_stopped(self) -> bool:
        """True once nothing more may be sent."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Wake all sleepers; they raise `Stopped`."""
        self._stop.set()

    def check(self) -> None:
        """Raise `Stopped` if the run is stopping."""
        if self.is_stopped:
            raise Stopped

    def now(self) -> float:
        """Return seconds, monotonic."""
        return self._now()

    async def sleep(self, seconds: float) -> None:
        """Wait, or raise `Stopped` as soon as the run is stopped."""
        self.check()
        waits = [asyncio.ensure_future(self._sleep(seconds)), asyncio.ensure_future(self._stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self.check()
