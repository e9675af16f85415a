"""Sums of columns in resamples of clusters, drawn within their domains. Pure functions of arrays; the seed is fixed.

One matrix of resample counts serves every model and metric, which keeps the pairing between them: every column is
summed by one matrix product.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
SEED = 20_260_204
_BLOCK_ELEMENTS = 1_000_000
_BINS = 1 << 16
"""Counters that fit the processor's cache: they are hit at random."""


def resample_counts(strata: Sequence[int], resamples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Count how often each resample draws each cluster, within the domains: resamples × clusters."""
    counts = np.empty((resamples, sum(strata)), dtype=np.float32)
    first = 0
    for width in strata:
        start = 0
        for rows in _portions(width, resamples):
            drawn = rng.integers(0, width, (rows, width)) + (np.arange(rows) * width)[:, None]
            counted = np.bincount(drawn.ravel(), minlength=rows * width)
            counts[start : start + rows, first : first + width] = counted.reshape(rows, width)
            start += rows
        first += width
    return counts


def _portions(width: int, resamples: int) -> list[int]:
    """Split the resamples of a stratum this wide into parts that are counted at once."""
    most = max(1, _BINS // max(width, 1))
    return [min(most, resamples - start) for start in range(0, resamples, most)]


# ------------------------------------------------------------------ sums of resamples


class ClusterBootstrap:
    """Collects columns by cluster, then sums each of them in every resample; equal columns are summed once."""

    def __init__(self, strata: Sequence[int]) -> None:
        """`strata`: how many clusters each stratum has, as in `Clusters`."""
        self._strata = strata
        self._columns: list[Floats] = []
        self._places: dict[bytes, int] = {}
        self._totals: NDArray[np.float32] | None = None

    def add(self, column: Floats) -> int:
        """Request the sums of a column (one value per cluster); return the place to read them from later."""
        key = column.tobytes()
        if key not in self._places:
            self._places[key] = len(self._columns)
            self._columns.append(column)
        return self._places[key]

    def run(self, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """Draw the resamples and sum the columns in each, in blocks that keep the memory small."""
        if not self._columns:
            return
        matrix = np.stack(self._columns, axis=1).astype(np.float32)
        size = max(1, min(resamples, _BLOCK_ELEMENTS // max(sum(self._strata), 1)))
        rng = np.random.default_rng(seed)
        blocks = [min(size, resamples - start) for start in range(0, resamples, size)]
        totals = [resample_counts(self._strata, rows, rng) @ matrix for rows in blocks]
        self._totals = np.concatenate(totals)

    def of(self, place: int) -> Floats:
        """Return the sum of a column in every resample."""
        assert self._totals is not None, "run() comes first"
        return self._totals[:, place].astype(np.float64)
