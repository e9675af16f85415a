"""Arrays become figures: pure functions, no files and no clock.

`matching` pairs items one to one (Eq. 1). `reference` and `paper` compute the metrics of a row, and `bounds` says what
they are worth if only best scores are known. The package `statistics` has intervals, tests and the agreement of judges.
Its modules are imported by path, because they need numpy: without numpy `infer` and `analysis` start in half the time.
"""

from metajudge.metrics.bounds import Known, RowBounds, row_bounds
from metajudge.metrics.matching import Match, Matrix, Scores, best_matches, optimal_matching, sparse_matrix
from metajudge.metrics.paper import PaperMetrics, paper_metrics
from metajudge.metrics.reference import COUNTED_MODEL_ITEMS, MeanStd, ReferenceMetrics, mean_std, reference_metrics
