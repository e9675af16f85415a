"""Generations in, rewards out: asks the judge for what the rewards of a training step need.

The judge is asked as in a run: bounded, with tries again, equal questions once. Nothing is written; a generation
that the judge could not score is unscored, never 0.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Self

from metajudge.data import Sample
from metajudge.engine import (
    OUTAGE,
    Failed,
    JudgeConfig,
    JudgeSession,
    OutageTooLong,
    Question,
    RequestResult,
    RunStats,
    check_key,
    open_judge,
)
from metajudge.llm import FatalError, JudgeError
from metajudge.metrics import Matrix
from metajudge.rewards.reward import (
    Gold,
    Reward,
    RewardConfig,
    compute_reward,
    expand_columns,
    needs_judge,
    outcome_reward,
    reward_of_malformed,
    select_reasons,
    visible_reasons,
)
from metajudge.tasks import ITEM, ROW, MatchTask, Prompt, read_critique, score_matrix
from metajudge.text import ParseFailure

UNSCORED_TIMEOUT = 120.0
TIMEOUT = "timeout"
AWAY_SECONDS = 1.0
"""Between two looks whether a judge that was away for long is back."""


@dataclass(slots=True)
class Counts:
    """What a scorer did so far."""

    generations: int = 0
    malformed: int = 0
    gated: int = 0
    """Generations with reasons to judge whose reward does not depend on the judge, who was not asked."""
    unscored: Counter[str] = field(default_factory=Counter)
    """By cause."""
    judge: RunStats = field(default_factory=RunStats)
    """Requests, tries again, copies and tokens."""


class RewardScorer:
    """Scores the generations of a critic in training; an async context manager that belongs to one event loop.

    Trainers have loops and threads of their own: `metajudge.integrations` hosts a scorer for them.
    """

    def __init__(
        self,
        judge: JudgeConfig,
        options: RewardConfig | None = None,
        *,
        granularity: str = ROW,
        unscored_timeout: float = UNSCORED_TIMEOUT,
    ) -> None:
        """`judge`: who is asked and how; `granularity`: one question a generation (`row`) or a reason (`item`).

        `unscored_timeout`: seconds after which a generation without the judge's answer is unscored. Raises
        `UsageError` when the judge needs a key and there is none, `ValueError` for a granularity or time that is none.
        """
        if granularity not in (ROW, ITEM):
            raise ValueError(f"granularity is {granularity!r}; it is one of {ROW}, {ITEM}")
        if not 0 < unscored_timeout < math.inf:
            raise ValueError(f"unscored_timeout is {unscored_timeout}; it is a number of seconds above 0")
        check_key(judge)
        self.options = options or RewardConfig()
        self.counts = Counts()
        self._ungated = replace(self.options, gate=False)
        self._config = replace(judge, max_outage=min(judge.max_outage, unscored_timeout))
        self._task = MatchTask(Prompt(granularity, system_message=judge.system_message), {})
        self._timeout = unscored_timeout
        self._stack = contextlib.AsyncExitStack()
        self._judge: asyncio.Future[JudgeSession] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def score(self, generations: Sequence[str], golds: Sequence[Gold]) -> list[Reward]:
        """The reward of each generation, all asked at once within the judge's bounds.

        Raises `FatalError` where the judge refuses the key, the model or for want of quota: nothing can be scored until
        that is changed; and `BudgetExceeded` where the judge's `max_cost` allows no more.
        """
        pairs = list(zip(generations, golds, strict=True))
        if len(pairs) == 1:
            return [await self._score_one(*pairs[0])]
        tasks = [asyncio.ensure_future(self._score_one(text, gold)) for text, gold in pairs]
        try:
            return await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()  # the others, where one failed

    async def _score_one(self, text: str, gold: Gold) -> Reward:
        reward = await self._reward(text, gold)
        self.counts.generations += 1
        self.counts.malformed += bool(reward.malformed)
        if reward.value is None:
            self.counts.unscored[reward.unscored] += 1
        return reward

    async def _reward(self, text: str, gold: Gold) -> Reward:
        critique = read_critique(text, needs_reasons=False)
        if isinstance(critique, ParseFailure):
            return reward_of_malformed(critique.reason, gold, self.options)
        outcome = outcome_reward(critique.verdict, gold.verdict, self.options)
        reasons = select_reasons(critique.reasons, self.options)
        shown = visible_reasons(reasons, self.options)
        if not needs_judge(outcome, gold, len(shown), self.options):
            reward = compute_reward(outcome, gold, reasons, None, self.options)
            self.counts.gated += reward.value is not None and needs_judge(outcome, gold, len(shown), self._ungated)
            return reward
        scores = await self._scores(tuple(reasons[place] for place in shown), gold)
        if isinstance(scores, str):
            return compute_reward(outcome, gold, reasons, None, self.options, why=scores)
        return compute_reward(outcome, gold, reasons, expand_columns(scores, shown, len(reasons)), self.options)

    async def _scores(self, reasons: tuple[str, ...], gold: Gold) -> Matrix | str:
        """The judge's scores, or why there are none."""
        sample = Sample(0, "", "", "", gold.human, reasons, {})
        questions = self._task.questions(sample)
        away = ""
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    try:
                        results = await self._asked(questions)
                        break
                    except OutageTooLong as outage:  # others' patience is over, this one's is not
                        away = outage.cause
                        await asyncio.sleep(AWAY_SECONDS)
        except TimeoutError:
            return away or (OUTAGE if self._is_away() else TIMEOUT)
        except FatalError:
            raise
        except JudgeError as failure:
            return failure.cause
        failed = next((one for one in results if isinstance(one, Failed)), None)
        return score_matrix(sample, results, self._task.prompt.granularity) if failed is None else failed.cause

    def _is_away(self) -> bool:
        """Return True if nothing listens at the judge's address now."""
        return self._judge is not None and self._judge.done() and self._judge.result().circuit_breaker.is_open

    async def _asked(self, questions: Sequence[Question]) -> list[RequestResult]:
        if self._judge is None:
            opening = self._stack.enter_async_context(open_judge(self._config, self.counts.judge))
            self._judge = asyncio.ensure_future(opening)
        judge = self._judge.result() if self._judge.done() else await asyncio.shield(self._judge)
        if len(questions) == 1:  # without a task: that costs as much as reading the critic's reply
            return [await judge.ask(questions[0])]
        return await asyncio.gather(*map(judge.ask, questions))
