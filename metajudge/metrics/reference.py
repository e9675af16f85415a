"""The reference's metrics: precision, recall, F1 and average precision of marks.

`n_human`, `n_model` are the lengths |R| and |S| of the two checklists.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

from metajudge.metrics.matching import Match

COUNTED_MODEL_ITEMS = 5
"""Number of model items that count, from the first one."""


@dataclass(frozen=True, slots=True)
class ReferenceMetrics:
    """The four metrics, each 0 to 1: of one record, or their means."""

    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True, slots=True)
class MeanStd:
    """Unweighted means over records, and population standard deviations."""

    mean: ReferenceMetrics
    std: ReferenceMetrics


def reference_metrics(marks: Iterable[Match], n_human: int, n_model: int) -> ReferenceMetrics:
    """Return the metrics of one record, as the reference computes them; both lists must have an item.

    With M = min(|S|, 5), marks with s = 0, r > |R| or s > M are dropped.
    recall = Σ_r max v / |R|, precision = Σ_s max v / M, F1 their harmonic mean (0 when both are 0).
    """
    counted = min(n_model, COUNTED_MODEL_ITEMS)
    best_human: dict[int, float] = {}
    best_model: dict[int, float] = {}
    for r, s, score in marks:
        # r = 0 is no human item, but the reference counts it.
        if r <= n_human and 0 < s <= counted:
            if score >= best_human.get(r, 0.0):
                best_human[r] = score
            if score >= best_model.get(s, 0.0):
                best_model[s] = score
    recall = math.fsum(best_human.values()) / n_human
    precision = math.fsum(best_model.values()) / counted
    f1 = harmonic_mean(precision, recall)
    by_number = [best_model[s] for s in sorted(best_model)]
    return ReferenceMetrics(precision, recall, f1, average_precision(by_number, n_human))


def average_precision(best_scores: Sequence[float], n_human: int) -> float:
    """Return the reference's average precision, which is not Eq. 3: (1/|R|) Σ_k (1/k) Σ_{j≤k} b_j.

    b_1, b_2, … are the best scores of the model items that a mark names, in increasing number. An item that is named
    with score 0 has a place, too.
    """
    total, area = 0.0, 0.0
    for k, score in enumerate(best_scores, 1):
        total += score
        area += total / k
    return area / n_human


def mean_std(columns: Mapping[str, Sequence[float]]) -> MeanStd | None:
    """Return means and population standard deviations of columns of equal length, one per metric; None if empty."""
    own = [columns[field.name] for field in fields(ReferenceMetrics)]
    if not own[0]:
        return None
    pairs = [_mean_std(column) for column in own]
    return MeanStd(ReferenceMetrics(*(mean for mean, _ in pairs)), ReferenceMetrics(*(std for _, std in pairs)))


def _mean_std(values: Sequence[float]) -> tuple[float, float]:
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum((value - mean) ** 2 for value in values) / len(values))


def harmonic_mean(a: float, b: float) -> float:
    """Return 2ab / (a + b); 0 when both are 0."""
    return 2 * a * b / (a + b) if a + b else 0.0
