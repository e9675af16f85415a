"""Prices, and the bound on the cost of a run."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from metajudge.engine.budget import Budget, BudgetExceeded, Prices, Spending
from metajudge.engine.clock import StoppableClock
from metajudge.engine.stats import RunStats
from metajudge.llm.completion import Reply, Usage
from tests.unit.fakes import REQUEST, ScriptedJudge, in_event_loop, reply

PRICES = Prices(prompt=2.0, completion=10.0)


def budget(answer: Reply, prices: Prices | None = PRICES, max_cost: float | None = None) -> Budget:
    """Return a budget before a judge with this answer."""
    return Budget(ScriptedJudge(lambda *_: answer), RunStats(), StoppableClock(), prices, Spending(max_cost))


async def ask(layer: Budget, prompt_tokens: int, times: int = 1) -> float:
    """Ask one after the other; return the cost so far."""
    for _ in range(times):
        await layer.ask(replace(REQUEST, prompt_tokens=prompt_tokens))
    return layer._stats.cost


@in_event_loop
async def test_a_request_goes_only_while_what_it_may_cost_fits() -> None:
    """The first reply is expected to have 1,000 tokens, the next as many as the largest: .0102 fits, .0032 does not."""
    layer = budget(reply(100, 300), max_cost=0.015)
    assert await ask(layer, 100, times=4) == pytest.approx(4 * 0.0032)  # 100 · 2 + 300 · 10 per million
    message = r"could exceed `max_cost` 0\.015 \(0\.0128 spent in this run\); raise it, or start"
    with pytest.raises(BudgetExceeded, match=message):
        await ask(layer, 100)


@in_event_loop
async def test_a_request_that_does_not_fit_beside_others_waits_for_them() -> None:
    """Replies in flight often cost less than expected, so that they are no reason to stop."""
    events = []

    class Noted(ScriptedJudge):
        async def ask(self, messages: Any) -> Reply:
            events.append("sent")
            answer = await super().ask(messages)
            events.append("back")
            return answer

    layer = Budget(Noted(lambda *_: reply(0, 100)), RunStats(), StoppableClock(), PRICES, Spending(0.015))
    await asyncio.gather(*(ask(layer, 0) for _ in range(3)))  # .01 expected of the first, .001 of the others
    assert events[:3] == ["sent", "back", "sent"]


@in_event_loop
async def test_a_judge_that_reports_no_usage_ends_a_bounded_run_after_the_paid_reply() -> None:
    """The reply itself is kept; the next request is not sent."""
    layer = budget(Reply("x", "stop", Usage(), 1.0), max_cost=1.0)
    await ask(layer, 10)
    with pytest.raises(BudgetExceeded, match="reports no token usage"):
        await ask(layer, 10)


@pytest.mark.parametrize(("prices", "spent"), [(None, 0.0), (PRICES, 0.021)])
def test_without_a_bound_nothing_is_held_back(prices: Prices | None, spent: float) -> None:
    """With prices the cost is counted: 3 · (1,000 · 2 + 500 · 10) per million."""
    assert asyncio.run(ask(budget(reply(1000, 500), prices), 10**9, times=3)) == pytest.approx(spent)


@pytest.mark.parametrize(("sent", "counted", "cached", "is_warned"), [
    (6000, 2048, None, True), (6000, 2048, 3900, False), (6000, 3000, None, False), (6000, 0, None, False),
    (6000, 100, None, False),
])  # fmt: skip
def test_a_prompt_that_the_judge_cut_is_named_once(
    caplog: pytest.LogCaptureFixture, sent: int, counted: int, cached: int | None, is_warned: bool
) -> None:
    """Ollama cuts at its context length without a word; only its usage shows it."""

    class Judge(ScriptedJudge):
        async def ask(self, messages: object) -> Reply:
            return Reply("x", "stop", Usage(counted, 5, counted + 5, cached), 0.1)

    async def go() -> None:
        layer = Budget(Judge(lambda text, n: "x"), RunStats(), StoppableClock())
        for _ in range(3):
            await layer.ask(replace(REQUEST, prompt_tokens=sent))

    asyncio.run(go())
    assert len([record for record in caplog.records if "cut long questions" in record.getMessage()]) == is_warned


def test_runs_in_several_threads_spend_no_more_than_their_common_bound() -> None:
    """Four runs, each with its own event loop, ask until the money is used up; a run that waits is woken by another."""
    spending = Spending(0.1)

    class Slow(ScriptedJudge):
        async def ask(self, messages: Any) -> Reply:
            await asyncio.sleep(0.001)
            return await super().ask(messages)

    async def ask_until_refused() -> float:
        layer = Budget(Slow(lambda *_: reply(0, 100)), RunStats(), StoppableClock(), PRICES, spending)
        with pytest.raises(BudgetExceeded):
            await ask(layer, 0, times=1000)
        return layer._stats.cost

    with ThreadPoolExecutor(4) as pool:
        spent = sum(pool.map(lambda _: asyncio.run(ask_until_refused()), range(4)))
    assert spent == pytest.approx(spending.spent)
    assert 0.09 < spent <= 0.1
