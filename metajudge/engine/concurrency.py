"""The concurrency layer: a limit of requests in flight, fixed or found while running."""

import asyncio
import statistics
from collections import deque
from collections.abc import Callable

from metajudge.engine.clock import Clock
from metajudge.engine.question import Request, RequestLayer
from metajudge.llm import Reply, TransientError

FIRST_IN_FLIGHT, MOST_IN_FLIGHT = 8, 512
CUT = 0.7
CUT_SECONDS = 5.0
"""At most one cut in this time, because many replies report one overload."""
WATCHED_REPLIES = 20
SLOWER = 2.0
"""A slow-down is a median of seconds per token this many times the best one."""


class ConcurrencyLimiter:
    """Lets `limit` requests be in flight; the others wait in their order. `limit` may change at any time."""

    def __init__(self, inner: RequestLayer, limit: int) -> None:
        self._inner = inner
        self.limit = limit
        self.busy = 0
        """Places taken."""
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def ask(self, request: Request) -> Reply:
        """Send the request once there is a place."""
        await self._enter()
        try:
            reply = await self._inner.ask(request)
            self._on_reply(reply)
            return reply
        except TransientError as error:
            if error.cause == "429":
                self._on_overload()
            raise
        finally:
            self.busy -= 1
            self._hand_out()

    async def _enter(self) -> None:
        if self.busy < self.limit and not self._waiting:
            self.busy += 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():  # it was given in the same moment
                self.busy -= 1
                self._hand_out()
            raise

    def _hand_out(self) -> None:
        while self._waiting and self.busy < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self.busy += 1
                place.set_result(None)

    def _on_reply(self, reply: Reply) -> None:
        """Note a reply whose place is still taken."""

    def _on_overload(self) -> None:
        """Note a 429 or a slow-down; a fixed limit stays."""


class AdaptiveConcurrency(ConcurrencyLimiter):
    """Finds how many requests in flight the judge can take (`concurrent_requests` None).

    Doubles the limit per round trip until the first 429 or slow-down, then adds one per round trip. Multiplies it by
    0.7 on a 429 and when the median seconds per completion token of the last 20 replies exceed twice the best median.
    """

    def __init__(self, inner: RequestLayer, clock: Clock, *, idle: Callable[[], int] = lambda: 0) -> None:
        """Subtract `idle()`, the requests that wait for the rate limit, from the places in use."""
        super().__init__(inner, FIRST_IN_FLIGHT)
        self._clock, self._idle = clock, idle
        self._exact_limit = float(FIRST_IN_FLIGHT)
        self._doubling = True
        self._last_cut = float("-inf")
        self._seconds_per_token: deque[float] = deque(maxlen=WATCHED_REPLIES)
        self._best = float("inf")

    def _on_reply(self, reply: Reply) -> None:
        self._seconds_per_token.append(reply.latency_s / max(1, reply.usage.completion_tokens))
        if len(self._seconds_per_token) == WATCHED_REPLIES:
            median = statistics.median(self._seconds_per_token)
            self._best = min(self._best, median)
            if median > SLOWER * self._best:
                self._on_overload()
                return
        if self.busy - self._idle() >= self.limit:  # else it says nothing about a higher limit
            self._set_limit(self._exact_limit + (1.0 if self._doubling else 1.0 / self._exact_limit))

    def _on_overload(self) -> None:
        self._doubling = False
        now = self._clock.now()
        if now - self._last_cut >= CUT_SECONDS:
            self._last_cut = now
            self._seconds_per_token.clear()  # what was sent before says nothing about the new limit
            self._set_limit(self._exact_limit * CUT)

    def _set_limit(self, limit: float) -> None:
        self._exact_limit = min(max(limit, 1.0), float(MOST_IN_FLIGHT))
        self.limit = int(self._exact_limit)
        self._hand_out()
