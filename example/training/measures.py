"""Measures of a training run's generations for its log. Pure.

Rationale consistency is counted here without the judge: its matrix over the world's reasons is the identity, which is
asserted before a run begins (`judge.check_identity`). The rewards themselves come from the judge.
"""

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
    """`A` or `B`; None if it cannot be read."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Means over the generations of a batch. Shares are 0 to 1; NaN means nothing to average."""

    rc: float
    """Rationale consistency: the share of the row's flaws that the reasons name."""
    rc_floor: float
    """Consistency with the flaws of the other rows: the value of naming flaws blindly."""
    outcome_accuracy: float
    evidence: float
    """Share of the reasons that name a flaw, present or not."""
    generic: float
    """Share of the reasons that are generic praise."""
    follows_reasons: float
    """Share of the verdicts that agree with the listed flaws, if these favour a response."""


def read(generation: str) -> Reading:
    """Return reasons and verdict of a generation, or neither if it breaks the critic's grammar."""
    critique = read_critique(generation, needs_reasons=False)
    if isinstance(critique, ParseFailure) or critique.verdict == 0:
        return Reading((), None)
    return Reading(critique.reasons, A if critique.verdict < 0 else B)


def consistency(reasons: Collection[str], flaws: Collection[str]) -> float:
    """Return rationale consistency (Eq. 2), where a reason matches only the flaw that it names."""
    return len(set(reasons) & set(flaws)) / len(flaws)


def measure(generations: Sequence[str], flaws: Sequence[Collection[str]], labels: Sequence[int]) -> Batch:
    """Return the measures of these generations, given the flaws and the preferred response of each row."""
    readings = [read(generation) for generation in generations]
    reasons = [reason for reading in readings for reason in reading.reasons]
    verdicts = [
        (reading.verdict, listed_verdict(reading.reasons)) for reading in readings if reading.verdict is not None
    ]
    return Batch(
        rc=mean([consistency(one.reasons, own) for one, own in zip(readings, flaws, strict=True)]),
        rc_floor=shuffled_floor([reading.reasons for reading in readings], flaws),
        outcome_accuracy=mean([one.verdict == label for one, label in zip(readings, labels, strict=True)]),
        evidence=mean([reason in EVIDENCE_REASONS for reason in reasons]),
        generic=mean([reason in GENERIC_REASONS for reason in reasons]),
        follows_reasons=mean([verdict == listed for verdict, listed in verdicts if listed is not None]),
    )


def shuffled_floor(reasons: Sequence[Collection[str]], flaws: Sequence[Collection[str]]) -> float:
    """Return the mean consistency of each generation with every other row's flaws. Equal lists are one row."""
    rows = [frozenset(own) for own in flaws]
    others = {row: [one for one in dict.fromkeys(rows) if one != row] for row in set(rows)}
    return mean([consistency(said, one) for said, row in zip(reasons, rows, strict=True) for one in others[row]])


def mean(values: Sequence[float]) -> float:
    """Return the mean, NaN if there are no values."""
    return math.fsum(values) / len(values) if values else math.nan
