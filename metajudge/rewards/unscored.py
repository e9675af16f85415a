"""The policy for generations that have no reward."""

from __future__ import annotations

import contextlib
import logging
import math
import threading
import time
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import NamedTuple

from metajudge.errors import MetaJudgeError
from metajudge.rewards.reward import NEVER_SCORED, Reward

log = logging.getLogger("metajudge")

ERROR, GROUP_MEAN, ZERO = "error", "group-mean", "zero"
ON_UNSCORED = (ERROR, GROUP_MEAN, ZERO)
LOOK_SECONDS = 0.05
"""Between two looks whether the others of a group have their rewards."""
_GROUPS, _KEPT_VALUES, _KEPT_SECONDS = 10_000, 64, 600.0


class StillUnscored(MetaJudgeError):
    """A generation has no reward, and the trainer has no word for that."""


def all_scored(rewards: Sequence[Reward]) -> bool:
    """Whether every one has a value."""
    return all(reward.value is not None for reward in rewards)


class _Known(NamedTuple):
    """A reward that a group has."""

    value: float
    answered: bool
    """Whether the judge has scored its reasons."""
    at: float
    """When, in seconds."""


class UnscoredPolicy:
    """A number for every generation, for trainers that know no None. Safe to use from several threads."""

    def __init__(
        self, on_unscored: str = ERROR, patience: float = math.inf, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`error` raises; `group-mean` takes the mean of the group's scored ones, `zero` gives 0.

        There is no group mean where the judge scored none of the group: what the outcome gate alone decided is 0, and
        a mean of such zeros would be made up. Of zeros it warns once a cause: thousands of generations may share it.
        `patience`: seconds from its beginning that a call waits for the group's other calls.
        """
        if on_unscored not in ON_UNSCORED:
            raise ValueError(f"on_unscored is {on_unscored!r}; it is one of {', '.join(ON_UNSCORED)}")
        self._on_unscored, self._patience, self._now = on_unscored, patience, now
        self._groups: OrderedDict[Hashable, deque[_Known]] = OrderedDict()
        """The last rewards of a group."""
        self._asking: Counter[Hashable] = Counter()
        """Calls that wait for the judge, by group."""
        self._warned: set[str] = set()
        self._lock = threading.Lock()

    def __reduce__(self) -> tuple[type[UnscoredPolicy], tuple[str, float]]:
        return UnscoredPolicy, (self._on_unscored, self._patience)  # in another process it knows of no rewards yet

    def values(self, rewards: Sequence[Reward], groups: Sequence[Hashable]) -> list[float]:
        """The rewards; `groups`: generations of one prompt have the same one.

        Trainers may ask for one generation a call: a group's mean is over its last 64 scored ones, of this call and
        of those in the ten minutes before. Raises `StillUnscored` where there is no number: then nothing is noted, as
        the trainer asks for the same generations again.
        """
        with self._lock:
            now, fresh = self._now(), defaultdict[Hashable, list[_Known]](list)
            for reward, group in zip(rewards, groups, strict=True):
                if reward.value is not None:
                    fresh[group].append(_Known(reward.value, reward.answered, now))
            values = [
                self._instead(reward, [*self._recent(group, now), *fresh[group]][-_KEPT_VALUES:])
                if reward.value is None
                else reward.value
                for reward, group in zip(rewards, groups, strict=True)
            ]
            if self._on_unscored == GROUP_MEAN:  # nobody else looks at them
                for group, known in fresh.items():
                    self._note(group, known)
            return values

    @contextlib.contextmanager
    def asking(self, groups: Iterable[Hashable]) -> Iterator[float]:
        """Held while a call asks for the rewards of these groups and until it has noted them; gives its beginning."""
        once = set(groups)
        with self._lock:
            self._asking.update(once)
        try:
            yield self._now()
        finally:
            with self._lock:
                self._asking.subtract(once)
                for group in once:
                    if not self._asking[group]:
                        del self._asking[group]

    def may_learn(self, groups: Iterable[Hashable], begun: float) -> bool:
        """Whether a call that began then should look again later.

        That is where a group mean is wanted, other calls still ask for rewards of these groups, and its patience is
        not over: later calls would else hold it up without end.
        """
        if self._on_unscored != GROUP_MEAN or self._now() - begun >= self._patience:
            return False
        with self._lock:
            return any(group in self._asking for group in groups)

    def _recent(self, group: Hashable, now: float) -> list[_Known]:
        return [known for known in self._groups.get(group, ()) if now - known.at <= _KEPT_SECONDS]

    def _note(self, group: Hashable, known: Sequence[_Known]) -> None:
        self._groups.setdefault(group, deque(maxlen=_KEPT_VALUES)).extend(known)
        self._groups.move_to_end(group)
        if len(self._groups) > _GROUPS:
            self._groups.popitem(last=False)

    def _instead(self, reward: Reward, siblings: Sequence[_Known]) -> float:
        if self._on_unscored == ZERO:
            if reward.unscored not in self._warned:
                self._warned.add(reward.unscored)
                why = "whose row allows none" if reward.unscored in NEVER_SCORED else "which the judge did not say"
                log.warning("a generation without a reward (%s) counts as 0, %s", reward.unscored, why)
            return 0.0
        if self._on_unscored == GROUP_MEAN and any(known.answered for known in siblings):
            return math.fsum(known.value for known in siblings) / len(siblings)
        if reward.unscored in NEVER_SCORED:
            advice = "no generation of this row gets one, leave such rows out of the training data"
            raise StillUnscored(f"a generation has no reward: {reward.unscored}; {advice}")
        why = "it scored no other one of its prompt, either; try again"
        if self._on_unscored == ERROR:
            why = "try again; where that does not help, on_unscored may be group-mean"
        raise StillUnscored(f"a generation has no reward from the judge ({reward.unscored}); {why}")
