"""The result block of a model's reply, whatever its grammar: its tags, thoughts before it, full-width signs."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import zip_longest

BLOCK_START = "<RESULT_START>"
BLOCK_END = "<RESULT_END>"

_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
THINK = re.compile(r"<(/?)think>", re.IGNORECASE)
TAG = re.compile(f"{BLOCK_START}|{BLOCK_END}")
# A tag that is merely mentioned has more words on its line.
_BLOCK_BEGIN = re.compile(rf"{BLOCK_START}[ \t]*\r?\n")
_OPEN_BLOCK = re.compile(rf"{_BLOCK_BEGIN.pattern}(?!(?s:.*){BLOCK_END})")
_LINE_END, _LINE_BEGIN = re.compile(r"\n[ \t]*\Z"), re.compile(r"[ \t]*\r?(?:\n|\Z)")


@dataclass(frozen=True, slots=True)
class ParseFailure:
    """A reply that cannot be used: the question is asked again."""

    reason: str
    """A few words for a reader, such as "R3 is missing"."""


def without_thinking(text: str) -> str | ParseFailure:
    """Return the text after the last `</think>`; a thought that does not end is no answer.

    A tag inside a result block is no end of a thought but part of what the block quotes. A thought that was begun by
    the question (its `<think>` is not in the text) and holds a whole block must end on a separate line.
    """
    inside, begin = False, 0
    for tag in THINK.finditer(text):
        before = to_half_width(text[begin : tag.start()])
        is_own_line = _LINE_END.search(before) and _LINE_BEGIN.match(text, tag.end())
        if not inside and (_OPEN_BLOCK.search(before) or (_BLOCK_BEGIN.search(before) and not is_own_line)):
            return ParseFailure(f"{tag[0]} inside a result block")
        inside, begin = not tag[1], tag.end()
    return ParseFailure("unclosed <think>") if inside else text[begin:]


def to_half_width(text: str) -> str:
    """Return `text` with full-width signs as plain ones at the same places, for patterns; texts are cut from `text`."""
    return text if text.isascii() else text.translate(_FULL_WIDTH)


def result_block(
    text: str, telling: re.Pattern[str], *, cut: bool = False, optional: bool = False
) -> str | ParseFailure:
    """Return the inside of the one result block of a reply, thoughts left out.

    `telling` finds what only an answer contains: a tag that is merely mentioned has nothing like it after it. Blocks
    that differ, a block that begins twice and a second end are not resolved by guessing. A block without its closing
    tag reaches to the end of the text, unless the reply was `cut`. `optional`: a text without any tag is the inside,
    unless it was `cut`.
    """
    answer = without_thinking(text)
    if isinstance(answer, ParseFailure):
        return answer
    plain = to_half_width(answer)
    blocks: list[str] = []
    tags = list(TAG.finditer(plain))
    if optional and not tags and not cut:
        return answer
    for tag, following in zip_longest(tags, tags[1:]):
        end = len(plain) if following is None else following.start()
        if telling.search(plain, tag.end(), end) is None:
            continue
        begins, ends = tag[0] == BLOCK_START, following is not None and following[0] == BLOCK_END
        if begins and following is None and cut:
            return ParseFailure("a result block that does not end")
        if begins and (ends or following is None):
            blocks.append(answer[tag.end() : end])
        elif begins or ends:
            return ParseFailure(f"a result block that {'begins' if begins else 'ends'} twice")
    if not blocks:
        return ParseFailure(f"no {BLOCK_START} block")
    if len({" ".join(block.split()) for block in blocks}) > 1:
        return ParseFailure(f"{len(blocks)} different result blocks")
    return blocks[-1]


def plain_block(marks: Iterable[tuple[int, int, float]]) -> str:
    """Return the result block of `marks`; `float()` of each printed score gives back the same value."""
    lines = [f"- R{human_item}@S{model_item}: {_decimal(score)}" for human_item, model_item, score in marks]
    return "\n".join([BLOCK_START, *lines, BLOCK_END])


def _decimal(score: float) -> str:
    # Not repr alone: 1e-05 is no score in the grammar.
    return str(int(score)) if float(score).is_integer() else f"{Decimal(repr(float(score))):f}"
