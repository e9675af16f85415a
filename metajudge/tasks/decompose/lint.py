"""Deterministic checks of a decomposed checklist: points that repeat, lack support, or say nothing concrete.

A doubt is for a person to look at, not a verdict: the checks see words, not meaning.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from metajudge.text import SCAFFOLDING, folded, is_near_duplicate, set_of, units, unspaced, words_of

DUPLICATE, UNSUPPORTED, PREFERENCE = "duplicate", "unsupported", "preference"
REASONS = (DUPLICATE, UNSUPPORTED, PREFERENCE)

# A point is supported when this share of its content is in the texts.
_SUPPORT = 1 / 4
# With fewer units than this, a point without any of the annotators' units may still be supported.
_LEAST_UNSAID = 3

# Words that grade a response, and words that may occur beside them in a mere preference.
_GRADE = set_of(
    "better best good great excellent nice worse worst bad poor superior inferior prefer prefers preferred preferable "
    "preference favorite stronger weaker strong weak helpful unhelpful useful useless helpfulness quality winner wins "
    "win tie rated rating score scores mejor peor besser schlechter meilleure meilleur"
)
_BESIDE = SCAFFOLDING | set_of(
    "overall slightly clearly significantly somewhat considerably far way bit lot marginally definitely generally "
    "compared comparison versus vs choose chosen pick b 1 2 first second former latter equally equal same i we my our "
    "think feel believe als sehr viel mucho plus partially mostly perfectly t isn doesn s higher lower"
)
_WIDE_GRADE = re.compile("好|差|优|不如|喜欢|有帮助|有用|质量")
_WIDE_BESIDE = re.compile(
    "更好|较好|较差|最好|最差|很好|很差|不好|好|更差|差|优于|优秀|优|不如|有帮助|有用|质量|喜欢|总体|整体|来说|明显|稍微|略微|略|"
    "我|觉得|认为|更|比|较|是|的|而|且|两个|回复|回答|响应|答案|要|得多|一些|一点|上"
)


@dataclass(frozen=True, slots=True)
class LintFinding:
    """A point that a person should check, with the reason."""

    item: int
    """Number of the point, from 1."""
    reason: str
    """One of `REASONS`."""
    of: int = 0
    """Number of the more specific point that a `duplicate` nearly repeats; else 0."""


def lint_checklist(items: Sequence[str], feedback_texts: Iterable[str], responses: Iterable[str]) -> list[LintFinding]:
    """Return the doubtful points of a checklist, in order.

    - `preference`: the point says only which response is better, or how good one is.
    - `duplicate`: a more specific point has nearly the same words about the same response.
    - `unsupported`: most of its words are neither in the annotators' texts nor in the responses, or none of them is in
      the annotators' texts. A point in another script than the texts is not judged.

    CJK is compared by pairs of characters.
    """
    said = units(" \n ".join(feedback_texts))
    shown = units(" \n ".join(responses))
    doubts, repeated = [], _repeated(items)
    for number, item in enumerate(items, 1):
        if _is_preference(item):
            doubts.append(LintFinding(number, PREFERENCE))
            continue
        if number in repeated:
            doubts.append(LintFinding(number, DUPLICATE, repeated[number]))
        if not _is_supported(units(item), said, shown):
            doubts.append(LintFinding(number, UNSUPPORTED))
    return doubts


def _is_preference(item: str) -> bool:
    plain = folded(item)
    wide, words = " ".join(unspaced(plain)), words_of(plain)
    if _WIDE_BESIDE.sub("", wide).strip() or not all(word in _GRADE or word in _BESIDE for word in words):
        return False
    return _WIDE_GRADE.search(wide) is not None or any(word in _GRADE for word in words)


def _repeated(items: Sequence[str]) -> dict[int, int]:
    """Return the less specific point of each pair that is alike, with the other one's number."""
    repeated: dict[int, int] = {}
    for later in range(2, len(items) + 1):
        for earlier in range(1, later):
            if later in repeated or earlier in repeated or not is_near_duplicate(items[earlier - 1], items[later - 1]):
                continue
            if len(units(items[later - 1])) > len(units(items[earlier - 1])):
                repeated[earlier] = later
            else:
                repeated[later] = earlier
    return repeated


def _is_supported(item: frozenset[str], said: frozenset[str], shown: frozenset[str]) -> bool:
    scripts = {_script(unit) for unit in said}
    comparable = {unit for unit in item if _script(unit) in scripts}
    if len(comparable) * 2 < len(item) or not comparable:
        return True
    if len(comparable) >= _LEAST_UNSAID and not comparable & said:
        return False
    return len(comparable & (said | shown)) / len(comparable) >= _SUPPORT


def _script(unit: str) -> str:
    """Return the first word of the first character's Unicode name: LATIN, CYRILLIC, CJK …; digits count as LATIN."""
    return "LATIN" if unit[0].isdigit() else unicodedata.name(unit[0], "").partition(" ")[0]
