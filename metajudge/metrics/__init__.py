"""Arrays become figures: pure functions, no files and no clock.

`matching` pairs items one to one (Eq. 1). `reference` and `paper` compute the metrics of a row. `intervals`,
`resampling`, `significance` and `judge_variance` say how sure a mean is, `agreement` how far judges agree.
"""

from metajudge.metrics.agreement import Joined, alpha_of, compare_judges
from metajudge.metrics.intervals import (
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
from metajudge.metrics.judge_variance import Reliability, reliability
from metajudge.metrics.matching import Match, Matrix, Scores, best_matches, optimal_matching, sparse_matrix
from metajudge.metrics.paper import PaperMetrics, paper_metrics, paper_metrics_of
from metajudge.metrics.reference import COUNTED_MODEL_ITEMS, MeanStd, ReferenceMetrics, mean_std, reference_metrics
from metajudge.metrics.resampling import RESAMPLES, ClusterBootstrap, Floats
from metajudge.metrics.significance import SWAPS, holm, permutation_test

__all__ = [
    "COUNTED_MODEL_ITEMS",
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
    "Match",
    "Matrix",
    "MeanStd",
    "PaperMetrics",
    "PendingMean",
    "ReferenceMetrics",
    "Reliability",
    "Scores",
    "alpha_of",
    "best_matches",
    "cluster_rows",
    "clustered_error",
    "compare_judges",
    "difference_interval",
    "few_differences",
    "holm",
    "mean_interval",
    "mean_std",
    "optimal_matching",
    "paired_difference",
    "paper_metrics",
    "paper_metrics_of",
    "permutation_test",
    "prepare_mean",
    "reference_metrics",
    "reliability",
    "sparse_matrix",
    "t_quantile",
    "unpaired_difference",
    "wilson",
]
