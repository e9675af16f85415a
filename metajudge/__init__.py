"""MetaJudge: does a reward model prefer the right response for the right reasons?

From Python: `infer(InferConfig(…))` is the inference as a function, `summarise_file` the analysis of one file,
`read_reply` reads one judge's reply, `score_row` turns its marks into figures. Imported when first used.
"""

import importlib

__version__ = "0.1.0"

_PUBLIC = {
    "InferConfig": ("metajudge.tasks.match.infer", "InferConfig"),
    "infer": ("metajudge.tasks.match.infer", "infer"),
    "read_reply": ("metajudge.tasks.match.reply", "read_reply"),
    "score_row": ("metajudge.metrics.reference", "figures"),
    "summarise_file": ("metajudge.reports.scan", "summarise_file"),
}


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(importlib.import_module(module), attribute)
