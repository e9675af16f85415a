"""What a trainer is told beside the reward, and what it is told in place of none."""

from __future__ import annotations

import logging
import math
import threading
from collections import OrderedDict, deque
from collections.abc import Hashable, Sequence

from metajudge.errors import MetaJudgeError
from metajudge.reward import Reward

log = logging.getLogger("metajudge")

ERROR, GROUP_MEAN, ZERO = "error", "group-mean", "zero"
ON_UNSCORED = (ERROR, GROUP_MEAN, ZERO)
_GROUPS, _KEPT_VALUES = 10_000, 64


class StillUnscored(MetaJudgeError):
    """A generation has no reward, and the trainer has no word for that."""


def parts(reward: Reward) -> dict[str, float]:
    """The parts of a reward as numbers, always the same keys.

    `rationale` is 0 where the judge gave no answer or was not asked, and then `judged` is 0: the mean rationale reward
    is the mean of `rationale` over the mean of `judged`. The same holds for `outcome` and `decided`.
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


class Settled:
    """A number for every generation, for trainers that know no None. Safe to use from several threads."""

    def __init__(self, on_unscored: str = ERROR) -> None:
        """`error` raises; `group-mean` takes the mean of the group's scored ones, `zero` gives 0.

        There is no group mean where the judge scored none of the group: what the outcome gate alone decided is 0, and
        a mean of such zeros would be made up. Of zeros it warns once a cause: thousands of generations may share it.
        """
        if on_unscored not in ON_UNSCORED:
            raise ValueError(f"on_unscored is {on_unscored!r}; it is one of {', '.join(ON_UNSCORED)}")
        self._on_unscored = on_unscored
        self._groups: OrderedDict[Hashable, deque[tuple[float, bool]]] = OrderedDict()
        """The last rewards of a group, and whether the judge scored them."""
        self._warned: set[str] = set()
        self._lock = threading.Lock()

    def values(self, rewards: Sequence[Reward], groups: Sequence[Hashable]) -> list[float]:
        """The rewards; `groups`: generations of one prompt have the same one.

        Trainers may ask for one generation a call: a group's mean is over its last 64 scored ones, of this call and
        of earlier ones. Raises `StillUnscored` where there is no number.
        """
        with self._lock:
            for reward, group in zip(rewards, groups, strict=True):
                if reward.value is not None:
                    self._note(group, reward.value, reward.rationale is not None)
            return [
                self._instead(reward, group) if reward.value is None else reward.value
                for reward, group in zip(rewards, groups, strict=True)
            ]

    def _note(self, group: Hashable, value: float, judged: bool) -> None:
        self._groups.setdefault(group, deque(maxlen=_KEPT_VALUES)).append((value, judged))
        self._groups.move_to_end(group)
        if len(self._groups) > _GROUPS:
            self._groups.popitem(last=False)

    def _instead(self, reward: Reward, group: Hashable) -> float:
        if self._on_unscored == ZERO:
            if reward.unscored not in self._warned:
                self._warned.add(reward.unscored)
                log.warning(
                    "a generation without a reward (%s) counts as 0, which the judge did not say", reward.unscored
                )
            return 0.0
        known = self._groups.get(group, ()) if self._on_unscored == GROUP_MEAN else ()
        if any(judged for _, judged in known):
            return math.fsum(value for value, _ in known) / len(known)
        why = "the judge scored no other one of its prompt" if self._on_unscored == GROUP_MEAN else "try again"
        raise StillUnscored(f"a generation has no reward: {reward.unscored}; {why}")
