"""Names of the two responses in a judge's text: "Response A", "Assistant 2", "the first answer", "B is"."""

import re

# But for _LETTER, the patterns are for texts in lower case: that is five times as fast as ignoring the case.
_NOUN = (
    r"(?:responses?|assistants?|answers?|models?|candidates?|completions?|outputs?|replies|reply|solutions?|chatbots?)"
)
_ONE = re.compile(
    rf"\b{_NOUN}[ \t_]{{0,2}}(?:[#@\[(*`\"'“]{{0,3}})(?P<letter>[ab]|[12](?![\d.,]*\d))(?!\w)|"
    rf"\b(?P<ordinal>first|second|former|latter|1st|2nd)[ \t]{{1,2}}{_NOUN}\b|"
    r"(?:回复|回答|答案|响应|回應|助手|模型)[ \t]{0,2}(?P<wide>[ab12一二甲乙])",
)
_ALL = re.compile(
    rf"\b(?:both|neither|either|each|two)(?:[ \t]{{1,2}}(?:of|the|these|those|two)){{0,3}}[ \t]{{1,2}}{_NOUN}\b|"
    r"\bassistants\b|\bresponses\b|(?:两个|两者|两份)(?:回复|回答|答案|响应|助手)",
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
_FIRST = frozenset("a1一甲")
_FIRST_ORDINALS = frozenset({"first", "former", "1st"})


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
    if found["ordinal"]:
        return found["ordinal"] in _FIRST_ORDINALS
    return (found["letter"] or found["wide"]) in _FIRST
