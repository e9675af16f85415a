"""Agreement of weighted scores on the five steps, with intervals over clusters: every measure is one of a 5 × 5 table.

Rows of a table are one side's steps (people), columns the other side's (the judge).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metajudge.metrics.statistics.agreement import CATEGORIES, levels, quadratic_weights
from metajudge.metrics.statistics.intervals import (
    LEVEL,
    MIN_CLUSTERS,
    Clusters,
    Interval,
    clustered_error,
    t_quantile,
)
from metajudge.metrics.statistics.resampling import RESAMPLES, ClusterBootstrap, Floats

_POSITIVE = 2
"""Lowest step that counts as found: 0.5."""


@dataclass(frozen=True, slots=True)
class PairedScores:
    """Scores of the same things from two sides, with weights and clusters; columns of equal length."""

    people: Floats
    """0 to 1."""
    judge: Floats
    """0 to 1."""
    weights: Floats
    """Above 0."""
    of_row: NDArray[np.intp]
    """Number of the cluster of each thing, as in `Clusters`."""

    def __len__(self) -> int:
        return len(self.people)


@dataclass(frozen=True, slots=True)
class StepAgreement:
    """Agreement of single scores."""

    scores: int
    confusion: list[list[int]]
    """Number of scores by step of the people (rows) and of the judge (columns), without weights."""
    shares: list[list[float]]
    """Shares by weight; their sum is 1."""
    measures: Mapping[str, Interval]
    """By name, as in `step_measures`."""


@dataclass(frozen=True, slots=True)
class RowAgreement:
    """Agreement of row scores."""

    rows: int
    bias: Interval
    """Weighted mean of judge minus people."""
    rmse: Interval
    """Root of the weighted mean of the squared differences."""
    concordance: Interval
    """Lin's concordance of weighted moments; all None if all scores are equal."""


# ------------------------------------------------------------------ single scores


def step_agreement(scores: PairedScores, clusters: Clusters, resamples: int = RESAMPLES) -> StepAgreement:
    """Return every measure of at least one pair of scores with its interval; a score is rounded to its step."""
    cell = levels(scores.people) * CATEGORIES + levels(scores.judge)
    by_cluster = np.zeros((clusters.count, CATEGORIES**2))
    np.add.at(by_cluster, (scores.of_row, cell), scores.weights)
    counts = np.bincount(cell, minlength=CATEGORIES**2).reshape(CATEGORIES, CATEGORIES)
    whole = by_cluster.sum(axis=0).reshape(CATEGORIES, CATEGORIES)
    return StepAgreement(
        scores=len(scores),
        confusion=counts.tolist(),
        shares=(whole / whole.sum()).tolist(),
        measures=bootstrap_measures(
            by_cluster,
            lambda sums: step_measures(sums.reshape(-1, CATEGORIES, CATEGORIES), len(scores)),
            scores.of_row,
            clusters,
            resamples,
        ),
    )


def step_measures(tables: Floats, scores: int) -> dict[str, Floats]:
    """Return the measures of each table, (tables, 5, 5); NaN where a table does not define one.

    Sensitivity and specificity take 0.5 and more as found. AC2, kappa and alpha are those of `agreement`, from shares
    by weight; alpha corrects for the number of `scores`.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        p = tables / tables.sum(axis=(1, 2), keepdims=True)
        people, judge = p.sum(axis=2), p.sum(axis=1)
        found = p[:, _POSITIVE:, _POSITIVE:].sum(axis=(1, 2)), people[:, _POSITIVE:].sum(axis=1)
        not_found = p[:, :_POSITIVE, :_POSITIVE].sum(axis=(1, 2)), people[:, :_POSITIVE].sum(axis=1)
        prevalence = (people + judge) / 2
        kappa, ac2 = chance_corrected(p, quadratic_weights(CATEGORIES))
        steps = np.broadcast_to(np.arange(CATEGORIES, dtype=np.float64), prevalence.shape)
        ranks = np.cumsum(prevalence, axis=1) - prevalence / 2
        return {
            "sensitivity": found[0] / found[1],
            "specificity": not_found[0] / not_found[1],
            "exact": np.trace(p, axis1=1, axis2=2),
            "gwet_ac2": ac2,
            "weighted_kappa": kappa,
            "alpha_ordinal": _alpha(p, prevalence, ranks, scores),
            "alpha_interval": _alpha(p, prevalence, steps, scores),
        }


def chance_corrected(p: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return Cohen's weighted kappa (1968) and Gwet's AC2 (2014) of tables of shares, (tables, q, q).

    `weights`, (q, q): what a pair of categories counts as agreement, 1 on the diagonal. NaN where all is in one
    category, for kappa. The caller silences division by zero.
    """
    q = len(weights)
    first, second = p.sum(axis=2), p.sum(axis=1)
    both = (first + second) / 2
    observed = np.sum(p * weights, axis=(1, 2))
    chance = weights.sum() / (q * (q - 1)) * np.sum(both * (1 - both), axis=1)
    expected = np.einsum("tk,tl,kl->t", first, second, 1 - weights)
    return 1 - (1 - observed) / expected, (observed - chance) / (1 - chance)


def _alpha(p: Floats, prevalence: Floats, values: Floats, scores: int) -> Floats:
    """Return Krippendorff's alpha of two sides with δ² = squared difference of `values`, (tables, 5)."""
    squares = (values[:, :, None] - values[:, None, :]) ** 2
    expected = np.einsum("tk,tl,tkl->t", prevalence, prevalence, squares) * 2 * scores / (2 * scores - 1)
    return np.asarray(1 - np.sum(p * squares, axis=(1, 2)) / expected)


# ------------------------------------------------------------------ row scores


def row_agreement(scores: PairedScores, clusters: Clusters, resamples: int = RESAMPLES) -> RowAgreement:
    """Return the measures of at least one pair of row scores with their intervals."""
    x, y, w = scores.people, scores.judge, scores.weights
    moments = np.zeros((clusters.count, 6))
    np.add.at(moments, scores.of_row, (w * np.stack([np.ones_like(x), x, y, x * x, y * y, x * y])).T)
    found = bootstrap_measures(moments, _row_measures, scores.of_row, clusters, resamples)
    return RowAgreement(len(scores), weighted_mean(y - x, w, scores.of_row, clusters), **found)


def _row_measures(moments: Floats) -> dict[str, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        x, y, xx, yy, xy = (moments[:, 1:] / moments[:, :1]).T
        spread = (xx - x * x) + (yy - y * y) + (x - y) ** 2
        spread[spread < 1e-12] = np.nan
        return {
            "rmse": np.sqrt(np.maximum(xx - 2 * xy + yy, 0.0)),
            "concordance": 2 * (xy - x * y) / spread,
        }


def weighted_mean(values: Floats, weights: Floats, of_row: NDArray[np.intp], clusters: Clusters) -> Interval:
    """Return a weighted mean and Student's interval over clusters; no ends below 10 clusters or for equal values."""
    mean = float(np.average(values, weights=weights))
    column = mean + (values - mean) * weights / weights.mean()
    _, error, groups = clustered_error(column, Clusters(of_row, clusters.strata))
    if groups < MIN_CLUSTERS or error < 1e-12:
        return Interval(mean, None, None)
    half = t_quantile((1 + LEVEL) / 2, groups - 1) * error
    return Interval(mean, mean - half, mean + half)


def bootstrap_measures(
    by_cluster: Floats,
    measures: Callable[[Floats], Mapping[str, Floats]],
    of_row: NDArray[np.intp],
    clusters: Clusters,
    resamples: int,
) -> dict[str, Interval]:
    """Return the measures of the summed columns, (clusters, columns), with percentile intervals over clusters.

    `of_row`: the cluster of each thing that is in the sums. `measures` gets sums, (resamples, columns).
    No ends below 10 clusters with scores, nor where a resample in twenty does not define the measure.
    """
    observed = measures(by_cluster.sum(axis=0)[None])
    if len(np.unique(of_row)) < MIN_CLUSTERS:
        return {name: Interval(_known(value[0]), None, None) for name, value in observed.items()}
    sums = ClusterBootstrap(clusters.strata)
    places = [sums.add(column) for column in by_cluster.T]
    sums.run(resamples)
    resampled = measures(np.stack([sums.of(place) for place in places], axis=1))
    return {name: _percentile(_known(value[0]), resampled[name]) for name, value in observed.items()}


def _percentile(value: float | None, resampled: Floats) -> Interval:
    defined = resampled[np.isfinite(resampled)]
    if value is None or len(defined) < 0.95 * len(resampled):
        return Interval(value, None, None)
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(defined, (tail, 1 - tail))
    return Interval(value, _known(low), _known(high))


def _known(value: float) -> float | None:
    return round(float(value), 12) if np.isfinite(value) else None  # rounding errors must not exceed 1
