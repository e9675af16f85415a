"""The budget layer, the innermost one: counts requests, tokens and money, and bounds the money."""

import asyncio
import contextlib
import copy
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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


class Spending:
    """Money of one run, or of several runs in several threads, under one bound."""

    def __init__(self, max_cost: float | None = None, spent: float = 0.0) -> None:
        """`spent`: the money that is gone already."""
        self._max_cost, self.spent = max_cost, spent
        self._reserved, self._in_flight, self._usage_unknown = 0.0, 0, False
        self._lock = threading.Lock()
        self._waiting: list[Callable[[], object]] = []

    def reserve(self, expected: float, wake: Callable[[], object]) -> bool:
        """Reserve the expected cost of a request if it fits; else call `wake` once another request has ended.

        Raises `BudgetExceeded` if it does not fit with nothing else in flight.
        """
        with self._lock:
            fits = self._max_cost is None or expected + self.spent + self._reserved <= self._max_cost
            if fits and not self._usage_unknown:
                self._reserved, self._in_flight = self._reserved + expected, self._in_flight + 1
                return True
            if not self._in_flight or self._usage_unknown:
                raise BudgetExceeded(self._why())
            self._waiting.append(wake)
            return False

    def settle(self, expected: float, cost: float | None) -> None:
        """Replace a reservation by the cost of the reply: 0 without a reply, None for one without token usage."""
        with self._lock:
            self._reserved, self._in_flight = self._reserved - expected, self._in_flight - 1
            self.spent += cost or 0.0
            if cost is None and self._max_cost is not None:
                self._usage_unknown = True  # this reply is paid for and kept; only the next request is not sent
            waiting, self._waiting = self._waiting, []
        for wake in waiting:
            with contextlib.suppress(RuntimeError):  # the waiting run has ended
                wake()

    def _why(self) -> str:
        if self._usage_unknown:
            return "the judge reports no token usage, so `max_cost` cannot be kept; repeat the run without it"
        bound = f"`max_cost` {self._max_cost:g} ({self.spent:.4f} spent in this run)"
        return f"the next request could exceed {bound}; raise it, or start another run, which may spend as much"


@dataclass(slots=True)
class _Longest:
    """Longest reply of a run, over all its endpoints."""

    completion: int = 0
    """Tokens."""


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
        spending: Spending | None = None,
    ) -> None:
        """Without `prices` no cost is counted; without `spending` no request waits."""
        self._client, self._stats, self._clock = client, stats, clock
        self._prices, self._spending = prices, spending or Spending()
        self._longest = _Longest()
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
        expected = await self._reserve(self._prices, request.prompt_tokens)
        cost: float | None = 0.0
        try:
            reply = await self._send(request)
            self._longest.completion = max(self._longest.completion, reply.usage.completion_tokens)
            cost = self._prices.of(reply.usage) if reply.usage.total_tokens else None
            self._stats.cost += cost or 0.0
            return reply
        finally:
            self._spending.settle(expected, cost)

    async def _reserve(self, prices: Prices, prompt_tokens: int) -> float:
        """Wait until the request's expected cost fits: replies in flight may cost less than expected."""
        loop = asyncio.get_running_loop()
        while True:
            expected = prices.of(Usage(prompt_tokens, self._longest.completion or FIRST_COMPLETION))
            ended = asyncio.Event()
            if self._spending.reserve(expected, partial(loop.call_soon_threadsafe, ended.set)):
                return expected
            await ended.wait()

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
