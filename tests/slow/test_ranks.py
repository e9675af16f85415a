"""Confidence sets hold all true ranks in at least 95 % of simulated data. Fixed seeds."""

import numpy as np
import pytest
from numpy.typing import NDArray

from metajudge.metrics.statistics.ranks import Ranks, rank_sets

pytestmark = pytest.mark.slow

REPETITIONS, SWAPS = 600, 999
Floats = NDArray[np.float64]
SCORES, SHARES = np.array([0.25, 0.5, 0.75, 1.0]), np.array([0.2, 0.25, 0.25, 0.3])


def scores(rng: np.random.Generator, skills: Floats, difficulty: Floats) -> Floats:
    """Return the mean score of 3 to 7 human items, (models, rows); a row is equally hard for every model."""
    items = rng.integers(3, 8, len(difficulty))
    shape = (len(skills), len(difficulty), 7)
    matched = rng.random(shape) < (skills[:, None] * difficulty)[..., None]
    matched &= np.arange(7) < items[:, None]
    return np.asarray((matched * rng.choice(SCORES, shape, p=SHARES)).sum(axis=2) / items)


def held(sets: list[Ranks], skills: Floats) -> bool:
    """Return true if each set holds the true rank."""
    ranks = [1 + int((skills > own).sum()) for own in skills]
    return all(one.best <= rank <= one.worst for one, rank in zip(sets, ranks, strict=True))


@pytest.mark.parametrize("rows", [1, 4])
@pytest.mark.parametrize("clusters", [10, 30, 100])
@pytest.mark.parametrize(
    "skills",
    [[0.5, 0.5], [0.5] * 6, [0.3, 0.3, 0.3, 0.6, 0.6], [0.40, 0.42, 0.44, 0.46, 0.48, 0.50], [0.04] * 5],
    ids=["two equal", "six equal", "two groups", "close", "rare matches"],
)
def test_all_true_ranks_are_held(skills: list[float], clusters: int, rows: int) -> None:
    """Also where models tie, where most scores are 0, and where rows of a cluster are alike."""
    rng, hits, width = np.random.default_rng(31), 0, 0.0
    truth = np.array(skills)
    for seed in range(REPETITIONS):
        difficulty = np.repeat(rng.uniform(0.4, 1.6, clusters), rows)
        sums = scores(rng, truth, difficulty).reshape(len(truth), clusters, rows).sum(axis=2)
        sets = rank_sets(sums, sums, SWAPS, seed)
        hits += held(sets, truth)
        width += sum(one.worst - one.best for one in sets)
    width /= REPETITIONS * len(truth)
    print(f"{skills}, {clusters} clusters of {rows}: {hits / REPETITIONS:.3f}, mean width {width:.2f}")
    assert hits / REPETITIONS >= 0.95 - 0.02  # two standard errors of the simulation


@pytest.mark.parametrize(("clusters", "least"), [(12, 0.75), (30, 0.93), (60, 0.93)])
def test_an_even_model_beside_models_of_rare_large_scores_needs_30_clusters(clusters: int, least: float) -> None:
    """Equal means, but three models have 1 in a fifth of the rows: twelve rows without such a score say too little."""
    rng, hits = np.random.default_rng(37), 0
    for seed in range(REPETITIONS):
        sums = np.array([np.full(clusters, 0.2), *(rng.random((3, clusters)) < 0.2)])
        hits += held(rank_sets(sums, sums, SWAPS, seed), np.full(4, 0.2))
    print(f"even and rare, {clusters} clusters: {hits / REPETITIONS:.3f}")
    assert hits / REPETITIONS >= least


def test_ranks_are_found_where_the_data_show_them() -> None:
    """Three clearly different models of 200 rows have one rank each."""
    rng, narrow = np.random.default_rng(41), 0
    for seed in range(100):
        sums = scores(rng, np.array([0.3, 0.5, 0.7]), rng.uniform(0.4, 1.4, 200))
        narrow += [str(one) for one in rank_sets(sums, sums, SWAPS, seed)] == ["3", "2", "1"]
    assert narrow >= 95
