"""Sums of columns in resamples of clusters, drawn within their domains. The seed is fixed.

One matrix of resample counts serves every model and metric, which keeps the pairing between them: every column is
summed by one matrix product.
"""

import hashlib
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
        for rows in portions(resamples, _BINS // max(width, 1)):
            drawn = rng.integers(0, width, (rows, width)) + (np.arange(rows) * width)[:, None]
            counted = np.bincount(drawn.ravel(), minlength=rows * width)
            counts[start : start + rows, first : first + width] = counted.reshape(rows, width)
            start += rows
        first += width
    return counts


def portions(count: int, most: int) -> list[int]:
    """Split `count` into parts of at most `most` (at least 1), which keep the memory small."""
    most = max(1, most)
    return [min(most, count - start) for start in range(0, count, most)]


# ------------------------------------------------------------------ sums of resamples


class ClusterBootstrap:
    """Collects columns by cluster, then sums each of them in every resample; equal columns are summed once."""

    def __init__(self, strata: Sequence[int]) -> None:
        """Start without columns; `strata` is the number of clusters of each stratum, as in `Clusters`."""
        self._strata = strata
        self._columns: list[NDArray[np.float32]] = []
        self._places: dict[bytes, int] = {}
        """Places of the columns by their hash."""
        self._totals: NDArray[np.float32] | None = None

    def add(self, column: Floats) -> int:
        """Request the sums of a column (one value per cluster); return the place to read them from later."""
        key = hashlib.sha256(column.tobytes()).digest()
        if key not in self._places:
            self._places[key] = len(self._columns)
            self._columns.append(column.astype(np.float32))
        return self._places[key]

    def run(self, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """Draw the resamples and sum the columns in each."""
        if not self._columns:
            return
        matrix = np.stack(self._columns, axis=1)
        rng = np.random.default_rng(seed)
        blocks = portions(resamples, _BLOCK_ELEMENTS // max(sum(self._strata), 1))
        self._totals = np.concatenate([resample_counts(self._strata, rows, rng) @ matrix for rows in blocks])

    def of(self, place: int) -> Floats:
        """Return the sum of a column in every resample."""
        assert self._totals is not None, "run() comes first"
        return self._totals[:, place].astype(np.float64)
