"""The content of a point: stems of its words without scaffolding, numbers, and pairs of CJK characters. Pure."""

import functools
import re
import unicodedata

CACHED_POINTS = 1024
"""Points whose content is cached, as each is compared with every other of its list."""

# In lower-case text: a search without regard to case takes three times as long.
_SIDE = re.compile(
    r"\b(?:responses?|answers?|assistants?|respuestas?|antwort(?:en)?|réponses?)\s*(?:#\s*)?([12ab])\b(?:['’]s\b)?"
    r"|(?:回复|回答|响应|回應|答案)\s*([12ab一二])"
)
_SIDE_NAMES = {"1": "a", "2": "b", "一": "a", "二": "b"}
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
_WIDE_SCAFFOLDING = re.compile("[的了是在和与且而也都就]")
_WORD = re.compile(r"[^\W_]+")
_BETWEEN_WORDS = {code: " " for code in range(128) if not chr(code).isalnum()}
_SUFFIX = re.compile(r"(?<=\w{3})(?:ing|ies|ied|ed|es|s|ly|e|y)$")
STEM_LENGTH = 5


def set_of(words: str) -> frozenset[str]:
    """Return the words of a text as a set."""
    return frozenset(words.split())


SCAFFOLDING = set_of(
    "a an the this that these those it its they them their there which who what when where while as of in on at to for "
    "from by with and or but nor if so than then also both other another one ones is are was were be been being has "
    "have had do does did can could would should will may might must not no very too more most less least much only "
    "just even never therefore thus still some any all each every such into out up about over under between because "
    "though although however response responses answer answers assistant user users prompt use uses used using make "
    "makes made give gives gave get gets say says said state states la el los las un una de del que y en no es se con "
    "por para lo su der die das den dem ein eine und ist nicht im zu mit von auf le les des du et est dans pour pas "
    "une не на для ответ ответе ответа الرد الأول الثاني لا في من على إلى"
)
"""Words that hold a point together and are none of its content."""


def folded(text: str) -> str:
    """Return a text as it is compared: without capitals and the names of the responses, wide letters plain."""
    return _SIDE.sub(" ", _lower(text))


def named_sides(text: str) -> frozenset[str]:
    """Return the responses that a text calls by name, as `a` and `b`."""
    letters = (one or other for one, other in _SIDE.findall(_lower(text)))
    return frozenset(_SIDE_NAMES.get(letter, letter) for letter in letters)


def _lower(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def unspaced(text: str) -> list[str]:
    """Return the runs of scripts without spaces between words."""
    return _WIDE.findall(text)


def words_of(text: str) -> list[str]:
    """Return the words of a folded text, of scripts with spaces."""
    return _WORD.findall(_WIDE.sub(" ", text))


@functools.lru_cache(maxsize=CACHED_POINTS)
def units(text: str, stem_length: int = STEM_LENGTH) -> frozenset[str]:
    """Return the content of a text: stems of its words without scaffolding, numbers, pairs of CJK characters."""
    plain, found = folded(text), set[str]()
    if plain.isascii():
        words = plain.translate(_BETWEEN_WORDS).split()
    else:
        runs = unspaced(_WIDE_SCAFFOLDING.sub("", plain))
        found = {run[i : i + 2] for run in runs for i in range(max(1, len(run) - 1))}
        words = words_of(plain)
    for word in words:
        if word.isdigit() or (len(word) > 1 and word not in SCAFFOLDING):
            found.add(stem(word, stem_length))
    return frozenset(found)


@functools.lru_cache(maxsize=4096)
def stem(word: str, length: int = STEM_LENGTH) -> str:
    """Return a word without its ending, cut to `length` letters; a number stays whole."""
    return word if word.isdigit() else _SUFFIX.sub("", word)[:length]
