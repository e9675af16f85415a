"""Data in a question: nothing in it can pose as a tag or a mark of the question or of its reply."""

from __future__ import annotations

import re
import unicodedata

_HARMLESS = {"<": "‹", ">": "›", "@": "‹@›"}


def encodable(text: str) -> str:
    """`text` with a sign in place of each lone surrogate, so that it can be sent as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def defused(text: str, grammar: re.Pattern[str]) -> str:
    """`text` with a harmless sign for each `<`, `>` and `@` that is a group of a match of `grammar`.

    Wide or bold letters count as plain ones and hidden characters not at all: a model may well tidy what it copies.
    """
    if text.isascii() and not grammar.search(text):
        return text
    seen = [(char, place) for place, source in enumerate(text) for char in _plain(source)]
    harmless = {
        seen[found.start(group)][1]: _HARMLESS[found[group]]
        for found in grammar.finditer("".join(char for char, _ in seen))
        for group in range(1, grammar.groups + 1)
        if found[group]
    }
    return "".join(harmless.get(place, char) for place, char in enumerate(text))


def _plain(char: str) -> str:
    return "" if unicodedata.category(char) == "Cf" else unicodedata.normalize("NFKC", char)
