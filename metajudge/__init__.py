"""MetaJudge: does a reward model prefer the right response for the right reasons?

Judge a file of rows: `infer` and `infer_async` take the flags of the command as keywords and return a `RunResult`.
Judge one pair of lists: `match`, with a `Judge` or the name of a model; `read_reply` reads one reply of a judge.
Look at results: `report` gives every metric with its interval, `scores` a line of figures for each row,
`summarise_file` the figures of the reference's table; `reference_metrics` scores one record.
Train: `JudgeConfig` and `RewardConfig` for the functions in `metajudge.integrations`; `read_conversation` and
`CriticPrompt` make the prompts. Every error that a user can correct is a `MetaJudgeError`.
"""

import importlib
from typing import TYPE_CHECKING

from metajudge.version import __version__

if TYPE_CHECKING:
    from metajudge.data import read_conversation
    from metajudge.engine import JudgeConfig
    from metajudge.errors import MetaJudgeError, UsageError
    from metajudge.llm import EMBEDDED
    from metajudge.metrics import Match, ReferenceMetrics, reference_metrics
    from metajudge.reports.deceptive_alignment import FlagRule
    from metajudge.reports.report import Report, report
    from metajudge.reports.row_scores import ScoringConfig
    from metajudge.reports.rows_table import ExportedRow, RowTable, scores
    from metajudge.reports.scan import Summary, summarise_file
    from metajudge.rewards import Gold, RewardConfig, select_reasons
    from metajudge.tasks import CriticPrompt, InferConfig, RunResult, infer, infer_async, read_critique, read_reply
    from metajudge.tasks.match.judge import Judge, MatchResult, match
    from metajudge.text import ParseFailure

# A room is imported when one of its names is first used: `metajudge.bootstrap` runs before the packages are installed,
# and `--help` need not wait for numpy and the OpenAI client. Type checkers read the imports above.
_ROOMS = {
    "data": ("read_conversation",),
    "engine": ("JudgeConfig",),
    "errors": ("MetaJudgeError", "UsageError"),
    "llm": ("EMBEDDED",),
    "metrics": ("Match", "ReferenceMetrics", "reference_metrics"),
    "reports.deceptive_alignment": ("FlagRule",),
    "reports.report": ("Report", "report"),
    "reports.row_scores": ("ScoringConfig",),
    "reports.rows_table": ("ExportedRow", "RowTable", "scores"),
    "reports.scan": ("Summary", "summarise_file"),
    "rewards": ("Gold", "RewardConfig", "select_reasons"),
    "tasks": ("CriticPrompt", "InferConfig", "RunResult", "infer", "infer_async", "read_critique", "read_reply"),
    "tasks.match.judge": ("Judge", "MatchResult", "match"),
    "text": ("ParseFailure",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "EMBEDDED",
    "CriticPrompt",
    "ExportedRow",
    "FlagRule",
    "Gold",
    "InferConfig",
    "Judge",
    "JudgeConfig",
    "Match",
    "MatchResult",
    "MetaJudgeError",
    "ParseFailure",
    "ReferenceMetrics",
    "Report",
    "RewardConfig",
    "RowTable",
    "RunResult",
    "ScoringConfig",
    "Summary",
    "UsageError",
    "__version__",
    "infer",
    "infer_async",
    "match",
    "read_conversation",
    "read_critique",
    "read_reply",
    "reference_metrics",
    "report",
    "scores",
    "select_reasons",
    "summarise_file",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
