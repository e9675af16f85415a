"""Several endpoints of one judge, each with the layers of a run, on a fake clock."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from metajudge.engine.budget import BudgetExceeded
from metajudge.engine.circuit_breaker import BROKEN_AFTER, OutageTooLong
from metajudge.engine.clock import StoppableClock
from metajudge.engine.config import JudgeConfig
from metajudge.engine.question import Answer, Question
from metajudge.engine.session import JudgeSession, stack_layers
from metajudge.engine.stats import RunStats
from metajudge.errors import UsageError
from metajudge.llm import ConnectError, ConnectTimeout, JudgeError, OverloadError, Reply, TransientError, Usage
from tests.unit.fakes import FakeClock, VirtualClock, in_event_loop

REFUSED = ConnectError("unreachable", "refused")
BROKEN = TransientError("500", "the judge answered 500")
URLS = ("http://a/v1", "http://b/v1", "http://c/v1")


class Replica:
    """An endpoint that answers at once, or after `seconds` of `clock`; with `error` it raises that."""

    def __init__(self, clock: FakeClock, seconds: float = 0.0, error: JudgeError | None = None) -> None:
        self.clock, self.seconds, self.error = clock, seconds, error
        self.asked: list[float] = []
        self.in_flight = self.most_in_flight = 0
        self.dropped_params: list[str] = []

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        self.asked.append(self.clock.now())
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await (self.clock.sleep(self.seconds) if self.seconds else asyncio.sleep(0))
            if self.error is not None:
                raise self.error
        finally:
            self.in_flight -= 1
        return Reply("x", "stop", Usage(0, 1000, 1000), 0.1)


def judge(clock: FakeClock, *replicas: Replica, **config: Any) -> tuple[JudgeSession, RunStats]:
    stats = RunStats()
    base = ",".join(URLS[: len(replicas)])
    settings = JudgeConfig(**{"api_base": base, "max_retries": 2, "concurrent_requests": 4, **config})
    first, *others = replicas
    return stack_layers(first, settings, stats, StoppableClock(clock.now, clock.sleep), others), stats


def question(number: int) -> Question:
    return Question(f"S{number}", [{"role": "user", "content": str(number)}], lambda reply: reply.text)


async def ask(session: JudgeSession, count: int, start: int = 0) -> list[Any]:
    """Ask this number of questions at once; return the results."""
    return await asyncio.gather(*(session.ask(question(start + number)) for number in range(count)))


async def ask_one_by_one(session: JudgeSession, clock: FakeClock, count: int, seconds: float) -> None:
    """Ask a question every `seconds`."""
    for number in range(count):
        assert isinstance(await session.ask(question(number)), Answer)
        clock.time += seconds


@in_event_loop
async def test_questions_go_to_the_endpoint_with_the_fewest_in_flight() -> None:
    """Each has its limit; a fast one gets more."""
    clock = VirtualClock()
    fast, slow = Replica(clock, 1.0), Replica(clock, 4.0)
    session, stats = judge(clock, fast, slow)
    assert (session.endpoints.limit, session.endpoints.peak) == (8, 8)

    async def in_turn(worker: int) -> None:
        for number in range(10):
            await session.ask(question(worker * 10 + number))

    await clock.run_until([asyncio.ensure_future(in_turn(worker)) for worker in range(8)])
    assert (fast.most_in_flight, slow.most_in_flight) == (4, 4)
    assert len(fast.asked) + len(slow.asked) == stats.requests == 80
    assert 3 <= len(fast.asked) / len(slow.asked) <= 4.5


@in_event_loop
async def test_each_endpoint_has_a_rate_limit() -> None:
    """Two endpoints at 60 requests per minute start two requests per second."""
    clock = VirtualClock()
    replicas = Replica(clock), Replica(clock)
    session, _ = judge(clock, *replicas, requests_per_minute=60, concurrent_requests=20)
    await clock.run_until([asyncio.ensure_future(ask(session, 20))])
    assert [len(one.asked) for one in replicas] == [10, 10]
    assert clock.time == pytest.approx(9)


@pytest.mark.parametrize("error", [REFUSED, ConnectTimeout("timeout", "no connection")])
@in_event_loop
async def test_a_dead_endpoint_costs_no_retry_and_is_probed(
    error: JudgeError, caplog: pytest.LogCaptureFixture
) -> None:
    """Its questions go elsewhere; it is tried at growing distances, and used again once it answers."""
    clock = FakeClock()
    dead, alive = Replica(clock, error=error), Replica(clock)
    session, stats = judge(clock, dead, alive, max_retries=0)
    assert all(isinstance(one, Answer) for one in await ask(session, 20, start=1000))
    first = len(dead.asked)
    assert 1 <= first <= 4 and not session.endpoints.is_down
    await ask_one_by_one(session, clock, 1000, 0.1)
    probes = dead.asked[first:]
    waits = [later - earlier for earlier, later in zip([0.0, *probes], probes, strict=False)]
    assert waits[:4] == pytest.approx([0.5, 1, 2, 4], abs=0.15) and len(probes) < 10
    assert stats.retries == {"unreachable": len(dead.asked)} and clock.slept == []
    dead.error = None
    clock.time += 30
    await ask(session, 1, start=2000)
    await ask(session, 10, start=3000)
    assert len(dead.asked) > first + len(probes) + 3
    assert caplog.text.count("its questions go to the other endpoints, http://a/v1 is tried again") == 1
    assert caplog.text.count("http://a/v1 answers again") == 1


@in_event_loop
async def test_a_broken_endpoint_is_left_out() -> None:
    """It fails at once and would get most of the questions; the others' answers are no reason to ask it more.

    A question that is sent there to try it uses none of its retries.
    """
    clock = VirtualClock()
    broken, alive = Replica(clock, error=BROKEN), Replica(clock, 1.0)
    session, stats = judge(clock, broken, alive, max_retries=1)
    (results,) = await clock.run_until([asyncio.ensure_future(ask(session, 200))])
    assert all(isinstance(one, Answer) for one in results)
    assert BROKEN_AFTER <= len(broken.asked) <= BROKEN_AFTER + 15
    assert stats.retries["500"] == len(broken.asked)


@pytest.mark.parametrize("error", [BROKEN, OverloadError("429", "slow down")])
@in_event_loop
async def test_a_question_is_asked_again_at_another_endpoint(error: JudgeError) -> None:
    """One retry is enough, although the first endpoint has as little to do."""
    clock = FakeClock()
    failing, alive = Replica(clock, error=error), Replica(clock)
    (result,) = await ask(judge(clock, failing, alive, max_retries=1)[0], 1)
    assert isinstance(result, Answer) and (len(failing.asked), len(alive.asked)) == (1, 1)


@in_event_loop
async def test_a_full_endpoint_is_not_a_broken_one() -> None:
    """A refusal for want of capacity lowers its limit and leaves it in."""
    clock = VirtualClock()
    full, alive = Replica(clock, error=OverloadError("429", "slow down")), Replica(clock, 0.5)
    session, _ = judge(clock, full, alive, max_retries=50)
    (results,) = await clock.run_until([asyncio.ensure_future(ask(session, 40))])
    assert all(isinstance(one, Answer) for one in results) and len(full.asked) > BROKEN_AFTER
    assert session.endpoints.limit < 8


@in_event_loop
async def test_an_outage_of_all_endpoints_ends_the_run_after_its_timeout() -> None:
    """The time counts from the loss of the last one, however long the first one was away."""
    clock = FakeClock()
    first, last = Replica(clock, error=REFUSED), Replica(clock)
    session, _ = judge(clock, first, last, outage_timeout=100)
    await ask_one_by_one(session, clock, 20, 50)
    last.error = REFUSED
    with pytest.raises(OutageTooLong, match="refused, for 100 s"):
        await session.ask(question(100))
    assert session.endpoints.is_down and 1090 <= clock.time <= 1160


@in_event_loop
async def test_an_outage_ends_with_the_first_endpoint_that_answers() -> None:
    """Requests held at the others go to it."""
    clock = VirtualClock()
    replicas = [Replica(clock, error=REFUSED) for _ in range(3)]
    session, stats = judge(clock, *replicas, outage_timeout=100)
    asking = asyncio.ensure_future(ask(session, 30))

    async def recover() -> None:
        await clock.sleep(20)
        replicas[1].error = None

    await clock.run_until([asking, asyncio.ensure_future(recover())])
    assert all(isinstance(one, Answer) for one in asking.result()) and clock.time < 40
    assert set(stats.retries) == {"unreachable"}


@in_event_loop
async def test_the_cost_is_bounded_over_all_endpoints() -> None:
    """Two endpoints spend no more than one."""
    clock = VirtualClock()
    replicas = Replica(clock, 1.0), Replica(clock, 1.0)
    session, stats = judge(clock, *replicas, prices=(1000.0, 1000.0), max_cost=5.0)
    asking = [asyncio.ensure_future(session.ask(question(number))) for number in range(30)]
    with pytest.raises(BudgetExceeded):
        await clock.run_until(asking)
    await asyncio.gather(*asking, return_exceptions=True)
    assert stats.cost == 5 and min(len(one.asked) for one in replicas) >= 1


@in_event_loop
async def test_a_parameter_that_one_endpoint_refuses_is_in_the_record() -> None:
    clock = FakeClock()
    replicas = Replica(clock), Replica(clock)
    replicas[1].dropped_params = ["temperature"]
    assert judge(clock, *replicas)[0].endpoints.dropped_params == ["temperature"]


@pytest.mark.parametrize(
    ("base", "message"),
    [
        ("http://a/v1,http://a/v1/", "api_base has http://a/v1 twice; name each endpoint once"),
        ("http://a/v1,", "is no address"),
        ("http://a/v1,b", "api_base b is no address"),
    ],
)
def test_endpoints_that_cannot_be_meant_are_refused(base: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        JudgeConfig(api_base=base)


def test_endpoints_are_read_from_a_comma_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are those of all of them."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://a/v1/, http://b/v1/chat/completions")
    config = JudgeConfig.from_environment(concurrent_requests=7)
    assert config.base_urls == ("http://a/v1", "http://b/v1") and config.sockets == 14


REFUSAL = OverloadError("429", "slow down", retry_after=1.0)


@pytest.mark.parametrize("in_flight", [4, None])
@in_event_loop
async def test_questions_do_not_wait_at_a_full_endpoint_while_another_is_free(in_flight: int | None) -> None:
    """All but the first few go to the other one at once, also those that waited for a start at the full one."""
    clock = VirtualClock()
    full, alive = Replica(clock, error=REFUSAL), Replica(clock, 0.1)
    session, _ = judge(clock, full, alive, max_retries=2, concurrent_requests=in_flight)
    (results,) = await clock.run_until([asyncio.ensure_future(ask(session, 40))])
    assert all(isinstance(one, Answer) for one in results)
    assert clock.time < 3  # the healthy one alone needs 1 s


@in_event_loop
async def test_a_refused_question_does_not_wait_if_another_endpoint_is_free() -> None:
    """However long the refusing one asks to wait; no retry is used."""
    clock = FakeClock()
    full, alive = Replica(clock, error=OverloadError("429", "slow down", retry_after=60.0)), Replica(clock)
    session, stats = judge(clock, full, alive, max_retries=0)
    (result,) = await ask(session, 1)
    assert isinstance(result, Answer) and clock.slept == [] and stats.retries == {"429": 1}


@in_event_loop
async def test_refusals_of_one_endpoint_are_no_outage_while_another_answers() -> None:
    """The run goes on for longer than the timeout."""
    clock = VirtualClock()
    full, alive = Replica(clock, error=REFUSAL), Replica(clock, 1.0)
    session, _ = judge(clock, full, alive, outage_timeout=20, concurrent_requests=1)
    (results,) = await clock.run_until([asyncio.ensure_future(ask(session, 100))])
    assert all(isinstance(one, Answer) for one in results)
    assert clock.time > 60 and max(full.asked) > 40


@in_event_loop
async def test_two_endpoints_that_refuse_share_the_questions() -> None:
    """Neither is free: each question waits where it is, and the refusals of both are an outage in the end."""
    clock = VirtualClock()
    replicas = [Replica(clock, error=REFUSAL) for _ in range(2)]
    session, _ = judge(clock, *replicas, outage_timeout=20, max_retries=100)
    with pytest.raises(OutageTooLong, match="refused every request for 20 s"):
        await clock.run_until([asyncio.ensure_future(ask(session, 10))])
    assert min(len(one.asked) for one in replicas) > 5 and sum(len(one.asked) for one in replicas) < 60
