"""Thoughts that a model writes into its text before the answer: one table of their tags, one reader."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from metajudge.text.reading import BLOCK_START, ParseFailure, to_half_width

# < think > <seed:think> <antThinking> <thinking_process> <think effort="low"> &lt;think&gt; ◁think▷ and their closing
# forms
_LEFT = r"(?:<|&(?:amp;)?(?:lt|#0*60|#x0*3c);|\\u003c|◁)\s*"
_RIGHT = r"(?:\s[^<>/]{0,80})?\s*\\?(?:>|&(?:amp;)?(?:gt|#0*62|#x0*3e);|\\u003e|▷)"
_PREFIX = r"(?:(?:\w{1,20}[:_-]){1,3}|ant)?"
_NAMES = (
    "think(?:ing)?", "thoughts?", "reason(?:ing|s)?", "reflect(?:ion)?", "scratch_?pad", "(?:inner_?)?monologue",
    "analysis", "rationale", "cot", "drafts?", "思考(?:过程)?",
)  # fmt: skip
_SUFFIX = "(?:[_-](?:process|content|steps?|trace|fast|block|text|budget_reflect))?"


def _tagged(name: str) -> tuple[str, str]:
    tag = f"{_PREFIX}{name}{_SUFFIX}{_RIGHT}"
    return f"{_LEFT}{tag}", rf"{_LEFT}/\s*{tag}"


_SPECIAL_NAME = "(?:think(?:ing)?|thoughts?|reasoning)"
_SPECIAL_BEGIN = rf"(?:(?:start|begin)_?(?:of_?)?{_SPECIAL_NAME}|{_SPECIAL_NAME}(?:_?(?:start|begin))?)"
_SPECIAL_END = rf"(?:/{_SPECIAL_NAME}|end_?(?:of_?)?{_SPECIAL_NAME}|{_SPECIAL_NAME}_?end)"


_PAIRS = tuple(
    (re.compile(begin, re.IGNORECASE), re.compile(end, re.IGNORECASE))
    for begin, end in (
        *map(_tagged, _NAMES),
        (rf"<\|{_SPECIAL_BEGIN}\|>", rf"<\|{_SPECIAL_END}\|>|<\|end\|>"),
        (rf"\[(?-i:{_SPECIAL_NAME.upper()})\]", rf"\[/{_SPECIAL_NAME}\]"),
        (rf"<(?:START|BEGIN)_(?:OF_)?{_SPECIAL_NAME}>", rf"<END_(?:OF_)?{_SPECIAL_NAME}>"),
        (r"<unused94>", r"<unused95>"),
        (r"<\|im_start\|>\s*think(?:ing)?\b", r"<\|im_start\|>\s*(?:answer|assistant|final)\b"),
        # Web interfaces fold thoughts.
        (
            r"<details\b[^<>]{0,80}\breasoning\b[^<>]{0,80}>|<details\b[^<>]{0,80}>\s*<summary>[^<]{0,20}(?:think|thought|reason)",
            r"</details>",
        ),
        # The channels of one reply; some servers leave out the special tokens.
        (
            r"<\|channel\|>\s*(?:analysis|commentary)\b|\A(?-i:analysis(?=[A-Z]))",
            r"<\|channel\|>\s*final\b(?:[^<\n]{0,40}<\|message\|>)?|assistantfinal",
        ),
        (r"<\|channel>\s*thought\b", r"<channel\|>"),
    )
)
"""Patterns of what begins and what ends a thought."""
_HINT = re.compile(
    r"(?:[<◁\[|/;]\s*|[:_-]|\\u003c|<ant)(?:think|thought|reason|reflect|scratch|monologue|inner|analysis|rationale|cot"
    r"|draft|思考|channel)|<\|(?:start|begin|im_start)|<(?:start|begin|details|unused)|assistantfinal|\Aanalysis"
)
"""Finds in lower case what every tag has: this spares nearly every reply the patterns."""
_ENDS_OTHERS = re.compile(r"<\|end\|>|<\|im_start\|>|</\s*details\b", re.IGNORECASE)
"""Ends that are also written where there was no thought: they end one only where it was begun."""
TAG_PIECES = (
    rf"(?:(<|◁)|(&)(?:amp;)?(?:lt|#0*60|#x0*3c);|(\\)u003c)[\s/]*{_PREFIX}(?:{'|'.join(_NAMES)}){_SUFFIX}(?![\w-])"
    r"(?:\s*([>▷]))?"
    rf"|(<)(?:\|(?:/?{_SPECIAL_BEGIN}|{_SPECIAL_END}|channel|end|im_start)|channel(?=\|))\b\|?(>?)"
    rf"|(<)(?:START|BEGIN|END)_(?:OF_)?{_SPECIAL_NAME}\b(>?)|(<)unused9[45](>?)|(<)(?:/\s*)?details\b(?:\s*(>))?"
    rf"|(?-i:(\[)/?{_SPECIAL_NAME.upper()}(?!\w)(\]?))|(\[)/{_SPECIAL_NAME}(\])|(?-i:\A(a)nalysis(?=[A-Z]))|(a)ssistantfinal"
)
"""Pattern of tags in data that is quoted in a question, also incomplete ones; its groups are the signs to escape."""


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
    plain = to_half_width(text)
    return sorted(_tags(plain), key=lambda tag: tag.start) if _HINT.search(plain.lower()) else []


def _tags(plain: str) -> Iterator[ThoughtTag]:
    for kind, pair in enumerate(_PAIRS):
        for ends, pattern in enumerate(pair):
            for found in pattern.finditer(plain):
                yield ThoughtTag(found.start(), found.end(), found[0], kind, bool(ends))


@dataclass(frozen=True, slots=True)
class Thought:
    """A thought with its tags."""

    start: int
    """Place in the text; of a thought that the question began, the end of the one before."""
    end: int
    """Place behind its last tag, or the end of the text."""
    first: ThoughtTag
    """The first tag: it begins the thought, or ends one that the question began."""
    is_closed: bool


def thoughts(text: str) -> list[Thought]:
    """Return the thoughts in text order.

    The end of a thought also ends the thoughts that were begun inside it. A tag that ends a thought which the text does
    not begin, because the question began it, ends all text before it.
    """
    found: list[Thought] = []
    opened: dict[int, ThoughtTag] = {}  # the first of each kind, in text order
    for tag in thought_tags(text):
        if not tag.ends:
            opened.setdefault(tag.kind, tag)
            continue
        outer = next(iter(opened.values()), None)
        if tag.kind in opened:
            kinds = list(opened)
            for kind in kinds[kinds.index(tag.kind) :]:
                del opened[kind]
        if not opened and (outer is not None or not _ENDS_OTHERS.match(tag.text)):
            start = outer.start if outer else found[-1].end if found else 0
            found.append(Thought(start, tag.end, outer or tag, is_closed=True))
    if opened:
        first = next(iter(opened.values()))
        found.append(Thought(first.start, len(text), first, is_closed=False))
    return found


def after_thoughts(text: str) -> str | ParseFailure:
    """Return the text after the last thought; a thought that does not end is no answer.

    The answer stops before a thought that ends the text, unless a result block begins in it.
    """
    found = thoughts(text)
    if found and not found[-1].is_closed:
        return ParseFailure(f"unclosed {found[-1].first.text}")
    end = len(text)
    while found and not text[found[-1].end : end].strip() and _is_remark(found[-1], text):
        end = found.pop().start
    return text[found[-1].end if found else 0 : end]


def _is_remark(thought: Thought, text: str) -> bool:
    return not thought.first.ends and BLOCK_START not in to_half_width(text[thought.start : thought.end])
