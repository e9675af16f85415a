"""The training signal.

`reward` computes the reward of one generation (Eq. 3 and 4), `scorer` asks the judge for many, `components` are the
parts a trainer logs, `unscored` the policy where there is no reward.
"""

from metajudge.rewards.components import means, parts, parts_by_name
from metajudge.rewards.generation import generation
from metajudge.rewards.reward import HYBRID, OUTCOME, RATIONALE, SOFT, Gold, Reward, RewardConfig, select_reasons
from metajudge.rewards.scorer import UNSCORED_TIMEOUT, RewardScorer
from metajudge.rewards.unscored import ERROR, LOOK_SECONDS, UnscoredPolicy, all_scored

__all__ = [
    "ERROR",
    "HYBRID",
    "LOOK_SECONDS",
    "OUTCOME",
    "RATIONALE",
    "SOFT",
    "UNSCORED_TIMEOUT",
    "Gold",
    "Reward",
    "RewardConfig",
    "RewardScorer",
    "UnscoredPolicy",
    "all_scored",
    "generation",
    "means",
    "parts",
    "parts_by_name",
    "select_reasons",
]
