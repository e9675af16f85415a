"""The reward for verl's reward managers (`reward.custom_reward_function`)."""

from collections.abc import Awaitable, Callable
from typing import Any

from metajudge.engine import JudgeConfig
from metajudge.integrations.background import BackgroundScorer
from metajudge.rewards import ERROR, GROUP_MEAN, UNSCORED_TIMEOUT, Gold, RewardConfig, UnscoredPolicy, parts
from metajudge.tasks import ROW

ScoreFunction = Callable[..., Awaitable[dict[str, float]]]


def score_function(
    judge: JudgeConfig,
    options: RewardConfig | None = None,
    *,
    on_unscored: str | float = ERROR,
    granularity: str = ROW,
    unscored_timeout: float = UNSCORED_TIMEOUT,
) -> ScoreFunction:
    """Return a coroutine function to be named `compute_score`; its dict has `score` and the parts as numbers.

    `ground_truth` is `{"human-checklist": […], "overall_preference": n}`, as a JSON text or parsed. `on_unscored` is
    `error` or the reward of an unscored generation. `group-mean` raises `ValueError`, because verl asks for one
    generation per call. verl's rate-limited manager turns a time-out into 0, so its time-out must be longer than
    `unscored_timeout`.
    """
    if on_unscored == GROUP_MEAN:
        raise ValueError(
            "on_unscored is 'group-mean', but verl asks for one generation a call; it is error or a number"
        )
    policy = UnscoredPolicy(on_unscored)
    scorer = BackgroundScorer(judge, options, granularity, unscored_timeout)

    async def compute_score(
        data_source: Any, solution_str: str, ground_truth: Any, extra_info: Any = None, **kwargs: Any
    ) -> dict[str, float]:
        """Return the reward of one generation as `score`, and its parts."""
        (reward,) = await scorer.score([solution_str], [Gold.from_json(ground_truth)])
        (value,) = policy.values([reward], [data_source])
        return {"score": value, **parts(reward)}

    return compute_score
