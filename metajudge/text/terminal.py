"""Text for a terminal: made safe, cut to a width in columns, coloured."""

import unicodedata
from collections.abc import Callable, Iterable

_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_COLOURS = {"good": "32", "part": "33", "none": "31", "head": "1", "dim": "2"}

Paint = Callable[[str, str], str]
"""A function of a text and the name of a colour that returns the text for the terminal."""


def plain(text: str, _: str) -> str:
    """Return the text without colour; a `Paint`."""
    return text


def coloured(text: str, colour: str) -> str:
    """Return the text in one of the terminal's colours; a `Paint`."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def printable(text: str) -> str:
    """Escape control characters, direction marks and lone surrogates: `text` from data becomes safe for a terminal."""
    return "".join(
        char.encode("unicode_escape").decode("ascii")
        if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp") or char in _BIDI
        else char
        for char in text
    )


def printable_lines(text: str) -> str:
    """Escape as `printable` does, except line feeds."""
    return "\n".join(map(printable, text.split("\n")))


def columns(text: str) -> int:
    """Count the columns that a printable `text` takes: wide characters two, combining ones none."""
    import wcwidth  # here: it takes a tenth of the start-up time of commands that wrap nothing

    return wcwidth.width(text, control_codes="ignore")


def wrapped(text: str, width: int) -> list[str]:
    """Escape `text` and cut it into lines of at most `width` columns, between words where possible."""
    lines, line = [], ""
    for word in printable(" ".join(text.split())).split(" "):
        joined = f"{line} {word}" if line else word
        if columns(joined) <= width:
            line = joined
            continue
        if line:
            lines.append(line)
        *full, line = _pieces(word, width)
        lines += full
    return [*lines, line]


def _pieces(word: str, width: int) -> list[str]:
    """Cut a word wherever a line is full: scripts without spaces, long links."""
    import wcwidth  # here: as in `columns`; its own `wrap` takes minutes for a word of 100 kB

    pieces, piece, used = [], "", 0
    for char in word:
        own = max(0, wcwidth.wcwidth(char))
        if used + own > width and piece:
            pieces.append(piece)
            piece, used = "", 0
        piece, used = piece + char, used + own
    return [*pieces, piece]


def plural(count: int, noun: str) -> str:
    """Return a count with its noun: `1 row`, `2,000 rows`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def listed(names: Iterable[str]) -> str:
    """Return `a`, `a and b`, or `a, b and c`."""
    *before, last = names
    return f"{', '.join(before)} and {last}" if before else last
