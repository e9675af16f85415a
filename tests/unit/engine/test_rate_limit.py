"""Requests and tokens per minute, on a fake clock."""

import asyncio
from dataclasses import replace

import pytest

from metajudge.engine.question import Request
from metajudge.engine.rate_limit import RateLimiter
from metajudge.llm.completion import Reply
from tests.unit.fakes import REQUEST, FakeClock, FakeLayer, in_event_loop, reply


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
        for _ in range(5):  # others do something meanwhile
            await asyncio.sleep(0)


def starts(count: int, **budgets: float) -> list[float]:
    """Return the starts of `count` requests that are made at once."""
    clock = Timeline()

    async def go() -> None:
        layer = RateLimiter(FakeLayer(), clock, **budgets)
        await asyncio.gather(*(layer.ask(REQUEST) for _ in range(count)))

    asyncio.run(go())
    return [0.0] * (count - len(clock.starts)) + clock.starts


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ({"delay": 2.0}, [0, 2, 4, 6]),
        ({"requests_per_minute": 120}, [0, 0.5, 1, 1.5]),  # no burst of a minute's budget
        ({"requests_per_minute": 120, "delay": 3}, [0, 3, 6]),  # the longer one wins
    ],
)
def test_starts_are_spaced_evenly(budgets: dict[str, float], expected: list[float]) -> None:
    assert starts(len(expected), **budgets) == expected


class Unanswered(FakeLayer):
    """Answers each request with the next reply that is put."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: asyncio.Queue[Reply] = asyncio.Queue()

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        return await self.replies.get()


@pytest.mark.parametrize(
    ("more", "used", "later"),
    [
        ({}, None, [6, 12]),  # 400 of prompt and 200 of completion: 6 s each
        ({"requests_per_minute": 6}, None, [10, 20]),  # the tighter of two decides
        ({}, 1200, [12, 18]),
        ({}, 300, [6, 9]),
    ],
)
@in_event_loop
async def test_tokens_are_spaced_by_the_expected_and_corrected_by_the_real_usage(
    more: dict[str, float], used: int | None, later: list[float]
) -> None:
    """The first of three requests books 600 tokens; a reply with another usage moves the waiting ones."""
    clock, judge = Timeline(), Unanswered()
    layer = RateLimiter(judge, clock, tokens_per_minute=6000, **more)
    asking = [asyncio.create_task(layer.ask(replace(REQUEST, prompt_tokens=400))) for _ in range(3)]
    while not judge.asked:
        await asyncio.sleep(0)
    if used is not None:
        judge.replies.put_nowait(reply(used - 200, 200))
    while len(judge.asked) < 3:
        await asyncio.sleep(0)
    for one in asking:
        one.cancel()
    assert clock.starts[-2:] == later


@in_event_loop
async def test_a_suspended_machine_makes_up_for_nothing_in_a_burst() -> None:
    """After a minute of sleep, ten waiting requests start a second apart again."""
    clock, started = Timeline(), list[float]()

    class Instant(FakeLayer):
        async def ask(self, request: Request) -> Reply:
            if len(started) == 3:
                clock.time += 60
            started.append(max([clock.time, *clock.starts[-1:]]))
            return reply()

    layer = RateLimiter(Instant(), clock, requests_per_minute=60)
    await asyncio.gather(*(layer.ask(REQUEST) for _ in range(10)))
    assert started[:5] == [0, 1, 2, 60, 60]  # the fourth was asleep with it, the fifth is late
    assert started[5:] == pytest.approx([61, 62, 63, 64, 65], abs=0.06)


@pytest.mark.parametrize("budget", [{"requests_per_minute": 60}, {"tokens_per_minute": 12_000}, {"delay": 1.0}])
@in_event_loop
async def test_a_cancelled_wait_leaves_no_empty_turn_behind(budget: dict[str, float]) -> None:
    """After thirty of them the next request starts a second behind the one that was sent."""
    clock = Timeline()
    layer = RateLimiter(FakeLayer(lambda _: reply(0, 200)), clock, **budget)
    await layer.ask(REQUEST)
    clock.held = True
    waiting = [asyncio.create_task(layer.ask(REQUEST)) for _ in range(30)]
    await asyncio.sleep(0)
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
    assert layer.queued == 0
    clock.held = False
    await layer.ask(REQUEST)
    assert clock.starts[-1] == 1.0
