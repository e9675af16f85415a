"""Scores become figures: the reference's metrics and the paper's (arXiv 2602.04649). Pure; no files, no clock.

`n_human`, `n_model` are the lengths |R| and |S| of the two checklists; a mark is a `reply.Mark`; a score matrix has
human items as rows and model items as columns, with None where a pair was not asked.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

from metajudge.assignment import Pair, Scores, optimal_matching
from metajudge.reply import Mark

Matrix = list[list[float | None]]
COUNTED_MODEL_ITEMS = 5
"""Only the first five model items count."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The four metrics, each 0 to 1: of one record, or their means."""

    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True, slots=True)
class Spread:
    """Unweighted means over records, and population standard deviations."""

    mean: Figures
    std: Figures


ZERO = Figures(0.0, 0.0, 0.0, 0.0)


def figures(marks: Iterable[Mark], n_human: int, n_model: int) -> Figures:
    """The metrics of one record, as the reference computes them; both lists must have an item.

    With M = min(|S|, 5), marks with s = 0, r > |R| or s > M are dropped.
    recall = Σ_r max v / |R|, precision = Σ_s max v / M, F1 their harmonic mean (0 when both are 0).
    """
    counted = min(n_model, COUNTED_MODEL_ITEMS)
    best_human: dict[int, float] = {}
    best_model: dict[int, float] = {}
    for r, s, score in marks:
        # r = 0 is no human item, but the reference counts it.
        if r <= n_human and 0 < s <= counted:
            best_human[r] = max(score, best_human.get(r, 0.0))
            best_model[s] = max(score, best_model.get(s, 0.0))
    recall = math.fsum(best_human.values()) / n_human
    precision = math.fsum(best_model.values()) / counted
    f1 = _harmonic_mean(precision, recall)
    by_number = [best_model[s] for s in sorted(best_model)]
    return Figures(precision, recall, f1, average_precision(by_number, n_human))


def average_precision(best_scores: Sequence[float], n_human: int) -> float:
    """(1/|R|) Σ_k (1/k) Σ_{j≤k} b_j over the best scores b_1, b_2, … of the model items that a mark names.

    The items stand in increasing number; one that is named with score 0 takes its place.
    """
    total, area = 0.0, 0.0
    for k, score in enumerate(best_scores, 1):
        total += score
        area += total / k
    return area / n_human


def spread(records: Sequence[Figures]) -> Spread:
    """Means and population standard deviations over `records`; all 0 when there are none."""
    if not records:
        return Spread(ZERO, ZERO)
    pairs = [_mean_std([getattr(record, field.name) for record in records]) for field in fields(Figures)]
    return Spread(Figures(*(mean for mean, _ in pairs)), Figures(*(std for _, std in pairs)))


def _mean_std(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


# ------------------------------------------------------------------ the paper's metrics


@dataclass(frozen=True, slots=True)
class PaperFigures:
    """The paper's metrics of one row and one sample of the judge, each 0 to 1."""

    rationale_consistency: float
    """S_total / |R| (Eq. 2); S_total is the score sum of the best one-to-one matching (Eq. 1)."""
    average_precision: float
    """Eq. 3, also the rationale reward of training."""
    average_precision_soft: float
    """The same with the matched scores in place of counts."""
    precision: float
    """S_total over the number of model items judged."""
    f1: float
    """Harmonic mean of rationale consistency and precision; 0 when both are 0."""
    upper_bound: float
    """Mean best score of the human items, without the one-to-one rule: never below rationale consistency."""
    strongest: float
    """The highest score of a matched pair; 0 without a match."""


def paper_figures(scores: Scores, n_judged: int, match_threshold: float = 0.0) -> PaperFigures:
    """The metrics of a row with |R| = len(scores) human items, `n_judged` model items of which were judged.

    A matching is made over the scores that are there: where only each human item's best model item was asked,
    rationale consistency is a lower bound of Eq. 2 and `upper_bound` its upper one. `match_threshold`: a matched
    pair counts in average precision when its score is above it. Raises `ValueError` without a human item, and for
    a score that is no number within 0..1.
    """
    return figures_of_matching(optimal_matching(scores) if n_judged else [], scores, n_judged, match_threshold)


def figures_of_matching(
    pairs: Sequence[Pair], scores: Scores, n_judged: int, match_threshold: float = 0.0
) -> PaperFigures:
    """`paper_figures` where the optimal matching `pairs` of `scores` is known already."""
    if not scores:
        raise ValueError("no human item: the metrics are undefined")
    n_human = len(scores)
    total = math.fsum(pair.score for pair in pairs)
    consistency, precision = total / n_human, total / n_judged if n_judged else 0.0
    best = [max((score for score in row if score is not None), default=0.0) for row in scores]
    return PaperFigures(
        rationale_consistency=consistency,
        average_precision=matched_average_precision(pairs, n_human, match_threshold),
        average_precision_soft=matched_average_precision(pairs, n_human, match_threshold, soft=True),
        precision=precision,
        f1=_harmonic_mean(consistency, precision),
        upper_bound=math.fsum(best) / n_human,
        strongest=max((pair.score for pair in pairs), default=0.0),
    )


def sparse_matrix(marks: Sequence[Mark], n_human: int, n_model: int) -> Matrix:
    """The matrix of what a reply about a whole row says: one score a human item, at its best model item."""
    matrix: Matrix = [[None] * n_model for _ in range(n_human)]
    for mark in marks:
        if 1 <= mark.human_item <= n_human and 1 <= mark.model_item <= n_model:
            matrix[mark.human_item - 1][mark.model_item - 1] = mark.score
    return matrix


def matched_average_precision(
    pairs: Sequence[Pair], n_human: int, match_threshold: float = 0.0, *, soft: bool = False
) -> float:
    """Average precision over the model items k in their order: (1/|R|) Σ_k I(k) · P@k (Eq. 3).

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


def _harmonic_mean(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b else 0.0
