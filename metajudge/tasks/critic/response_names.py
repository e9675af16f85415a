"""The names of two responses exchanged in a text: what a critic wrote who saw them in the other order.

Names are found by their form alone. What may be something else, such as an option of the question, stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

_EXCHANGED = {"A": "B", "a": "b", "1": "2", "One": "Two", "one": "two", "first": "second", "一": "二"}
_EXCHANGED |= {other: one for one, other in _EXCHANGED.items()}

_BLANK = "\ufffc"
# Code, formulas and idioms: what is A there is no response.
_PROTECTED = re.compile(
    r"```.*?(?:```|\Z)|``[^`].*?``|`[^`\n]*`|\$\$.*?\$\$|\$(?=\S)[^$\n]*(?<=\S)\$(?!\d)|\\\(.*?\\\)|\\\[.*?\\\]"
    r"|\bfrom A to [BZ]\b|\bA to Z\b",
    re.DOTALL,
)
_CODED_NAME = re.compile(r"`(?:Response|Assistant) ([AB12])`")
_NOUN = (
    r"(?:(?i:responses?|repl(?:y|ies)|assistants?|candidates?|completions?|respuestas?|réponses?|respostas?|rispost[ae])"
    r"|Answers?|Antwort(?:en)?|[Оо]твет\w{0,2}|回复|回答|回應|响应|應答|応答|답변|응답|الرد|الاستجابة)"
)
_EDGE = r"(?![A-Za-z0-9_]|[.,:/]\d|%)"
_NAMED = re.compile(
    rf"(?<![A-Za-z0-9]){_NOUN}(?:[ \t#_*\"'“‘(-]{{0,4}}([AB]){_EDGE}|[ \t#_*-]{{0,4}}([12]){_EDGE}|[ _]([ab]){_EDGE}"
    r"| (One|Two)\b|([一二])(?![下个些致样直般者]))"
    r"|[Tt]he (first|second) (?:response|assistant)\b|第([一二])[个個](?:回复|回答|响应|回應)"
)
_LISTED = re.compile(
    r"[*\"'”’)]{0,3}\s*(?:/|&|\b(?:and|or|vs\.?|versus|und|oder|et)\b|[和与與及])\s*[*\"'“‘(]{0,3}([AB12])" + _EDGE
)
# Names by halves: what they mean shows only beside a whole one.
_WORDED = re.compile(rf"(?<![A-Za-z0-9]){_NOUN} ([Oo]ne|[Tt]wo)\b")
_COMPARED_NUMBER = re.compile(
    r"\b(?:than|unlike|whereas|while) ([12])(?=\s*(?:[.,;:!?)]|$)|\s(?:is|was|has|does|did)\b)"
)
_ANSWER = re.compile(rf"(?<![A-Za-z0-9])[Aa]nswers? ([AB12]){_EDGE}")
_AS_ANSWER = re.compile(
    r"\b(?:(?:choos|chos|select|pick|conclud|giv|gav|settl|opt|land|arriv|reach|mark)\w*(?: \w+){0,2}"
    r"|right|correct|incorrect|wrong|final|true)\s$",
    re.IGNORECASE,
)
_THAN = re.compile(r"\b(?:(?<!rather )than|unlike)\s(?:the )?$", re.IGNORECASE)
_CONTRAST = re.compile(r"(?:\b(?:but|whereas|while|unlike)|(?<!rather )\bthan)\s$", re.IGNORECASE)
_ORDINAL = re.compile(r"\b[Tt]he (first|second)\b(?: (response|assistant|answer|reply|completion|candidate|one)\b)?")
_WHOLE = ("response", "assistant")
# Something else that has a first and a second one.
_LISTING = re.compile(
    r"\b(?:lists?|gives?|has|offers?|names?|contains?|provides?|includes?|makes?|uses?|with|of|in)"
    r" (?:\w+ )?(?:two|three|four|five|six|several|multiple|many|\d+)\b(?! (?:responses|assistants|answers|replies)\b)"
    r"|\b(?:first|second|third|fourth|next|last) (?!(?:response|assistant|answer|reply|completion|candidate|one)\b)"
    r"[a-z]+ (?:and|but|or|in|of)\b",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"(?<![\w>=<])([AB])\s*(?:>{1,2}|<{1,2}|≫|≪|»|«)\s*([AB])(?![\w>=<])")
_BARE = re.compile(
    r"(?<![A-Za-z0-9_\\.@#$€£%^&+=~|/<>{-])(?<![A-Za-z0-9_][(*'’])([AB])(?=['’]s\b"
    r"|(?![A-Za-z0-9_({\[=+^\\/%#@$~|<>-]|['’]\w|\.[A-Za-z0-9]|\*\w|\s[=+<>≤≥^]))"
)

_OTHER_THING = re.compile(
    r"(?:\b(?:options?|choices?|letters?|characters?|vitamins?|hepatitis|influenza|blood|strain|plans?|types?|grades?"
    r"|class(?:es)?|sections?|parts?|steps?|teams?|groups?|points?|figures?|fig\.|tables?|appendix|variables?|matri(?:x|ces)"
    r"|nodes?|vert(?:ex|ices)|angles?|sides?|sets?|events?|compan(?:y|ies)|persons?|people|players?|notes?|chords?|keys?"
    r"|series|phases?|cases?|levels?|vectors?|columns?|rows?|cells?|exhibits?|box(?:es)?|bags?|trains?|machines?|tests?"
    r"|statements?|functions?|lines?|cit(?:y|ies)|towns?|stations?|correct[ao]?|(?:choos|select|pick)(?:e|es|s|ed|ing)?"
    r"|chose|chosen|(?:conclud|settl|opt|land|arriv)(?:e|es|s|ed|ing)?(?: (?:with|on|for|at|that it is))?"
    r"|(?:answer|result|solution)s?(?: (?:is|was|of|as|being|should be|must be))?\s?[:=]?)"
    r"|答案[是为：:]?|选项|选择|选|维生素|方案|类|型)\W{0,3}$",
    re.IGNORECASE,
)
_COMPOUND = re.compile(
    r"\W{0,3}(?:(?:major|minor|flat|sharp|cells?|vitamins?|movies?|sides?|grades?|levels?|tiers?|teams?|through|positive"
    r"|negative|as (?:the|its|their) (?:\w+ )?(?:answer|choice|option))\b|[股超级站型类组轮]|和弦|细胞)"
)
_ARTICLE_BEFORE = re.compile(r"\b(?:the|an?)\s\W{0,2}$", re.IGNORECASE)
_RESPONSE_BEHIND = re.compile(r"\W{0,3}(?:response|answer|version|reply)\b")
_INITIAL = re.compile(r"\b[A-Z][a-z]+\s$")
_SENTENCE_BEGIN = re.compile(r"(?:(?:^|[.!?:…])[\"'“‘(\[*_\s•-]*|^\W*\d{1,2}[.)]\W*|[\"“‘(][*_]*)$")
_BEFORE_NAME = re.compile(r"\b(?:than|whereas|while|unlike)\s+\W{0,2}$", re.IGNORECASE)
_OTHER_OPTIONS = re.compile(r"(?<![A-Za-z0-9])[C-HJ](?![A-Za-z0-9+#'’])|(?i:\b(?:options?|choices?)\b)|选项")
_ONE_OPTION = re.compile(
    r"\W*(?:(?:and|or|but|vs|versus)\b"
    r"|(?:is|was) (?:the )?(?:\w+ )?(?:correct|incorrect|right|wrong|true|false|answer)\b)"
)
_ENGLISH = re.compile(
    r"\b(?:the|is|of|and|to|its?|which|for|than|with|that|where|has|have|more|less|are|were|not|but|while|does|better"
    r"|from|by|at)\b",
    re.IGNORECASE,
)
_OTHER_LANGUAGE = re.compile(
    r"[^\x00-\u00bf\u2010-\u206f]|\b(?:la|el|los|las|que|una|de|en|um|uma|para|por|con|com|di|il|les|des|und|der|die|das|az|egy)\b"
)
# "A" is a preposition or an article in some languages.
_NO_SUBJECT = re.compile(
    r"\s+(?:pesar|diferencia|diferença|differenza|veces|la|las|los|lo|un|una|trav[eé]s|partir|continuaci[oó]n|menudo"
    r"|menos|respost\w+|vál\w+)\b"
)
_VERB = re.compile(
    r"\W{0,3}\b(?:(?:is|was|has|does|did|could|would|should)(?:n['’]t)?|had|can(?:not|['’]t)?|will|won['’]t|may|might|must"
    r"|at|also|only|just|never|not|even|still|simply|both|alone|instead|then|actually|merely|and|or|but|vs|versus|because|while"
    r"|whereas|though|although|es|no|tiene|ofrece|da|usa|omite|incluye|ist|hat|nennt|gibt|fehlt|enthält|verwendet|macht"
    r"|bietet|erklärt|est|ne|donne|contient|omet)\b"
)
_ENGLISH_VERB = re.compile(
    r"\W{0,3}(?:[a-z]+ly\s+)?(?:(?!(?:\w*(?:ss|us|is|ous|ics)|las|los|veces|menos|series|always|lens|news|means|perhaps|sometimes)\b)[a-z-]+s\b"
    r"|(?:[a-z]+ed|took|gave|wrote|made|left|put|got)\s+(?:to|the|an?|its|all|any|every|both|that|from|with|on|in|out|no)\b)"
)


def exchange_names(text: str) -> str:
    """`text` with the names of the two responses exchanged: "Response A", "Response 1", "Assistant A", "A's", "(B)" …

    A bare letter counts only where it can hardly be anything else: no article, no option of a question ("option B",
    "the answer is B"), no vitamin, nothing in code or formulas. Half a name ("answer B", "the second one") counts
    beside the whole one of the other response. "The former" and "the latter" are places in the text, and stay right.
    What is in doubt stays.
    """
    seen = _PROTECTED.sub(lambda span: _BLANK * len(span[0]), text)
    places = {found.start(1) for found in _CODED_NAME.finditer(text)}
    surroundings = _Surroundings(
        english=_ENGLISH.search(seen) is not None,
        other_language=_OTHER_LANGUAGE.search(seen) is not None,
        options=_OTHER_OPTIONS.search(seen) is not None,
    )
    for found in _NAMED.finditer(seen):
        places |= _named_places(seen, found, surroundings)
    for found in _COMPARED.finditer(seen):
        places |= {found.start(1), found.start(2)}
    answers = _answer_places(seen, surroundings)
    places |= _half_names(seen) | {place for place, is_name in answers.items() if is_name}
    letters = [found for found in _BARE.finditer(seen) if found.start() not in places | answers.keys()]
    names = {found.start() for found in letters if found[1] == "B" and _is_name(seen, found, surroundings)}
    surroundings = replace(surroundings, b_is_name=bool(names))
    names |= {found.start() for found in letters if found[1] == "A" and _is_name(seen, found, surroundings)}
    places |= names
    return "".join(_turned(text, places | _ordinals(seen, surroundings, named=bool(places))))


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """What the rest of a text tells about its bare letters."""

    english: bool = True
    other_language: bool = False
    """Words or letters of another language occur; as for `english`, there may be none of either."""
    options: bool = False
    """Other letters or the word "option" occur: A and B may be options of a question."""
    b_is_name: bool = False
    """A bare B is a name: so A is likely one."""


def _turned(text: str, places: set[int]) -> Iterator[str]:
    end = 0
    for place in sorted(places):
        old = next(name for name in _EXCHANGED if text.startswith(name, place))
        yield text[end:place] + _EXCHANGED[old]
        end = place + len(old)
    yield text[end:]


def _named_places(text: str, found: re.Match[str], surroundings: _Surroundings) -> set[int]:
    """Where the marker of a name such as "Response A" stands, and those listed with it: "Responses A and B"."""
    marker = found.lastindex
    assert marker is not None
    if found[marker] == "a" and not _is_subject(text[found.end() :], _Surroundings()):
        return set()  # "the response a user wants"
    if found[0].startswith("Answer") and surroundings.options and _ONE_OPTION.match(text, found.end()):
        return set()  # "Answer A is correct, answer C is not"
    places = {found.start(marker)}
    listed = _LISTED.match(text, found.end())
    if listed and listed[1].isdigit() == found[marker].isdigit():
        places.add(listed.start(1))
    return places


def _before(text: str, found: re.Match[str]) -> str:
    return text[max(0, found.start() - 50) : found.start()]


def _half_names(text: str) -> set[int]:
    """Where "response two" and "than 2" stand for a response, as the rest of the text shows."""
    # Not "the response one would expect".
    worded = [found for found in _WORDED.finditer(text) if not _ARTICLE_BEFORE.search(_before(text, found))]
    both = len({found[1].lower() for found in worded}) == 2
    places = {found.start(1) for found in worded if both}
    numbers = {found[2] for found in _NAMED.finditer(text) if found[2]}
    return places | {found.start(1) for found in _COMPARED_NUMBER.finditer(text) if _EXCHANGED[found[1]] in numbers}


def _answer_places(text: str, surroundings: _Surroundings) -> dict[int, bool]:
    """Where "answer B" and "answers A and B" stand, and whether for a response: with its counterpart, or compared."""
    answers = [found for found in _ANSWER.finditer(text) if not _AS_ANSWER.search(_before(text, found))]
    places: dict[int, re.Match[str]] = {}
    for found in answers:
        listed = _LISTED.match(text, found.end())
        places |= {found.start(1): found} | ({listed.start(1): listed} if listed else {})
    named = any(not found[0].startswith("Answer") for found in _NAMED.finditer(text))
    pair = len({found[1] for found in places.values()}) == 2 and not named
    return {
        place: _may_be_response(text, found, surroundings) and (pair or _THAN.search(_before(text, found)) is not None)
        for place, found in places.items()
    }


def _may_be_response(text: str, found: re.Match[str], surroundings: _Surroundings) -> bool:
    """Whether an answer is no option of the question."""
    if not surroundings.options:
        return True
    return _is_subject(text[found.end() :], surroundings) and not _ONE_OPTION.match(text, found.end())


def _ordinals(text: str, surroundings: _Surroundings, *, named: bool) -> set[int]:
    """Where "the second one" stands for a response: beside "the first response", or both with no other name at all."""
    ordinals = list(_ORDINAL.finditer(text))
    whole = {found[1] for found in ordinals if found[2] in _WHOLE}
    half = [
        found
        for found in ordinals
        if found[2] not in _WHOLE and (found[2] is not None or _is_subject(text[found.end() :], surroundings))
    ]
    if _LISTING.search(text):
        half = [found for found in half if _CONTRAST.search(_before(text, found))]
    if whole:
        return {found.start(1) for found in half if _EXCHANGED[found[1]] in whole}
    return {found.start(1) for found in half} if not named and len({found[1] for found in half}) == 2 else set()


def _is_name(text: str, found: re.Match[str], surroundings: _Surroundings) -> bool:
    """Whether a bare letter is the name of a response."""
    start, end = found.span(1)
    before, behind = ("x" if start > 50 else "") + text[max(0, start - 50) : start], text[end : end + 50]
    if re.match(r"\*(?!\*)", behind) and not before.endswith("*"):
        return False  # A* is an algorithm, *A* is emphasis
    if _OTHER_THING.search(before) or _COMPOUND.match(behind) or _is_bracketed(before, behind):
        return False
    if _ARTICLE_BEFORE.search(before):
        return _RESPONSE_BEHIND.match(behind) is not None
    if _INITIAL.search(before) and re.match(r"\. ?[A-Z]", behind):
        return False
    if surroundings.options:
        is_clear = _is_subject(behind, surroundings) and not _ONE_OPTION.match(behind)
        return is_clear and re.match(r"['’]s|\s|[^\x00-\x7f]", behind) is not None
    if _SENTENCE_BEGIN.search(before):
        is_marker = re.match(r"[.)]\s*\S", behind) and not before.rstrip(" *_").endswith(("(", '"', "“"))
        return not is_marker and (text[start] == "B" or _is_subject(behind, surroundings))
    # A title, as in "A Tale of Two Cities".
    return text[start] == "B" or not re.match(r"\s[A-Z]", behind) or _BEFORE_NAME.search(before) is not None


def _is_bracketed(before: str, behind: str) -> bool:
    """Whether a letter stands in a list or a call, or before a closing parenthesis that was not opened."""
    if re.search(r"[A-Za-z0-9_]\([^()]*$", before):
        return True
    in_list = any(before.count(opening) > before.count(closing) for opening, closing in ("[]", "{}"))
    return in_list or (behind.startswith(")") and before.count("(") <= before.count(")"))


def _is_subject(behind: str, surroundings: _Surroundings) -> bool:
    """Whether what follows a letter A shows that it is no article: punctuation, a verb, letters of another script."""
    if not behind or re.match(
        r"['’]s\b|[\"”’'*_)]*[,;:!?.)\"”]|[*_]*\s*$|\s+[(–—-]|[*_]*\s?[^\x00-\x7f\w]|[^\x00-\x7f]", behind
    ):
        return True
    if _VERB.match(behind):
        return True
    if (surroundings.english or not surroundings.other_language) and _ENGLISH_VERB.match(behind):
        return True
    return not surroundings.english and surroundings.b_is_name and _NO_SUBJECT.match(behind) is None
