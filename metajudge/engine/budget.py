"""What a run costs, and a bound that it keeps."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from metajudge.errors import MetaJudgeError
from metajudge.llm import Reply, Usage

FIRST_COMPLETION = 1000
"""Tokens that a reply is expected to have before the first one is known."""


class BudgetExceeded(MetaJudgeError):
    """The next request might pass `--max-cost`, or what requests cost cannot be told."""


@dataclass(frozen=True, slots=True)
class Prices:
    """Money per million tokens."""

    prompt: float
    completion: float

    def of(self, usage: Usage) -> float:
        """What these tokens cost."""
        return (usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion) / 1e6


class Budget:
    """Lets a request go only while what is spent, in flight and expected of it stays within `most`."""

    def __init__(self, prices: Prices | None = None, most: float | None = None) -> None:
        """Without `prices` nothing is counted, without `most` nothing is held back."""
        self.prices, self.most = prices, most
        self.spent = 0.0
        self._in_flight = 0
        self._held = 0.0
        self._largest_completion = 0
        self._untold = False
        self._changed = asyncio.Event()

    def held(self, prompt_tokens: int) -> Held:
        """Keeps a request's expected cost aside, as an async context, while it is in flight.

        Waits for replies in flight, which may cost less than expected; raises `BudgetExceeded` when it does not fit
        without any.
        """
        return Held(self, prompt_tokens)

    async def hold(self, prompt_tokens: int) -> float:
        """Wait until a request's expected cost fits, and keep it aside; returns it."""
        if self.prices is None or self.most is None:
            return 0.0
        while (expected := self._expected(prompt_tokens)) + self.spent + self._held > self.most or self._untold:
            if not self._in_flight or self._untold:
                raise BudgetExceeded(self._why())
            self._changed.clear()
            await self._changed.wait()
        self._in_flight, self._held = self._in_flight + 1, self._held + expected
        return expected

    def release(self, expected: float) -> None:
        """The request that was expected to cost this is over."""
        if self.prices is not None and self.most is not None:
            self._in_flight, self._held = self._in_flight - 1, self._held - expected
            self._changed.set()

    def answered(self, reply: Reply) -> None:
        """Count what a reply cost, while it is still held."""
        if self.prices is not None:
            self.spent += self.prices.of(reply.usage)
            self._largest_completion = max(self._largest_completion, reply.usage.completion_tokens)
            # The reply is paid for and kept; only the next request is not sent.
            self._untold = self._untold or (self.most is not None and not reply.usage.total_tokens)

    def _expected(self, prompt_tokens: int) -> float:
        assert self.prices is not None
        return self.prices.of(Usage(prompt_tokens, self._largest_completion or FIRST_COMPLETION))

    def _why(self) -> str:
        if self._untold:
            return "the judge reports no token usage, so --max-cost cannot be kept; go on without it"
        told = f"--max-cost {self.most:g} ({self.spent:.4f} spent in this run)"
        return f"the next request could pass {told}; raise it, or let the next run spend as much"


@dataclass(slots=True)
class Held:
    """See `Budget.held`."""

    budget: Budget
    prompt_tokens: int
    expected: float = 0.0

    async def __aenter__(self) -> None:
        self.expected = await self.budget.hold(self.prompt_tokens)

    async def __aexit__(self, *exc: object) -> None:
        self.budget.release(self.expected)
