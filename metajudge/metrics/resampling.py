"""Sums of columns in resamples of clusters, drawn within their domains. Pure functions of arrays; the seed is fixed.

One matrix of resample counts serves every model and metric, which keeps the pairing between them: every column is
summed by one matrix product.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 10_000
SEED = 20_260_204
_BLOCK_ELEMENTS = 1_000_000
_BINS = 1 << 16
"""So many counters fit the processor's cache: they are hit at random."""


def resample_counts(strata: Sequence[int], resamples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """How often each resample draws each cluster: resamples × clusters, drawn within the domains."""
    return _counted(strata, resamples, _draw(strata, resamples, rng))


def _draw(strata: Sequence[int], resamples: int, rng: np.random.Generator) -> list[NDArray[np.intp]]:
    """The clusters that the resamples draw, by stratum, few resamples each."""
    # Of the type that bincount wants: no copy.
    return [rng.integers(0, width, (rows, width)) for width in strata for rows in _portions(width, resamples)]


def _counted(strata: Sequence[int], resamples: int, drawn: Sequence[NDArray[np.intp]]) -> NDArray[np.float32]:
    counts = np.empty((resamples, sum(strata)), dtype=np.float32)
    portions, first = iter(drawn), 0
    for width in strata:
        start = 0
        for rows in _portions(width, resamples):
            places = next(portions) + (np.arange(rows) * width)[:, None]
            counted = np.bincount(places.ravel(), minlength=rows * width)
            counts[start : start + rows, first : first + width] = counted.reshape(rows, width)
            start += rows
        first += width
    return counts


def _portions(width: int, resamples: int) -> list[int]:
    """Into how many resamples at a time they are cut, for a stratum so wide."""
    most = max(1, _BINS // max(width, 1))
    return [min(most, resamples - start) for start in range(0, resamples, most)]


# ------------------------------------------------------------------ sums of resamples


class ClusterBootstrap:
    """Collects columns by cluster, then sums each of them in every resample; equal columns are summed once."""

    def __init__(self, strata: Sequence[int]) -> None:
        """`strata`: how many clusters each stratum has, as `Clusters` tells."""
        self._strata = strata
        self._columns: list[Floats] = []
        self._places: dict[bytes, int] = {}
        self._totals: NDArray[np.float32] | None = None

    def add(self, column: Floats) -> int:
        """Ask for the sums of a column (one value a cluster); the place to read them from later."""
        key = column.tobytes()
        if key not in self._places:
            self._places[key] = len(self._columns)
            self._columns.append(column)
        return self._places[key]

    def run(self, resamples: int = RESAMPLES, seed: int = SEED) -> None:
        """Draw the resamples, in blocks that stay small, each while the one before is counted and summed."""
        if not self._columns:
            return
        matrix = np.stack(self._columns, axis=1).astype(np.float32)
        size = max(1, min(resamples, _BLOCK_ELEMENTS // max(sum(self._strata), 1)))
        rng = np.random.default_rng(seed)
        blocks = [min(size, resamples - start) for start in range(0, resamples, size)]
        totals = []
        # One thread draws, block after block: the numbers are the same as without it.
        with ThreadPoolExecutor(1) as pool:
            ahead = pool.submit(_draw, self._strata, blocks[0], rng)
            for rows, following in zip(blocks, [*blocks[1:], 0], strict=True):
                drawn = ahead.result()
                ahead = pool.submit(_draw, self._strata, following, rng)
                totals.append(_counted(self._strata, rows, drawn) @ matrix)
        self._totals = np.concatenate(totals)

    def of(self, place: int) -> Floats:
        """The sum of a column in every resample."""
        assert self._totals is not None, "run() comes first"
        return self._totals[:, place].astype(np.float64)
