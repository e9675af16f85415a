"""The reasons in the lines of a critique, read as Markdown reads lists, each with the response that its titles name."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.tasks.critic.verdict import SEPARATION, is_spaced_rule, item_pattern
from metajudge.text import indentation, sole_response, to_half_width

ITEM = item_pattern(r"[^\W\d_]|\*\*|[`\"“]", "A-ZÀ-ÖØ-ÞА-Я", bullets="・", numbers="①-⑳")
_NUMERAL = re.compile(r"\d+|[①-⑳]")
# "**Accuracy of the facts**" and "Clarity:"; a longer text with a colon is a statement.
_TITLE = re.compile(r"(?=.{,60}$)(?:(\*\*|__)(?:(?!\1).)+\1\s*:?|(?:\S+\s+){,3}\S+:)")
_CLOSING_REMARK = re.compile(r"[*_]*(?:notes?|conclusion|summary|in summary|remarks?|n\.?b\.?)[*_]*\s*:", re.IGNORECASE)
_FENCE = "```"
_HEADING_MARKS = re.compile(r"\s*(#{1,6})")


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason and the response of the titles above it."""

    text: str
    """White space folded, Markdown kept."""
    subject: str = ""
    """The one response that the titles above it name, as written there, and their aspect: "Assistant A (weaknesses)";
    empty if they name none."""


_BOLD, _COLON, _ASPECT, _LIST = 7, 8, 9, 10
"""Levels of titles behind Markdown headings: bold lines and rules, lines with a colon, aspects, items of lists."""
_ASPECTS = re.compile(
    r"\b(strengths?|weakness(?:es)?|pros|cons|(?:dis)?advantages?|merits?|positives?|negatives?|flaws|issues|errors|problems)\b",
    re.IGNORECASE,
)


@dataclass(slots=True)
class _Titles:
    """The open titles above a line, each with its level and the response that it is about."""

    open: list[tuple[int, str]]

    def add(self, level: int, title: str) -> None:
        """Open a title; it ends those of its level and deeper ones, and keeps the response of the one above it."""
        above = self.subject_at(level)
        subject = sole_response(title) or above
        if subject and (aspect := _ASPECTS.search(title)):  # "Assistant A (weaknesses)"
            subject = f"{subject.partition(' (')[0]} ({aspect[0].lower()})"
        self.open.append((level, subject))

    def subject_at(self, level: int) -> str:
        """Close the titles from this level on and return the subject of the one above."""
        while self.open and self.open[-1][0] >= level:
            self.open.pop()
        return self.open[-1][1] if self.open else ""


def read_reasons(lines: Sequence[str]) -> tuple[Reason, ...]:
    """Return the reasons of a list, read as Markdown."""
    reasons: list[tuple[str, str]] = []
    titles = _Titles([])
    top, inside, fenced, looked = 0, False, -1, -1
    last_fence = max((number for number, line in enumerate(lines) if line.strip() == _FENCE), default=-1)
    for number, line in enumerate(lines):
        item = None if number <= fenced or is_spaced_rule(line) else ITEM.fullmatch(to_half_width(line))
        indent = indentation(line)
        if item and not (inside and indent > top + 1):
            text = _item_text(line, item)
            inside = not _is_title(text, item, lines, number)
            if inside:
                reasons.append((text, titles.subject_at(_LIST + indent)))
                top = indent
            else:
                titles.add(_LIST + indent, text)
        elif number > fenced and not item and line.strip() and not _goes_on(lines, number, top):
            inside = False
            if level := _heading_level(line):
                titles.add(level, line)
        elif inside:
            reasons[-1] = (f"{reasons[-1][0]} {line}", reasons[-1][1])
        if max(fenced, looked) < number < last_fence:
            text = line if item is None else line[item.start("text") :]
            end, looked = _fence_end(text, lines, number, top)
            fenced = max(fenced, end)
    return tuple(Reason(folded, subject) for text, subject in reasons if (folded := " ".join(text.split())))


def _heading_level(line: str) -> int:
    """Return the level of a line that is a title and no item; 0 if it is none."""
    if indentation(line):
        return 0
    if marks := _HEADING_MARKS.match(line):
        return len(marks[1])
    text = to_half_width(line.strip())
    if _ASPECTS.fullmatch(text.strip("*_: ")):
        return _ASPECT
    return _BOLD if SEPARATION.fullmatch(text) else _COLON if text.rstrip("*_").endswith(":") else 0


def has_words(line: str) -> bool:
    """Return whether a line has more than blanks and emphasis."""
    return bool(line.strip(" \t*_`$"))


def _item_text(line: str, item: re.Match[str]) -> str:
    """Return the text of a bulleted or numbered line; emphasis that began before the number moves behind it."""
    text = line[item.start("text") :]
    if bool(item["open"]) == bool(item["shut"]):
        return text
    return (item["open"] or item["shut"]) + text


def _is_title(text: str, item: re.Match[str], lines: Sequence[str], number: int) -> bool:
    """Return whether a line is only a title of the reasons under it: "1. **Accuracy**", "- Clarity:"."""
    if not _TITLE.fullmatch(to_half_width(text.strip())):
        return False
    below = _next_words(lines, number)
    under = ITEM.fullmatch(to_half_width(below))
    if under is None:
        return False
    if indentation(below) > indentation(item.string) + 1:
        return True
    # Reasons under a title begin at 1; the next number belongs to the same list, even in another form.
    return item["bullet"] is None and _sign(item) != _sign(under) and _ordinal(under) != _ordinal(item) + 1


def _ordinal(item: re.Match[str]) -> int:
    """Return the number of a numbered line, 0 for a bulleted one."""
    found = _NUMERAL.search(item["number"] or "0")
    assert found is not None
    return int(found[0]) if found[0].isdecimal() else int(unicodedata.numeric(found[0]))


def _sign(item: re.Match[str]) -> str:
    """Return the kind of sign before a reason: all bullets are alike, "1." is like "2." and unlike "(1)"."""
    return "-" if item["bullet"] else _NUMERAL.sub("1", item["number"])


def _next_words(lines: Sequence[str], number: int) -> str:
    """Return the first line after `number` that is not blank."""
    return next((lines[place] for place in range(number + 1, len(lines)) if has_words(lines[place])), "")


def _goes_on(lines: Sequence[str], number: int, top: int) -> bool:
    """Return whether a line continues the reason before it: it is indented, or next to it and no heading."""
    line = lines[number]
    if indentation(line) > top:
        return True
    if number == 0 or not lines[number - 1].strip() or SEPARATION.fullmatch(to_half_width(line.strip())):
        return False
    if _CLOSING_REMARK.match(to_half_width(line)):
        return False
    return not (
        to_half_width(line.rstrip()).endswith(":") and ITEM.fullmatch(to_half_width(_next_words(lines, number)))
    )


def _fence_end(text: str, lines: Sequence[str], number: int, top: int) -> tuple[int, int]:
    """Return the line that closes the code fence which `text` opens, or -1, and the last line searched in vain, or -1.

    An indented fence belongs to its reason and must be closed in it: the search ends with that reason.
    """
    if not text.lstrip().startswith(_FENCE) or _FENCE in text.lstrip()[len(_FENCE) :]:
        return -1, -1
    is_indented = indentation(lines[number]) > top
    for end in range(number + 1, len(lines)):
        if is_indented and lines[end].strip() and indentation(lines[end]) <= top:
            return -1, end - 1
        if lines[end].strip() == _FENCE:
            return end, -1
    return -1, len(lines)
