"""Shared by the readers of replies: the failure to read one, and full-width signs."""

from dataclasses import dataclass

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A reply that has to be asked for again."""

    reason: str
    """A few words for a reader, such as "R3 is missing"."""


def to_half_width(text: str) -> str:
    """Return `text` with full-width signs as plain ones at the same places, for patterns; texts are cut from `text`."""
    return text if text.isascii() else text.translate(_FULL_WIDTH)
