"""Pace, backoff and outages, on a fake clock."""

from __future__ import annotations

import asyncio
import random

import pytest

from metajudge.engine.circuit_breaker import CircuitBreaker, OutageTooLong, Turns
from metajudge.engine.clock import RealClock
from metajudge.engine.delays import backoff
from metajudge.engine.retry import Stopped
from metajudge.llm.errors import ConnectError, ConnectTimeout, TransientError
from tests.unit.fakes import FakeClock


def test_backoff_grows_to_thirty_seconds_and_has_full_jitter() -> None:
    """The wait is uniform between 0 and the exponential bound."""
    rng = random.Random(1)
    for tries, bound in [(1, 1.0), (2, 2.0), (4, 8.0), (6, 30.0), (500, 30.0)]:
        waits = [backoff(tries, rng) for _ in range(2000)]
        assert 0 <= min(waits) < 0.02 * bound
        assert 0.98 * bound < max(waits) <= bound


class Line:
    """A judge that is away for the first `away` attempts after `before` good ones."""

    def __init__(self, away: int) -> None:
        self.away, self.attempts = away, 0

    async def send(self) -> str:
        self.attempts += 1
        await asyncio.sleep(0)
        if self.attempts <= self.away:
            raise ConnectError("unreachable", "refused")
        return "reply"


def test_an_outage_is_waited_out_by_one_probe_at_a_time() -> None:
    """Five questions meet a dead judge: after the first refusals only one probes, then all are answered."""
    clock, line = FakeClock(), Line(away=5 + 4)

    async def go() -> list[str]:
        outage = CircuitBreaker(300, clock)
        return await asyncio.gather(*(outage.attempt(line.send) for _ in range(5)))

    assert asyncio.run(go()) == ["reply"] * 5
    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0]  # four refused probes, then the one that got through
    assert line.attempts == 9 + 5


def test_an_outage_is_on_until_something_answers() -> None:
    """What is sent meanwhile is no question of its own but a probe."""
    seen = []

    async def go() -> None:
        outage, line = CircuitBreaker(300, FakeClock()), Line(away=2)

        async def send() -> str:
            seen.append(outage.is_open)
            return await line.send()

        await outage.attempt(send)
        assert not outage.is_open

    asyncio.run(go())
    assert seen == [False, True, True]


def test_who_waited_for_a_judge_takes_a_new_turn_by_the_minute() -> None:
    """But for the probe that got through: their turns passed while it was away, and all at once were a burst."""
    seen: list[str] = []

    async def go() -> None:
        outage, line = CircuitBreaker(300, FakeClock()), Line(away=3)

        async def one() -> None:
            async def turn() -> None:
                seen.append("turn")
                await asyncio.sleep(0)

            await outage.attempt(line.send, turn)
            seen.append("answered")

        await asyncio.gather(*(one() for _ in range(3)))
        await one()

    asyncio.run(go())
    assert seen == ["answered", "turn", "turn", "answered", "answered", "answered"]


def test_a_probe_that_a_stop_ends_is_no_answer() -> None:
    """Nobody has said that the judge is back."""

    async def go() -> None:
        outage, line = CircuitBreaker(300, FakeClock()), Line(away=1)

        async def send() -> str:
            if line.attempts:
                raise Stopped
            return await line.send()

        with pytest.raises(Stopped):
            await outage.attempt(send)
        assert outage.is_open

    asyncio.run(go())


def test_an_outage_ends_the_run_after_its_patience() -> None:
    """The probes stop at the bound, not after it."""
    clock = FakeClock()

    async def go() -> None:
        await CircuitBreaker(100, clock).attempt(Line(away=10**9).send)

    with pytest.raises(OutageTooLong, match="refused, for 100 s; check --api-base"):
        asyncio.run(go())
    assert clock.time == pytest.approx(100)
    assert max(clock.slept) == 30


@pytest.mark.parametrize("a_round", [1, 2])
def test_a_turn_lasts_until_its_owner_waits_for_something_else(a_round: int) -> None:
    """What the turns of a round lead to gets its chance before the next round."""
    seen: list[str] = []

    async def handle(turns: Turns, name: str) -> None:
        await turns.take()
        seen.append(f"reply {name}")
        asyncio.get_running_loop().call_soon(seen.append, f"question after {name}")

    async def go() -> None:
        turns = Turns(a_round)
        await asyncio.gather(*(handle(turns, name) for name in "abcde"))
        await asyncio.sleep(0)

    asyncio.run(go())
    rounds = ["a", "b", "c", "d", "e"] if a_round == 1 else ["ab", "cd", "e"]
    assert seen == [f"{what} {name}" for one in rounds for what in ("reply", "question after") for name in one]


def test_a_turn_given_to_one_who_is_cancelled_goes_to_the_next() -> None:
    """Before it was given and in the same moment."""

    async def go() -> list[bool]:
        turns = Turns(1)
        turns._left = 0
        waiting = [asyncio.create_task(turns.take()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        turns._next_round()
        waiting[1].cancel()
        await asyncio.wait_for(waiting[2], 1)
        await asyncio.wait_for(turns.take(), 1)
        return [task.cancelled() for task in waiting]

    assert asyncio.run(go()) == [True, True, False]


def test_any_answer_ends_an_outage() -> None:
    """A 500 means that something listens again; the failure itself goes to the asker."""
    clock = FakeClock()
    turns = iter([ConnectError("unreachable", "refused"), TransientError("500", "broken"), None, None])

    async def send() -> str:
        turn = next(turns)
        if turn is not None:
            raise turn
        return "reply"

    async def go() -> None:
        outage = CircuitBreaker(300, clock)
        with pytest.raises(TransientError):
            await outage.attempt(send)
        await outage.attempt(send)

    asyncio.run(go())
    assert clock.slept == [0.5]  # the second question did not wait


def test_a_probe_that_gets_no_connection_is_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A host that is being started refuses first and then drops what comes: it is away all the while."""
    clock = FakeClock()
    away = [ConnectError("unreachable", "refused"), ConnectTimeout("timeout", "no connection"), None]

    async def send() -> str:
        if (turn := away.pop(0)) is not None:
            assert "answers again" not in caplog.text
            raise turn
        return "reply"

    assert asyncio.run(CircuitBreaker(300, clock).attempt(send)) == "reply"
    assert clock.slept == [0.5, 1.0] and caplog.text.count("answers again") == 1


def test_the_real_clock_runs() -> None:
    """Its time moves on while it sleeps."""

    async def go() -> float:
        clock = RealClock()
        before = clock.now()
        await clock.sleep(0.001)
        return clock.now() - before

    assert asyncio.run(go()) >= 0.001
