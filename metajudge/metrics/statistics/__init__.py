"""The certainty of figures: pure functions of numpy arrays.

`intervals` gives the interval of a mean or a difference, `resampling` the bootstrap below it, `significance` p values,
`judge_variance` the judge's own share of the error, and `agreement` how far judges agree.
"""

from metajudge.metrics.statistics.agreement import Joined, alpha_of, compare_judges
from metajudge.metrics.statistics.intervals import (
    MIN_CLUSTERS,
    NO_INTERVAL,
    Clusters,
    Column,
    Interval,
    PendingMean,
    cluster_rows,
    clustered_error,
    difference_interval,
    few_differences,
    mean_interval,
    paired_difference,
    prepare_mean,
    t_quantile,
    unpaired_difference,
    wilson,
)
from metajudge.metrics.statistics.judge_variance import Reliability, reliability
from metajudge.metrics.statistics.resampling import RESAMPLES, ClusterBootstrap, Floats
from metajudge.metrics.statistics.significance import SWAPS, holm, permutation_test

__all__ = [
    "MIN_CLUSTERS",
    "NO_INTERVAL",
    "RESAMPLES",
    "SWAPS",
    "ClusterBootstrap",
    "Clusters",
    "Column",
    "Floats",
    "Interval",
    "Joined",
    "PendingMean",
    "Reliability",
    "alpha_of",
    "cluster_rows",
    "clustered_error",
    "compare_judges",
    "difference_interval",
    "few_differences",
    "holm",
    "mean_interval",
    "paired_difference",
    "permutation_test",
    "prepare_mean",
    "reliability",
    "t_quantile",
    "unpaired_difference",
    "wilson",
]
