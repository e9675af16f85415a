"""Thoughts that a model writes into its text before the answer: one table of their tags, one reader."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from metajudge.text.reading import ParseFailure, to_half_width

# < think > <seed:think> <think effort="low"> &lt;think&gt; ◁think▷ and their closing forms
_LEFT, _RIGHT = r"(?:<|&lt;|◁)\s*", r"(?:\s[^<>/]{0,80})?\s*(?:>|&gt;|▷)"


def _tagged(name: str) -> tuple[str, str]:
    return rf"{_LEFT}(?:\w{{1,20}}:)?{name}{_RIGHT}", rf"{_LEFT}/\s*(?:\w{{1,20}}:)?{name}{_RIGHT}"


_PAIRS = tuple(
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for begin, end in (
        *map(_tagged, ("think(?:ing)?", "thoughts?", "reasoning", "reflection", "scratchpad")),
        (r"<\|(?:think(?:ing)?|thoughts?)\|>", r"<\|/(?:think(?:ing)?|thoughts?)\|>|<\|end\|>"),
        (r"\[(?-i:THINK(?:ING)?)\]", r"\[/(?-i:THINK(?:ING)?)\]"),
        (r"<\|?(?:START|BEGIN)_(?:OF_)?(?:THINKING|THOUGHTS?)\|?>", r"<\|?END_(?:OF_)?(?:THINKING|THOUGHTS?)\|?>"),
        # The channels of one reply; some servers leave out the special tokens.
        (
            r"<\|channel\|>\s*(?:analysis|commentary)\b|\A(?-i:analysis(?=[A-Z]))",
            r"<\|channel\|>\s*final\b(?:[^<\n]{0,40}<\|message\|>)?|assistantfinal",
        ),
        (r"<\|channel>\s*thought\b", r"<channel\|>"),
    )
)
"""Patterns of what begins and what ends a thought."""
_HINT = re.compile(r"think|thought|reasoning|reflection|scratchpad|channel|assistantfinal|\Aanalysis", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ThoughtTag:
    """A tag that begins or ends a thought."""

    start: int
    end: int
    text: str
    kind: int
    """Its line in the table."""
    ends: bool
    """True if the tag ends a thought."""


def thought_tags(text: str) -> list[ThoughtTag]:
    """Return the tags of thoughts, in text order."""
    if not _HINT.search(text):
        return []
    return sorted(_tags(to_half_width(text)), key=lambda tag: tag.start)


def _tags(plain: str) -> Iterator[ThoughtTag]:
    for kind, pair in enumerate(_PAIRS):
        for ends, pattern in enumerate(pair):
            for found in pattern.finditer(plain):
                yield ThoughtTag(found.start(), found.end(), found[0], kind, bool(ends))


def after_thoughts(text: str) -> str | ParseFailure:
    """Return the text after the last thought; a thought that does not end is no answer.

    The end of a thought also ends the thoughts that were begun inside it. A tag that ends a thought which the text does
    not begin, because the question began it, is taken for the end of all text before it.
    """
    opened: list[ThoughtTag] = []
    begin = 0
    for tag in thought_tags(text):
        if not tag.ends:
            opened.append(tag)
            continue
        begin = tag.end
        same = [place for place, one in enumerate(opened) if one.kind == tag.kind]
        if same:
            del opened[same[0] :]
    return ParseFailure(f"unclosed {opened[0].text}") if opened else text[begin:]
