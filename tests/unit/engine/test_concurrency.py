"""Requests in flight: a fixed limit, and one that is found."""

import asyncio
from collections.abc import Callable

import pytest

from metajudge.engine.concurrency import MOST_IN_FLIGHT, WATCHED_REPLIES, AdaptiveConcurrency, ConcurrencyLimiter
from metajudge.engine.question import Request
from metajudge.engine.rate_limit import RateLimiter
from metajudge.llm.completion import Reply
from metajudge.llm.errors import TransientError
from tests.unit.fakes import REQUEST, FakeClock, FakeLayer, in_event_loop, reply


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

    def rate_limited(self, count: int = 1) -> int:
        """Return the limit after `count` 429."""
        self.answer = lambda: TransientError("429", "slow down")
        return self.ask(count)


def test_the_limit_doubles_per_round_trip_up_to_its_bound() -> None:
    assert Judged().round_trips(7) == [16, 32, 64, 128, 256, 512, 512] and MOST_IN_FLIGHT == 512


def test_a_429_cuts_once_in_five_seconds_and_ends_the_doubling() -> None:
    """The limit is 32 · .7 = 22, then grows by one per round trip; another cut needs five seconds."""
    judged = Judged()
    judged.round_trips(2)
    assert judged.rate_limited(10) == 22
    assert judged.round_trips(3) == [23, 24, 25]
    judged.clock.time = 5.0
    assert judged.rate_limited() == 17


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


def test_the_limit_never_falls_below_one() -> None:
    judged = Judged()
    for _ in range(20):
        judged.clock.time += 6
        judged.rate_limited()
    assert judged.layer.limit == 1
