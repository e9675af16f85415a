"""Waiting for an unreachable judge, on a fake clock."""

import asyncio
from collections.abc import Sequence

import pytest

from metajudge.engine.circuit_breaker import CircuitBreaker, OutageTooLong
from metajudge.engine.clock import Stopped
from metajudge.llm.errors import ConnectError, ConnectTimeout, JudgeError, TransientError
from tests.unit.fakes import REQUEST, FakeClock, FakeLayer, in_event_loop, reply

REFUSED = ConnectError("unreachable", "refused")


def breaker(turns: Sequence[Exception | None]) -> tuple[CircuitBreaker, FakeLayer, FakeClock]:
    """Return a circuit breaker before a judge that does this, in turn, and then answers."""
    left, clock = iter(turns), FakeClock()
    judge = FakeLayer(lambda _: next(left, None))
    return CircuitBreaker(judge, timeout=100, clock=clock), judge, clock


@in_event_loop
async def test_an_outage_is_waited_out_by_one_probe_at_a_time() -> None:
    """After five refusals only one request probes, then all are answered."""
    layer, judge, clock = breaker([REFUSED] * (5 + 4))
    await asyncio.gather(*(layer.ask(REQUEST) for _ in range(5)))
    assert clock.slept == [0.5, 1.0, 2.0, 4.0, 8.0]  # four refused probes, then the one that got through
    assert [request.retry_cause for request in judge.asked] == [""] * 5 + ["unreachable"] * 9


@in_event_loop
async def test_requests_are_held_until_something_answers() -> None:
    """New requests are sent as probes, or after the outage; a refused one is sent again."""
    layer, judge, _ = breaker([REFUSED] * 2)
    first = asyncio.create_task(layer.ask(REQUEST))
    while not layer.is_open:
        await asyncio.sleep(0)
    await asyncio.gather(first, layer.ask(REQUEST), layer.ask(REQUEST))
    assert not layer.is_open
    assert [one.retry_cause for one in judge.asked] == ["", "unreachable", "unreachable", "", "unreachable"]


@pytest.mark.parametrize(
    ("turns", "slept", "is_open"),
    [
        ([REFUSED, TransientError("500", "broken")], [0.5], False),  # something listens again
        ([REFUSED, Stopped()], [0.5], True),  # nobody has said that the judge is back
        ([REFUSED, ConnectTimeout("timeout", "no connection"), Stopped()], [0.5, 1.0], True),
    ],
)
@in_event_loop
async def test_any_answer_ends_an_outage_and_only_that(
    turns: list[Exception], slept: list[float], is_open: bool
) -> None:
    """An error of a probe is raised to its asker."""
    layer, _, clock = breaker(turns)
    with pytest.raises(type(turns[-1])):
        await layer.ask(REQUEST)
    assert clock.slept == slept and layer.is_open is is_open


@in_event_loop
async def test_an_outage_ends_the_run_after_its_timeout() -> None:
    """The probes stop at the bound, not after it."""
    layer, _, clock = breaker([REFUSED] * 1000)
    with pytest.raises(OutageTooLong, match="refused, for 100 s; check `api_base`"):
        await layer.ask(REQUEST)
    assert clock.time == pytest.approx(100)
    assert max(clock.slept) == 30


@in_event_loop
async def test_the_end_of_an_outage_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """A starting host that refuses and then drops connections is unreachable all the while."""
    failures: list[JudgeError] = [REFUSED, ConnectTimeout("timeout", "no connection")]

    def act(_: object) -> object:
        assert "answers again" not in caplog.text
        return failures.pop(0) if failures else reply()

    clock = FakeClock()
    await CircuitBreaker(FakeLayer(act), timeout=100, clock=clock).ask(REQUEST)  # type: ignore[arg-type]
    assert clock.slept == [0.5, 1.0] and caplog.text.count("answers again") == 1
