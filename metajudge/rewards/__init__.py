"""The training signal.

`gold` is a row's human checklist and preference. `generation` finds a critic's reply behind its prompt, `reward`
computes its reward (Eq. 3 and 4), and `scorer` asks the judge for many. `components` are the parts that a trainer
logs, `unscored` is the policy for generations without a reward, and `server` gives rewards over HTTP.
"""

from metajudge.rewards.components import means, parts, parts_by_name
from metajudge.rewards.generation import generation
from metajudge.rewards.gold import Gold
from metajudge.rewards.reward import Reward, RewardConfig, select_reasons
from metajudge.rewards.scorer import UNSCORED_TIMEOUT, RewardScorer
from metajudge.rewards.unscored import ERROR, GROUP_MEAN, UnscoredPolicy
