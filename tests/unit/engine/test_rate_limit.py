"""Places in flight, fixed or found out, and requests and tokens a minute, on a fake clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from metajudge.engine.clock import RealClock
from metajudge.engine.rate_limit import (
    MOST_IN_FLIGHT,
    WATCHED_REPLIES,
    AdaptiveConcurrency,
    ConcurrencyLimiter,
    RateLimiter,
)
from metajudge.llm.client import Reply, Usage
from tests.unit.fakes import FakeClock


class Timeline(FakeClock):
    """A clock whose sleepers note when they wake, without moving it."""

    def __init__(self) -> None:
        super().__init__()
        self.starts: list[float] = []
        self.held = False
        """Nobody wakes."""

    async def sleep(self, seconds: float) -> None:
        if self.held:
            await asyncio.Event().wait()
        self.starts.append(round(self.time + seconds, 6))
        await asyncio.sleep(0)


def reply(seconds: float = 1.0, completion: int = 10, prompt: int = 0) -> Reply:
    """A reply of so many seconds and tokens."""
    return Reply("x", "stop", Usage(prompt, completion, prompt + completion), seconds)


def test_no_more_questions_are_in_flight_than_allowed() -> None:
    """Ten askers, three places, each served in its turn."""
    most, order = 0, []

    async def go() -> None:
        nonlocal most
        flight = ConcurrencyLimiter(3)

        async def one(number: int) -> None:
            nonlocal most
            await flight.enter()
            order.append(number)
            most = max(most, flight.busy)
            await asyncio.sleep(0)
            flight.leave()

        await asyncio.gather(*map(one, range(10)))
        assert flight.busy == 0

    asyncio.run(go())
    assert most == 3 and order == list(range(10))


def test_a_cancelled_waiter_loses_no_place() -> None:
    """Neither one that waits nor one whose turn has just come."""

    async def go() -> None:
        flight = ConcurrencyLimiter(1)
        await flight.enter()
        waiters = [asyncio.create_task(flight.enter()) for _ in range(3)]
        await asyncio.sleep(0)
        waiters[0].cancel()
        flight.leave()  # gives the place to the second
        waiters[1].cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        assert flight.busy == 1 and waiters[2].done() and not waiters[2].cancelled()

    asyncio.run(go())


def starts(count: int, tokens: int = 0, **budgets: float) -> list[float]:
    """When `count` requests that are asked for at once may start."""
    clock = Timeline()

    async def go() -> None:
        pace = RateLimiter(ConcurrencyLimiter(count), clock, **budgets)

        async def one() -> None:
            async with pace.slot(tokens):
                await asyncio.sleep(0)

        await asyncio.gather(*(one() for _ in range(count)))

    asyncio.run(go())
    return [0.0] * (count - len(clock.starts)) + clock.starts


def test_a_delay_lies_between_the_starts_of_two_requests() -> None:
    """Four requests with 2 s between them start at 0, 2, 4 and 6 s, also when asked for at once."""
    assert starts(4, delay=2.0) == [0, 2, 4, 6]


def test_requests_a_minute_are_spaced_evenly() -> None:
    """120 a minute: one every half second, no burst of a minute's budget; a longer delay wins."""
    assert starts(4, requests_per_minute=120) == [0, 0.5, 1, 1.5]
    assert starts(3, requests_per_minute=120, delay=3) == [0, 3, 6]


def test_tokens_a_minute_are_spaced_by_what_each_request_is_expected_to_take() -> None:
    """400 of prompt and 200 of completion at 6,000 a minute: 6 s each; the tighter of two budgets decides."""
    assert starts(3, 400, tokens_per_minute=6000) == [0, 6, 12]
    assert starts(3, 400, tokens_per_minute=6000, requests_per_minute=6) == [0, 10, 20]


def test_the_token_budget_is_corrected_by_the_usage() -> None:
    """600 were booked, 1,200 used: the next start is 6 s later."""
    clock = Timeline()

    async def go() -> None:
        pace = RateLimiter(ConcurrencyLimiter(5), clock, tokens_per_minute=6000)
        async with pace.slot(400):
            pace.answered(reply(prompt=1000, completion=200), 400)
        async with pace.slot(400):
            pass

    asyncio.run(go())
    assert clock.starts == [12.0]


@pytest.mark.parametrize(("used", "later"), [(1200, [12.0, 18.0]), (300, [6.0, 9.0])])
def test_the_token_budget_is_corrected_while_others_wait_for_it(used: int, later: list[float]) -> None:
    """600 were booked, others used: what is owed puts the next start off, what is left brings one on."""
    clock = Timeline()

    async def go() -> None:
        pace = RateLimiter(ConcurrencyLimiter(5), clock, tokens_per_minute=6000)

        async def one() -> None:
            async with pace.slot(400):
                pass

        async with pace.slot(400):
            waiting = [asyncio.create_task(one()) for _ in range(2)]
            await asyncio.sleep(0)  # the first of them sleeps until 6 s
            pace.answered(reply(prompt=used - 200, completion=200), 400)
        await asyncio.gather(*waiting)

    asyncio.run(go())
    assert clock.starts[-2:] == later


def test_a_machine_that_stood_still_makes_up_for_nothing_in_a_burst() -> None:
    """Ten wait, a second apart, when it sleeps for a minute: then they start a second apart again."""
    clock = Timeline()

    async def go() -> list[float]:
        pace = RateLimiter(ConcurrencyLimiter(10), clock, requests_per_minute=60)
        started = []

        async def one(number: int) -> None:
            async with pace.slot():
                if number == 3:
                    clock.time += 60
                started.append(max([clock.time, *clock.starts[-1:]]))

        await asyncio.gather(*map(one, range(10)))
        return started

    times = asyncio.run(go())
    assert times[:5] == [0, 1, 2, 60, 60]  # the fourth was asleep with it, the fifth is late
    assert times[5:] == pytest.approx([61, 62, 63, 64, 65], abs=0.06)


@pytest.mark.parametrize("budget", [{"requests_per_minute": 60}, {"tokens_per_minute": 12_000}, {"delay": 1.0}])
def test_who_gives_up_while_waiting_leaves_no_empty_turn_behind(budget: dict[str, float]) -> None:
    """Thirty of them: the next request starts a second behind the one that was sent, not half a minute."""
    clock = Timeline()

    async def go() -> None:
        pace = RateLimiter(ConcurrencyLimiter(32), clock, **budget)

        async def one() -> None:
            async with pace.slot():
                await asyncio.sleep(0)

        await one()
        clock.held = True
        waiters = [asyncio.create_task(one()) for _ in range(30)]
        await asyncio.sleep(0)
        for waiter in waiters:
            waiter.cancel()
        await asyncio.gather(*waiters, return_exceptions=True)
        assert (pace.flight.busy, pace.flight.queued) == (0, 0)
        clock.held = False
        await one()

    asyncio.run(go())
    assert clock.starts[-1] == 1.0


# ------------------------------------------------------------------ found out


def rounds(flight: AdaptiveConcurrency, count: int, answer: Callable[[], Reply]) -> list[int]:
    """The limit after each of `count` round trips in which every place is used."""
    limits = []
    for _ in range(count):
        sent = flight.limit
        flight.busy = sent
        for _ in range(sent):
            flight.busy = max(flight.busy, flight.limit)  # others fill what has been added
            flight.answered(answer())
        limits.append(flight.limit)
    return limits


def test_the_flight_doubles_a_round_trip_up_to_its_bound() -> None:
    """8, 16, 32 … 512."""
    flight = AdaptiveConcurrency(FakeClock())
    assert rounds(flight, 7, reply) == [16, 32, 64, 128, 256, 512, 512] and flight.limit == MOST_IN_FLIGHT


def test_a_429_cuts_once_in_five_seconds_and_ends_the_doubling() -> None:
    """32 · .7 = 22, then one more a round trip; another cut only when five seconds have passed."""
    clock = FakeClock()
    flight = AdaptiveConcurrency(clock)
    rounds(flight, 2, reply)
    for _ in range(10):
        flight.on_rate_limited()
    assert flight.limit == 22
    assert rounds(flight, 3, reply) == [23, 24, 25]
    clock.time = 5.0
    flight.on_rate_limited()
    assert flight.limit == 17


def test_replies_that_take_twice_as_long_a_token_cut() -> None:
    """The median of the last twenty; longer replies at the same speed do not."""
    flight = AdaptiveConcurrency(FakeClock())
    rounds(flight, 2, reply)
    for _ in range(WATCHED_REPLIES):
        flight.answered(reply(seconds=10.0, completion=100))
    before = flight.limit
    assert before >= 32
    for _ in range(WATCHED_REPLIES // 2 + 1):
        flight.answered(reply(seconds=2.1))
    assert flight.limit == int(before * 0.7)


def test_the_flight_grows_only_while_it_is_in_use() -> None:
    """A run that is slow to ask learns nothing of more."""
    flight = AdaptiveConcurrency(FakeClock())
    flight.busy = 3
    for _ in range(100):
        flight.answered(reply())
    assert flight.limit == 8


def test_places_that_wait_for_their_turn_by_the_minute_are_not_in_use() -> None:
    """Else the number found would tell of the budget and not of the judge."""

    async def go() -> int:
        flight = AdaptiveConcurrency(RealClock())
        pace = RateLimiter(flight, RealClock(), requests_per_minute=60)
        async with pace.slot():
            others = [asyncio.create_task(pace.slot().__aenter__()) for _ in range(7)]
            await asyncio.sleep(0)
            assert (flight.busy, flight.queued) == (8, 7)
            pace.answered(reply())
            for one in others:
                one.cancel()
            await asyncio.gather(*others, return_exceptions=True)
        assert (flight.busy, flight.queued) == (0, 0)
        return flight.limit

    assert asyncio.run(go()) == 8


def test_the_flight_never_falls_below_one() -> None:
    """However often it is cut."""
    clock = FakeClock()
    flight = AdaptiveConcurrency(clock)
    for _ in range(20):
        clock.time += 6
        flight.on_rate_limited()
    assert flight.limit == 1


@pytest.mark.parametrize("limit", [1, 3])
def test_a_grown_limit_lets_waiters_in_at_once(limit: int) -> None:
    """They need not wait for another's end."""

    async def go() -> None:
        flight = ConcurrencyLimiter(limit)
        tasks = [asyncio.create_task(flight.enter()) for _ in range(limit + 2)]
        await asyncio.sleep(0)
        assert sum(task.done() for task in tasks) == limit
        flight.limit += 2
        flight.hand_out()
        await asyncio.gather(*tasks)

    asyncio.run(go())
