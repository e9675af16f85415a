"""One pair of lists: scores, matching and figures, over the retries and limits of a run."""

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

from metajudge.embedded.matcher import score_matrix as embedded_scores
from metajudge.engine import JudgeConfig, JudgeSettings
from metajudge.errors import UsageError
from metajudge.llm import FatalError, JudgeError
from metajudge.metrics import Match, optimal_matching, paper_metrics
from metajudge.tasks.match.judge import Judge, MatchResult, match
from tests.e2e.driver import log
from tests.servers import running
from tests.servers.faulty import score

HUMAN = ["the year is wrong", "a table is missing", "the tone is rude"]
REASONS = [
    "Response A names a false year.",
    "Response B lists its sources.",
    "Response A drops the table.",
    "It is rude.",
]


def matrix(reasons: list[str] = REASONS) -> list[list[float]]:
    """Return the scores of the test server, each reason by itself."""
    return [[float(score(human, reason)) for reason in reasons] for human in HUMAN]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running("tests.servers.faulty") as base_url:
        yield base_url


def matched(judge: Judge | str, human: list[str] = HUMAN, reasons: list[str] = REASONS) -> MatchResult:
    return asyncio.run(match(human, reasons, judge=judge))


def test_every_pair_is_scored_and_the_figures_are_those_of_a_row(url: str) -> None:
    """One question for each reason; the matching is Eq. 1's, the figures are the paper's."""
    judge = Judge("m", url)
    found = matched(judge)
    assert found.scores == matrix() and found.exact
    assert found.matching == tuple(optimal_matching(matrix()))
    figures = paper_metrics(matrix(), len(REASONS))
    assert (found.rc, found.ap, found.ap_soft) == (
        figures.rationale_consistency, figures.average_precision, figures.average_precision_soft
    )  # fmt: skip
    assert (found.precision, found.f1) == (figures.precision, figures.f1)
    assert judge.stats.requests == 4 and found.usage.total_tokens == 440 == judge.stats.usage.total_tokens


def test_the_embedded_judge_needs_no_server() -> None:
    """By its name alone; the base URL in the environment is another judge's."""
    found = matched("embedded")
    alone = [embedded_scores(HUMAN, [reason]) for reason in REASONS]  # its idf is that of one question
    assert found.scores == [[one[row][0] for one in alone] for row in range(3)]
    assert found.matching[0] == Match(1, 1, 0.5) and 0 < found.rc < 1


def test_one_question_for_all_reasons_gives_bounds(url: str) -> None:
    """Granularity `row`: one score for each human item, and the result says that it is not exact."""
    found = matched(Judge("m", url, granularity="row"))
    assert [sum(one is not None for one in row) for row in found.scores] == [1, 1, 1]
    assert [max(one for one in row if one is not None) for row in found.scores] == [max(row) for row in matrix()]
    assert not found.exact and matched(Judge("m", url, granularity="row"), reasons=REASONS[:1]).exact


def test_one_question_that_names_every_pair_is_exact() -> None:
    """Granularity `pairs`: a pair that the reply does not name scores 0."""
    judge = Judge("embedded", granularity="pairs")
    found = matched(judge)
    assert found.scores == embedded_scores(HUMAN, REASONS) and found.exact and judge.stats.requests == 1


def test_top_k_judges_the_first_reasons(url: str) -> None:
    """The others have no score and do not count in the precision."""
    found = matched(Judge("m", url, top_k=2))
    assert [row[2:] for row in found.scores] == [[None, None]] * 3
    assert found.precision == paper_metrics(matrix(REASONS[:2]), 2).precision


def test_an_open_judge_shares_connections_limits_and_replies(url: str) -> None:
    """Equal questions are asked once and cost nothing again; it can be opened again after its end."""
    judge = Judge("m", url, concurrent_requests=2)

    async def go() -> list[MatchResult]:
        async with judge:
            first = await match(HUMAN, REASONS, judge=judge)
            with pytest.raises(RuntimeError, match="open already"):
                async with judge:
                    pass
            more = await asyncio.gather(*(match(HUMAN, REASONS, judge=judge) for _ in range(3)))
        async with judge:
            return [first, *more, await match(HUMAN, REASONS, judge=judge)]

    found = asyncio.run(go())
    assert all(one.scores == matrix() for one in found)
    assert [one.usage.total_tokens for one in found] == [440, 0, 0, 0, 440]
    assert (judge.stats.requests, judge.stats.cache_hits) == (8, 12)


def test_failures_are_retried_and_then_raised(url: str) -> None:
    """A retried one leaves no trace; one that stays names the question and the cause."""
    judge = Judge("m", url, max_retries=2)
    assert matched(judge, reasons=["It is rude. [[500x2]]"]).scores == matrix(["It is rude."])
    assert judge.stats.requests == 3 and dict(judge.stats.retries) == {"500": 2}
    with pytest.raises(JudgeError, match="no accepted reply to question S2/1: ") as caught:
        matched(Judge("m", url, max_retries=0), reasons=["It is rude.", "[[malformed]]"])
    assert caught.value.cause == "malformed"


def test_a_refused_key_is_raised_at_once() -> None:
    """The other questions are not waited for."""
    with running("tests.servers.faulty", "--always", "401") as refusing:
        with pytest.raises(FatalError, match="check OPENAI_API_KEY"):
            matched(Judge("m", refusing, api_key="sk-x", concurrent_requests=1))
        assert log(refusing)["requests"] < len(REASONS)


def test_empty_lists() -> None:
    """Without reasons nothing is asked and all is 0; without a human item there is no figure."""
    found = matched("embedded", reasons=[])
    assert (found.scores, found.matching, found.rc, found.precision, found.f1) == ([[], [], []], (), 0, 0, 0)
    with pytest.raises(ValueError, match="human has no item"):
        matched("embedded", human=[])


@pytest.mark.parametrize("wrong", ["a text", ["a", 1], [None]])
def test_only_lists_of_texts_are_taken(wrong: Any) -> None:
    """A text is a sequence of texts, too, but no list of items."""
    with pytest.raises(TypeError, match=r"human is .* it is a list of texts"):
        matched("embedded", human=wrong)
    with pytest.raises(TypeError, match="model_items is "):
        matched("embedded", reasons=wrong)


def test_settings_are_checked() -> None:
    """When the judge is made, before anything is sent; its text holds no key."""
    with pytest.raises(UsageError, match="no API key for the judge"):
        Judge("gpt-4o")
    with pytest.raises(ValueError, match="granularity is 'pair'; it is one of "):
        Judge("embedded", granularity="pair")
    with pytest.raises(ValueError, match="top_k is 0"):
        Judge("embedded", top_k=0)
    with pytest.raises(ValueError, match="max_retries is -1"):
        Judge("embedded", max_retries=-1)
    with pytest.raises(UsageError, match="api_base"):
        Judge("m", "ftp://x")
    assert "sk-x" not in repr(Judge("m", api_key="sk-x").config)


def test_the_keywords_are_fields_of_the_configuration() -> None:
    """Same names, types and, in `help`, defaults."""
    shown, known = inspect.signature(Judge).parameters, inspect.signature(JudgeConfig).parameters
    assert list(shown) == ["model", "base_url", "granularity", "top_k", *JudgeSettings.__annotations__]
    assert all(shown[name].default == known[name].default for name in JudgeSettings.__annotations__)
    fields = get_type_hints(JudgeConfig)
    assert {name: fields[name] for name in JudgeSettings.__annotations__} == get_type_hints(JudgeSettings)
