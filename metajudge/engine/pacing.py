"""The spacing of requests after the judge has refused some for their rate."""

import asyncio
import random
from collections.abc import Callable

from metajudge.engine.clock import Clock, overload_backoff

PROBE_SECONDS = 0.1
"""Least seconds between two starts until an answer follows a refusal."""
FIRST_HOLD_SECONDS = 1.0
"""A first refusal holds all starts no longer than this; the next one as long as the judge asks for."""
LOOK_SECONDS = 0.2
"""A request that waits for its start looks this often for another endpoint that is free."""
MARGIN = 0.95
"""Spacing after a refusal, as a share of the measured seconds per answer."""
MEASURED_ANSWERS = 5
"""Fewer answers than this measure no rate: then a refusal at most doubles the spacing."""
FIRST_SPEEDUP, SPEEDUP_DECAY, LEAST_SPEEDUP = 0.05, 0.7, 0.02
"""Each answer shortens the spacing by this share; each refusal makes the share smaller, down to the least."""


class Pacing:
    """Starts of requests after the judge has refused some for their rate.

    None starts until the wait is over. Then the starts are spaced as the answers were up to the refusal, and move
    closer with every answer.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock, self._rng = clock, random.Random()
        self._turns = asyncio.Lock()
        self._spacing = 0.0
        """Seconds between two starts."""
        self._speedup = FIRST_SPEEDUP
        self._measured_from, self._answers = clock.now(), 0
        self._refusals = 0
        """Refusals since the last answer."""
        self._hold_until = self._last_start = float("-inf")
        self.refused_at = float("-inf")

    @property
    def is_holding(self) -> bool:
        """True if the next request would have to wait for its start."""
        return self._is_active and (self._turns.locked() or self._next_start() > self._clock.now())

    @property
    def _is_active(self) -> bool:
        return bool(self._spacing or self._refusals)

    async def wait_for_start(self, elsewhere: Callable[[], bool] | None = None) -> bool:
        """Return True when the next request may start; False once `elsewhere` is True: another endpoint takes it."""
        if not self._is_active:
            return True
        async with self._turns:
            while (wait := self._next_start() - self._clock.now()) > 0:
                if elsewhere is not None and elsewhere():
                    return False
                await self._clock.sleep(wait if elsewhere is None else min(wait, LOOK_SECONDS))
            self._last_start = self._clock.now()
        return True

    def _next_start(self) -> float:
        spacing = max(self._spacing, PROBE_SECONDS) if self._refusals else self._spacing
        return max(self._hold_until, self._last_start + spacing)

    def on_answer(self) -> None:
        """Note an answer."""
        self._answers += 1
        self._refusals = 0
        self._spacing *= 1 - self._speedup

    def on_refusal(self, started: float, wait: float | None) -> None:
        """Note the refusal of a request that was sent at `started`; `wait`: seconds that the judge asks for."""
        if started < self.refused_at:
            return  # sent before the judge's last refusal was known: nothing new
        now = self._clock.now()
        if self._answers:
            measured = MARGIN * (now - self._measured_from) / self._answers
            if self._answers < MEASURED_ANSWERS:
                self._spacing = min(measured, 2 * self._spacing or measured)
            else:
                self._spacing = measured
                self._speedup = max(LEAST_SPEEDUP, SPEEDUP_DECAY * self._speedup)
                self._measured_from, self._answers = now, 0
        self._refusals += 1
        self.refused_at = now
        # A long wait is at first taken for a matter of the one question.
        believed = wait if self._refusals > 1 else min(wait or 0.0, FIRST_HOLD_SECONDS)
        self._hold_until = now + overload_backoff(self._refusals, believed, self._rng)
