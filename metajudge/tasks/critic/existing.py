"""Parse a critique that was generated elsewhere, in any form: a clear verdict is kept, even without reasons."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.tasks.critic.reasons import ITEM, Reason, read_reasons
from metajudge.tasks.critic.reply import Critique, body_lines, list_lines, reason_headers
from metajudge.tasks.critic.verdict import LABELS, find_clear_verdict, is_verdict_line, without_verdict
from metajudge.text import (
    BLOCK_END,
    BLOCK_START,
    ParseFailure,
    speaks_of_response,
    to_half_width,
    with_subject,
    without_thinking,
)

# "Reasons:", "## Key reasons", "**Reasons for my verdict:**", "Justification".
_REASONS_TITLE = re.compile(
    r"[\s*_`#>]*(?:(?:the|my|key|main|list|of|following|detailed|and) ){0,4}(?:reasons?|rationales?|justifications?)"
    r"(?: (?:for|of|behind)(?: \w+){1,4})?[*_`]*(?::[*_`]*)?\s*",
    re.IGNORECASE,
)
_MARKED = re.compile(r"\s*(?:#|\*\*|__).*|.*:\s*")
_VERDICT = "---"  # in place of the verdict: a rule ends lists and titles


@dataclass(frozen=True, slots=True)
class ExistingCritique:
    """A critique from elsewhere: reasons that may be none, and the items that are no reasons."""

    critique: Critique
    left_out: int
    """Number of items in lists that are no reasons: they speak of neither response, or come before the reasons."""
    rest: str
    """The text without its verdict; blank if it says nothing else."""


def read_existing(text: str, reasons_after: str | None = None) -> ExistingCritique | ParseFailure:
    """Read the reasons and the verdict of a text that was generated elsewhere; it may have no reasons.

    The last result block counts, and one of its tags may be missing. The reasons are the items of lists before and
    behind the verdict that speak of a response, by name or under a title that names one; such a title's name is put
    before the item. They begin behind the first line with `reasons_after` (without regard to case), else behind a
    title such as "Reasons:". Under "List of reasons:" every item is a reason. No verdict, and two that differ, are
    failures.
    """
    answer = without_thinking(text)
    if isinstance(answer, ParseFailure):
        return answer
    lines = body_lines(_last_block(answer))
    found = find_clear_verdict(lines)
    if isinstance(found, ParseFailure):
        return found
    end, begin, verdict = found
    reasons, left_out = _reasons([*lines[:end], _VERDICT, *lines[begin:]], end, reasons_after)
    rest = "\n".join(map(without_verdict, [*lines[:end], *lines[begin - 1 :]])).strip()
    return ExistingCritique(Critique(reasons, verdict, LABELS[verdict]), left_out, rest)


def _last_block(answer: str) -> str:
    plain = to_half_width(answer)
    begin, end = plain.rfind(BLOCK_START), plain.rfind(BLOCK_END)
    if end < max(begin, 0):
        end = len(plain)
    return answer[begin + len(BLOCK_START) if begin >= 0 else 0 : end]


def _reasons(lines: Sequence[str], verdict: int, reasons_after: str | None) -> tuple[tuple[str, ...], int]:
    """Return the reasons, and the number of other items; `verdict` is the number of the verdict's line."""
    if reasons_after is None and (headers := reason_headers(lines)):
        number, first = headers[0]
        end = verdict if number < verdict else len(lines)
        listed = read_reasons(list_lines([first, *lines[number + 1 : end]]))
        return tuple(one.text for one in listed), len(_items(lines[:number])) + len(_items(lines[end:]))
    number, first = _begin(lines, reasons_after)
    items = _items([first, *lines[number + 1 :]])
    reasons = tuple(with_subject(one.text, one.subject) for one in items if one.subject or speaks_of_response(one.text))
    return reasons, len(items) - len(reasons) + len(_items(lines[: max(0, number)]))


def _begin(lines: Sequence[str], reasons_after: str | None) -> tuple[int, str]:
    """Return the number of the line behind which the reasons begin, and the reason on it; -1 if they begin at once."""
    if reasons_after is not None:
        begin = re.compile(re.escape(reasons_after), re.IGNORECASE)
        found = ((number, match) for number, line in enumerate(lines) if (match := begin.search(line)))
        return next(((number, _behind(match)) for number, match in found), (-1, ""))
    items = [number for number, line in enumerate(lines) if ITEM.fullmatch(to_half_width(line))]
    titles = (number for number, line in enumerate(lines) if _REASONS_TITLE.fullmatch(line) and _MARKED.fullmatch(line))
    number = next(titles, -1)
    return (number, "") if items and number < items[-1] else (-1, "")


def _behind(found: re.Match[str]) -> str:
    """Return the item behind the text where the reasons begin, else the whole line, which may be a title."""
    rest = found.string[found.end() :].lstrip(" \t:*_`")
    return rest if ITEM.fullmatch(to_half_width(rest)) else found.string


def _items(lines: Sequence[str]) -> list[Reason]:
    """Return the items of lists, without those that only say the verdict."""
    return [one for one in read_reasons(lines) if not is_verdict_line(one.text)]
