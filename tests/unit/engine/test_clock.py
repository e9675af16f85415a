"""Clocks and backoff."""

import asyncio
import random

import pytest

from metajudge.engine.clock import StoppableClock, Stopped, backoff
from tests.unit.fakes import FakeClock, in_event_loop


def test_backoff_grows_to_thirty_seconds_and_has_full_jitter() -> None:
    """The wait is uniform between 0 and the exponential bound."""
    rng = random.Random(1)
    for tries, bound in [(1, 1.0), (2, 2.0), (4, 8.0), (6, 30.0), (500, 30.0)]:
        waits = [backoff(tries, rng) for _ in range(2000)]
        assert 0 <= min(waits) < 0.02 * bound
        assert 0.98 * bound < max(waits) <= bound


@in_event_loop
async def test_a_stop_wakes_sleepers_and_lets_nobody_sleep() -> None:
    """The long sleeper gets `Stopped` at once; the next one does not even begin."""
    fake = FakeClock()
    real, clock = StoppableClock(), StoppableClock(fake.now, fake.sleep)
    await clock.sleep(5)
    sleeper = asyncio.create_task(real.sleep(3600))
    await asyncio.sleep(0)
    real.stop()
    with pytest.raises(Stopped):
        await asyncio.wait_for(sleeper, 1)
    clock.stop()
    with pytest.raises(Stopped):
        await clock.sleep(7)
    assert fake.slept == [5]
