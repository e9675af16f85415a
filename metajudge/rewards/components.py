"""The parts of a reward as numbers, for a trainer's log."""

import math
from collections.abc import Sequence

from metajudge.rewards.reward import Reward


def parts(reward: Reward) -> dict[str, float]:
    """Return the parts of a reward as numbers, always with the same keys.

    `judged` is 1 where the rationale reward is known: the judge scored the reasons, or there were none to score (it is
    0). Elsewhere `judged` and `rationale` are 0, so that the mean rationale reward is the mean of `rationale` over the
    mean of `judged`. `decided` says the same of `outcome`.
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
    """Return a list of each part, as long as the batch; no parts for an empty batch."""
    rows = [parts(reward) for reward in rewards]
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


def means(rewards: Sequence[Reward]) -> dict[str, float]:
    """Return the means of the parts over a batch, always with the same keys, each a number.

    They are plain means, so that those of several processes can be averaged. The mean rationale reward where it is
    known is `rationale` / `judged`.
    """
    if not rewards:
        return dict.fromkeys(parts(Reward(None)), 0.0)
    return {name: math.fsum(values) / len(rewards) for name, values in parts_by_name(rewards).items()}
