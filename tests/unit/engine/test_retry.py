"""One question until it is answered: refusals, malformed replies, and a judge that nobody can read."""

import asyncio
import logging
from collections.abc import Callable

import pytest

from metajudge.engine.question import Answer, Failed, Question, Request, RequestResult
from metajudge.engine.retry import MISREAD_QUESTIONS, RetryingClient
from metajudge.llm import FatalError, OverloadError, Reply, TransientError, Usage
from metajudge.text import ParseFailure
from tests.unit.fakes import REQUEST, FakeClock, FakeLayer, reply

UNREADABLE = ParseFailure("no <RESULT_START> block")


def question(read: Callable[[Reply], object] = lambda reply: 1) -> Question:
    return Question("q", REQUEST.messages, read)


def client(
    act: Callable[[Request], Reply | Exception | None], max_retries: int = 2, max_tokens: int | None = 100
) -> tuple[RetryingClient, FakeLayer, FakeClock]:
    layer, clock = FakeLayer(act), FakeClock()
    return RetryingClient(layer, max_retries=max_retries, max_tokens=max_tokens, clock=clock), layer, clock


def ask(retrying: RetryingClient, *questions: Question) -> list[RequestResult]:
    async def go() -> list[RequestResult]:
        return [await retrying.ask(one) for one in questions]

    return asyncio.run(go())


def test_refusals_cost_no_retry_while_the_judge_answers_others() -> None:
    """Ten refusals of one question, each with an answer to another one between them; two retries are allowed."""
    retrying, layer, _ = client(lambda request: OverloadError("429", "slow down") if next(turns) else None)

    async def go() -> list[RequestResult]:
        refused = asyncio.ensure_future(retrying.ask(question()))
        others = [await retrying.ask(question()) for _ in range(10)]
        return [await refused, *others]

    turns = iter([True, False] * 10 + [False] * 20)
    results = asyncio.run(go())
    assert all(isinstance(result, Answer) for result in results) and len(layer.asked) > 15


def test_refusals_without_any_answer_use_up_the_retries() -> None:
    """The waits are the larger of the judge's word and a doubling backoff, with up to a quarter more."""
    for word, least in ((None, [0.25, 0.5]), (3.0, [3.0, 3.0])):
        retrying, layer, clock = client(lambda request, word=word: OverloadError("429", "slow down", word))  # type: ignore[misc]
        (failed,) = ask(retrying, question())
        assert isinstance(failed, Failed) and failed.cause == "429" and len(layer.asked) == 3
        assert all(low <= wait <= 1.25 * low for low, wait in zip(least, clock.slept, strict=True))


def test_a_retry_after_of_zero_does_not_end_the_backoff() -> None:
    """Otherwise all tries would be over in a few milliseconds."""
    retrying, _, clock = client(lambda request: TransientError("500", "busy", 0.0), max_retries=8)
    ask(retrying, question())
    assert len(clock.slept) == 8 and sum(clock.slept) > 1


@pytest.mark.parametrize(("max_retries", "max_tokens", "requests"), [(0, 100, 1), (5, 100, 2), (0, None, 1)])
def test_a_reply_that_was_cut_is_called_so(max_retries: int, max_tokens: int | None, requests: int) -> None:
    cut = Reply("x", "length", Usage(), 1.0)
    retrying, layer, _ = client(lambda request: cut, max_retries, max_tokens)
    (failed,) = ask(retrying, question(lambda reply: UNREADABLE))
    assert isinstance(failed, Failed) and failed.cause == "length" and len(layer.asked) == requests
    assert ("at 100 tokens" if max_tokens else "at its limit") in failed.message


def test_the_first_malformed_replies_are_shown(caplog: pytest.LogCaptureFixture) -> None:
    """Their beginning, safe for a terminal; not those of a whole run."""
    text = "I would say \x1b[31m" + "very " * 200
    retrying, _, _ = client(lambda request: Reply(text, "stop", Usage(), 1.0))
    with caplog.at_level(logging.WARNING):
        ask(retrying, *[question(lambda reply: UNREADABLE)] * 3)
    shown = [record.getMessage() for record in caplog.records]
    assert len(shown) == 3 and all("no <RESULT_START> block; it begins: I would say" in line for line in shown)
    assert all("\x1b" not in line and len(line) < 300 for line in shown)


def test_a_judge_that_nobody_can_read_ends_the_run() -> None:
    """After twenty questions, not after a thousand requests; one readable reply before that keeps the run going."""
    retrying, layer, _ = client(lambda request: reply(), max_retries=5)
    with pytest.raises(FatalError, match="none of the first 20 questions got a readable reply") as caught:
        ask(retrying, *[question(lambda reply: UNREADABLE)] * 30)
    assert "it begins" not in str(caught.value) and "begins: x; try another `model`" in str(caught.value)
    assert len(layer.asked) < 6 * MISREAD_QUESTIONS
    retrying, _, _ = client(lambda request: reply(), max_retries=0)
    results = ask(retrying, question(), *[question(lambda reply: UNREADABLE)] * 30)
    assert sum(isinstance(result, Failed) for result in results) == 30


def part_question(*parts: object) -> Question:
    """A question whose replies are all refused as a whole; `parts` can be read of them one after the other."""
    given = iter(parts)
    return Question("q", REQUEST.messages, lambda reply: UNREADABLE, lambda reply: next(given))


def test_a_part_is_accepted_when_the_question_was_asked_once_more() -> None:
    """The second part counts, not the first."""
    retrying, layer, _ = client(lambda request: None, max_retries=5)
    (found,) = ask(retrying, part_question("first", "second"))
    assert isinstance(found, Answer) and (found.value, found.attempts, len(layer.asked)) == ("second", 2, 2)


def test_a_reply_without_any_part_does_not_count_as_the_second_one() -> None:
    """The quote is asked for again until there is another part."""
    retrying, layer, _ = client(lambda request: None, max_retries=5)
    (found,) = ask(retrying, part_question("first", UNREADABLE, UNREADABLE, "second"))
    assert isinstance(found, Answer) and (found.value, len(layer.asked)) == ("second", 4)


@pytest.mark.parametrize(("retries", "parts"), [(0, ["only"]), (2, ["only", UNREADABLE, UNREADABLE])])
def test_a_part_is_better_than_a_failure_when_no_try_is_left(retries: int, parts: list[object]) -> None:
    """It was paid for."""
    retrying, layer, _ = client(lambda request: None, max_retries=retries)
    (found,) = ask(retrying, part_question(*parts))
    assert isinstance(found, Answer) and (found.value, len(layer.asked)) == ("only", retries + 1)


def test_nothing_that_can_be_read_is_a_failure() -> None:
    retrying, _, _ = client(lambda request: None, max_retries=1)
    (found,) = ask(retrying, part_question(UNREADABLE, UNREADABLE))
    assert isinstance(found, Failed) and found.cause == "malformed"
