"""The reward for verl's reward managers (`reward.custom_reward_function`)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from metajudge.engine import JudgeConfig
from metajudge.integrations.background import BackgroundScorer
from metajudge.rewards import (
    ERROR,
    LOOK_SECONDS,
    UNSCORED_TIMEOUT,
    Gold,
    RewardConfig,
    RewardScorer,
    UnscoredPolicy,
    parts,
)
from metajudge.tasks import ROW

ScoreFunction = Callable[..., Awaitable[dict[str, float]]]


def score_function(
    judge: JudgeConfig,
    options: RewardConfig | None = None,
    *,
    on_unscored: str = ERROR,
    granularity: str = ROW,
    unscored_timeout: float = UNSCORED_TIMEOUT,
) -> ScoreFunction:
    """A coroutine function to be named `compute_score`; its dict has `score` and the parts, all of them numbers.

    `ground_truth` is `{"human-checklist": […], "overall_preference": n}`, as a JSON text or parsed. What becomes of an
    unscored generation: `on_unscored`, see `rewards.unscored.UnscoredPolicy`. verl's rate-limited manager turns a
    time-out into 0: give it a longer one than `unscored_timeout`.
    """
    settled = UnscoredPolicy(on_unscored, unscored_timeout)
    scorer = BackgroundScorer(
        lambda: RewardScorer(judge, options, granularity=granularity, unscored_timeout=unscored_timeout)
    )

    async def compute_score(
        data_source: Any, solution_str: str, ground_truth: Any, extra_info: Any = None, **kwargs: Any
    ) -> dict[str, float]:
        """The reward of one generation as `score`, and its parts."""
        group = [_group(data_source, ground_truth, extra_info)]
        with settled.asking(group) as begun:
            (reward,) = await scorer.score([solution_str], [Gold.from_json(ground_truth)])
            if reward.value is not None:
                return {"score": settled.values([reward], group)[0], **parts(reward)}
        while settled.may_learn(group, begun):  # noqa: ASYNC110  (calls come from several loops: no event is of all)
            await asyncio.sleep(LOOK_SECONDS)
        return {"score": settled.values([reward], group)[0], **parts(reward)}

    return compute_score


def _group(data_source: Any, ground_truth: Any, extra_info: Any) -> str:
    """The same for the generations of one prompt: the row's index where the data names one, else its gold label.

    Training and validation rows are both counted from 0: so `split`, which verl's own data has, belongs to it.
    """
    extra = extra_info if isinstance(extra_info, Mapping) else {}
    index = extra.get("index")
    return f"{data_source} {extra.get('split')} {ground_truth if index is None else index}"
