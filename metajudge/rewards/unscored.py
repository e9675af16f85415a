"""The policy for generations that have no reward."""

import logging
import math
from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from metajudge.errors import MetaJudgeError
from metajudge.options import Option
from metajudge.rewards.reward import NEVER_SCORED, Reward

log = logging.getLogger("metajudge")

ERROR, GROUP_MEAN = "error", "group-mean"


class StillUnscored(MetaJudgeError):
    """A generation has no reward, and the policy gives no number for it."""


@dataclass(frozen=True, slots=True)
class UnscoredPolicy:
    """A number for every generation, for trainers without None. Raises `ValueError` for an unknown policy."""

    on_unscored: str | float = ERROR
    """`error` raises an error; `group-mean` is the mean of the scored generations of the same group in the same call; a
    number is the reward itself."""
    _warned: set[str] = field(default_factory=set, init=False, repr=False, compare=False)
    """Causes that were logged; each is logged once."""

    def __post_init__(self) -> None:
        known = self.on_unscored in (ERROR, GROUP_MEAN)
        if not known and not Option(kind="float").allows(self.on_unscored):
            raise ValueError(f"on_unscored is {self.on_unscored!r}; it is {ERROR}, {GROUP_MEAN} or a finite number")

    def values(self, rewards: Sequence[Reward], groups: Sequence[Hashable]) -> list[float]:
        """Return the rewards of one call; generations of one prompt have equal `groups`.

        Raises `StillUnscored` if there is no number. A group has no mean if the judge scored none of its generations:
        the others then are zeros from a wrong verdict, and their mean would be made up.
        """
        scored = defaultdict[Hashable, list[Reward]](list)
        for reward, group in zip(rewards, groups, strict=True):
            if reward.value is not None:
                scored[group].append(reward)
        return [
            self._instead(reward, scored[group]) if reward.value is None else reward.value
            for reward, group in zip(rewards, groups, strict=True)
        ]

    def _instead(self, reward: Reward, scored: Sequence[Reward]) -> float:
        if not isinstance(self.on_unscored, str):
            self._warn(reward.unscored)
            return float(self.on_unscored)
        if self.on_unscored == GROUP_MEAN and any(one.answered for one in scored):
            return math.fsum(one.value or 0.0 for one in scored) / len(scored)
        raise StillUnscored(self._reason(reward.unscored))

    def _reason(self, unscored: str) -> str:
        if unscored in NEVER_SCORED:
            advice = "no generation of this row gets one, leave such rows out of the training data"
            return f"a generation has no reward: {unscored}; {advice}"
        advice = "it scored no other one of its prompt in this call, either; try again"
        if self.on_unscored == ERROR:
            advice = "try again; where that does not help, `on_unscored` may be a number or group-mean"
        return f"a generation has no reward from the judge ({unscored}); {advice}"

    def _warn(self, unscored: str) -> None:
        if unscored not in self._warned:
            self._warned.add(unscored)
            why = "whose row allows none" if unscored in NEVER_SCORED else "which the judge did not say"
            log.warning("a generation without a reward (%s) counts as %g, %s", unscored, self.on_unscored, why)
