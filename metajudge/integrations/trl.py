"""The reward for TRL's `GRPOTrainer`, from version 1.16: older versions count a group without any reward as 0."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from metajudge.data import HUMAN_KEY
from metajudge.engine import JudgeConfig
from metajudge.integrations.background import BackgroundScorer
from metajudge.rewards import UNSCORED_TIMEOUT, Gold, Reward, RewardConfig, means
from metajudge.tasks import ROW

RewardFunction = Callable[..., Awaitable[list[float | None]]]
LogMetric = Callable[[str, float], None]
LogExtra = Callable[[str, list[Any]], None]


def reward_function(
    judge: JudgeConfig,
    options: RewardConfig | None = None,
    *,
    human_field: str = HUMAN_KEY,
    gold_field: str = "overall_preference",
    granularity: str = ROW,
    unscored_timeout: float = UNSCORED_TIMEOUT,
) -> RewardFunction:
    """Return a coroutine function for `GRPOTrainer(reward_funcs=…)`; the reward of an unscored generation is None.

    The dataset needs the columns `human_field` (a list of strings) and `gold_field` (-3..3 or a label). Every process
    logs the parts under the same keys, `metajudge/…`.
    """
    options = options or RewardConfig()
    scorer = BackgroundScorer(judge, options, granularity, unscored_timeout)

    async def metajudge_reward(
        prompts: Sequence[Any],
        completions: Sequence[Any],
        log_extra: LogExtra | None = None,
        log_metric: LogMetric | None = None,
        **columns: Any,
    ) -> list[float | None]:
        """Return the reward of each completion, None = unscored. Raises `KeyError` for data without a column."""
        for name in (human_field, gold_field):
            if name not in columns:
                raise KeyError(f"the training data has no column {name!r}; it has {', '.join(sorted(columns))}")
        golds = [Gold.of(*pair) for pair in zip(columns[human_field], columns[gold_field], strict=True)]
        rewards = await scorer.score([completion_text(one) for one in completions], golds)
        _log(rewards, log_metric, log_extra)
        return [reward.value for reward in rewards]

    metajudge_reward.__name__ = f"metajudge_{options.reward}"  # the name of the trainer's log
    return metajudge_reward


def _log(rewards: Sequence[Reward], log_metric: LogMetric | None, log_extra: LogExtra | None) -> None:
    if log_metric is not None:
        for name, mean in means(rewards).items():
            log_metric(f"metajudge/{name}", mean)
    if log_extra is not None:
        for name in ("rationale", "outcome", "unscored"):
            log_extra(name, [getattr(reward, name) for reward in rewards])


def completion_text(completion: Any) -> str:
    """Return the text of a completion or of the last of its messages; "" where that only calls a tool."""
    if isinstance(completion, str):
        return completion
    content = completion[-1].get("content") if completion else ""
    if isinstance(content, str):
        return content
    return "".join(str(part.get("text") or "") for part in content or () if isinstance(part, Mapping))
