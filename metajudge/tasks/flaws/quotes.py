"""Quotes: words that a judge claims to have copied, held against the text that it names.

A quote shows where a judge looked, not that the judge is right.
"""

import functools

from metajudge.data import quoted_lines
from metajudge.text import unspaced, words_of

LEAST_WORDS = 3
"""Words that a quote needs, unless it is the whole text: a shorter one is found nearly everywhere."""
_LEAST_WIDE = 6
"""Characters that a quote in a script without spaces needs instead."""
_LEAST_LETTERS = 8
_PAIRS = (('"', '"'), ("“", "”"), ("'", "'"), ("‘", "’"), ("«", "»"), ("「", "」"), ("`", "`"))


def quote_problem(quote: str, text: str) -> str:
    """Return why a quote does not hold in `text`; empty if it does.

    Runs of white space count as one space. The text counts as it is and as a question shows it, with harmless tags.
    """
    words = fold(quote)
    if not words:
        return "is empty"
    forms = _forms(text)
    if words in forms:
        return ""
    if not any(words in form for form in forms):
        return "does not occur there"
    return "" if is_long(words) else f"is shorter than {LEAST_WORDS} words"


def bare_quote(quote: str, text: str) -> str:
    """Return a quote with its white space folded, without marks of quotation that are not part of `text`."""
    words = fold(quote)
    for begin, end in _PAIRS:
        if len(words) > 2 and words.startswith(begin) and words.endswith(end) and words not in _forms(text)[0]:
            return words[1:-1].strip()
    return words


@functools.lru_cache(maxsize=64)  # a reply may have many quotes of one text, and a row has many questions
def _forms(text: str) -> tuple[str, str]:
    """Return a text as it is and as a question shows it, folded."""
    return fold(text), fold(quoted_lines(text))


def is_long(quote: str) -> bool:
    """Return whether a quote has enough words to be evidence."""
    wide = sum(map(len, unspaced(quote)))
    words = words_of(quote)
    return wide >= _LEAST_WIDE or (len(words) + wide // 2 >= LEAST_WORDS and len(quote) >= _LEAST_LETTERS)


def fold(text: str) -> str:
    """Return a text with single spaces in place of white space."""
    return " ".join(text.split())
