"""Names of the two responses in a judge's text: "Response A", "Assistant 2", "the first answer", "B is"."""

import re

# But for _LETTER, the patterns are for texts in lower case: that is five times as fast as ignoring the case.
_NOUN = (
    r"(?:responses?|assistants?|answers?|models?|candidates?|completions?|outputs?|replies|reply|solutions?|chatbots?)"
)
_WIDE_NOUN = "(?:回复|回覆|回答|答案|响应|回應|助手|模型)"
_ONE = re.compile(
    rf"\b{_NOUN}[ \t_]{{0,2}}(?:[#@\[(*`\"'“]{{0,3}})(?P<letter>[ab]|[12](?![\d.,]*\d))(?!\w)|"
    rf"\b(?P<ordinal>first|second|former|latter|1st|2nd)[ \t]{{1,2}}{_NOUN}\b|"
    rf"{_WIDE_NOUN}[ \t]{{0,2}}(?P<wide>[ab12一二甲乙])|"
    rf"第[ \t]?(?P<nth>[12一二])[ \t]?[个個份条條种種]?{_WIDE_NOUN}|(?P<pair>前者|后者|後者)|"
    rf"(?<![a-z\d])(?P<owner>[ab])[ \t]?的?{_WIDE_NOUN}",
)
_ALL = re.compile(
    rf"\b(?:both|neither|either|each|two)(?:[ \t]{{1,2}}(?:of|the|these|those|two)){{0,3}}[ \t]{{1,2}}{_NOUN}\b|"
    rf"\bassistants\b|\bresponses\b|两者|兩者|[两兩][个個份条條种種]{_WIDE_NOUN}",
)
_UNNAMED = re.compile(r"\b(?:the|this|that|one|other)[ \t]{1,2}(?:other[ \t]{1,2})?(?:response|assistant|model['’]s)\b")
# A letter alone begins the text or a clause and is followed by a verb or an apostrophe: "A breaks the limit", "B's
# test". Elsewhere it may be an article, an option or a variable.
_LETTER = re.compile(
    r"(?:\A|[;,.:][ \t]|\b(?:while|but|whereas|than|and|although|because|that)[ \t])"
    r"[*_`\"“]{0,3}[AB][*_`\"”]{0,3}"
    r"(?:['’]s\b|[ \t](?:is|was|has|does|did|fails?|also|only|never|correctly|clearly|explicitly)\b|"
    r"[ \t](?!(?:series|always|means|contains|equals|implies)\b)[a-z]+(?<!s)s\b)"
)
_FIRST = frozenset([*"a1一甲", "first", "former", "1st", "前者"])


def speaks_of_response(text: str) -> bool:
    """Return whether a text names a response, or speaks of one or both."""
    plain = text.lower()
    return any(pattern.search(plain) for pattern in (_ONE, _ALL, _UNNAMED)) or _LETTER.search(text) is not None


def sole_response(text: str) -> str:
    """Return the name of the one response that a title names, as written; "" if it names none or both."""
    plain = text.lower()
    found = list(_ONE.finditer(plain))
    if not found or len(set(map(_is_first, found))) > 1:
        return ""
    place = found[0] if len(plain) == len(text) else None  # a few letters are two in lower case
    return re.sub(r"[#@\[(*`\"'“]", "", text[place.start() : place.end()] if place else found[0][0])


def named_responses(text: str) -> frozenset[str]:
    """Return `A`, `B`, both or neither: the responses that a text names one by one or speaks of together."""
    plain = text.lower()
    if _ALL.search(plain):
        return frozenset("AB")
    if found := {_is_first(one) for one in _ONE.finditer(plain)}:
        return frozenset("A" if first else "B" for first in found)
    return frozenset(re.findall(r"\b[AB]\b", text)) if _LETTER.search(text) else frozenset()


def with_subject(text: str, subject: str) -> str:
    """Return a reason that says of which response it speaks.

    `subject`: the response that the titles above the reason name. It is put first unless the text names it or both.
    """
    if not subject or named_responses(subject) <= named_responses(text):
        return text
    return f"{subject}: {text}"


def _is_first(found: re.Match[str]) -> bool:
    assert found.lastgroup is not None, "each alternative has one group"
    return found[found.lastgroup] in _FIRST
