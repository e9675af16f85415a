"""Parse a critic's reply into reasons and a verdict.

The grammar, between `<RESULT_START>` and `<RESULT_END>`: a line `List of reasons:`, the reasons as lines `- …` from
most to least important, a line `Final assessment result: \\boxed{B>A}`. Lists are read as Markdown reads them: lines
indented under a reason continue it, a title with reasons under it is no reason.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.data import sign
from metajudge.tasks.critic.reasons import ITEM, has_words, read_reasons
from metajudge.tasks.critic.verdict import INVISIBLE, LABELS, find_verdict, join_boxes
from metajudge.text import ParseFailure, result_block, to_half_width

AGREE, SUM = "agree", "sum"
_GAP = r"[\s*_`]*"
_HEADER = re.compile(
    rf"[\s{INVISIBLE}*_`#>]*list of reasons{_GAP}(?:\([^()]{{0,60}}\){_GAP}(?=:))?(?P<colon>:[*_`]*[ \t]*)?",
    re.IGNORECASE,
)
_QUOTE = re.compile(r"\A[ \t]*>[ \t]?")
# Only at the end of a line: a comment inside a sentence is what the reason speaks of.
_COMMENT = re.compile(r"<!--[^\n]*?-->\s*$")
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


def _read(body: str, needs_reasons: bool) -> Critique | ParseFailure:
    lines = body_lines(body)
    found = find_verdict(lines)
    if isinstance(found, ParseFailure):
        return found
    place, verdict = found
    lines = [_COMMENT.sub("", line) for line in lines]
    headers = reason_headers(lines[:place])
    if len(headers) > 1:
        return ParseFailure("two lists of reasons")
    number, first = headers[0] if headers else (-1, "")
    reasons = tuple(reason.text for reason in read_reasons(list_lines([first, *lines[number + 1 : place]])))
    if not reasons and needs_reasons:
        return ParseFailure("no reasons before the verdict")
    return Critique(reasons, verdict, LABELS[verdict])


def body_lines(body: str) -> list[str]:
    """Return the lines of a critique, each box on one line, without the begin of a fence round the whole."""
    lines = body.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if len(lines) > 1 and lines[0].startswith(_FENCE):  # its end comes after the verdict
        del lines[0]
    return join_boxes(lines)


def reason_headers(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the lines "List of reasons:" by number, each with the reason that follows on its line, or ""."""
    return [(number, first) for number, line in enumerate(lines) if (first := _behind_header(line)) is not None]


def list_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines of a list without the marks of a quotation or a fence round the whole of it.

    The first line is what follows the heading on its line.
    """
    return _unfenced([lines[0], *_unquoted(lines[1:])])


def _behind_header(line: str) -> str | None:
    """Return the reason after "List of reasons:" on its line, or ""; None for any other line."""
    found = _HEADER.match(to_half_width(line))
    if found is None:
        return None
    rest = line[found.end() :]
    if not has_words(rest):
        return ""
    return rest if found["colon"] and ITEM.fullmatch(to_half_width(rest)) else None


def _unquoted(lines: Sequence[str]) -> list[str]:
    """Return lines that are a quotation as a whole without its marks."""
    is_quotation = all(_QUOTE.match(line) for line in lines if line.strip())
    return [_QUOTE.sub("", line) for line in lines] if is_quotation else list(lines)


def _unfenced(lines: list[str]) -> list[str]:
    """Return the lines of a list without a fence round the whole of it, whose end may come after the verdict."""
    begin = next((number for number, line in enumerate(lines) if line.strip()), 0)
    fences = [number for number, line in enumerate(lines) if _FENCE_LINE.fullmatch(line)]
    if begin not in fences:
        return lines
    end = fences[-1] if len(fences) % 2 == 0 else len(lines)
    if any(ITEM.fullmatch(to_half_width(line)) for line in lines[end + 1 :]):
        return lines
    return lines[begin + 1 : end]


# ------------------------------------------------------------------ both orders


def merge_orders(one: int, other: int, rule: str = AGREE) -> tuple[str, bool]:
    """Return the label of two verdicts about the same order of responses, and whether they agree.

    They agree when both prefer the same response, or none; of two strengths the weaker counts. Else the label is a tie
    (`AGREE`), or the sum of the two signs (`SUM`): a response that one order prefers and the other does not oppose.
    """
    if sign(one) == sign(other):
        return LABELS[min(one, other, key=abs)], True
    return LABELS[sign(one) + sign(other) if rule == SUM else 0], False
