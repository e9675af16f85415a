"""Arrays become figures: pure functions, no files and no clock.

`matching` pairs items one to one (Eq. 1). `reference` and `paper` compute the metrics of a row. `intervals`,
`resampling`, `significance` and `judge_variance` say how sure a mean is, `agreement` how far judges agree.
"""

import importlib
from typing import TYPE_CHECKING

from metajudge.metrics.matching import Match, Matrix, Scores, best_matches, optimal_matching, sparse_matrix
from metajudge.metrics.paper import PaperMetrics, paper_metrics, paper_metrics_of
from metajudge.metrics.reference import COUNTED_MODEL_ITEMS, MeanStd, ReferenceMetrics, mean_std, reference_metrics

if TYPE_CHECKING:
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
    from metajudge.metrics.resampling import RESAMPLES, ClusterBootstrap, Floats
    from metajudge.metrics.significance import SWAPS, holm, permutation_test
else:
    # `infer` and `analysis` start in half the time without numpy: these modules wait until one of their names is used.
    def __getattr__(name: str) -> object:
        modules = ("agreement", "intervals", "judge_variance", "resampling", "significance")
        for module in modules if name in __all__ else ():
            if hasattr(found := importlib.import_module(f"{__name__}.{module}"), name):
                return getattr(found, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
