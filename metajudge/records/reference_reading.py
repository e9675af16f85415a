"""The literal reading of a reply, as the reference's analysis has it."""

from __future__ import annotations

import re
import sys

from metajudge.metrics import Match
from metajudge.text import BLOCK_END, BLOCK_START

_MARK = re.compile(r"- R(\d+)@S(\d+): (\d+(?:\.\d+)?)")


def reference_reading(text: str) -> list[Match] | None:
    """The marks of the first result block, literally and in text order; None where the text is unreadable.

    Unreadable: no block, no mark in it, a score above 1, or an item number too long to be a number.
    """
    start = text.find(BLOCK_START)
    end = text.find(BLOCK_END, start + len(BLOCK_START))
    if start < 0 or end < 0:
        return None
    try:
        marks = literal_marks(text, start + len(BLOCK_START), end)
    except ValueError:
        return None
    if not marks or any(mark.score > 1 for mark in marks):
        return None
    return marks


def literal_marks(text: str, start: int = 0, end: int = sys.maxsize) -> list[Match]:
    """The marks between two places of a text; raises `ValueError` where an item number is too long."""
    return [Match(int(human), int(model), float(score)) for human, model, score in _MARK.findall(text, start, end)]
