"""The result block of a model's reply, whatever its grammar: its tags, thoughts before it, full-width signs."""

import re
from collections.abc import Iterable
from decimal import Decimal
from itertools import zip_longest

from metajudge.text.reading import BLOCK_END, BLOCK_START, ParseFailure, to_half_width
from metajudge.text.thoughts import after_thoughts, thoughts

TAG = re.compile(f"{BLOCK_START}|{BLOCK_END}")
# A tag that is merely mentioned has more words on its line.
_BLOCK_BEGIN = re.compile(rf"{BLOCK_START}[ \t]*\r?\n")
_OPEN_BLOCK = re.compile(rf"{_BLOCK_BEGIN.pattern}(?!(?s:.*){BLOCK_END})")
_LINE_END, _LINE_BEGIN = re.compile(r"\n[ \t]*\Z"), re.compile(r"[ \t]*\r?(?:\n|\Z)")
_BEGUN = re.compile(r"[ \t*_`]*\r?(?:\n|\Z)")
DOES_NOT_END = ParseFailure("a result block that does not end")


def without_thinking(text: str) -> str | ParseFailure:
    """Return the text after the last thought; a thought that does not end is no answer.

    A tag inside a result block is no end of a thought but part of what the block quotes. A thought that was begun by
    the question (its first tag is not in the text) and holds a whole block must end on a separate line.
    """
    begin = 0
    for thought in thoughts(text):
        tag = thought.first
        before = to_half_width(text[begin : tag.start])
        is_own_line = _LINE_END.search(before) and (not tag.ends or _LINE_BEGIN.match(text, tag.end))
        if _OPEN_BLOCK.search(before) or (_BLOCK_BEGIN.search(before) and not is_own_line):
            return ParseFailure(f"{tag.text} inside a result block")
        begin = thought.end
    return after_thoughts(text)


def is_begun(text: str, place: int) -> bool:
    """Return whether a block begins at `place`, behind its first tag: a tag that is mentioned has words behind it."""
    return _BEGUN.match(text, place) is not None


def result_block(
    text: str, telling: re.Pattern[str], *, complete: bool = True, optional: bool = False
) -> str | ParseFailure:
    """Return the inside of the one result block of a reply, thoughts left out.

    `telling` finds what only an answer contains: a tag that is merely mentioned has nothing like it after it. Blocks
    that differ, a block that begins twice, a second end, and a last block that breaks off are not resolved by guessing.
    A block without its closing tag reaches to the end of the text if the reply is known to be `complete`. `optional`: a
    text without any tag is the inside, if it is complete.
    """
    answer = without_thinking(text)
    if isinstance(answer, ParseFailure):
        return answer
    plain = to_half_width(answer)
    blocks: list[str] = []
    tags = list(TAG.finditer(plain))
    if optional and not tags and complete:
        return answer
    for tag, following in zip_longest(tags, tags[1:]):
        end = len(plain) if following is None else following.start()
        begins, ends = tag[0] == BLOCK_START, following is not None and following[0] == BLOCK_END
        tells = telling.search(plain, tag.end(), end) is not None
        if begins and following is None and not (complete and tells) and (tells or is_begun(plain, tag.end())):
            return DOES_NOT_END
        if begins and tells and (ends or following is None):
            blocks.append(answer[tag.end() : end])
        elif tells and (begins or ends):
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
