"""Points that nearly repeat each other: alike for a person to look at, or the same for deciding without one. Pure."""

from __future__ import annotations

import functools
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from metajudge.text.content_words import KEPT, SCAFFOLDING, folded, set_of, spaced, stem, units, words_of
from metajudge.text.escaping import strip_invisible

# Two points are alike when they share this much of all their content, or nearly all of the shorter one's.
_ALIKE, _CONTAINED, _LEAST_CONTAINED = 0.6, 0.85, 3

_ORDINAL = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|last|final)\b|第[一二三四五六七八九十\d]+", re.IGNORECASE
)
_NUMBERING = re.compile(
    r"\A(?:\(?\d{1,2}[.):]|(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final)(?:ly)?[,:])\s+",
    re.IGNORECASE,
)
# Emphasis of words, but not the underscores of a name; a side may be quoted, too: Response "A".
_EMPHASIS = re.compile(r"\*+|(?<![^\W_])(_{1,3})(?=\S)([^_\s]{1,40}\s[^_]{1,300})(?<=\S)\1(?![^\W_])")
_SIGN_BEFORE_SIDE = re.compile(r"[\"'`“‘«_(\[][12AB]")
_QUOTED_SIDE = re.compile(
    r"\b([Rr]esponses?|[Aa]ssistants?)(?:_|\s*[\"'`“‘«_(\[]{1,2})([12AB])(?![^\W_])[\"'`”’»_)\]]{0,2}"
)

# What makes a point its contrary, in the languages of the scaffolding; a verb of lack does, too.
_NEGATION = re.compile(
    r"\b(?:not|never|no|nor|neither|without|cannot|hardly|barely|rarely|seldom|scarcely|"
    r"(?:do|does|did|is|are|was|were|have|has|had|would|should|could|ca|wo)nt|"
    r"nicht|kein\w*|nie|niemals|ohne|ne|pas|sans|jamais|aucune?|non|mai|senza|nunca|"
    r"sin(?!\s*\()|não|nem|sem|не|нет|без|никогда|لا|لم|ليس|بدون)\b"
    r"|n['’]t\b|不(?![仅但同])|未(?!来)|[没沒无無]|ない|ません|않|못|नहीं"
)
_LACK = re.compile(
    r"\b(?:fail(?:s|ed|ing)?|lack(?:s|ed|ing)?|miss(?:es|ed|ing)|omit(?:s|ted|ting)?|refus(?:es?|ed|ing)|"
    r"neglect(?:s|ed|ing)?|forg(?:ets?|ot|etting)|declin(?:es?|ed|ing))\b"
)
_NOT = re.compile(r"n['’]?t\Z|\A(?:cannot|neither)\Z")
# Words of which another one makes another point.
_TURNS = set_of("over under above below before after more less most least up down when where who why how what into out")
_POSSESSIVE = re.compile(r"(?<=\w)['’]\w\b")
# Operators, unlike bold and tags, have space on both sides or on none, or stand behind a word; between two words some
# are a dash or "and", of which another one makes no other point. Bullets and arrows are none.
_OPERATORS = tuple(
    re.compile(pattern.replace("SIGNS", r"([-+*/%<>=!&|^~]{1,3})"))
    for pattern in (
        r"(?<=[^\s:])[ \t]+SIGNS(?=[ \t]|$)",
        r"(?<=[\w)\]}])SIGNS(?=[\w(\[\\])",
        r"(?<=\w)(\+\+|--)(?![\w+-])",
        r"(?<![\w<>=-])([<>]=?)(?=\s?\.?\d)",
    )
)
_DASH = re.compile(r"[^\W\d_]{2}\s?(-{1,3}|[&/])(?=\s?[^\W\d_]{2})")
_ARROW = re.compile(r"(?<![-=])[-=]+>")
_LETTER = re.compile(r"(?<![^\W_])[^\W\d_](?:\+\+|#)?(?![^\W_])")
_SPELLINGS = str.maketrans({"×": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!="} | dict.fromkeys("`'\"‘’“”"))
# Two words of one stem are one when nothing but such endings sets them apart, with letters beyond ASCII when they share
# this much of the longer one. So many words of a stem are looked at.
_INFLECTED = set_of("s es is e ed d ing y ying ies ied ily ly ally n en") | {""}
_KIN, _MOST_WORDS = 0.7, 50


def is_near_duplicate(one: str, other: str) -> bool:
    """Tell whether two points are nearly the same: their words, about the same response, in the same tone.

    How they are numbered, emphasis and characters that nobody sees make no difference.
    """
    one, other = _bare(one), _bare(other)
    if one.casefold() == other.casefold():
        return True  # also where it has no word of content
    if not _share_most(units(one), units(other)):
        return False  # first, as it costs a tenth of what follows and most pairs end here
    first, second = _look(one), _look(other)
    if set(first.sides) != set(second.sides) or first.tone * second.tone < 0:
        return False
    # What sets two points of the same form apart: "line 3" and "line 7", `read()` and `write()`.
    return not any(
        mine and theirs and mine != theirs and not (mine < theirs or theirs < mine)
        for mine, theirs in (
            (first.numbers | _ordinals(one), second.numbers | _ordinals(other)),
            (first.names, second.names),
        )
    )


def repeats(one: str, other: str) -> bool:
    """Tell whether two points are alike and one of them has no content that the other lacks.

    For deciding without a person: "a French translation" and "a German translation" are alike and yet two points, and
    so are "part (a)" and "part (b)", "over" and "under the limit", "cites" and "does not cite its sources".
    """
    mine, theirs = units(_bare(one)), units(_bare(other))
    if not (mine <= theirs or theirs <= mine) or not is_near_duplicate(one, other):
        return False
    return not _finer(one).differs(_finer(other))


def drop_near_duplicates(points: Iterable[str], most: int | None = None) -> tuple[str, ...]:
    """The points that repeat no earlier one, the first `most` of them; None = all."""
    kept: list[tuple[str, frozenset[str]]] = []
    for point in points:
        if most is not None and len(kept) == most:
            break
        mine = units(_bare(point))
        # First, as it ends nearly every pair of a long list.
        if not any((mine <= theirs or theirs <= mine) and repeats(point, earlier) for earlier, theirs in kept):
            kept.append((point, mine))
    return tuple(point for point, _ in kept)


class _Finer(NamedTuple):
    """Differences between points that have all their units in common."""

    words: Mapping[str, Sequence[str]]
    """Words by the stems that units are."""
    letters: Counter[str]
    """Words of one letter: parts, points, variables, languages."""
    turns: Counter[str]
    """Words of which another one turns the meaning."""
    numbers: frozenset[str]
    """With "one", which is no unit: step one is not step two."""
    operators: Counter[str]
    dashes: Counter[str]
    """Dashes and "and" between two words."""
    negations: tuple[int, int]
    """Counts of different words of negation and lack, and of the two kinds."""

    def differs(self, other: _Finer) -> bool:
        """Tell whether something sets the two apart."""
        return (
            self.negations != other.negations
            or _both_differ(self.letters, other.letters)
            or _both_differ(self.turns, other.turns)
            or not (self.numbers <= other.numbers or other.numbers <= self.numbers)
            or (
                self.operators != other.operators
                and _both_differ(self.operators + self.dashes, other.operators + other.dashes)
            )
            or not (self._has_all_in(other) or other._has_all_in(self))
        )

    def _has_all_in(self, other: _Finer) -> bool:
        """Tell whether each word is in `other`, if with another ending: not transport and transaction."""
        return all(
            any(_are_kin(word, theirs) for theirs in other.words.get(unit, ()))
            for unit, words in self.words.items()
            for word in words
        )


@functools.lru_cache(maxsize=KEPT)
def _finer(text: str) -> _Finer:
    plain = folded(_bare(text))
    words = words_of(plain)
    by_stem = defaultdict[str, set[str]](set)
    for word in words:
        if len(word) > 1 and word not in SCAFFOLDING and not word.isdigit():
            by_stem[stem(word)].add(word)
    shown = _ARROW.sub("→", strip_invisible(text).translate(_SPELLINGS))  # with the stars that a bare text lacks
    signs = {found.start(1): found[1] for pattern in _OPERATORS for found in pattern.finditer(shown)}
    dashes = {found.start(1) for found in _DASH.finditer(shown)}
    return _Finer(
        words={stem: tuple(sorted(found)[:_MOST_WORDS]) for stem, found in by_stem.items()},
        letters=Counter(_LETTER.findall(spaced(_POSSESSIVE.sub("", plain)))),
        turns=Counter(_TURNS.intersection(words)),
        numbers=_look(_bare(text)).numbers.union("1" for word in words if word == "one"),
        operators=Counter(sign for place, sign in signs.items() if place not in dashes),
        dashes=Counter(sign for place, sign in signs.items() if place in dashes),
        negations=_negations(plain),
    )


def _negations(plain: str) -> tuple[int, int]:
    """See `_Finer`: another word turns another part, the same one twice or in another form says no more than once."""
    nots = {_NOT.sub("not", word)[:4] for word in _NEGATION.findall(plain)} - {"nor"}
    lacks = {word[:4] for word in _LACK.findall(plain)}
    # "Missing" beside a noun turns no verb: "fails to handle" and "does not handle missing values" are one.
    return len(nots | lacks), bool(nots) + bool(lacks - {"miss"})


def _both_differ(mine: Counter[str], theirs: Counter[str]) -> bool:
    """Tell whether each has something that the other lacks."""
    return not (mine <= theirs or theirs <= mine)


@functools.lru_cache(maxsize=4096)
def _are_kin(one: str, other: str) -> bool:
    """Tell whether two words of one stem are the same but for their endings; in other scripts, nearly the same."""
    shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    if not (one.isascii() and other.isascii()):
        return shared >= _KIN * max(len(one), len(other))
    twice = one[shared - 1]  # the t of "forgetting"
    endings = (one[shared:], other[shared:])
    return all(end in _INFLECTED or (end[0] == twice and end[1:] in ("ing", "ed")) for end in endings)


@functools.lru_cache(maxsize=KEPT)
def _bare(text: str) -> str:
    """A text without numbering, emphasis, and signs round the letter of a response."""
    shown = strip_invisible(text)
    if "*" in shown or "_" in shown:  # most texts have neither, and to look for that takes a tenth of the time
        shown = _EMPHASIS.sub(r"\2", shown)
    if _SIGN_BEFORE_SIDE.search(shown):
        shown = _QUOTED_SIDE.sub(r"\1 \2", shown)
    return _NUMBERING.sub("", shown.strip())


def _share_most(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Tell whether two points have most of their content in common, or the shorter one nearly all of its own."""
    shared, shorter = len(mine & theirs), min(len(mine), len(theirs))
    if not shared:
        return False
    union = len(mine) + len(theirs) - shared
    return shared / union >= _ALIKE or (shorter >= _LEAST_CONTAINED and shared / shorter >= _CONTAINED)


@functools.lru_cache(maxsize=KEPT)
def _look(text: str) -> Any:
    from metajudge.embedded import subject

    return subject(text)


def _ordinals(text: str) -> frozenset[str]:
    return frozenset(_ORDINAL.findall(folded(text)))
