"""MetaJudge: does a reward model prefer the right response for the right reasons?

Judge rows: `infer` with an `InferConfig` gives a `RunResult`; `read_reply` reads one reply of a judge,
`reference_metrics` scores it.
Look at results: `summarise_file` gives the table's figures of one file, `report` the paper's metrics of many.
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
    from metajudge.metrics import ReferenceMetrics, reference_metrics
    from metajudge.reports.model_rows import report
    from metajudge.reports.scan import Summary, summarise_file
    from metajudge.rewards import Gold, RewardConfig, select_reasons
    from metajudge.tasks import CriticPrompt, InferConfig, RunResult, infer, read_critique, read_reply
    from metajudge.text import ParseFailure

# A room is imported when one of its names is first used: `metajudge.bootstrap` runs before the packages are installed,
# and `--help` need not wait for numpy and the OpenAI client. Type checkers read the imports above.
_ROOMS = {
    "data": ("read_conversation",),
    "engine": ("JudgeConfig",),
    "errors": ("MetaJudgeError", "UsageError"),
    "llm": ("EMBEDDED",),
    "metrics": ("ReferenceMetrics", "reference_metrics"),
    "reports.model_rows": ("report",),
    "reports.scan": ("Summary", "summarise_file"),
    "rewards": ("Gold", "RewardConfig", "select_reasons"),
    "tasks": ("CriticPrompt", "InferConfig", "RunResult", "infer", "read_critique", "read_reply"),
    "text": ("ParseFailure",),
}
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "EMBEDDED",
    "CriticPrompt",
    "Gold",
    "InferConfig",
    "JudgeConfig",
    "MetaJudgeError",
    "ParseFailure",
    "ReferenceMetrics",
    "RewardConfig",
    "RunResult",
    "Summary",
    "UsageError",
    "__version__",
    "infer",
    "read_conversation",
    "read_critique",
    "read_reply",
    "reference_metrics",
    "report",
    "select_reasons",
    "summarise_file",
]


def __getattr__(name: str) -> object:
    if name not in _ROOM_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_ROOM_OF[name]}"), name)


def __dir__() -> list[str]:
    return __all__
