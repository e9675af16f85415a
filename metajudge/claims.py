"""Deterministic checks of a decomposed checklist: points that repeat, that nobody said, or that say nothing.

A doubt is for a person to look at, not a verdict: the checks see words, not meaning.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from metajudge.embedded.text import subject
from metajudge.quoting import without_unseen

DUPLICATE, UNSUPPORTED, PREFERENCE = "duplicate", "unsupported", "preference"
REASONS = (DUPLICATE, UNSUPPORTED, PREFERENCE)

# Two points are alike when they share this much of all their content, or nearly all of the shorter one's.
_ALIKE, _CONTAINED, _LEAST_CONTAINED = 0.6, 0.85, 3
# A point is compared with every other of its list; so many are looked at once.
_KEPT = 1024
# A point is supported when this much of its content stands in the texts.
_SUPPORT = 1 / 4
# With fewer units than this, that none of them is an annotator's tells nothing.
_LEAST_UNSAID = 3

# In a folded text: without regard to case a search takes three times as long.
_SIDE = re.compile(
    r"\b(?:responses?|answers?|assistants?|respuestas?|antwort(?:en)?|réponses?)\s*(?:#\s*)?[12ab]\b(?:['’]s\b)?"
    r"|(?:回复|回答|响应|回應|答案)\s*[12ab一二]"
)
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_WIDE_SCAFFOLDING = re.compile("[的了是在和与且而也都就]")
_WORD = re.compile(r"[^\W_]+")
_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
_ORDINAL = re.compile(
    r"\b(?:first|second|third|fourth|fifth|sixth|last|final)\b|第[一二三四五六七八九十\d]+", re.IGNORECASE
)
_NUMBERING = re.compile(
    r"\A(?:\(?\d{1,2}[.):]|(?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|last|final)(?:ly)?[,:])\s+",
    re.IGNORECASE,
)
# Emphasis of words, but not the underscores of a name; a side may be quoted, too: Response "A".
_EMPHASIS = re.compile(r"\*+|(?<![^\W_])(_{1,3})(?=\S)([^_\s]{1,40}\s[^_]{1,300})(?<=\S)\1(?![^\W_])")
_QUOTED_SIDE = re.compile(r"\b(responses?|answers?|assistants?)(?:_|\s*[\"'`“‘])([12AB])\b[\"'`”’]?", re.IGNORECASE)
_SUFFIX = re.compile(r"(?<=\w{3})(?:ing|ies|ied|ed|es|s|ly|e|y)$")
_STEM_LENGTH = 5


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SCAFFOLDING = _words(
    "a an the this that these those it its they them their there which who what when where while as of in on at to for "
    "from by with and or but nor if so than then also both other another one ones is are was were be been being has "
    "have had do does did can could would should will may might must not no very too more most less least much only "
    "just even never therefore thus still some any all each every such into out up about over under between because "
    "though although however response responses answer answers assistant user users prompt use uses used using make "
    "makes made give gives gave get gets say says said state states la el los las un una de del que y en no es se con "
    "por para lo su der die das den dem ein eine und ist nicht im zu mit von auf le les des du et est dans pour pas "
    "une не на для ответ ответе ответа الرد الأول الثاني لا في من على إلى"
)
# What says how good a response is, and what may stand beside it in a point that says nothing else.
_GRADE = _words(
    "better best good great excellent nice worse worst bad poor superior inferior prefer prefers preferred preferable "
    "preference favorite stronger weaker strong weak helpful unhelpful useful useless helpfulness quality winner wins "
    "win tie rated rating score scores mejor peor besser schlechter meilleure meilleur"
)
_BESIDE = _SCAFFOLDING | _words(
    "overall slightly clearly significantly somewhat considerably far way bit lot marginally definitely generally "
    "compared comparison versus vs choose chosen pick b 1 2 first second former latter equally equal same i we my our "
    "think feel believe als sehr viel mucho plus partially mostly perfectly t isn doesn s higher lower"
)
# What makes a point its contrary, in the languages of the scaffolding; a verb of lack does, too.
_NEGATION = re.compile(
    r"\b(?:not|never|no|nor|neither|without|cannot|hardly|barely|rarely|seldom|scarcely|(?:do|does|did|is|are|was|were|have|has|had|would|"
    r"should|could|ca|wo)nt|nicht|kein\w*|nie|niemals|ohne|ne|pas|sans|jamais|aucune?|non|mai|senza|nunca|"
    r"sin(?!\s*\()|não|nem|sem|не|нет|без|никогда|لا|لم|ليس|بدون)\b"
    r"|n['’]t\b|不(?![仅但同])|未(?!来)|[没沒无無]|ない|ません|않|못|नहीं"
)
_LACK = re.compile(
    r"\b(?:fail(?:s|ed|ing)?|lack(?:s|ed|ing)?|miss(?:es|ed|ing)|omit(?:s|ted|ting)?|refus(?:es?|ed|ing)|"
    r"neglect(?:s|ed|ing)?|forg(?:ets?|ot|etting)|declin(?:es?|ed|ing))\b"
)
_NOT = re.compile(r"n['’]?t\Z|\Acannot\Z")
# Words of which another one makes another point.
_TURNS = _words("over under above below before after more less most least up down when where who why how what into out")
_ONE = frozenset({"one"})
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
_ARROW = re.compile(r"[-=]+>")
_LETTER = re.compile(r"(?<![^\W_])[^\W\d_](?:\+\+|#)?(?![^\W_])")
_SPELLINGS = str.maketrans({"×": "*", "÷": "/", "−": "-", "≤": "<=", "≥": ">=", "≠": "!="} | dict.fromkeys("`'\"‘’“”"))
# Two words of one stem are one when nothing but such endings sets them apart, with letters beyond ASCII when they share
# this much of the longer one. So many words of a stem are looked at.
_INFLECTED = _words("s es is e ed d ing y ying ies ied ily ly ally n en") | {""}
_KIN, _MOST_WORDS = 0.7, 50
_WIDE_GRADE = re.compile("好|差|优|不如|喜欢|有帮助|有用|质量")
_WIDE_BESIDE = re.compile(
    "更好|较好|较差|最好|最差|很好|很差|不好|好|更差|差|优于|优秀|优|不如|有帮助|有用|质量|喜欢|总体|整体|来说|明显|稍微|略微|略|"
    "我|觉得|认为|更|比|较|是|的|而|且|两个|回复|回答|响应|答案|要|得多|一些|一点|上"
)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A point that a person should look at, and why."""

    item: int
    """Number of the point, from 1."""
    reason: str
    """One of `REASONS`."""
    of: int = 0
    """With `duplicate`, the more specific point that it nearly repeats; else 0."""


def check_claims(items: Sequence[str], feedback_texts: Iterable[str], responses: Iterable[str]) -> list[Doubt]:
    """The doubtful points of a checklist, in order.

    `preference`: says only which response is better, or how good one is. `duplicate`: nearly the same words about the
    same response as a point that is more specific. `unsupported`: most of its words, or all that matter, stand neither
    in the annotators' texts nor in the responses, or none of them in the annotators' texts; a point in another script
    than those is not judged. CJK is compared by pairs of characters.
    """
    said = units(" \n ".join(feedback_texts))
    shown = units(" \n ".join(responses))
    doubts = []
    repeated = _repeated(items)
    for number, item in enumerate(items, 1):
        if _is_preference(item):
            doubts.append(Doubt(number, PREFERENCE))
            continue
        if number in repeated:
            doubts.append(Doubt(number, DUPLICATE, repeated[number]))
        if not _is_supported(units(item), said, shown):
            doubts.append(Doubt(number, UNSUPPORTED))
    return doubts


@functools.lru_cache(maxsize=_KEPT)
def units(text: str) -> frozenset[str]:
    """The content of a text: stems of its words without scaffolding, numbers, and pairs of CJK characters."""
    plain = _SIDE.sub(" ", unicodedata.normalize("NFKC", text).casefold())
    found: set[str] = set()
    if plain.isascii():
        words = plain.translate(_BETWEEN_WORDS).split()
    else:
        runs = _WIDE.findall(_WIDE_SCAFFOLDING.sub("", plain))
        found = {run[i : i + 2] for run in runs for i in range(max(1, len(run) - 1))}
        words = _WORD.findall(_WIDE.sub(" ", plain))
    for word in words:
        if word.isdigit() or (len(word) > 1 and word not in _SCAFFOLDING):
            found.add(_stem(word))
    return frozenset(found)


@functools.lru_cache(maxsize=4096)
def _stem(word: str) -> str:
    return word if word.isdigit() else _SUFFIX.sub("", word)[:_STEM_LENGTH]


# ------------------------------------------------------------------ the three checks


def _is_preference(item: str) -> bool:
    plain = _SIDE.sub(" ", unicodedata.normalize("NFKC", item).casefold())
    wide = " ".join(_WIDE.findall(plain))
    words = _WORD.findall(_WIDE.sub(" ", plain))
    if _WIDE_BESIDE.sub("", wide).strip() or not all(word in _GRADE or word in _BESIDE for word in words):
        return False
    return _WIDE_GRADE.search(wide) is not None or any(word in _GRADE for word in words)


def _repeated(items: Sequence[str]) -> dict[int, int]:
    """The less specific point of each pair that is alike, with the other one's number."""
    repeated: dict[int, int] = {}
    for later in range(2, len(items) + 1):
        for earlier in range(1, later):
            if later in repeated or earlier in repeated or not are_alike(items[earlier - 1], items[later - 1]):
                continue
            if len(units(items[later - 1])) > len(units(items[earlier - 1])):
                repeated[earlier] = later
            else:
                repeated[later] = earlier
    return repeated


def are_alike(one: str, other: str) -> bool:
    """Whether two points are nearly the same: their words, about the same response, in the same tone.

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
    """Whether two points are alike and one of them has no content that the other lacks.

    For deciding without a person: "a French translation" and "a German translation" are alike and yet two points, and
    so are "part (a)" and "part (b)", "over" and "under the limit", "cites" and "does not cite its sources".
    """
    mine, theirs = units(_bare(one)), units(_bare(other))
    if not (mine <= theirs or theirs <= mine) or not are_alike(one, other):
        return False
    return not _finer(one).differs(_finer(other))


def without_repetitions(points: Iterable[str], most: int | None = None) -> tuple[str, ...]:
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
    """What sets points apart that have all their units in common."""

    words: Mapping[str, Sequence[str]]
    """By the stems that units are."""
    letters: Counter[str]
    """Words of one letter: parts, points, variables, languages."""
    turns: Counter[str]
    """Words of which another one turns the meaning."""
    numbers: frozenset[str]
    """With "one", which is no unit: step one is not step two."""
    operators: Counter[str]
    dashes: Counter[str]
    """What between two words is a dash or "and"."""
    negations: int
    """Different words of negation and lack: one twice says no more than once, another one turns another part."""

    def differs(self, other: _Finer) -> bool:
        """Whether something sets the two apart."""
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
        """Whether each word is in `other`, if with another ending: not transport and transaction."""
        return all(
            any(_are_kin(word, theirs) for theirs in other.words.get(unit, ()))
            for unit, words in self.words.items()
            for word in words
        )


@functools.lru_cache(maxsize=_KEPT)
def _finer(text: str) -> _Finer:
    plain = _SIDE.sub(" ", unicodedata.normalize("NFKC", _bare(text)).casefold())
    words = _WORD.findall(_WIDE.sub(" ", plain))
    by_stem = defaultdict[str, set[str]](set)
    for word in words:
        if len(word) > 1 and word not in _SCAFFOLDING and not word.isdigit():
            by_stem[_stem(word)].add(word)
    shown = _ARROW.sub("→", without_unseen(text).translate(_SPELLINGS))  # with the stars that a bare text lacks
    signs = {found.start(1): found[1] for pattern in _OPERATORS for found in pattern.finditer(shown)}
    dashes = {found.start(1) for found in _DASH.finditer(shown)}
    return _Finer(
        words={stem: tuple(sorted(found)[:_MOST_WORDS]) for stem, found in by_stem.items()},
        letters=Counter(_LETTER.findall(_WIDE.sub(" ", _POSSESSIVE.sub("", plain)))),
        turns=Counter(_TURNS.intersection(words)),
        numbers=_look(_bare(text)).numbers.union(_ONE.intersection(words)),
        operators=Counter(sign for place, sign in signs.items() if place not in dashes),
        dashes=Counter(sign for place, sign in signs.items() if place in dashes),
        negations=len({_NOT.sub("not", word) for word in _NEGATION.findall(plain) + _LACK.findall(plain)}),
    )


def _both_differ(mine: Counter[str], theirs: Counter[str]) -> bool:
    """Whether each has something that the other lacks."""
    return not (mine <= theirs or theirs <= mine)


@functools.lru_cache(maxsize=4096)
def _are_kin(one: str, other: str) -> bool:
    """Whether two words of one stem are the same but for their endings; in other scripts, nearly the same."""
    shared = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
    if not (one.isascii() and other.isascii()):
        return shared >= _KIN * max(len(one), len(other))
    twice = one[shared - 1]  # the t of "forgetting"
    endings = (one[shared:], other[shared:])
    return all(end in _INFLECTED or (end[0] == twice and end[1:] in ("ing", "ed")) for end in endings)


@functools.lru_cache(maxsize=_KEPT)
def _bare(text: str) -> str:
    return _NUMBERING.sub("", _QUOTED_SIDE.sub(r"\1 \2", _EMPHASIS.sub(r"\2", without_unseen(text))).strip())


def _share_most(mine: frozenset[str], theirs: frozenset[str]) -> bool:
    """Whether two points have most of their content in common, or the shorter one nearly all of its own."""
    shared, shorter = len(mine & theirs), min(len(mine), len(theirs))
    if not shared:
        return False
    union = len(mine) + len(theirs) - shared
    return shared / union >= _ALIKE or (shorter >= _LEAST_CONTAINED and shared / shorter >= _CONTAINED)


_look = functools.lru_cache(maxsize=_KEPT)(subject)


def _ordinals(text: str) -> frozenset[str]:
    return frozenset(_ORDINAL.findall(_SIDE.sub(" ", text.casefold())))


def _is_supported(item: frozenset[str], said: frozenset[str], shown: frozenset[str]) -> bool:
    scripts = {_script(unit) for unit in said}
    comparable = {unit for unit in item if _script(unit) in scripts}
    if len(comparable) * 2 < len(item) or not comparable:
        return True
    if len(comparable) >= _LEAST_UNSAID and not comparable & said:
        return False
    return len(comparable & (said | shown)) / len(comparable) >= _SUPPORT


def _script(unit: str) -> str:
    """The first word of its first character's Unicode name: LATIN, CYRILLIC, CJK …; digits are written everywhere."""
    return "LATIN" if unit[0].isdigit() else unicodedata.name(unit[0], "").partition(" ")[0]
