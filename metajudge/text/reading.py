"""Shared by the readers of replies: tags of a result block, the failure to read one, full-width signs, indentation."""

from dataclasses import dataclass

BLOCK_START = "<RESULT_START>"
BLOCK_END = "<RESULT_END>"
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A reply that cannot be used: the question is asked again."""

    reason: str
    """A few words for a reader, such as "R3 is missing"."""


def to_half_width(text: str) -> str:
    """Return `text` with full-width signs as plain ones at the same places, for patterns; texts are cut from `text`."""
    return text if text.isascii() else text.translate(_FULL_WIDTH)


def indentation(line: str) -> int:
    """Return the number of columns before the first word of a line; a tab reaches to the next multiple of four."""
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
