"""The variance that the judge's randomness adds to a result, estimated from several samples per row."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from metajudge.metrics.statistics.intervals import Clusters, clustered_error


@dataclass(frozen=True, slots=True)
class Reliability:
    """Components of a one-way analysis of variance: rows by samples of the judge."""

    samples: int
    """Samples per row."""
    rows: int
    """Rows with this number of samples."""
    judge_variance: float
    """Mean variance of rationale consistency within a row."""
    share_of_error: float | None
    """The part of the mean's squared standard error that the judge's randomness explains, 0 to 1."""
    intraclass_correlation: float | None
    """ICC(1,1) (Shrout and Fleiss 1979): how far one sample distinguishes rows; None when nothing varies."""

    def as_json(self) -> dict[str, float | int | None]:
        """Return the fields by name."""
        return asdict(self)


def reliability(samples: Sequence[Sequence[float]], clusters: Clusters) -> Reliability | None:
    """Return the reliability of one sample; None with fewer than two samples or two complete rows.

    `samples`: one value per sample of the judge, by row. The squared error in `share_of_error` is that of the mean over
    these rows, linearised over clusters.
    """
    most = max((len(row) for row in samples), default=0)
    whole = np.array([row for row in samples if len(row) == most])
    if most < 2 or len(whole) < 2:
        return None
    means = np.array([np.mean(row) if len(row) == most else np.nan for row in samples])
    _, error, groups = clustered_error(means, clusters)
    within = float(whole.var(axis=1, ddof=1).mean())
    between = float(whole.mean(axis=1).var(ddof=1)) * most
    spread = between + (most - 1) * within
    return Reliability(
        samples=most,
        rows=len(whole),
        judge_variance=within,
        share_of_error=min(1.0, within / most / len(whole) / error**2) if error and groups > 1 else None,
        intraclass_correlation=(between - within) / spread if spread else None,
    )
