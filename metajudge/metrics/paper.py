"""The paper's metrics (arXiv 2602.04649) of one row: rationale consistency, average precision, precision and F1."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.metrics.matching import Match, Scores, optimal_matching
from metajudge.metrics.reference import harmonic_mean


@dataclass(frozen=True, slots=True)
class PaperMetrics:
    """The paper's metrics of one row and one sample of the judge, each 0 to 1."""

    rationale_consistency: float
    """S_total / |R| (Eq. 2); S_total is the score sum of the best one-to-one matching (Eq. 1)."""
    average_precision: float
    """Eq. 3, also the rationale reward of training."""
    average_precision_soft: float
    """Average precision with the matched scores in place of counts."""
    precision: float
    """S_total over the number of model items judged."""
    f1: float
    """Harmonic mean of rationale consistency and precision; 0 when both are 0."""
    best_pair_score: float
    """The highest score of a matched pair; 0 without a match."""


def paper_metrics(
    scores: Scores, n_judged: int, match_threshold: float = 0.0, pairs: Sequence[Match] | None = None
) -> PaperMetrics:
    """Return the metrics of a row with |R| = len(scores) human items and `n_judged` judged model items.

    The matching uses only the scores that exist. If each human item has only the score of its best model item, the
    figures may be bounds, or not even that: `row_bounds`. A matched pair counts in average precision if its score is
    above `match_threshold`. `pairs`: the optimal matching of `scores`, if it is known.
    Raises `ValueError` without a human item, and for a score that is not a number within 0..1.
    """
    if not scores:
        raise ValueError("no human item: the metrics are undefined")
    if pairs is None:
        pairs = optimal_matching(scores) if n_judged else []
    n_human = len(scores)
    total = math.fsum(pair.score for pair in pairs)
    consistency, precision = total / n_human, total / n_judged if n_judged else 0.0
    return PaperMetrics(
        rationale_consistency=consistency,
        average_precision=matched_average_precision(pairs, n_human, match_threshold),
        average_precision_soft=matched_average_precision(pairs, n_human, match_threshold, soft=True),
        precision=precision,
        f1=harmonic_mean(consistency, precision),
        best_pair_score=max((pair.score for pair in pairs), default=0.0),
    )


def matched_average_precision(
    pairs: Sequence[Match], n_human: int, match_threshold: float = 0.0, *, soft: bool = False
) -> float:
    """Return the average precision over the model items k in their order: (1/|R|) Σ_k I(k) · P@k (Eq. 3).

    I(k) = 1 where item k is in the matching `pairs` with a score above `match_threshold`. P@k is the share of such
    items among the first k; `soft`: (1/k) Σ_{j≤k} s_j, their scores in place of their number.
    """
    hits, gained, area = 0, 0.0, 0.0
    for pair in sorted(pairs, key=lambda pair: pair.model_item):
        if pair.score > match_threshold:
            hits += 1
            gained += pair.score
            area += (gained if soft else hits) / pair.model_item
    return area / n_human
