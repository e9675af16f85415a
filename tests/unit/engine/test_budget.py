"""Prices and the bound on what a run costs."""

from __future__ import annotations

import asyncio

import pytest

from metajudge.engine.budget import Budget, BudgetExceeded, Prices
from metajudge.llm.client import Reply, Usage

PRICES = Prices(prompt=2.0, completion=10.0)


def reply(prompt: int, completion: int) -> Reply:
    """A reply of so many tokens."""
    return Reply("x", "stop", Usage(prompt, completion, prompt + completion), 1.0)


def test_a_reply_costs_what_its_tokens_cost() -> None:
    """1,000 · 2 + 500 · 10 per million = 0.007."""
    budget = Budget(PRICES)
    budget.answered(reply(1000, 500))
    assert budget.spent == pytest.approx(0.007)


def test_a_request_goes_only_while_what_it_may_cost_fits() -> None:
    """At first 1,000 tokens of completion are expected, then the largest so far: .0102 fits, then .0032 does not."""

    async def go() -> float:
        budget = Budget(PRICES, most=0.015)
        async with budget.held(100):  # expected .0002 + .01
            budget.answered(reply(100, 300))  # cost .0032
        for _ in range(3):
            async with budget.held(100):  # expected .0032
                budget.answered(reply(100, 300))
        with pytest.raises(
            BudgetExceeded, match=r"could pass --max-cost 0\.015 \(0\.0128 spent in this run\); raise it, or let"
        ):
            async with budget.held(100):
                raise AssertionError
        return budget.spent

    assert asyncio.run(go()) == pytest.approx(0.0128)


def test_a_request_that_does_not_fit_beside_others_waits_for_them() -> None:
    """Replies in flight often cost less than expected: they are not a reason to stop."""

    async def go() -> list[str]:
        budget, events = Budget(PRICES, most=0.015), []

        async def one(name: str) -> None:
            async with budget.held(0):  # .01 expected of the first, .001 of the others
                events.append(f"{name} sent")
                await asyncio.sleep(0)
                budget.answered(reply(0, 100))
                events.append(f"{name} back")

        await asyncio.gather(one("a"), one("b"), one("c"))
        return events

    assert asyncio.run(go())[:3] == ["a sent", "a back", "b sent"]


def test_a_judge_that_tells_no_usage_ends_a_bounded_run_after_the_paid_reply() -> None:
    """The reply itself is kept; the next request is not sent."""

    async def go() -> None:
        budget = Budget(PRICES, most=1.0)
        async with budget.held(10):
            budget.answered(Reply("x", "stop", Usage(), 1.0))
        with pytest.raises(BudgetExceeded, match="reports no token usage"):
            async with budget.held(10):
                raise AssertionError

    asyncio.run(go())


def test_without_a_bound_nothing_is_held_back() -> None:
    """With or without prices."""

    async def go() -> None:
        for budget in (Budget(), Budget(PRICES)):
            for _ in range(3):
                async with budget.held(10**9):
                    budget.answered(reply(1000, 500))
            assert budget.spent == pytest.approx(0.021 if budget.prices else 0)

    asyncio.run(go())
