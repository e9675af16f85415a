"""The concurrency layer: how many requests are in flight, fixed or found while running."""

import asyncio
import statistics
from collections import deque
from collections.abc import Callable

from metajudge.engine.circuit_breaker import OUTAGE, EndpointDown, OutageTooLong
from metajudge.engine.clock import Clock
from metajudge.engine.pacing import Pacing
from metajudge.engine.question import Request, RequestLayer
from metajudge.llm import OverloadError, Reply

FIRST_IN_FLIGHT, MOST_IN_FLIGHT = 8, 512
GROWTH = 0.5
"""Places that the limit gains per round trip of all places."""
CUT = 0.7
CUT_SECONDS = 5.0
"""At most one cut for slowness in this time, because many replies report one slow-down."""
WATCHED_REPLIES = 20
SLOWER = 2.0
"""A slow-down is a median of seconds per token this many times the best one."""


class ConcurrencyLimiter:
    """Lets at most `limit` requests be in flight; the others wait in their order.

    A judge refuses a request (429, 503, 529) for one of two reasons. It gets too many at once: the limit falls to the
    number that it is answering, then grows back slowly. Or it gets too many per minute: it refuses as many in flight
    as it has answered before. Then all starts are held and spaced (`Pacing`).
    """

    def __init__(
        self,
        inner: RequestLayer,
        limit: int,
        clock: Clock,
        *,
        outage_timeout: float = 300.0,
        elsewhere: Callable[[], bool] | None = None,
        answered_elsewhere: Callable[[], float] = lambda: float("-inf"),
    ) -> None:
        """`limit` is the most that will ever be in flight.

        Raise `OutageTooLong` when the judge has refused every request for `outage_timeout` seconds. `elsewhere`:
        returns whether another endpoint could send a request at once. `answered_elsewhere`: returns the time of the
        last answer of the others.
        """
        self._inner, self._clock, self._outage_timeout = inner, clock, outage_timeout
        self._elsewhere, self._answered_elsewhere = elsewhere, answered_elsewhere
        self._ceiling = limit
        self.limit, self._exact_limit = limit, float(limit)
        self.peak = limit
        """The highest limit so far."""
        self.busy = 0
        """Places taken."""
        self.sent = 0
        """Requests that the judge has; the other places wait for their start."""
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._pacing = Pacing(clock)
        self._known_limit = 0
        """Requests at once that the judge took after the last refusal of too many; 0 = there was none."""
        self._cut_at = float("-inf")
        self.answered_at = clock.now()
        """Time of the last answer."""

    @property
    def is_free(self) -> bool:
        """True if a request would be sent at once."""
        return self.load < self.limit and not self.is_holding

    @property
    def is_holding(self) -> bool:
        """True if a request would wait for its start, because the judge has refused some for their rate."""
        return self._pacing.is_holding

    @property
    def load(self) -> int:
        """Requests that have a place or wait for one."""
        return self.busy + len(self._waiting)

    async def ask(self, request: Request) -> Reply:
        """Send the request once there is a place and a start.

        Raise `EndpointDown` if it has to wait for its start while another endpoint is free.
        """
        await self._enter()
        try:
            if not await self._pacing.wait_for_start(self._elsewhere):
                raise EndpointDown(request)
            return await self._send(request)
        finally:
            self.busy -= 1
            self._hand_out()

    async def _send(self, request: Request) -> Reply:
        started = self._clock.now()
        self.sent += 1
        at_once = self.sent
        try:
            reply = await self._inner.ask(request)
        except OverloadError as error:
            self._on_overload(error, started, at_once, self.sent - 1)
            raise
        finally:
            self.sent -= 1
        self.answered_at = self._clock.now()
        self._pacing.on_answer()
        self._on_reply(reply)
        return reply

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
        if self.limit < self._ceiling and self.busy >= self.limit:
            self._set_limit(self._exact_limit + GROWTH / self._exact_limit)

    def _on_overload(self, error: OverloadError, started: float, at_once: int, others: int) -> None:
        """Note the refusal of a request that was sent at `started` as the `at_once`th; `others` are in flight now."""
        if self._clock.now() - max(self.answered_at, self._answered_elsewhere()) >= self._outage_timeout:
            raise OutageTooLong(
                OUTAGE, f"the judge has refused every request for {self._outage_timeout:g} s: {error}"
            ) from None
        is_new = started > self._cut_at
        if others and (at_once > self._known_limit or not is_new) and started >= self._pacing.refused_at:
            self._set_limit(min(self._exact_limit, others))
            self._known_limit = self.limit
            self._cut_at = self._clock.now() if is_new else self._cut_at
        else:
            self._pacing.on_refusal(started, error.retry_after)

    def _set_limit(self, limit: float) -> None:
        self._exact_limit = min(max(limit, 1.0), float(self._ceiling))
        self.limit = int(self._exact_limit)
        self.peak = max(self.peak, self.limit)
        self._hand_out()


class AdaptiveConcurrency(ConcurrencyLimiter):
    """Finds how many requests in flight the judge can take (`concurrent_requests` None).

    Doubles the limit per round trip until the first refusal or slow-down, then adds one per two round trips. Multiplies
    it by 0.7 when the median seconds per completion token of the last 20 replies exceed twice the best median.
    """

    def __init__(
        self,
        inner: RequestLayer,
        clock: Clock,
        *,
        outage_timeout: float = 300.0,
        elsewhere: Callable[[], bool] | None = None,
        answered_elsewhere: Callable[[], float] = lambda: float("-inf"),
        idle: Callable[[], int] = lambda: 0,
    ) -> None:
        """Subtract `idle()`, the requests that wait for the rate limit, from the places in use."""
        super().__init__(
            inner,
            MOST_IN_FLIGHT,
            clock,
            outage_timeout=outage_timeout,
            elsewhere=elsewhere,
            answered_elsewhere=answered_elsewhere,
        )
        self._idle = idle
        self._doubling = True
        self._slowed_at = float("-inf")
        self._seconds_per_token: deque[float] = deque(maxlen=WATCHED_REPLIES)
        self._best = float("inf")
        self.peak = FIRST_IN_FLIGHT
        self._set_limit(FIRST_IN_FLIGHT)

    def _on_reply(self, reply: Reply) -> None:
        self._seconds_per_token.append(reply.latency_s / max(1, reply.usage.completion_tokens))
        if len(self._seconds_per_token) == WATCHED_REPLIES:
            median = statistics.median(self._seconds_per_token)
            self._best = min(self._best, median)
            if median > SLOWER * self._best:
                self._on_slow_down()
                return
        if self.busy - self._idle() >= self.limit:  # else it says nothing about a higher limit
            self._set_limit(self._exact_limit + (1.0 if self._doubling else GROWTH / self._exact_limit))

    def _on_overload(self, error: OverloadError, started: float, at_once: int, others: int) -> None:
        self._doubling = False
        super()._on_overload(error, started, at_once, others)

    def _on_slow_down(self) -> None:
        self._doubling = False
        now = self._clock.now()
        if now - self._slowed_at >= CUT_SECONDS:
            self._slowed_at = now
            self._seconds_per_token.clear()  # what was sent before says nothing about the new limit
            self._set_limit(self._exact_limit * CUT)
