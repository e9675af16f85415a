"""How fast the judge is asked: questions in flight, fixed or found out, and requests and tokens a minute."""

from __future__ import annotations

import asyncio
import statistics
from collections import deque
from dataclasses import dataclass

from metajudge.engine.clock import Clock
from metajudge.llm import Reply

FIRST_IN_FLIGHT, MOST_IN_FLIGHT = 8, 512
CUT = 0.7
CUT_SECONDS = 5.0
"""At most one cut in so many seconds: what one overload costs is told by many replies."""
WATCHED_REPLIES = 20
SLOWER = 2.0
"""So many times the best median of seconds a token is a slow-down."""
_FIRST_COMPLETION = 200
_CATCH_UP_SECONDS = 0.05


class ConcurrencyLimiter:
    """The places in flight. `limit` may change at any time; places are given in the order of asking."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.busy = 0
        self.queued = 0
        """Places whose request waits for its turn by requests or tokens a minute."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place and take it."""
        if self.busy < self.limit and not self._waiting:
            self.busy += 1
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()  # the place was given in the same moment
            raise

    def leave(self) -> None:
        """Give the place back."""
        self.busy -= 1
        self.hand_out()

    def hand_out(self) -> None:
        """Give free places to those who wait longest."""
        while self._waiting and self.busy < self.limit:
            turn = self._waiting.popleft()
            if not turn.done():
                self.busy += 1
                turn.set_result(None)

    def answered(self, reply: Reply) -> None:
        """A reply came; called while its place is still taken."""

    def on_rate_limited(self) -> None:
        """The judge said that there are too many requests (429)."""


class AdaptiveConcurrency(ConcurrencyLimiter):
    """Finds out how many questions in flight the judge bears: `--concurrent-requests auto`.

    Doubles a round trip until the first 429 or slow-down, then one more a round trip; × 0.7 on a 429 and when the
    median seconds per completion token of the last 20 replies pass twice the best one of the run.
    """

    def __init__(self, clock: Clock) -> None:
        super().__init__(FIRST_IN_FLIGHT)
        self._clock = clock
        self._room = float(FIRST_IN_FLIGHT)
        self._doubling = True
        self._last_cut = float("-inf")
        self._seconds: deque[float] = deque(maxlen=WATCHED_REPLIES)
        self._best = float("inf")

    def answered(self, reply: Reply) -> None:
        """Grow, if every place had a request out, or cut where replies have become slow."""
        self._seconds.append(reply.latency_s / max(1, reply.usage.completion_tokens))
        if len(self._seconds) == WATCHED_REPLIES:
            median = statistics.median(self._seconds)
            self._best = min(self._best, median)
            if median > SLOWER * self._best:
                self._cut()
                return
        if self.busy - self.queued >= self.limit:
            self._set(self._room + (1.0 if self._doubling else 1.0 / self._room))

    def on_rate_limited(self) -> None:
        """A 429 is the clearest word."""
        self._cut()

    def _cut(self) -> None:
        self._doubling = False
        now = self._clock.now()
        if now - self._last_cut >= CUT_SECONDS:
            self._last_cut = now
            self._seconds.clear()  # what was sent before tells nothing of the new pace
            self._set(self._room * CUT)

    def _set(self, room: float) -> None:
        self._room = min(max(room, 1.0), float(MOST_IN_FLIGHT))
        self.limit = int(self._room)
        self.hand_out()


class RateLimiter:
    """When a request may start: a place in flight, and its turn by requests and tokens a minute.

    Starts are spaced evenly, never a minute's budget at once: each books the time that it takes of every budget. A pace
    belongs to one event loop.
    """

    def __init__(
        self,
        flight: ConcurrencyLimiter,
        clock: Clock,
        *,
        delay: float = 0.0,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        """`delay`: seconds between two starts, at least."""
        self.flight = flight
        self._clock = clock
        self._seconds_a_request = max(delay, 60.0 / requests_per_minute if requests_per_minute else 0.0)
        self._seconds_a_token = 60.0 / tokens_per_minute if tokens_per_minute else 0.0
        self._next_request = self._next_token = float("-inf")
        self._last_start = float("-inf")
        self._turns = asyncio.Lock()
        self._completion = float(_FIRST_COMPLETION)

    def slot(self, prompt_tokens: int = 0) -> Slot:
        """Holds a place in flight, as an async context, from the request's turn on; `prompt_tokens` is an estimate."""
        return Slot(self, prompt_tokens)

    async def wait_for_turn(self, prompt_tokens: int) -> None:
        """Wait until a request may start, by requests and tokens a minute."""
        if self._seconds_a_request or self._seconds_a_token:
            await self._turn(prompt_tokens)

    def answered(self, reply: Reply, prompt_tokens: int = 0) -> None:
        """Take note of a reply, within its `slot`: the flight may grow, the token budget is corrected."""
        self.flight.answered(reply)
        if self._seconds_a_token and reply.usage.total_tokens:
            booked = prompt_tokens + self._completion
            self._next_token += (reply.usage.total_tokens - booked) * self._seconds_a_token
            self._completion += (reply.usage.completion_tokens - self._completion) / 20

    async def _turn(self, prompt_tokens: int) -> None:
        # One after the other, and booked only when it starts: who gives up while waiting leaves no empty turn behind.
        asked = now = self._clock.now()
        self.flight.queued += 1
        try:
            async with self._turns:
                while (start := max(asked, self._next_request, self._next_token)) > now:
                    await self._clock.sleep(start - self._clock.now())
                    now = start  # as planned, not as woken: no drift; a reply may have put it off meanwhile
                # What a machine that stood still has missed is not made up for in one burst.
                start = max(start, now, self._clock.now() - _CATCH_UP_SECONDS)
                self._next_request = start + self._seconds_a_request
                # Onto what replies have corrected it to since the last start.
                booked = max(self._next_token, self._last_start, asked)
                self._next_token = booked + (prompt_tokens + self._completion) * self._seconds_a_token
                self._last_start = start
        finally:
            self.flight.queued -= 1


@dataclass(frozen=True, slots=True)
class Slot:
    """See `RateLimiter.slot`. A class of its own, as a generator made a context costs more than all that it holds."""

    pace: RateLimiter
    prompt_tokens: int

    async def __aenter__(self) -> None:
        await self.pace.flight.enter()
        try:
            await self.pace.wait_for_turn(self.prompt_tokens)
        except BaseException:
            self.pace.flight.leave()
            raise

    async def __aexit__(self, *exc: object) -> None:
        self.pace.flight.leave()
