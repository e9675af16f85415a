"""How much the judge's own chance moves a result, from several samples a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Reliability:
    """From a one-way analysis of variance: rows by samples of the judge."""

    samples: int
    """Samples a row."""
    rows: int
    judge_variance: float
    """Mean variance of rationale consistency within a row."""
    share_of_error: float | None
    """The part of the mean's squared standard error that the judge's chance explains, 0 to 1."""
    intraclass_correlation: float | None
    """ICC(1,1) (Shrout and Fleiss 1979): how far one sample tells rows apart; None when nothing varies."""

    def as_json(self) -> dict[str, float | int | None]:
        """The fields by name."""
        return asdict(self)


def reliability(samples: Sequence[Sequence[float]]) -> Reliability | None:
    """`samples`: one value a sample of the judge, by row. None with fewer than two samples or two whole rows."""
    most = max((len(row) for row in samples), default=0)
    whole = np.array([row for row in samples if len(row) == most])
    if most < 2 or len(whole) < 2:
        return None
    within = float(whole.var(axis=1, ddof=1).mean())
    between = float(whole.mean(axis=1).var(ddof=1)) * most
    spread = between + (most - 1) * within
    return Reliability(
        samples=most,
        rows=len(whole),
        judge_variance=within,
        # The variance of a row's mean is between / K, of which within / K is the judge's chance.
        share_of_error=min(1.0, within / between) if between else None,
        intraclass_correlation=(between - within) / spread if spread else None,
    )
