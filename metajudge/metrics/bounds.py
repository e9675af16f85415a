"""Bounds of the paper's metrics of a row that has only the score of each human item's best model item.

The other scores of a human item are unknown, but none is above its best one. Each figure of such a row is the one of
the row's full score matrix, a lower bound of it, or no bound at all.
"""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum

from metajudge.metrics.matching import Match, Scores

_SAME = 1e-9
_STEP = 0.25


class Known(IntEnum):
    """Relation of a figure to the one of the full score matrix; the larger, the less is known."""

    EXACT = 0
    LOWER_BOUND = 1
    NOT_DETERMINED = 2
    """The full matrix may give more or less."""


@dataclass(frozen=True, slots=True)
class RowBounds:
    """Relation of the figures of one row to those of its full score matrix."""

    rationale_consistency: float
    """Upper bound of rationale consistency."""
    total: Known
    """For rationale consistency, precision and F1, which all grow with S_total (Eq. 1)."""
    average_precision: Known
    average_precision_soft: Known
    best_pair_score: tuple[float, float]
    """Lower and upper bound of the highest score of a matched pair."""

    def sound(self, threshold: float) -> Known:
        """Return `EXACT` if it is known whether a matched pair has at least this score."""
        least, most = self.best_pair_score
        return Known.EXACT if least >= threshold or most < threshold else Known.NOT_DETERMINED


def row_bounds(
    scores: Scores,
    pairs: Sequence[Match],
    n_judged: int,
    match_threshold: float = 0.0,
    unknown: Collection[int] = (),
) -> RowBounds:
    """Return the bounds of a row whose `scores` are the best ones; arguments as in `paper_metrics`.

    `pairs`: the optimal matching of `scores`. `unknown`: numbers of the human items whose best score is not known.

    - The unknown scores may all be as high as their human items' best ones: S_total is at most the sum of the
      `n_judged` highest of these, and it is known where the matching of the best scores reaches that sum.
    - Some optimal matching has every model item of `pairs`: where one is free, a human item can move to it from its
      present one, at no loss, and so on. Of the sets of model items that optimal matchings of this size use, which are
      the bases of a matroid, the earliest has each of its items no later than any other set (greedy algorithm). So the
      hits of average precision come no later, and there are no fewer: at a match threshold of 0 it is a lower bound.
      It says nothing of the scores at these places, on which the threshold and the soft form depend.
    - A human item's best pair is left out only for two others, with this human item and with this model item, that
      score more together: the better one has more than half of it.

    Equal scores may belong to a model item before the named one. Average precision is therefore exact only if the
    matching is known to be complete and has the first items of the list.
    """
    known_best = [max((score for score in row if score is not None), default=0.0) for row in scores]
    best = [1.0 if number in unknown else score for number, score in enumerate(known_best, 1)]
    most = math.fsum(sorted(best, reverse=True)[:n_judged])
    is_complete = most - math.fsum(pair.score for pair in pairs) < _SAME
    in_order = [pair.score for pair in pairs]
    are_first = is_complete and [pair.model_item for pair in pairs] == list(range(1, len(pairs) + 1))
    are_placed = are_first and in_order == sorted(in_order, reverse=True)
    claims = all(pair.score >= known_best[pair.human_item - 1] for pair in pairs)
    precision = Known.LOWER_BOUND if claims and not match_threshold else Known.NOT_DETERMINED
    highest = max(best, default=0.0)
    return RowBounds(
        rationale_consistency=most / len(scores),
        total=Known.EXACT if is_complete else Known.LOWER_BOUND,
        average_precision=Known.EXACT if are_placed or (are_first and not match_threshold) else precision,
        average_precision_soft=Known.EXACT if are_placed else Known.NOT_DETERMINED,
        best_pair_score=(highest if is_complete else _more_than_half(known_best), highest),
    )


def _more_than_half(best: Sequence[float]) -> float:
    """Return the least score above half of the highest one, or that half if the scores have other steps than ours."""
    half = max(best, default=0.0) / 2
    is_stepped = all(score % _STEP == 0 for score in best)
    return (half // _STEP + 1) * _STEP if half and is_stepped else half
