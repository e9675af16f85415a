"""The training signal.

`reward` computes the reward of one generation (Eq. 3 and 4), `scorer` asks the judge for many, `components` are the
parts a trainer logs, `unscored` the policy where there is no reward.
"""

from metajudge.rewards.components import means, parts, parts_by_name
from metajudge.rewards.generation import generation
from metajudge.rewards.reward import HYBRID, OUTCOME, RATIONALE, SOFT, Gold, Reward, RewardConfig, select_reasons
from metajudge.rewards.scorer import UNSCORED_TIMEOUT, RewardScorer
from metajudge.rewards.unscored import ERROR, GROUP_MEAN, UnscoredPolicy

__all__ = [
    "ERROR",
    "GROUP_MEAN",
    "HYBRID",
    "OUTCOME",
    "RATIONALE",
    "SOFT",
    "UNSCORED_TIMEOUT",
    "Gold",
    "Reward",
    "RewardConfig",
    "RewardScorer",
    "UnscoredPolicy",
    "generation",
    "means",
    "parts",
    "parts_by_name",
    "select_reasons",
]
