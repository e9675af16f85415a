"""The literal reading of a reply by the reference's analysis."""

import re
import sys

from metajudge.metrics import Match
from metajudge.text import BLOCK_END, BLOCK_START

_MARK = re.compile(r"- R(\d+)@S(\d+): (\d+(?:\.\d+)?)")


def reference_reading(text: str) -> list[Match] | None:
    """Return the marks of the first result block, literally and in text order.

    None without a block or mark, for a score above 1, and for an item number with too many digits.
    """
    start = text.find(BLOCK_START)
    end = text.find(BLOCK_END, start + len(BLOCK_START))
    if start < 0 or end < 0:
        return None
    try:
        marks = literal_marks(text, start + len(BLOCK_START), end)
    except ValueError:
        return None
    return marks if marks and all(mark.score <= 1 for mark in marks) else None


def literal_marks(text: str, start: int = 0, end: int = sys.maxsize) -> list[Match]:
    """Return the marks between two places of a text. Raises `ValueError` for an item number with too many digits."""
    return [Match(int(human), int(model), float(score)) for human, model, score in _MARK.findall(text, start, end)]
