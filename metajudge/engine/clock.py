"""Time as the engine sees it: tests bring their own, and a stop ends every wait."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time as a layer sees it."""

    def now(self) -> float:
        """Return seconds, monotonic."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class RealClock:
    """The machine's clock."""

    def now(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class Stopped(Exception):
    """The run is stopping: nothing more is sent."""


class StoppableClock:
    """The clock of one run. Once stopped, whoever sleeps or wants to send something gets `Stopped`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or RealClock()
        self._stop = asyncio.Event()

    @property
    def is_stopped(self) -> bool:
        """True once nothing more may be sent."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Wake all who sleep; they raise `Stopped`."""
        self._stop.set()

    def check(self) -> None:
        """Raise `Stopped` if the run is stopping."""
        if self.is_stopped:
            raise Stopped

    def now(self) -> float:
        return self._clock.now()

    async def sleep(self, seconds: float) -> None:
        self.check()
        waits = [asyncio.ensure_future(self._clock.sleep(seconds)), asyncio.ensure_future(self._stop.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        self.check()
