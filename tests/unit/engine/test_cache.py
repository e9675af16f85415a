"""Equal questions, asked once."""

import asyncio
from dataclasses import replace

import pytest

from metajudge.data import Status
from metajudge.engine.cache import ResponseCache
from metajudge.engine.question import Answer, Failed, Question, RequestResult
from metajudge.engine.stats import RunStats
from metajudge.llm.completion import Usage
from metajudge.llm.errors import FatalError
from tests.unit.fakes import in_event_loop, reply

QUESTION = Question("q", [{"role": "user", "content": "S1: x"}], str, record_id="a")
ANSWER = Answer(reply(5, 5), "value", attempts=3)


class Inner:
    """A layer below that gives these results in turn."""

    def __init__(self, *results: RequestResult | Exception) -> None:
        self.results = list(results)
        self.asked = 0
        self.hang = False

    async def ask(self, question: Question) -> RequestResult:
        self.asked += 1
        await asyncio.sleep(3600 if self.hang else 0)
        result = self.results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result


def of_record(name: str) -> Question:
    return replace(QUESTION, record_id=name)


@pytest.mark.parametrize("together", [True, False])
@in_event_loop
async def test_an_equal_question_gets_a_copy_without_tokens(together: bool) -> None:
    """A copy names the record that it comes from, in flight at the same time or later."""
    inner, stats = Inner(ANSWER), RunStats()
    cache = ResponseCache(inner, stats)
    asking = [cache.ask(of_record(name)) for name in "ab"]
    first, second = await asyncio.gather(*asking) if together else [await one for one in asking]
    assert first == ANSWER and (inner.asked, stats.cache_hits) == (1, 1)
    assert second == replace(ANSWER, reply=replace(ANSWER.reply, usage=Usage()), attempts=0, copied_from="a")


@in_event_loop
async def test_a_failure_is_shared_in_flight_and_not_remembered() -> None:
    failed = Failed(Status.ERROR, "500", "no", 1)
    inner, stats = Inner(failed, ANSWER), RunStats()
    cache = ResponseCache(inner, stats)
    both = await asyncio.gather(*(cache.ask(QUESTION) for _ in range(2)))
    assert [*both, await cache.ask(QUESTION)] == [failed, replace(failed, copied=True), ANSWER]
    assert stats.cache_hits == 0


@in_event_loop
async def test_what_ends_the_run_ends_the_others_too_and_a_cancelled_one_is_replaced() -> None:
    """The second of two equal questions is asked if the first was cancelled."""
    inner = Inner(FatalError("401", "bad key"), ANSWER)
    cache = ResponseCache(inner, RunStats())
    both = await asyncio.gather(*(cache.ask(QUESTION) for _ in range(2)), return_exceptions=True)
    assert [type(one) for one in both] == [FatalError] * 2 and inner.asked == 1
    inner.hang = True
    first, second = asyncio.create_task(cache.ask(QUESTION)), asyncio.create_task(cache.ask(QUESTION))
    await asyncio.sleep(0)
    inner.hang = False
    first.cancel()
    assert await asyncio.wait_for(second, 1) == ANSWER and inner.asked == 3


@pytest.mark.parametrize("bound", [{"answers": 1}, {"characters": 1}])
@in_event_loop
async def test_the_oldest_answers_are_forgotten(bound: dict[str, int]) -> None:
    """The cache has one place, or one character, for two answers of one character each."""
    other = replace(QUESTION, messages=[{"role": "user", "content": "S1: y"}])
    inner = Inner(*[ANSWER] * 3)
    cache = ResponseCache(inner, RunStats(), **bound)
    for question in (QUESTION, other, other, QUESTION):
        await cache.ask(question)
    assert inner.asked == 3
