"""Requests in flight: a fixed limit, and one that is found."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from metajudge.engine.circuit_breaker import OutageTooLong
from metajudge.engine.concurrency import MOST_IN_FLIGHT, WATCHED_REPLIES, AdaptiveConcurrency, ConcurrencyLimiter
from metajudge.engine.question import Answer, Question, Request
from metajudge.engine.rate_limit import RateLimiter
from metajudge.engine.retry import RetryingClient
from metajudge.llm.completion import Reply
from metajudge.llm.errors import OverloadError
from tests.unit.fakes import REQUEST, FakeClock, FakeLayer, VirtualClock, in_event_loop, reply


class Held(FakeLayer):
    """Answers once `free` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        await self.free.wait()
        return reply()


@in_event_loop
async def test_no_more_requests_are_in_flight_than_allowed() -> None:
    """Ten requests share three places, each in its turn."""
    order, most = [], 0
    layer = ConcurrencyLimiter(FakeLayer(), 3, FakeClock())

    async def one(number: int) -> None:
        nonlocal most
        await layer.ask(REQUEST)
        most = max(most, layer.busy)
        order.append(number)

    await asyncio.gather(*map(one, range(10)))
    assert layer.busy == 0
    assert most == 3 and order == list(range(10))


@in_event_loop
async def test_a_cancelled_waiter_loses_no_place() -> None:
    """Its place goes to the next one, even if it was just given to it."""
    layer = ConcurrencyLimiter(FakeLayer(), 1, FakeClock())
    layer.busy = 1
    asking = [asyncio.create_task(layer.ask(REQUEST)) for _ in range(3)]
    await asyncio.sleep(0)
    asking[0].cancel()
    layer.busy = 0
    layer._hand_out()  # to the second
    asking[1].cancel()
    await asyncio.wait_for(asking[2], 1)
    assert layer.busy == 0


@pytest.mark.parametrize("limit", [1, 3])
@in_event_loop
async def test_a_grown_limit_lets_waiters_in_at_once(limit: int) -> None:
    """They need not wait for another request to end."""
    judge = Held()
    layer = AdaptiveConcurrency(judge, FakeClock())
    layer.limit = limit
    asking = [asyncio.create_task(layer.ask(REQUEST)) for _ in range(limit + 2)]
    await asyncio.sleep(0)
    assert len(judge.asked) == limit
    layer._set_limit(limit + 2)
    await asyncio.sleep(0)
    assert len(judge.asked) == limit + 2
    judge.free.set()
    await asyncio.gather(*asking)


class Judged:
    """An adaptive limit and its judge."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.layer = AdaptiveConcurrency(FakeLayer(lambda _: self.answer()), self.clock)
        self.answer: Callable[[], Reply | Exception] = reply

    def ask(self, count: int) -> int:
        """Return the limit after `count` requests at once."""

        async def go() -> None:
            await asyncio.gather(*(self.layer.ask(REQUEST) for _ in range(count)), return_exceptions=True)

        asyncio.run(go())
        return self.layer.limit

    def round_trips(self, count: int) -> list[int]:
        """Return the limit after each of `count` round trips in which every place is used."""
        limits = []
        for _ in range(count):
            for _ in range(self.layer.limit):
                self.layer.busy = self.layer.limit  # others fill what has been added
                self.layer._on_reply(reply())
            limits.append(self.layer.limit)
        self.layer.busy = 0
        return limits


def test_the_limit_doubles_per_round_trip_up_to_its_bound() -> None:
    assert Judged().round_trips(7) == [16, 32, 64, 128, 256, 512, 512] and MOST_IN_FLIGHT == 512


def test_replies_that_take_twice_as_long_per_token_cut() -> None:
    """The median of the last twenty counts; longer replies at the same speed do not cut."""
    judged = Judged()
    judged.round_trips(2)
    judged.answer = lambda: reply(seconds=10.0, completion=100)
    before = judged.ask(WATCHED_REPLIES)
    assert before >= 32
    judged.answer = lambda: reply(seconds=2.1)
    assert judged.ask(WATCHED_REPLIES // 2 + 1) == int(before * 0.7)


def test_the_limit_grows_only_while_it_is_in_use() -> None:
    judged = Judged()
    for _ in range(100):
        judged.ask(3)
    assert judged.layer.limit == 8


@in_event_loop
async def test_places_that_wait_for_the_rate_limit_are_not_in_use() -> None:
    """Otherwise the limit found would depend on the rate limit and not on the judge."""

    class Still(FakeClock):
        async def sleep(self, seconds: float) -> None:
            await asyncio.Event().wait()

    rate_limiter = RateLimiter(FakeLayer(), Still(), requests_per_minute=60)
    layer = AdaptiveConcurrency(rate_limiter, Still(), idle=lambda: rate_limiter.queued)
    asking = [asyncio.create_task(layer.ask(REQUEST)) for _ in range(8)]
    await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    assert (layer.limit, layer.busy, rate_limiter.queued) == (8, 7, 7)
    for one in asking:
        one.cancel()
    await asyncio.wait(asking)
    assert (layer.busy, rate_limiter.queued) == (0, 0)


# ------------------------------------------------------------------ refusals


@dataclass
class Limited:
    """A judge that takes some requests at once, and some per second after a burst, on a fake clock."""

    clock: FakeClock
    at_once: int = 1000
    per_second: float = 1000.0
    tokens: float = 1000.0
    in_flight: int = 0
    refused: int = 0
    answered: list[float] = field(default_factory=list)
    filled: float = 0.0

    async def ask(self, request: Request) -> Reply:
        """Answer within a second, or refuse."""
        burst, now = 4.0, self.clock.now()
        self.tokens = min(max(burst, self.tokens), self.tokens + (now - self.filled) * self.per_second)
        self.filled = now
        if self.in_flight >= self.at_once or self.tokens < 1:
            self.refused += 1
            raise OverloadError("429", "slow down", 1.0)
        self.tokens, self.in_flight = self.tokens - 1, self.in_flight + 1
        await self.clock.sleep(1.0)
        self.in_flight -= 1
        self.answered.append(self.clock.now())
        return reply()


def test_a_judge_of_eight_at_once_soon_gets_eight_at_once() -> None:
    """Ten are allowed; two are refused, then eight are in flight and none is held back."""
    judge, layer = run_limited(rows=80, limit=10, at_once=8)
    assert layer.limit in (8, 9) and judge.refused <= 8
    assert judge.answered[-1] <= 14  # ten round trips of a second at best


def test_a_judge_of_four_a_second_soon_gets_four_a_second() -> None:
    """Nothing is sent for the second that the judge asks for; then the starts are spaced."""
    judge, _ = run_limited(rows=200, limit=10, per_second=4.0, tokens=4.0)
    assert judge.refused <= 0.3 * 200
    assert judge.answered[-1] <= 200 / 4.0 / 0.9


def run_limited(rows: int, limit: int, **judged: Any) -> tuple[Limited, ConcurrencyLimiter]:
    """Take questions through the retry layer; none may be lost."""

    async def go() -> tuple[Limited, ConcurrencyLimiter]:
        clock = VirtualClock()
        judge = Limited(clock, **judged)
        layer = ConcurrencyLimiter(judge, limit, clock)
        retrying = RetryingClient(layer, max_retries=5, max_tokens=100, clock=clock)
        question = Question("q", REQUEST.messages, lambda reply: 1)
        asking = [asyncio.ensure_future(retrying.ask(question)) for _ in range(rows)]
        results = await clock.run_until(asking)
        assert all(isinstance(result, Answer) for result in results)
        return judge, layer

    return asyncio.run(go())


@in_event_loop
async def test_a_judge_that_only_refuses_ends_the_run_after_the_outage_timeout() -> None:
    clock = FakeClock()
    layer = ConcurrencyLimiter(FakeLayer(lambda _: OverloadError("429", "slow down")), 2, clock, outage_timeout=60.0)
    with pytest.raises(OutageTooLong, match=r"refused every request for 60 s: slow down"):
        for _ in range(100):
            with contextlib.suppress(OverloadError):
                await layer.ask(REQUEST)
    assert 60 <= clock.time < 70
