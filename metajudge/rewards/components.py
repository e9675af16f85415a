"""The parts of a reward as numbers, for a trainer's log."""

import math
from collections.abc import Sequence

from metajudge.rewards.reward import Reward


def parts(reward: Reward) -> dict[str, float]:
    """Return the parts of a reward as numbers, always with the same keys.

    `judged` is 1 if the rationale reward is known: the judge scored the reasons, or there were none (it is 0 then).
    Otherwise `judged` and `rationale` are 0, so that the mean rationale reward is the mean of `rationale` divided by
    the mean of `judged`. `decided` is the same for `outcome`.
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
    """Return a list of each part, as long as the batch. An empty batch has no parts."""
    rows = [parts(reward) for reward in rewards]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def means(rewards: Sequence[Reward]) -> dict[str, float]:
    """Return the means of the parts over a batch, always with the same keys, each a number.

    They are plain means, so that the means of several processes can be averaged. The mean of the known rationale
    rewards is `rationale` / `judged`.
    """
    if not rewards:
        return dict.fromkeys(parts(Reward(None)), 0.0)
    return {name: math.fsum(values) / len(rewards) for name, values in parts_by_name(rewards).items()}
