"""One question until it is answered or given up: tries, budgets, backoff.

A *fault* (time-out, 429, 5xx …) and a *misread* (a reply that is not accepted) have a budget each; waiting
for a judge that is away uses none.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from metajudge.data import Status
from metajudge.engine.budget import Budget
from metajudge.engine.circuit_breaker import CircuitBreaker, Turns
from metajudge.engine.clock import Clock
from metajudge.engine.delays import backoff
from metajudge.engine.rate_limit import RateLimiter
from metajudge.engine.stats import RunStats
from metajudge.llm import Reply, RequestRejected, TransientError
from metajudge.text import ParseFailure, estimate_tokens

_NO_CONTENT = ParseFailure("the reply has no content")


@dataclass(frozen=True, slots=True)
class Question:
    """One request to the judge."""

    name: str
    """What it asks, unique within its row; also its key in the journal."""
    messages: Sequence[Mapping[str, str]]
    read: Callable[[Reply], Any]
    """The reply (its text is there) to its meaning, or `ParseFailure`: asked again."""
    shared: bool = True
    """Whether an equal question may be answered by the same reply."""
    alone: bool = True
    """Whether it is its row's only question, so that the record itself keeps the reply."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted reply."""

    reply: Reply
    value: Any
    """What `Question.read` made of it."""
    attempts: int = 1
    copied_from: str | None = None
    """The record id of the row whose equal question was asked."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A question given up."""

    kind: Status
    """`error` or `format_error`."""
    cause: str
    """Short name under which it is counted."""
    message: str
    attempts: int
    last: Reply | None = None
    """The last reply, where there was one."""
    copied: bool = False
    """An equal question was asked for another row."""


class ChatClient(Protocol):
    """What answers a question: the judge client."""

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """One request; raises a `JudgeError`."""


class Stopped(Exception):
    """The run is stopping: no new request is sent."""


class RetryingClient:
    """Asks questions with the run's limits. `busy` holds the tasks whose request is out."""

    def __init__(
        self,
        judge: ChatClient,
        *,
        pace: RateLimiter,
        outage: CircuitBreaker,
        max_retries: int,
        tally: RunStats,
        clock: Clock,
        max_tokens: int,
        budget: Budget | None = None,
    ) -> None:
        self._judge = judge
        self.pace = pace
        self._outage = outage
        self._max_retries = max_retries
        self._tally = tally
        self._clock = clock
        self._max_tokens = max_tokens
        self.budget = budget or Budget()
        self._turns = Turns()
        self._rng = random.Random()
        self.stopping = False
        self.busy: set[asyncio.Task[Any]] = set()

    @property
    def is_away(self) -> bool:
        """Whether the judge cannot be reached, so that questions are held."""
        return self._outage.is_open

    async def ask(self, question: Question) -> Answer | Failed:
        """Ask until accepted or out of budget. Raises `FatalError`, `OutageTooLong` and `Stopped`."""
        faults = misreads = cuts = attempts = 0
        again = ""
        while True:
            attempts += 1
            try:
                reply = await self._one(question.messages, again)
            except TransientError as failure:
                faults += 1
                if failure.cause == "429":
                    self.pace.flight.on_rate_limited()
                if faults > self._max_retries:
                    return Failed(Status.ERROR, failure.cause, f"{failure} (gave up after {attempts} tries)", attempts)
                if self.stopping:
                    raise Stopped from None
                again = failure.cause
                wait = backoff(faults, self._rng) if failure.retry_after is None else failure.retry_after
                await self._clock.sleep(wait)
                continue
            except RequestRejected as failure:
                return Failed(Status.ERROR, failure.cause, str(failure), attempts)
            value = _NO_CONTENT if reply.text is None else question.read(reply)
            if not isinstance(value, ParseFailure):
                return Answer(reply, value, attempts)
            misreads += 1
            cuts += reply.finish_reason == "length"
            if cuts > 1:
                message = f"the reply was cut off at {self._max_tokens} tokens; raise --max-tokens ({value.reason})"
                return Failed(Status.FORMAT_ERROR, "length", message, attempts, reply)
            if misreads > self._max_retries:
                message = f"no acceptable reply in {misreads}: {value.reason}"
                return Failed(Status.FORMAT_ERROR, "malformed", message, attempts, reply)
            if self.stopping:
                raise Stopped
            again = "length" if reply.finish_reason == "length" else "malformed"

    async def _one(self, messages: Sequence[Mapping[str, str]], again: str) -> Reply:
        """One request; `again`: why it is not the question's first, if so."""
        tokens, causes = estimate_tokens(messages), [again] if again else []
        async with self.pace.slot(tokens):
            async with self.budget.held(tokens):
                reply = await self._outage.attempt(
                    lambda: self._send(messages, causes), lambda: self.pace.wait_for_turn(tokens)
                )
                self.budget.answered(reply)
            self.pace.answered(reply, tokens)
        self._tally.usage += reply.usage
        return reply

    async def _send(self, messages: Sequence[Mapping[str, str]], causes: list[str]) -> Reply:
        """Send one; `causes` of sending it again are counted and taken out, each request for one."""
        if self.stopping:
            raise Stopped
        task = asyncio.current_task()
        assert task is not None
        self.busy.add(task)
        self._tally.requests += 1
        if self._outage.is_open:
            self._tally.retries["unreachable"] += 1
        elif causes:
            self._tally.retries[causes.pop()] += 1
        try:
            reply = await self._judge.ask(messages)
            await self._turns.take()
            return reply
        finally:
            self.busy.discard(task)
