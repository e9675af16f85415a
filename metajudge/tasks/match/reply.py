"""Parse a judge's reply into scores.

A text has two readings. The *reference reading* is literal and takes the first result block; `read_reply` repairs
unambiguous faults and accepts only a block that names every human item exactly once.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from metajudge.metrics import Match
from metajudge.records import literal_marks, reference_reading
from metajudge.text import BLOCK_END, BLOCK_START, TAG, THINK, ParseFailure, to_half_width


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """A reply that names every human item exactly once."""

    marks: tuple[Match, ...]
    """Sorted by human item; a mark with model item 0 has score 0."""
    is_ordered: bool
    """True if the reply had R1..Rn in this order."""


# White space within the line, bold and code marks.
_GAP = r"(?:[^\S\r\n]|[*_`])*"
# A reply of the block alone, as most are: nothing in it needs repair.
_PLAIN = re.compile(
    rf"{BLOCK_START}\n(?:- R[0-9]{{1,9}}@S[0-9]{{1,9}}: [0-9]{{1,9}}(?:\.[0-9]{{1,99}})?\n)+{BLOCK_END}\n?"
)
_LENIENT_MARK = re.compile(rf"(?<![^\W_])R(\d+){_GAP}@{_GAP}S(\d+){_GAP}:{_GAP}(\d+(?:\.\d+)?)")
# Signs after a number that change its meaning: 0,75  1/4  50%  0.5-0.75  1e-3  0.5.1  (but 0.75/1 is clear), and a
# "0." at the very end of a reply that broke off.
_UNCLEAR = re.compile(rf"[.,·~\u2013-]\d|{_GAP}%|[eE][+-]?\d|{_GAP}/{_GAP}(?!1(?:\.0+)?(?![\d.,]))\d|\.\Z")


def read_reply(
    text: str, n_human: int, n_model: int, *, model_item: int | None = None, cut: bool = False
) -> ParsedReply | ParseFailure:
    """Read the last complete result block, after repairs that leave no doubt.

    `n_human` and `n_model` are the lengths of the lists as asked. `model_item` is the one model item of the question:
    every mark must name it, and S0 is read as score 0 for it. `cut`: the reply ended at its token limit; a block
    without its closing tag is then rejected, because it may lack the last digits of a score.
    """
    if _PLAIN.fullmatch(text):
        return _accept(literal_marks(text), n_human, n_model, model_item)
    tags = list(THINK.finditer(text))
    if tags and not tags[-1][1]:
        return ParseFailure("unclosed <think>")
    if tags:
        text = text[tags[-1].end() :]
    verdict: ParsedReply | ParseFailure = ParseFailure(f"no {'closed ' if cut else ''}{BLOCK_START} block")
    for block in _blocks(to_half_width(text), closed_only=cut):
        answer = _accept(_lenient_marks(block), n_human, n_model, model_item)
        if isinstance(answer, ParsedReply) or isinstance(verdict, ParseFailure):
            verdict = answer
    return verdict


def matches_reference_reading(text: str, marks: Sequence[Match]) -> bool:
    """Return whether the reference reading of `text` gives the same marks, in any order."""
    reading = reference_reading(text)
    return reading is not None and sorted(reading) == sorted(marks)


def _blocks(text: str, *, closed_only: bool) -> Iterator[str]:
    """Yield the blocks in text order; one without closing tag reaches to the next block or the end of the text."""
    tags = list(TAG.finditer(text))
    for tag, following in zip_longest(tags, tags[1:]):
        if tag[0] == BLOCK_START and not (following is None and closed_only):
            # The line end shows _UNCLEAR that the text did not break off here.
            yield text[tag.end() :] if following is None else text[tag.end() : following.start()] + "\n"


def _lenient_marks(block: str) -> Iterator[Match | ParseFailure]:
    for found in _LENIENT_MARK.finditer(block):
        try:
            mark = Match(int(found[1]), int(found[2]), float(found[3]))
        except ValueError:
            yield ParseFailure("an item number with too many digits")
            return
        unclear = _UNCLEAR.match(block, found.end())
        yield ParseFailure(f"the score of R{mark.human_item} is not a plain decimal number") if unclear else mark


def _accept(
    marks: Iterable[Match | ParseFailure], n_human: int, n_model: int, model_item: int | None
) -> ParsedReply | ParseFailure:
    """Return the marks of a block, sorted, if each human item has one; else the first fault."""
    seen: dict[int, Match] = {}
    for mark in marks:
        if isinstance(mark, ParseFailure):
            return mark
        reason = _fault(mark, n_human, n_model, model_item, seen)
        if reason:
            return ParseFailure(reason)
        seen[mark.human_item] = mark if mark.model_item else Match(mark.human_item, model_item or 0, 0.0)
    missing = [f"R{number}" for number in range(1, n_human + 1) if number not in seen]
    if missing:
        return ParseFailure(_are_missing(missing))
    order = list(seen)
    return ParsedReply(tuple(seen[number] for number in sorted(order)), order == sorted(order))


def _fault(mark: Match, n_human: int, n_model: int, model_item: int | None, seen: dict[int, Match]) -> str:
    """Return the fault of a mark, given those `seen` before it; empty if there is none."""
    human, model, score = mark
    if not 1 <= human <= n_human:
        return f"R{_short(human)} does not exist ({n_human} human items)"
    if model > n_model:
        return f"S{_short(model)} does not exist ({n_model} model items)"
    if model_item is not None and model not in (0, model_item):
        return f"R{human} names S{model} where S{model_item} was asked"
    if score > 1:
        return f"score {score:.6g} of R{human} is not within 0..1"
    if human in seen:
        same = seen[human] == mark
        return f"R{human} occurs twice" if same else f"two different marks for R{human}"
    return ""


def _short(number: int) -> str:
    digits = str(number)
    return digits if len(digits) < 8 else digits[:6] + "…"


def _are_missing(names: list[str]) -> str:
    *others, last = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"{', '.join(others)} and {last} are missing" if others else f"{last} is missing"
