"""Ranks of models by rationale consistency that their common rows leave possible."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from metajudge.metrics.statistics.intervals import MIN_CLUSTERS
from metajudge.metrics.statistics.ranks import Ranks, needed_swaps, rank_sets
from metajudge.metrics.statistics.significance import SWAPS
from metajudge.reports.model_rows import common_ids, shared_clusters
from metajudge.reports.score_table import RC, ScoreTable


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
    places, common = [file.places() for file in files], common_ids(files)
    rows = [[own[name] for name in places[0] if name in common] for own in places]
    lower = np.array([file.columns[RC][own] for file, own in zip(files, rows, strict=True)])
    upper = np.array([file.upper_bound[own] for file, own in zip(files, rows, strict=True)])
    lower[:, np.isnan(lower).any(axis=0)] = np.nan
    upper[np.isnan(lower)] = np.nan
    clusters = shared_clusters(files)[0]
    clusters = replace(clusters, of_row=clusters.of_row[rows[0]])
    sizes = clusters.sizes(lower[0])
    n, used = int(sizes.sum()), sizes > 0
    low, high = (np.array([clusters.sums(column)[used] for column in bound]) for bound in (lower, upper))
    every = Ranks(1, len(files))
    ranks = rank_sets(low, high, swaps) if used.sum() >= MIN_CLUSTERS else [every] * len(files)
    models = [
        RankedModel(file.model, (float(least.sum()) / n, float(most.sum()) / n) if n else None, own)
        for file, least, most, own in zip(files, low, high, ranks, strict=True)
    ]
    return Ranking(tuple(models), n, int(used.sum()), needed_swaps(len(files)))
