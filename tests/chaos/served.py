"""The judge's log: the time of each request and of each reply."""

import itertools
import json
from collections import Counter
from collections.abc import Collection, Sequence
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


def repeats(log: Path, kills: Sequence[float], forgiven: Collection[str]) -> list[tuple[Ask, float | None]]:
    """Return each request that was asked again, with the time of the kill in between; None = no kill.

    The first kill ended run "1". `forgiven` are questions whose record was taken away from the run.
    """
    return [
        (first, kills[int(first.run) - 1] if first.run is not None and first.run != again.run else None)
        for question, history in asks(log).items()
        if question not in forgiven
        for first, again in itertools.pairwise(history)
    ]


def is_unexcused(ask: Ask, kill: float | None) -> bool:
    """Return true if no kill explains why a request was repeated: there was none, or only long after the reply."""
    return kill is None or (ask.replied is not None and ask.replied + ACKNOWLEDGED < kill)
