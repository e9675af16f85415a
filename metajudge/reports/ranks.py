"""Ranks of models by rationale consistency that their common rows leave possible."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metajudge.metrics.statistics.intervals import MIN_CLUSTERS, Column
from metajudge.metrics.statistics.ranks import Ranks, needed_swaps, rank_sets
from metajudge.metrics.statistics.resampling import Floats
from metajudge.metrics.statistics.significance import SWAPS
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.score_table import ScoreTable

RANKED = ("paper", "rationale_consistency")
"""Metric that ranks the models."""


@dataclass(frozen=True, slots=True)
class RankedModel:
    """Possible ranks of one model."""

    model: str
    bounds: tuple[float, float] | None
    """Lower and upper bound of rationale consistency over the ranking's rows, equal if it is exact; None without a
    row."""
    ranks: Ranks


@dataclass(frozen=True, slots=True)
class Ranking:
    """Confidence set of the ranks of all models by rationale consistency, at a level of 95 % for all together."""

    models: tuple[RankedModel, ...]
    """In the order of the files; every rank is possible below 10 clusters."""
    n: int
    """Rows that are scored for every model."""
    clusters: int
    """Clusters with such a row."""
    needed_swaps: int
    """Least number of random swaps with which any rank can be excluded."""


def rank_models(files: Sequence[ScoreTable], swaps: int = SWAPS) -> Ranking:
    """Rank the models of files with comparable scores; `rank_sets` gives the method."""
    places = [file.places() for file in files]
    common = [name for name in places[0] if all(name in own for own in places[1:])]
    rows = [[own[name] for name in common] for own in places]
    lower = np.array([file.columns[RANKED][own] for file, own in zip(files, rows, strict=True)])
    upper = np.array([_highest(file)[own] for file, own in zip(files, rows, strict=True)])
    scored = ~np.isnan(lower).any(axis=0)
    n = int(scored.sum())
    of_row = shared_clusters(files)[0].of_row[rows[0]][scored]
    numbers, of_row = np.unique(of_row, return_inverse=True)
    low, high = (_sums(bound[:, scored], of_row, len(numbers)) for bound in (lower, upper))
    every = Ranks(1, len(files))
    ranks = rank_sets(low, high, swaps) if len(numbers) >= MIN_CLUSTERS else [every] * len(files)
    models = [
        RankedModel(file.model, (float(least.sum()) / n, float(most.sum()) / n) if n else None, own)
        for file, least, most, own in zip(files, low, high, ranks, strict=True)
    ]
    return Ranking(tuple(models), n, len(numbers), needed_swaps(len(files)))


def _highest(file: ScoreTable) -> Column:
    return file.columns[RANKED] if file.has_full_matrix else file.upper_bound


def _sums(columns: Floats, of_row: NDArray[np.intp], clusters: int) -> Floats:
    """Return the sums of each model's scores by cluster."""
    return np.array([np.bincount(of_row, weights=column, minlength=clusters) for column in columns])
