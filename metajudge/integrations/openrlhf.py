"""The reward for OpenRLHF (0.11): a synchronous function in a file that `--reward.remote_url` names."""

import functools
import importlib
from collections.abc import Callable, Sequence
from typing import Any

from metajudge.engine import JudgeConfig
from metajudge.integrations.background import BackgroundScorer
from metajudge.rewards import ERROR, UNSCORED_TIMEOUT, Gold, RewardConfig, UnscoredPolicy, generation, parts_by_name
from metajudge.tasks import ROW

RewardFunction = Callable[..., dict[str, Any]]


def reward_function(
    judge: JudgeConfig,
    options: RewardConfig | None = None,
    *,
    on_unscored: str | float = ERROR,
    granularity: str = ROW,
    unscored_timeout: float = UNSCORED_TIMEOUT,
) -> RewardFunction:
    """Return a function to be named `reward_func`, which gives `rewards`, `scores` and `extra_logs` as tensors.

    `extra_logs` has the parts. A label is `{"human-checklist": […], "overall_preference": n}`, as a JSON text or
    parsed. `on_unscored` is the policy for unscored generations, see `rewards.UnscoredPolicy`. OpenRLHF's agents ask
    for one generation per call, so there is no group mean. With `error`, OpenRLHF logs that it could not fetch the
    reward and continues without it; its next step needs the reward and ends the training.
    """
    policy = UnscoredPolicy(on_unscored)
    scorer = BackgroundScorer(judge, options, granularity, unscored_timeout)

    def reward_func(
        queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **kwargs: Any
    ) -> dict[str, Any]:
        texts = [generation(query, prompt) for query, prompt in zip(queries, prompts, strict=True)]
        rewards = scorer.score_sync(texts, [Gold.from_json(label) for label in labels])
        values, tensor = policy.values(rewards, prompts), _tensor()
        logs = {name: tensor(part) for name, part in parts_by_name(rewards).items()}
        return {"rewards": tensor(values), "scores": tensor(values), "extra_logs": logs}

    return reward_func


@functools.cache
def _tensor() -> Any:
    """Return `torch.tensor`, or `list` where there is no torch."""
    try:
        return importlib.import_module("torch").tensor  # an import statement would make type checkers read all of torch
    except ImportError:
        return list
