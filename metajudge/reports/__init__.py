"""Result files become tables and pictures.

`scan` and `row_scores` read files, `score_table` holds the scores of a file as columns; the other modules are one
report each.
"""

import importlib
from typing import TYPE_CHECKING

from metajudge.reports.scan import Summary, summarise, summarise_file
from metajudge.reports.summary_table import SORT_FIELDS, render_summaries

if TYPE_CHECKING:
    from metajudge.reports.agreement_table import Reading, join, read_judges
    from metajudge.reports.check import Check, Records, check_file
    from metajudge.reports.comparison import Difference, check_comparable, compare
    from metajudge.reports.dataset_stats import FINDINGS, Lengths, Place, Places, Rows
    from metajudge.reports.deceptive_alignment import FlagRule
    from metajudge.reports.model_rows import common_ids, report, report_rows
    from metajudge.reports.render import (
        cell,
        difference_notes,
        file_notes,
        missing_labels_note,
        p_cell,
        render_report,
        report_notes,
    )
    from metajudge.reports.row_scores import ScoringConfig
    from metajudge.reports.score_table import PAPER, ScoreTable, score_file, score_files
    from metajudge.reports.show import by_id, show_rows, worst
else:
    # Each module waits until one of its names is used: `analysis` starts in half the time without numpy.
    # No name in `__all__` may be the name of a module: importing the module would hide it.
    _MODULES = (
        "show",
        "check",
        "dataset_stats",
        "row_scores",
        "score_table",
        "model_rows",
        "comparison",
        "render",
        "agreement_table",
        "deceptive_alignment",
    )

    def __getattr__(name: str) -> object:
        for module in _MODULES if name in __all__ else ():
            if hasattr(found := importlib.import_module(f"{__name__}.{module}"), name):
                return getattr(found, name)
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = [
    "FINDINGS",
    "PAPER",
    "SORT_FIELDS",
    "Check",
    "Difference",
    "FlagRule",
    "Lengths",
    "Place",
    "Places",
    "Reading",
    "Records",
    "Rows",
    "ScoreTable",
    "ScoringConfig",
    "Summary",
    "by_id",
    "cell",
    "check_comparable",
    "check_file",
    "common_ids",
    "compare",
    "difference_notes",
    "file_notes",
    "join",
    "missing_labels_note",
    "p_cell",
    "read_judges",
    "render_report",
    "render_summaries",
    "report",
    "report_notes",
    "report_rows",
    "score_file",
    "score_files",
    "show_rows",
    "summarise",
    "summarise_file",
    "worst",
]
