"""The results of all runs as a table. Pure.

A result is one evaluation of one model: `arm`, `seed`, `when` (before or after GRPO) and the figures of `COLUMNS`.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

BEFORE, AFTER = "after the warm-up", "at the end"
COLUMNS: Mapping[str, str] = {
    "rc": "RC",
    "rc_floor": "its floor",
    "outcome_accuracy": "OA",
    "conflict_accuracy": "right where the cue is wrong",
    "verdict_flips": "verdict turns with the cue",
    "reasons_turn": "reasons turn with the cue",
    "follows_reasons": "verdict is that of the reasons",
    "generic": "generic reasons",
}
"""Figures and their headings."""


def markdown(results: Sequence[Mapping[str, Any]]) -> str:
    """Return a line per arm and time: the mean of the seeds, with the lowest and the highest in brackets."""
    lines = ["| arm | when | " + " | ".join(COLUMNS.values()) + " |", "|---" * (len(COLUMNS) + 2) + "|"]
    for arm in dict.fromkeys(one["arm"] for one in results):
        for when in (BEFORE, AFTER):
            rows = [one for one in results if one["arm"] == arm and one["when"] == when]
            cells = [_cell([row[name] for row in rows]) for name in COLUMNS]
            lines.append("| " + " | ".join([arm, when, *cells]) + " |")
    return "\n".join(lines)


def _cell(values: Sequence[float | None]) -> str:
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    return f"{_short(statistics.fmean(known))} ({_short(min(known))}–{_short(max(known))})"


def _short(value: float) -> str:
    text = f"{value:.2f}" if value >= 0.01 or value == 0 else f"{value:.3f}"
    return text.removeprefix("0") if value < 0.995 else text
