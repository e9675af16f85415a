"""The rate limit layer: spaces the starts of requests per minute. `retry` and `concurrency` handle a 429."""

import asyncio

from metajudge.engine.clock import Clock
from metajudge.engine.question import Request, RequestLayer
from metajudge.llm import Reply

_TYPICAL_COMPLETION = 200
"""Tokens expected of a reply until the first one has arrived. A wrong guess only shifts a start."""
_CATCH_UP_SECONDS = 0.05


class RateLimiter:
    """Spaces the starts of requests evenly, never a minute's budget at once.

    Each request reserves its share of both budgets, requests and tokens. Belongs to one event loop.
    """

    def __init__(
        self,
        inner: RequestLayer,
        clock: Clock,
        *,
        delay: float = 0.0,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
    ) -> None:
        """Start two requests at least `delay` seconds apart."""
        self._inner, self._clock = inner, clock
        self._seconds_per_request = max(delay, 60.0 / requests_per_minute if requests_per_minute else 0.0)
        self._seconds_per_token = 60.0 / tokens_per_minute if tokens_per_minute else 0.0
        self._next_request = self._next_token = self._last_start = float("-inf")
        self._turns = asyncio.Lock()
        self._completion = float(_TYPICAL_COMPLETION)
        self.queued = 0
        """Requests that wait for their turn."""

    async def ask(self, request: Request) -> Reply:
        """Send the request when its turn has come."""
        if self._seconds_per_request or self._seconds_per_token:
            await self._wait_for_turn(request.prompt_tokens)
        reply = await self._inner.ask(request)
        if self._seconds_per_token and reply.usage.total_tokens:
            self._correct(request, reply)
        return reply

    def _correct(self, request: Request, reply: Reply) -> None:
        """Correct the booked tokens by the real ones."""
        booked = request.prompt_tokens + self._completion
        self._next_token += (reply.usage.total_tokens - booked) * self._seconds_per_token
        self._completion += (reply.usage.completion_tokens - self._completion) / 20

    async def _wait_for_turn(self, prompt_tokens: int) -> None:
        # Requests wait one after the other and reserve only when they start, so that a cancelled one leaves no gap.
        asked = now = self._clock.now()
        self.queued += 1
        try:
            async with self._turns:
                while (start := max(asked, self._next_request, self._next_token)) > now:
                    await self._clock.sleep(start - self._clock.now())
                    now = start  # as planned, not as woken: no drift; a reply may have put it off meanwhile
                # After a machine was suspended, missed starts are not made up for in one burst.
                start = max(start, now, self._clock.now() - _CATCH_UP_SECONDS)
                self._next_request = start + self._seconds_per_request
                # Replies may have corrected it since the last start.
                booked = max(self._next_token, self._last_start, asked)
                self._next_token = booked + (prompt_tokens + self._completion) * self._seconds_per_token
                self._last_start = start
        finally:
            self.queued -= 1
