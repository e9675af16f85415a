"""Escaping of data in a question, so that it cannot imitate a tag or a mark of the question or of its reply."""

import re
import unicodedata

_HARMLESS = {"<": "‹", "[": "‹", "◁": "‹", ">": "›", "]": "›", "▷": "›"}


def replace_surrogates(text: str) -> str:
    """Return `text` with a sign in place of each lone surrogate, so that it can be sent as UTF-8."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")


def escape_markup(text: str, grammar: re.Pattern[str]) -> str:
    """Return `text` with each character that is a group of a match of `grammar` made harmless.

    A bracket becomes `‹` or `›`, any other character is put between these.
    Wide or bold letters count as plain ones, and hidden characters are ignored: a model may normalise what it copies.
    """
    if text.isascii() and not grammar.search(text):
        return text
    seen = [(char, place) for place, source in enumerate(text) for char in _plain(source)]
    harmless = {
        seen[found.start(group)][1]: _HARMLESS.get(found[group], f"‹{found[group]}›")
        for found in grammar.finditer("".join(char for char, _ in seen))
        for group in range(1, grammar.groups + 1)
        if found[group]
    }
    return "".join(harmless.get(place, char) for place, char in enumerate(text))


# Invisible characters outside the control categories (joiners, variation selectors), and those that look like a space.
_UNSEEN = re.compile("[\u034f\u17b4\u17b5\u180b-\u180f\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_BLANK = re.compile("[\u115f\u1160\u2800\u3164\uffa0]")


def strip_invisible(text: str) -> str:
    """Return `text` without the characters that a reader does not see, blanks as spaces; line ends stay."""
    if text.isascii() and (text.isprintable() or text.replace("\n", "").isprintable()):
        return text
    shown = (char for char in text if char == "\n" or unicodedata.category(char) not in ("Cf", "Cc", "Cs"))
    return _BLANK.sub(" ", _UNSEEN.sub("", "".join(shown)))


def _plain(char: str) -> str:
    return "" if unicodedata.category(char) == "Cf" else unicodedata.normalize("NFKC", char)
