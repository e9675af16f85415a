"""The budget layer, the innermost one: counts requests, tokens and money, and bounds the money."""

import asyncio
import copy
import logging
from dataclasses import dataclass, field
from typing import Self

from metajudge.engine.clock import StoppableClock
from metajudge.engine.question import ChatClient, Request
from metajudge.engine.stats import RunStats
from metajudge.errors import MetaJudgeError
from metajudge.llm import Reply, Usage

log = logging.getLogger("metajudge")

FIRST_COMPLETION = 1000
"""Tokens expected of a reply until the first one has arrived: a high guess, because a bound on cost relies on it."""


LEAST_CONTEXT, CUT_SHARE = 512, 0.4
"""A prompt was cut if the judge counts at least this number of tokens, but less than this share of the estimate."""


class BudgetExceeded(MetaJudgeError):
    """The next request could exceed `max_cost`, or the server reports no token usage."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """Return the cost of these tokens."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1e6


@dataclass(slots=True)
class _Account:
    """Expected cost of the requests in flight at all endpoints."""

    in_flight: int = 0
    reserved: float = 0.0
    largest_completion: int = 0
    usage_unknown: bool = False
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Budget:
    """Sends a request only if the money spent and the expected cost of requests in flight leave enough for it.

    Once the run is stopped it sends nothing.
    """

    def __init__(
        self,
        client: ChatClient,
        stats: RunStats,
        clock: StoppableClock,
        prices: Prices | None = None,
        max_cost: float | None = None,
    ) -> None:
        """Without `prices` no cost is counted; without `max_cost` no request waits."""
        self._client, self._stats, self._clock = client, stats, clock
        self._prices, self._max_cost = prices, max_cost
        self._account = _Account()
        self._warned = False

    def beside(self, client: ChatClient) -> Self:
        """Return the budget of another endpoint; both spend the same money."""
        other = copy.copy(self)
        other._client = client
        return other

    async def ask(self, request: Request) -> Reply:
        """Send the request once it fits.

        Raises a `JudgeError`, `Stopped`, or `BudgetExceeded` if it does not fit with nothing else in flight.
        """
        if self._prices is None:
            return await self._send(request)
        account = self._account
        expected = await self._reserve(self._prices, request.prompt_tokens)
        try:
            reply = await self._send(request)
            self._stats.cost += self._prices.of(reply.usage)
            account.largest_completion = max(account.largest_completion, reply.usage.completion_tokens)
            if self._max_cost is not None and not reply.usage.total_tokens:
                account.usage_unknown = True  # this reply is paid for and kept; only the next request is not sent
            return reply
        finally:
            account.in_flight, account.reserved = account.in_flight - 1, account.reserved - expected
            account.changed.set()

    async def _reserve(self, prices: Prices, prompt_tokens: int) -> float:
        """Wait until the request's expected cost fits: replies in flight may cost less than expected."""
        account = self._account
        while True:
            expected = prices.of(Usage(prompt_tokens, account.largest_completion or FIRST_COMPLETION))
            fits = self._max_cost is None or expected + self._stats.cost + account.reserved <= self._max_cost
            if fits and not account.usage_unknown:
                break
            if not account.in_flight or account.usage_unknown:
                raise BudgetExceeded(self._why())
            account.changed.clear()
            await account.changed.wait()
        account.in_flight, account.reserved = account.in_flight + 1, account.reserved + expected
        return expected

    async def _send(self, request: Request) -> Reply:
        self._clock.check()
        self._stats.requests += 1
        if request.retry_cause:
            self._stats.retries[request.retry_cause] += 1
        reply = await self._client.ask(request.messages)
        self._stats.usage += reply.usage
        self._check_whole_prompt(request, reply.usage)
        return reply

    def _check_whole_prompt(self, request: Request, usage: Usage) -> None:
        """Warn once if the judge counted far fewer prompt tokens than were sent: some servers cut silently."""
        counted, sent = usage.prompt_tokens + (usage.cached_tokens or 0), request.prompt_tokens
        if not self._warned and usage.prompt_tokens >= LEAST_CONTEXT and counted < CUT_SHARE * sent:
            self._warned = True
            log.warning(
                "the judge counted %d prompt tokens, about %d were sent: it may cut long questions; raise its context "
                "length (Ollama: OLLAMA_CONTEXT_LENGTH, llama.cpp: --ctx-size)", counted, sent,
            )  # fmt: skip

    def _why(self) -> str:
        if self._account.usage_unknown:
            return "the judge reports no token usage, so `max_cost` cannot be kept; repeat the run without it"
        bound = f"`max_cost` {self._max_cost:g} ({self._stats.cost:.4f} spent in this run)"
        return f"the next request could exceed {bound}; raise it, or start another run, which may spend as much"
