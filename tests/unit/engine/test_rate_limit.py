"""Requests and tokens per minute, on a fake clock."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from metajudge.engine.question import Request
from metajudge.engine.rate_limit import RateLimiter
from metajudge.llm.client import Reply
from tests.unit.fakes import REQUEST, FakeClock, FakeLayer, reply


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


def starts(count: int, tokens: int = 0, **budgets: float) -> list[float]:
    """When `count` requests that are asked for at once may start."""
    clock = Timeline()

    async def go() -> None:
        layer = RateLimiter(FakeLayer(), clock, **budgets)
        await asyncio.gather(*(layer.ask(replace(REQUEST, prompt_tokens=tokens)) for _ in range(count)))

    asyncio.run(go())
    return [0.0] * (count - len(clock.starts)) + clock.starts


@pytest.mark.parametrize(
    ("tokens", "budgets", "expected"),
    [
        (0, {"delay": 2.0}, [0, 2, 4, 6]),
        (0, {"requests_per_minute": 120}, [0, 0.5, 1, 1.5]),  # no burst of a minute's budget
        (0, {"requests_per_minute": 120, "delay": 3}, [0, 3, 6]),  # the longer one wins
    ],
)
def test_starts_are_spaced_evenly(tokens: int, budgets: dict[str, float], expected: list[float]) -> None:
    """Also when they are asked for at once."""
    assert starts(len(expected), tokens, **budgets) == expected


class Unanswered(FakeLayer):
    """Answers each request with the next reply that is put."""

    def __init__(self) -> None:
        super().__init__()
        self.replies: asyncio.Queue[Reply] = asyncio.Queue()

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        return await self.replies.get()


@pytest.mark.parametrize(
    ("budgets", "expected"),
    [
        ({"tokens_per_minute": 6000}, [6, 12]),  # 400 of prompt and 200 of completion: 6 s each
        ({"tokens_per_minute": 6000, "requests_per_minute": 6}, [10, 20]),  # the tighter of two decides
    ],
)
def test_tokens_are_spaced_by_what_each_request_is_expected_to_take(
    budgets: dict[str, float], expected: list[float]
) -> None:
    """As long as no reply tells more."""
    clock, judge = Timeline(), Unanswered()

    async def go() -> None:
        layer = RateLimiter(judge, clock, **budgets)
        asking = [asyncio.create_task(layer.ask(replace(REQUEST, prompt_tokens=400))) for _ in range(3)]
        while len(judge.asked) < 3:
            await asyncio.sleep(0)
        for one in asking:
            one.cancel()

    asyncio.run(go())
    assert clock.starts == expected


@pytest.mark.parametrize(("used", "later"), [(1200, [12.0, 18.0]), (300, [6.0, 9.0])])
def test_the_token_budget_is_corrected_by_the_usage_while_others_wait_for_it(used: int, later: list[float]) -> None:
    """600 were booked, others used: what is owed puts the next start off, what is left brings one on."""
    clock, judge = Timeline(), Unanswered()

    async def go() -> None:
        layer = RateLimiter(judge, clock, tokens_per_minute=6000)
        asking = [asyncio.create_task(layer.ask(replace(REQUEST, prompt_tokens=400))) for _ in range(3)]
        while not judge.asked:
            await asyncio.sleep(0)
        judge.replies.put_nowait(reply(used - 200, 200))
        while len(judge.asked) < 3:
            await asyncio.sleep(0)
        for one in asking:
            one.cancel()

    asyncio.run(go())
    assert clock.starts[-2:] == later


def test_a_machine_that_stood_still_makes_up_for_nothing_in_a_burst() -> None:
    """Ten wait, a second apart, when it sleeps for a minute: then they start a second apart again."""
    clock, started = Timeline(), list[float]()

    def act(_: Request) -> None:
        if len(started) == 3:
            clock.time += 60
        started.append(max([clock.time, *clock.starts[-1:]]))

    class Instant(FakeLayer):
        async def ask(self, request: Request) -> Reply:
            act(request)
            return reply()

    async def go() -> None:
        layer = RateLimiter(Instant(), clock, requests_per_minute=60)
        await asyncio.gather(*(layer.ask(REQUEST) for _ in range(10)))

    asyncio.run(go())
    assert started[:5] == [0, 1, 2, 60, 60]  # the fourth was asleep with it, the fifth is late
    assert started[5:] == pytest.approx([61, 62, 63, 64, 65], abs=0.06)


@pytest.mark.parametrize("budget", [{"requests_per_minute": 60}, {"tokens_per_minute": 12_000}, {"delay": 1.0}])
def test_who_gives_up_while_waiting_leaves_no_empty_turn_behind(budget: dict[str, float]) -> None:
    """Thirty of them: the next request starts a second behind the one that was sent, not half a minute."""
    clock = Timeline()

    async def go() -> None:
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

    asyncio.run(go())
    assert clock.starts[-1] == 1.0
