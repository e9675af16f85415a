"""Parse a critic's reply into reasons and a verdict.

The grammar, between `<RESULT_START>` and `<RESULT_END>`: a line `List of reasons:`, the reasons as lines `- …` from
most to least important, a line `Final assessment result: \\boxed{B>A}`. Lists are read as Markdown reads them: lines
indented under a reason continue it, a title with reasons under it is no reason.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.data import sign
from metajudge.tasks.critic.verdict import (
    INVISIBLE,
    LABELS,
    SEPARATION,
    find_verdict,
    is_spaced_rule,
    item_pattern,
    join_boxes,
)
from metajudge.text import BLOCK_END, BLOCK_START, ParseFailure, result_block, to_half_width, without_thinking

AGREE, SUM = "agree", "sum"
_GAP = r"[\s*_`]*"
_HEADER = re.compile(
    rf"[\s{INVISIBLE}*_`#>]*list of reasons{_GAP}(?:\([^()]{{0,60}}\){_GAP}(?=:))?(?P<colon>:[*_`]*[ \t]*)?",
    re.IGNORECASE,
)
_ITEM = item_pattern(r"[^\W\d_]|\*\*|[`\"“]", "A-ZÀ-ÖØ-ÞА-Я", bullets="・", numbers="①-⑳")
_NUMERAL = re.compile(r"\d+|[①-⑳]")
_QUOTE = re.compile(r"\A[ \t]*>[ \t]?")
# "**Accuracy of the facts**" and "Clarity:"; a longer text with a colon is a statement.
_TITLE = re.compile(r"(?=.{,60}$)(?:(\*\*|__)(?:(?!\1).)+\1\s*:?|(?:\S+\s+){,3}\S+:)")
_FENCE = "```"
_FENCE_LINE = re.compile(r"```[\w+-]*\s*")
_TELLING = re.compile(r"boxed|\[\[|list of reasons|final assessment|^[ \t]*[-*•][ \t]", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Critique:
    """A critic's reasons and the verdict that they lead to."""

    reasons: tuple[str, ...]
    """Most important first, white space folded, Markdown kept."""
    verdict: int
    """-2 (A much better) to 2 (B much better), as in `data.parse_verdict`."""
    label: str
    """The verdict as one of `LABELS`."""


def read_critique(text: str, *, complete: bool = True, needs_reasons: bool = True) -> Critique | ParseFailure:
    """Read the reasons and the verdict of a reply; with `needs_reasons`, at least one reason.

    The reasons are the bulleted or numbered lines before the verdict, after the line `List of reasons:` if there is
    one. Repairs bullets, emphasis, a missing closing tag, and a missing block if reasons and boxed verdict exist. Two
    different verdicts, two lists, or reasons after the verdict are failures. `complete`: it is known that the model
    ended its reply; else the block must be closed.
    """
    block = result_block(text, _TELLING, complete=complete, optional=True)
    return block if isinstance(block, ParseFailure) else _read(block, needs_reasons)


def parse_existing(text: str) -> Critique | ParseFailure:
    """Read a text that was generated elsewhere: its last block counts, and one of its tags may be missing."""
    answer = without_thinking(text)
    if isinstance(answer, ParseFailure):
        return answer
    plain = to_half_width(answer)
    begin, end = plain.rfind(BLOCK_START), plain.rfind(BLOCK_END)
    if end < max(begin, 0):
        end = len(plain)
    return _read(answer[begin + len(BLOCK_START) if begin >= 0 else 0 : end], needs_reasons=True)


def _read(body: str, needs_reasons: bool) -> Critique | ParseFailure:
    lines = body.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if len(lines) > 1 and lines[0].startswith(_FENCE):  # a fence round the whole; its end comes after the verdict
        del lines[0]
    lines = join_boxes(lines)
    found = find_verdict(lines)
    if isinstance(found, ParseFailure):
        return found
    place, verdict = found
    headers = [(number, first) for number in range(place) if (first := _behind_header(lines[number])) is not None]
    if len(headers) > 1:
        return ParseFailure("two lists of reasons")
    number, first = headers[0] if headers else (-1, "")
    reasons = _reasons(_unfenced([first, *_unquoted(lines[number + 1 : place])]))
    if not reasons and needs_reasons:
        return ParseFailure("no reasons before the verdict")
    return Critique(reasons, verdict, LABELS[verdict])


def _behind_header(line: str) -> str | None:
    """Return the reason after "List of reasons:" on its line, or ""; None for any other line."""
    found = _HEADER.match(to_half_width(line))
    if found is None:
        return None
    rest = line[found.end() :]
    if not _has_words(rest):
        return ""
    return rest if found["colon"] and _ITEM.fullmatch(to_half_width(rest)) else None


def _unquoted(lines: list[str]) -> list[str]:
    """Return lines that are a quotation as a whole without its marks."""
    is_quotation = all(_QUOTE.match(line) for line in lines if line.strip())
    return [_QUOTE.sub("", line) for line in lines] if is_quotation else lines


def _unfenced(lines: list[str]) -> list[str]:
    """Return the lines of a list without a fence round the whole of it, whose end may come after the verdict."""
    begin = next((number for number, line in enumerate(lines) if line.strip()), 0)
    fences = [number for number, line in enumerate(lines) if _FENCE_LINE.fullmatch(line)]
    if begin not in fences:
        return lines
    end = fences[-1] if len(fences) % 2 == 0 else len(lines)
    if any(_ITEM.fullmatch(to_half_width(line)) for line in lines[end + 1 :]):
        return lines
    return lines[begin + 1 : end]


# ------------------------------------------------------------------ the reasons


def _reasons(lines: Sequence[str]) -> tuple[str, ...]:
    """Return the reasons of a list, read as Markdown."""
    reasons: list[str] = []
    top, inside, fenced, looked = 0, False, -1, -1
    last_fence = max((number for number, line in enumerate(lines) if line.strip() == _FENCE), default=-1)
    for number, line in enumerate(lines):
        item = None if number <= fenced or is_spaced_rule(line) else _ITEM.fullmatch(to_half_width(line))
        indent = _indent(line)
        if item and not (inside and indent > top + 1):
            text = _item_text(line, item)
            inside = not _is_title(text, item, lines, number)
            if inside:
                reasons.append(text)
                top = indent
        elif number > fenced and not item and line.strip() and not _goes_on(lines, number, top):
            inside = False
        elif inside:
            reasons[-1] += f" {line}"
        if max(fenced, looked) < number < last_fence:
            text = line if item is None else line[item.start("text") :]
            end, looked = _fence_end(text, lines, number, top)
            fenced = max(fenced, end)
    return tuple(folded for reason in reasons if (folded := " ".join(reason.split())))


def _has_words(line: str) -> bool:
    return bool(line.strip(" \t*_`$"))


def _indent(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())


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
    under = _ITEM.fullmatch(to_half_width(below))
    if under is None:
        return False
    if _indent(below) > _indent(item.string) + 1:
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
    return next((lines[place] for place in range(number + 1, len(lines)) if _has_words(lines[place])), "")


def _goes_on(lines: Sequence[str], number: int, top: int) -> bool:
    """Return whether a line continues the reason before it: it is indented, or next to it and no heading."""
    line = lines[number]
    if _indent(line) > top:
        return True
    if number == 0 or not lines[number - 1].strip() or SEPARATION.fullmatch(to_half_width(line.strip())):
        return False
    return not (
        to_half_width(line.rstrip()).endswith(":") and _ITEM.fullmatch(to_half_width(_next_words(lines, number)))
    )


def _fence_end(text: str, lines: Sequence[str], number: int, top: int) -> tuple[int, int]:
    """Return the line that closes the code fence which `text` opens, or -1, and the last line searched in vain, or -1.

    An indented fence belongs to its reason and must be closed in it: the search ends with that reason.
    """
    if not text.lstrip().startswith(_FENCE) or _FENCE in text.lstrip()[len(_FENCE) :]:
        return -1, -1
    is_indented = _indent(lines[number]) > top
    for end in range(number + 1, len(lines)):
        if is_indented and lines[end].strip() and _indent(lines[end]) <= top:
            return -1, end - 1
        if lines[end].strip() == _FENCE:
            return end, -1
    return -1, len(lines)


# ------------------------------------------------------------------ both orders


def merge_orders(one: int, other: int, rule: str = AGREE) -> tuple[str, bool]:
    """Return the label of two verdicts about the same order of responses, and whether they agree.

    They agree when both prefer the same response, or none; of two strengths the weaker counts. Else the label is a tie
    (`AGREE`), or the sum of the two signs (`SUM`): a response that one order prefers and the other does not oppose.
    """
    if sign(one) == sign(other):
        return LABELS[min(one, other, key=abs)], True
    return LABELS[sign(one) + sign(other) if rule == SUM else 0], False
