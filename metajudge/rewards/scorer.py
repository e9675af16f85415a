"""The rewards of many generations, with the judge's scores that they need.

Requests are bounded and retried as in a run, and equal questions are asked once. Nothing is written. A generation that
the judge could not score is unscored, never 0.
"""

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
    gather_or_cancel,
    open_judge,
)
from metajudge.llm import FatalError, JudgeError
from metajudge.metrics import Matrix
from metajudge.records import JudgeIdentity
from metajudge.rewards.gold import Gold
from metajudge.rewards.reward import (
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
from metajudge.tasks import GRANULARITIES, ROW, MatchTask, Prompt, read_critique, score_matrix
from metajudge.text import ParseFailure

UNSCORED_TIMEOUT = 120.0
"""Default of the seconds that a generation waits for the judge."""
TIMEOUT = "timeout"
"""Cause of a generation for which the judge did not answer in time."""
OUTAGE_RETRY_SECONDS = 1.0
"""Pause after `OutageTooLong` before the judge is asked again."""


@dataclass(slots=True)
class Counts:
    """Counts since the scorer started."""

    generations: int = 0
    malformed: int = 0
    gated: int = 0
    """Generations with reasons for which the judge was not asked, because the reward does not depend on its scores."""
    unscored: Counter[str] = field(default_factory=Counter)
    """Generations without a reward by cause."""
    judge: RunStats = field(default_factory=RunStats)
    """Requests, retries, copies and tokens."""


class RewardScorer:
    """Scores the generations of a critic in training; an async context manager that belongs to one event loop.

    Trainers call from other loops and threads: `metajudge.integrations` runs a scorer for them.
    """

    def __init__(
        self,
        judge: JudgeConfig,
        options: RewardConfig | None = None,
        *,
        granularity: str = ROW,
        unscored_timeout: float = UNSCORED_TIMEOUT,
    ) -> None:
        """Take the judge, the reward, and `granularity`: a question per generation (`row`, `pairs`) or reason (`item`).

        `unscored_timeout`: seconds after which a generation without the judge's answer is unscored. Raises
        `UsageError` if the judge needs a key and there is none, `ValueError` for an invalid granularity or time.
        """
        if granularity not in GRANULARITIES:
            raise ValueError(f"granularity is {granularity!r}; it is one of {', '.join(GRANULARITIES)}")
        if not 0 < unscored_timeout < math.inf:
            raise ValueError(f"unscored_timeout is {unscored_timeout}; it is a number of seconds above 0")
        check_key(judge)
        self.options = options or RewardConfig()
        self.counts = Counts()
        self._ungated = replace(self.options, gate=False)
        self._config = replace(judge, outage_timeout=min(judge.outage_timeout, unscored_timeout))
        self._task = MatchTask(Prompt(granularity, system_message=judge.system_message), JudgeIdentity())
        self._timeout = unscored_timeout
        self._stack = contextlib.AsyncExitStack()
        self._judge: asyncio.Future[JudgeSession] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def score(self, generations: Sequence[str], golds: Sequence[Gold]) -> list[Reward]:
        """Return the reward of each generation, all asked at once within the judge's bounds.

        Raises `FatalError` if the judge refuses the key or the model, or if the quota is used up: nothing can be scored
        until that changes. Raises `BudgetExceeded` if the judge's `max_cost` allows no more.
        """
        return await gather_or_cancel(
            self._score_one(text, gold) for text, gold in zip(generations, golds, strict=True)
        )

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
        """Return the judge's scores, or the cause why there are none."""
        sample = Sample(0, "", "", "", gold.human, reasons, {})
        outcomes = await self._outcomes(self._task.questions(sample))
        if isinstance(outcomes, str):
            return outcomes
        failed = next((one for one in outcomes if isinstance(one, Failed)), None)
        return score_matrix(sample, outcomes) if failed is None else failed.cause

    async def _outcomes(self, questions: Sequence[Question]) -> list[RequestResult] | str:
        """Return the outcome of each question, or the cause why there is none."""
        outage = ""
        try:
            async with asyncio.timeout(self._timeout):
                while True:
                    try:
                        return await gather_or_cancel(map(self._ask, questions))
                    except OutageTooLong as error:  # the outage began before this generation's own time
                        outage = error.cause
                        await asyncio.sleep(OUTAGE_RETRY_SECONDS)
        except TimeoutError:
            return outage or (OUTAGE if self._is_away() else TIMEOUT)
        except FatalError:
            raise
        except JudgeError as failure:
            return failure.cause

    # ------------------------------------------------------------------ the engine

    async def _ask(self, question: Question) -> RequestResult:
        """Ask the judge. The first call opens it, and the opening continues if that call is cancelled."""
        if self._judge is None:
            opening = self._stack.enter_async_context(open_judge(self._config, self.counts.judge))
            self._judge = asyncio.ensure_future(opening)
        judge = self._judge.result() if self._judge.done() else await asyncio.shield(self._judge)
        return await judge.ask(question)

    def _is_away(self) -> bool:
        """Return true if nothing listens at the judge's address now."""
        return self._judge is not None and self._judge.done() and self._judge.result().endpoints.is_down
