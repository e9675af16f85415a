"""What the judge's log says: which question was asked when, and when its reply had been sent."""

from __future__ import annotations

import itertools
import json
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ACKNOWLEDGED = 1.0
"""Seconds after which a reply that was sent must have been written by the run."""


@dataclass(slots=True)
class Ask:
    """One request."""

    question: str
    asked: float
    """Seconds on the machine's monotonic clock."""
    run: str | None = None
    """Which run asked, as its requests say by `user`: the judge may read one after the run's end."""
    replied: float | None = None
    """When the whole reply had been sent; None when it never was."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A question that was asked again."""

    first: Ask
    again: Ask


def asks(log: Path) -> dict[str, list[Ask]]:
    """Every request by question, in order."""
    requests: dict[str, Ask] = {}
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        event = json.loads(line)
        if event["event"] == "asked":
            requests[event["request"]] = Ask(event["question"], event["at"], event.get("run"))
        else:
            requests[event["request"]].replied = event["at"]
    found: dict[str, list[Ask]] = {}
    for ask in requests.values():
        found.setdefault(ask.question, []).append(ask)
    return found


def counts(log: Path) -> Counter[str]:
    """How often each question was asked."""
    return Counter({question: len(history) for question, history in asks(log).items()})


def repeats(log: Path) -> Iterator[Repeat]:
    """Every request for a question that had been asked before."""
    for history in asks(log).values():
        for first, again in itertools.pairwise(history):
            yield Repeat(first, again)


def unexcused(log: Path, kills: Sequence[float], forgiven: Collection[str] = ()) -> list[Repeat]:
    """The repeats that no kill explains: without one in between, or after a reply long before it.

    `forgiven` are questions whose record was taken away from the run.
    """
    found = []
    for repeat in repeats(log):
        kill = _kill(kills, repeat)
        late = kill is None or (repeat.first.replied is not None and repeat.first.replied + ACKNOWLEDGED < kill)
        if late and repeat.first.question not in forgiven:
            found.append(repeat)
    return found


def repeats_by_kill(log: Path, kills: Sequence[float], forgiven: Collection[str] = ()) -> Counter[float]:
    """How many questions each kill made the run ask again."""
    found = (_kill(kills, repeat) for repeat in repeats(log) if repeat.first.question not in forgiven)
    return Counter(kill for kill in found if kill is not None)


def _kill(kills: Sequence[float], repeat: Repeat) -> float | None:
    """The kill that ended the first asker, where it was another run that asked again; run "1" is ended by the first."""
    run = repeat.first.run
    return kills[int(run) - 1] if run is not None and run != repeat.again.run else None
