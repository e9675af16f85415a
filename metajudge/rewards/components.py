"""The parts of a reward as numbers, for a trainer's log."""

from __future__ import annotations

import math
from collections.abc import Sequence

from metajudge.rewards.reward import Reward


def parts(reward: Reward) -> dict[str, float]:
    """The parts of a reward as numbers, always the same keys.

    `judged` is 0 where there is no rationale reward, as the judge gave no answer or was spared, and then `rationale` is
    0: the mean rationale reward is the mean of `rationale` over the mean of `judged`. Without a reason that could be
    judged it is known to be 0, and `judged` is 1. In the same way `outcome` and `decided`.
    """
    return {
        "rationale": reward.rationale or 0.0,
        "judged": float(reward.rationale is not None),
        "outcome": reward.outcome or 0.0,
        "decided": float(reward.outcome is not None),
        "matched": float(len(reward.matched)),
        "reasons": float(reward.n_reasons),
        "malformed": float(bool(reward.malformed)),
        "unscored": float(reward.value is None),
    }


def parts_by_name(rewards: Sequence[Reward]) -> dict[str, list[float]]:
    """The parts of a batch: a list of each, as long as the batch; nothing where that is empty."""
    rows = [parts(reward) for reward in rewards]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def means(rewards: Sequence[Reward]) -> dict[str, float]:
    """Means of the parts over a batch, always the same keys, each a number.

    Plain means, so that the means of several processes can be averaged: over those that the judge scored, the rationale
    reward is `rationale` / `judged`.
    """
    if not rewards:
        return dict.fromkeys(parts(Reward(None)), 0.0)
    return {name: math.fsum(values) / len(rewards) for name, values in parts_by_name(rewards).items()}
