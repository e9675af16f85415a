"""What the log of a training run says of its generations. Pure.

Rationale consistency is counted here without the judge: its matrix over the world's reasons is the identity, which is
asserted before a run begins (`judge.check_identity`). The rewards themselves come from the judge.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from example.training.world import EVIDENCE_REASONS, GENERIC_REASONS, A, B, listed_verdict
from metajudge import ParseFailure, read_critique


@dataclass(frozen=True, slots=True)
class Reading:
    """A generation as the reward reads it."""

    reasons: tuple[str, ...]
    verdict: int | None
    """`A` or `B`; None where it cannot be read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Means over the generations of a batch; shares are 0 to 1, NaN where there is nothing to average."""

    rc: float
    """Rationale consistency: the share of the row's flaws that the reasons name."""
    rc_floor: float
    """The same against the flaws of the other rows: what naming flaws blindly is worth."""
    outcome_accuracy: float
    evidence: float
    """Share of the reasons that name a flaw, present or not."""
    generic: float
    """Share of the reasons that are generic praise."""
    follows_reasons: float
    """Share of the verdicts that are those of the listed flaws, where these tell."""


def read(generation: str) -> Reading:
    """Reasons and verdict of a generation; neither where the critic's grammar is broken."""
    critique = read_critique(generation, needs_reasons=False)
    if isinstance(critique, ParseFailure) or critique.verdict == 0:
        return Reading((), None)
    return Reading(critique.reasons, A if critique.verdict < 0 else B)


def consistency(reasons: Collection[str], flaws: Collection[str]) -> float:
    """Rationale consistency (Eq. 2) where a reason matches the flaw that it names and nothing else."""
    return len(set(reasons) & set(flaws)) / len(flaws)


def measure(generations: Sequence[str], flaws: Sequence[Collection[str]], labels: Sequence[int]) -> Batch:
    """The measures of these generations, the flaws and the preferred response of each one's row."""
    readings = [read(generation) for generation in generations]
    reasons = [reason for reading in readings for reason in reading.reasons]
    told = [(reading.verdict, listed_verdict(reading.reasons)) for reading in readings if reading.verdict is not None]
    return Batch(
        rc=mean([consistency(one.reasons, own) for one, own in zip(readings, flaws, strict=True)]),
        rc_floor=shuffled_floor([reading.reasons for reading in readings], flaws),
        outcome_accuracy=mean([one.verdict == label for one, label in zip(readings, labels, strict=True)]),
        evidence=mean([reason in EVIDENCE_REASONS for reason in reasons]),
        generic=mean([reason in GENERIC_REASONS for reason in reasons]),
        follows_reasons=mean([verdict == listed for verdict, listed in told if listed is not None]),
    )


def shuffled_floor(reasons: Sequence[Collection[str]], flaws: Sequence[Collection[str]]) -> float:
    """Mean rationale consistency of each generation with every other row's flaws; equal lists of flaws are one row."""
    rows = [frozenset(own) for own in flaws]
    others = {row: [one for one in dict.fromkeys(rows) if one != row] for row in set(rows)}
    found = [consistency(said, one) for said, row in zip(reasons, rows, strict=True) for one in others[row]]
    return mean(found)


def mean(values: Sequence[float]) -> float:
    """Their mean; NaN where there is none."""
    return math.fsum(values) / len(values) if values else math.nan
