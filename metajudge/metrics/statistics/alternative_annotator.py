"""The alternative annotator test: may the judge take the place of an annotator? Calderon et al., arXiv 2501.10970."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from metajudge.metrics.statistics.intervals import Clusters, Column, clustered_error
from metajudge.metrics.statistics.resampling import Floats

MIN_ANNOTATORS = 3
MIN_ROWS = 30
"""Least number of rows of an annotator that another one has labelled, too."""
EPSILON = 0.15
"""Advantage that the judge gets for its lower cost; the paper's value for skilled annotators."""
_LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class Opponent:
    """Comparison of the judge with one annotator by the other annotators."""

    rows: int
    advantage: float
    """Share of the rows on which the judge is at least as close to the others as this annotator."""
    p_value: float
    """One-sided: the annotator is not closer on a share of rows that is larger than the judge's by ε."""
    won: bool
    """True if the judge wins, after the correction of Benjamini and Yekutieli (2001)."""


@dataclass(frozen=True, slots=True)
class AlternativeAnnotator:
    """Result of the test."""

    opponents: tuple[Opponent, ...]
    """One for each annotator."""
    winning_rate: float
    """Share of the annotators that the judge wins against (ω)."""
    advantage: float
    """Mean of the annotators' `advantage` (ρ)."""
    passed: bool
    """True if the winning rate is at least 0.5."""
    epsilon: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return asdict(self)


def alternative_annotator_test(
    judge: Column, people: Floats, clusters: Clusters, epsilon: float = EPSILON
) -> AlternativeAnnotator | None:
    """Return the test on row scores; None unless three annotators have 30 rows each that others have labelled, too.

    `judge`: (rows,); `people`: (rows, annotators), NaN = not labelled. The distance to the other annotators is the root
    of the mean squared difference. The standard error is over clusters.
    """
    if people.shape[1] < MIN_ANNOTATORS:
        return None
    found = [_opponent(judge, people, place, clusters, epsilon) for place in range(people.shape[1])]
    rows = [one[0] for one in found]
    if min(rows) < MIN_ROWS:
        return None
    won = benjamini_yekutieli([p_value for _, _, p_value in found], _LEVEL)
    opponents = tuple(Opponent(*one, own) for one, own in zip(found, won, strict=True))
    rate = float(np.mean(won))
    return AlternativeAnnotator(
        opponents, rate, float(np.mean([one.advantage for one in opponents])), rate >= 0.5, epsilon
    )


def _opponent(
    judge: Column, people: Floats, place: int, clusters: Clusters, epsilon: float
) -> tuple[int, float, float]:
    """Return rows, advantage and p value of the comparison with one annotator."""
    own, others = people[:, place], np.delete(people, place, axis=1)
    inside = ~np.isnan(own) & ~np.isnan(judge) & ~np.isnan(others).all(axis=1)
    if not inside.any():
        return 0, math.nan, 1.0
    near = [np.nanmean((others[inside] - one[inside, None]) ** 2, axis=1) for one in (judge, own)]
    judge_wins, own_wins = near[0] <= near[1] + 1e-12, near[1] <= near[0] + 1e-12
    gaps = np.full(len(judge), np.nan)
    gaps[inside] = own_wins.astype(float) - judge_wins.astype(float)
    mean, error, groups = clustered_error(gaps, clusters)
    distance = mean - epsilon
    p_value = float(distance >= 0) if error < 1e-12 else student_cdf(distance / error, groups - 1)
    return int(inside.sum()), float(judge_wins.mean()), p_value


def student_cdf(t: float, freedom: float) -> float:
    """Return the distribution function of Student's t by Abramowitz and Stegun 26.7.8, right to .001 from 9 on."""
    return NormalDist().cdf(t * (1 - 1 / (4 * freedom)) / math.sqrt(1 + t * t / (2 * freedom)))


def benjamini_yekutieli(p_values: Sequence[float], level: float) -> list[bool]:
    """Return which hypotheses are rejected at this false discovery rate, whatever their dependence."""
    m = len(p_values)
    harmonic = sum(1 / k for k in range(1, m + 1))
    ordered = sorted(p_values)
    bounds = [p for k, p in enumerate(ordered, 1) if p <= k * level / (m * harmonic)]
    return [bool(bounds) and p <= bounds[-1] for p in p_values]
