"""p values: swapping two models' records by cluster, and Holm's correction."""

from collections.abc import Sequence

import numpy as np

from metajudge.metrics.statistics.resampling import SEED, Floats, portions

SWAPS = 10_000
_BLOCK_ELEMENTS = 4_000_000


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p values adjusted for their number (Holm 1979), in the same order, at most 1."""
    order = sorted(range(len(p_values)), key=lambda place: p_values[place])
    adjusted, highest = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(order):
        highest = max(highest, min(1.0, p_values[place] * (len(p_values) - rank)))
        adjusted[place] = highest
    return adjusted


def permutation_test(
    sums: tuple[Floats, Floats], sizes: tuple[Floats, Floats], swaps: int = SWAPS, seed: int = SEED
) -> float:
    """Return the two-sided p of the difference of two models' means with each cluster of either: (b+1)/(B+1).

    `sums`, `sizes`: sum and number of the two models' values in each cluster. In every one of B swaps half of the
    clusters, at random, change sides and both means are computed anew; b counts differences at least as large.
    """
    changes = np.stack([sums[1] - sums[0], sizes[1] - sizes[0]], axis=1)
    totals = np.array([[part.sum() for part in pair] for pair in (sums, sizes)])
    observed = abs(totals[0, 0] / totals[1, 0] - totals[0, 1] / totals[1, 1])
    rng = np.random.default_rng(seed)
    hits = 0
    for rows in portions(swaps, _BLOCK_ELEMENTS // max(len(changes), 1)):
        moved = rng.integers(0, 2, (rows, len(changes)), dtype=np.uint8).astype(np.float64) @ changes
        with np.errstate(divide="ignore", invalid="ignore"):
            first = (totals[0, 0] + moved[:, 0]) / (totals[1, 0] + moved[:, 1])
            second = (totals[0, 1] - moved[:, 0]) / (totals[1, 1] - moved[:, 1])
        # Equal differences differ in their last digits: they count as equally large. No mean at all is no evidence.
        hits += int(np.sum(~(np.abs(first - second) < observed - 1e-12)))
    return (hits + 1) / (swaps + 1)
