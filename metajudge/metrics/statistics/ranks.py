"""Confidence set of the ranks of several models, from one-sided tests of every pair."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metajudge.metrics.statistics.intervals import LEVEL
from metajudge.metrics.statistics.resampling import SEED, Floats, portions
from metajudge.metrics.statistics.significance import SWAPS, holm

_BLOCK_ELEMENTS = 4_000_000


@dataclass(frozen=True, slots=True)
class Ranks:
    """Ranks that a model may have, from `best` to `worst`; 1 is the rank of the highest mean.

    A model's rank is 1 plus the number of models with a higher mean.
    """

    best: int
    worst: int

    def __str__(self) -> str:
        """Return `2` or `1–3`."""
        return str(self.best) if self.best == self.worst else f"{self.best}–{self.worst}"


def rank_sets(lower: Floats, upper: Floats, swaps: int = SWAPS, seed: int = SEED) -> list[Ranks]:
    """Return the ranks that each model may have; together they hold all true ranks with a probability of 95 %.

    `lower`, `upper`: sums of the models' scores over the same rows, (models, clusters); they are equal unless the
    scores are only known between bounds.

    The sets follow from a one-sided test of every ordered pair. A model's rank is at least 1 plus the number of models
    that are significantly better, and at most the number of models less those that are significantly worse. With
    Holm's correction (1979) over all ordered pairs, the chance of any false decision is at most 5 %. Mogstad, Romano,
    Shaikh and Wilhelm (2024), Inference for Ranks with Applications to Mobility across Neighbourhoods and Academic
    Achievement across Countries, Review of Economic Studies 91; they bootstrap the tests, here models are swapped.
    """
    pairs = list(itertools.permutations(range(len(lower)), 2))
    gaps = np.array([lower[better] - upper[worse] for better, worse in pairs])
    adjusted = holm(swap_test(gaps, swaps, seed).tolist()) if pairs else []
    sure = [pair for pair, p_value in zip(pairs, adjusted, strict=True) if p_value <= 1 - LEVEL]
    return _ranks(len(lower), sure)


def _ranks(models: int, better_than: Sequence[tuple[int, int]]) -> list[Ranks]:
    better = [sum(worse == place for _, worse in better_than) for place in range(models)]
    worse = [sum(best == place for best, _ in better_than) for place in range(models)]
    return [Ranks(1 + better[place], models - worse[place]) for place in range(models)]


def swap_test(gaps: Floats, swaps: int = SWAPS, seed: int = SEED) -> Floats:
    """Return one-sided p values of sums of paired differences: (b + 1) / (B + 1) / 2 for a sum above 0, otherwise 1.

    `gaps`: first minus second, summed within each cluster, (pairs, clusters). In each of B swaps the two models change
    sides in half of the clusters, at random; b counts sums at least as far from 0. The sums are symmetric about 0, so
    half of that share is above 0.
    """
    rng = np.random.default_rng(seed)
    observed, hits = gaps.sum(axis=1), np.zeros(len(gaps), np.int64)
    for rows in portions(swaps, _BLOCK_ELEMENTS // max(1, *gaps.shape)):
        signs = rng.integers(0, 2, (rows, gaps.shape[1]), dtype=np.int8) * 2.0 - 1.0
        # Equal sums differ in their last digits: they count as equally far.
        hits += (np.abs(signs @ gaps.T) >= observed - 1e-9).sum(axis=0)
    return np.where(observed > 1e-9, (hits + 1) / (swaps + 1) / 2, 1.0)


def needed_swaps(models: int) -> int:
    """Return the least number of swaps with which a test of that many models can be significant."""
    return math.ceil(models * (models - 1) / 2 / (1 - LEVEL) - 1e-6) - 1
