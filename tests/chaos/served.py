"""The judge's log: the time of each request and of each reply."""

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
    """The run, named by the request's `user`: the judge may read a request after its run has ended."""
    replied: float | None = None
    """Time at which the whole reply had been sent, None if it never was."""


def asks(log: Path) -> dict[str, list[Ask]]:
    """Return every request by question, in order."""
    requests: dict[str, Ask] = {}
    text = log.read_text(encoding="utf-8") if log.exists() else ""
    for line in text[: text.rfind("\n") + 1].splitlines():  # the server may be writing another one
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
    """Return the number of requests per question."""
    return Counter({question: len(history) for question, history in asks(log).items()})


def repeats(log: Path) -> Iterator[tuple[Ask, Ask]]:
    """Yield every pair of successive requests for the same question."""
    for history in asks(log).values():
        yield from itertools.pairwise(history)


def unexcused(log: Path, kills: Sequence[float], forgiven: Collection[str] = ()) -> list[tuple[Ask, Ask]]:
    """Return the repeats that no kill explains: no kill in between, or a reply long before it.

    `forgiven` are questions whose record was taken away from the run.
    """

    def late(first: Ask, again: Ask) -> bool:
        kill = _kill(kills, first, again)
        return kill is None or (first.replied is not None and first.replied + ACKNOWLEDGED < kill)

    return [pair for pair in repeats(log) if late(*pair) and pair[0].question not in forgiven]


def repeats_by_kill(log: Path, kills: Sequence[float], forgiven: Collection[str] = ()) -> Counter[float]:
    """Return the number of repeated questions per kill."""
    found = (_kill(kills, *pair) for pair in repeats(log) if pair[0].question not in forgiven)
    return Counter(kill for kill in found if kill is not None)


def _kill(kills: Sequence[float], first: Ask, again: Ask) -> float | None:
    """Return the kill between two runs that asked the same question. The first kill ended run "1"."""
    return kills[int(first.run) - 1] if first.run is not None and first.run != again.run else None
