"""Points that say the same in nearly the same words. Pure.

One point repeats another when all its content is in the other one's, they are about the same responses, and they have
equally many words of negation and lack. Word order, small words, inflection, numbering, emphasis and invisible
characters make no difference; a number, a single letter, or one of `_TURNING_WORDS` is content.

The rule compares words, not meaning. It does not see paraphrase, synonyms and translation, inflection in languages
other than English beyond the seventh letter, or a repetition with a new number, name or word on each side. It takes
for repetitions two points that only operators set apart ("price * quantity", "price + quantity", "C", "C++"), that
negate different parts with equally many words, or that differ behind the seventh letter of a word ("internal",
"international").
"""

import functools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from metajudge.text.content_words import CACHED_POINTS, folded, named_sides, set_of, stem, units, words_of
from metajudge.text.escaping import strip_invisible

# A point with less content than the first is contained in a longer one only where it has this share of it.
_ENOUGH_UNITS, _SHARE = 3, 0.6
_STEM_LENGTH = 7
_TURNING_WORDS = set_of(
    "over under above below before after more less most least up down one when where who why how into out"
)
_NEGATIONS = set_of(
    "not no never neither without cannot hardly rarely nicht kein keine keinen keiner nie ohne ne pas sans non sin "
    "nunca não sem не нет без لا لم ليس"
)
_LACKS = set_of("fail lack miss omit omitt refus neglect forget forgett forgot declin")
_CJK_NEGATION = re.compile("不(?![仅但同])|未(?!来)|[没沒无無않못]|ない|ません")

_SIGNS = str.maketrans(dict.fromkeys('*`"“”[]', "") | {"_": " "})
_NUMBERING = re.compile(
    r"\A(?:\(?\d{1,2}[.):]|(?:first|second|third|fourth|fifth|last|final)(?:ly)?[,:])\s+", re.IGNORECASE
)
_NOT = re.compile("n['’]t\\b")
_ENDING = re.compile(r"(?<=\w)['’]\w\b")
_LETTER = re.compile(r"\(([a-z])\)|(?<![^\W_])([b-z])(?![^\W_])")
# A capital A before a word in small letters is the article, unless that looks like a verb: "A gives", not "A table".
_BARE_SIDE = re.compile(r"(?<!\w)(?:B|A(?!\s(?!\w*(?:s|ed|ly)\b)[a-z]))(?!\w)")


@dataclass(frozen=True, slots=True)
class _Point:
    """A point as it is compared."""

    text: str
    """Lower case, without numbering and emphasis."""
    content: frozenset[str]
    """Units of content with longer stems, single letters and turning words."""
    sides: frozenset[str]
    """Responses it names: `a`, `b`."""
    negations: int
    """Different words of negation and lack."""

    def repeats(self, other: "_Point") -> bool:
        """Return whether the two are nearly the same; symmetric."""
        shorter, longer = sorted((self.content, other.content), key=len)
        if not shorter <= longer or self.sides != other.sides or self.negations != other.negations:
            return False
        if not shorter:
            return self.text == other.text
        return len(shorter) >= _ENOUGH_UNITS or len(shorter) >= _SHARE * len(longer)


def is_near_duplicate(one: str, other: str) -> bool:
    """Return whether two points say the same in nearly the same words; see the module for what it does not see."""
    return _point(one).repeats(_point(other))


def drop_near_duplicates(points: Iterable[str], most: int | None = None) -> tuple[str, ...]:
    """Return the points that repeat no earlier one, the first `most` of them; None = all."""
    kept: list[tuple[str, _Point]] = []
    for text in points:
        if most is not None and len(kept) == most:
            break
        point = _point(text)
        content = point.content
        nested = (earlier for _, earlier in kept if content <= earlier.content or content >= earlier.content)
        if not any(map(point.repeats, nested)):
            kept.append((text, point))
    return tuple(text for text, _ in kept)


@functools.lru_cache(maxsize=CACHED_POINTS)
def _point(text: str) -> _Point:
    shown = _NUMBERING.sub("", unicodedata.normalize("NFKC", strip_invisible(text)).translate(_SIGNS).strip())
    plain = _ENDING.sub("", _NOT.sub(" not", folded(shown)))
    words = words_of(plain)
    lacks = {found[:4] for word in words if (found := stem(word, _STEM_LENGTH)) in _LACKS}
    letters = {one or other for one, other in _LETTER.findall(plain)}
    return _Point(
        text=shown.casefold(),
        content=units(plain, _STEM_LENGTH) | letters | _TURNING_WORDS.intersection(words),
        sides=named_sides(shown) | {side.lower() for side in _BARE_SIDE.findall(shown)},
        negations=len(_NEGATIONS.intersection(words) | lacks | set(_CJK_NEGATION.findall(plain))),
    )
