"""Parse a judge's reply into scores.

A text has two readings. The *reference reading* is literal and takes the first result block; `read_reply` repairs
unambiguous faults and accepts only a block that names every human item: exactly once, or with granularity `pairs` once
for each model item that makes its point.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from metajudge.metrics import Match
from metajudge.records import literal_marks, reference_reading
from metajudge.tasks.match.after_score import is_whole
from metajudge.text import (
    BLOCK_END,
    BLOCK_START,
    DOES_NOT_END,
    TAG,
    ParseFailure,
    after_thoughts,
    is_begun,
    to_half_width,
)


@dataclass(frozen=True, slots=True)
class ParsedReply:
    """The scores of a reply that names every human item."""

    marks: tuple[Match, ...]
    """Sorted by human item; a mark with model item 0 has score 0. With granularity `pairs`, a mark for every pair."""
    is_ordered: bool
    """True if the reply had R1..Rn in this order."""


# White space within the line, bold and code marks.
_GAP = r"(?:[^\S\r\n]|[*_`])*"
# A reply of the block alone, as most are: nothing in it needs repair.
_PLAIN = re.compile(
    rf"{BLOCK_START}\n(?:- R[0-9]{{1,9}}@S[0-9]{{1,9}}: [0-9]{{1,9}}(?:\.[0-9]{{1,99}})?\n)+{BLOCK_END}\n?"
)
_LENIENT_MARK = re.compile(rf"(?:(?<![^\W_])|(?<=\\n))R(\d+){_GAP}@{_GAP}S(\d+){_GAP}:{_GAP}(\d+(?:\.\d+)?)?")
_UNREADABLE_SCORE = re.compile(r"[^\w\s]{0,3}[^\S\n]*(?:0?[.,]\d|[01](?!\w)|[¼½¾⅐-⅞])")
_STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)


def read_reply(
    text: str,
    n_human: int,
    n_model: int,
    *,
    model_item: int | None = None,
    pairs: bool = False,
    complete: bool = True,
    any_score: bool = False,
) -> ParsedReply | ParseFailure:
    """Read the last complete result block, after repairs that leave no doubt.

    `n_human` and `n_model` are the lengths of the lists as asked. `model_item` is the one model item of the question:
    every mark must name it, and S0 is read as score 0 for it. `pairs`: a human item may have a mark for each model
    item, and a pair without one scores 0; S0 is the only mark of its human item. `complete`: it is known that the model
    ended its reply; else a block without its closing tag is rejected. `any_score`: scores between the five steps of the
    instructions are accepted.
    """
    asked = _Asked(n_human, n_model, model_item, pairs, any_score)
    is_plain = _PLAIN.fullmatch(text) is not None
    answer = text if is_plain else after_thoughts(text)
    if isinstance(answer, ParseFailure):
        return answer
    verdict: ParsedReply | ParseFailure = ParseFailure(f"no {BLOCK_START} block")
    for block in [_Block(text, is_closed=True)] if is_plain else _blocks(to_half_width(answer)):
        marks = literal_marks(block.text) if is_plain else _lenient_marks(block.text)
        found = _read_block(block, marks, asked) if block.is_closed or complete else DOES_NOT_END
        # A whole block with some of the items is a remark about the block before it.
        is_remark = block.is_closed and isinstance(found, _Incomplete)
        if not (is_remark and isinstance(verdict, ParsedReply)):
            verdict = found
    return ParseFailure(verdict.reason) if isinstance(verdict, _Incomplete) else verdict


def matches_reference_reading(text: str, marks: Sequence[Match]) -> bool:
    """Return whether the reference reading of `text` gives the same marks, in any order."""
    reading = reference_reading(text)
    return reading is not None and sorted(reading) == sorted(marks)


@dataclass(frozen=True, slots=True)
class _Block:
    text: str
    is_closed: bool
    """False: it reaches to the next block or the end of the text."""


@dataclass(frozen=True, slots=True)
class _Incomplete(ParseFailure):
    """A block without a fault that lacks some human items."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """Bounds of the marks, as in `read_reply`."""

    n_human: int
    n_model: int
    model_item: int | None
    pairs: bool
    any_score: bool

    def fault(self, mark: Match, seen: Mapping[int, Mapping[int, Match]]) -> str:
        """Return the fault of a mark, given those `seen` before it by human and model item; empty if there is none."""
        human, model, score = mark
        if not 1 <= human <= self.n_human:
            return f"R{_short(human)} does not exist ({self.n_human} human items)"
        if model > self.n_model:
            return f"S{_short(model)} does not exist ({self.n_model} model items)"
        if self.model_item is not None and model not in (0, self.model_item):
            return f"R{human} names S{model} where S{self.model_item} was asked"
        if score > 1:
            return f"score {score:.6g} of R{human} is not within 0..1"
        if model and not self.any_score and score not in _STEPS:
            return f"score {score:.6g} of R{human} is not one of {', '.join(f'{step:g}' for step in _STEPS)}"
        return self._clash(mark, seen.get(human, {}))

    def _clash(self, mark: Match, others: Mapping[int, Match]) -> str:
        """Return why a mark does not go with the `others` of its human item."""
        human, model, _ = mark
        if not others or (self.pairs and model and 0 not in others and model not in others):
            return ""
        if mark in others.values():
            return f"{f'R{human}@S{model}' if self.pairs else f'R{human}'} occurs twice"
        if self.pairs and (model == 0) != (0 in others):
            return f"R{human} names S0 beside another item"
        return f"two different marks for R{human}"


def _blocks(text: str) -> Iterator[_Block]:
    """Yield the blocks in text order; a tag that is merely mentioned has other words on its line, and no marks."""
    tags = list(TAG.finditer(text))
    for tag, following in zip_longest(tags, tags[1:]):
        inside = text[tag.end() :] if following is None else text[tag.end() : following.start()]
        if tag[0] == BLOCK_START and (is_begun(text, tag.end()) or _LENIENT_MARK.search(inside)):
            yield _Block(inside, is_closed=following is not None and following[0] == BLOCK_END)


def _lenient_marks(block: str) -> Iterator[Match | ParseFailure]:
    for found in _LENIENT_MARK.finditer(block):
        is_number = found[3] is not None
        if not is_number and not _UNREADABLE_SCORE.match(block, found.end()):
            continue
        try:
            mark = Match(int(found[1]), int(found[2]), float(found[3] or 0))
        except ValueError:
            yield ParseFailure("an item number with too many digits")
            return
        yield mark if is_number and is_whole(block, found.end(), mark.score) else _not_plain(mark.human_item)


def _not_plain(human_item: int) -> ParseFailure:
    return ParseFailure(f"the score of R{_short(human_item)} is not a plain decimal number")


def _read_block(block: _Block, marks: Iterable[Match | ParseFailure], asked: _Asked) -> ParsedReply | ParseFailure:
    """Return the scores of a block if each human item has a mark; else the first fault."""
    seen: dict[int, dict[int, Match]] = {}
    is_ordered = True
    for mark in marks:
        if isinstance(mark, ParseFailure):
            return mark
        reason = asked.fault(mark, seen)
        if reason:
            return ParseFailure(reason)
        is_ordered &= mark.human_item >= max(seen, default=0)
        seen.setdefault(mark.human_item, {})[mark.model_item] = mark
    missing = [number for number in range(1, asked.n_human + 1) if number not in seen]
    if missing:
        return _why_missing(missing, block) if seen or block.is_closed else DOES_NOT_END
    if not block.is_closed and (last := _LENIENT_MARK.search(block.text.rpartition("\n")[2])):
        return ParseFailure(f"the score of R{last[1]} may be cut off at the end of the text")
    return ParsedReply(tuple(_scores(seen, asked)), is_ordered)


def _scores(seen: Mapping[int, Mapping[int, Match]], asked: _Asked) -> Iterator[Match]:
    """Yield the marks by human item; with `pairs` one for every pair."""
    for human in sorted(seen):
        if asked.pairs:
            nothing = Match(human, 0, 0.0)
            yield from (Match(human, s, seen[human].get(s, nothing).score) for s in range(1, asked.n_model + 1))
        else:
            (mark,) = seen[human].values()
            yield mark if mark.model_item else Match(human, asked.model_item or 0, 0.0)


def _why_missing(missing: Sequence[int], block: _Block) -> ParseFailure:
    """Return what is wrong with a block that has no number for some human items."""
    for found in _LENIENT_MARK.finditer(block.text):
        if found[3] is None and block.text[found.end() : found.end() + 1].strip() and found[1] in map(str, missing):
            return _not_plain(int(found[1]))
    return _Incomplete(_are_missing([f"R{number}" for number in missing]))


def _short(number: int) -> str:
    digits = str(number)
    return digits if len(digits) < 8 else digits[:6] + "…"


def _are_missing(names: list[str]) -> str:
    *others, last = names if len(names) <= 4 else [*names[:3], f"{len(names) - 3} more"]
    return f"{', '.join(others)} and {last} are missing" if others else f"{last} is missing"
