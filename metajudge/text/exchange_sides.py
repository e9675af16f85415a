"""Exchange of the two responses in a reason: A and B, 1 and 2. Pure.

The rule reads words, not meaning. It exchanges "Response A", "Answer 2", "the first response", "Responses A and B",
their names in some other languages, and the bare letters A and B. A capital "A" at the start of a sentence, before a
word in small letters, is the article unless that word looks like a verb: "A gives", "A could", not "A table". Letters
in code (backticks) and in names such as "B-tree" and "A/B" stay. A reason that names a response in no such way ("the
former", "the code crashes") is not exchanged.
"""

import re

_NOUN = r"(?:responses?|answers?|assistants?|respuestas?|antwort(?:en)?|antwoord(?:en)?|réponses?|ответ\w?)"
_WIDE_NOUN = "(?:回复|回答|响应|回應|答案|답변|응답)"
_JOINED = r"\s*(?:,|/|&|>|<|\b(?:and|or|vs\.?|than|und|oder|y|o|et|ou|и|или)\b|和|与|或)\s*"
_VERB = (
    r"(?:\w*(?:s|ed|ly)|would|could|should|might|may|must|can|cannot|will|did|had|made|gave|got|kept|left|went|wrote|"
    r"took|forgot|and|or|at|in|to|not|never|even|then|both|have|do|are|were)\b(?<!ss)"
)
_LETTER = r"A-Za-z0-9_\u00c0-\u024f"  # no letter of a script without spaces: "Aの" is A
_END = rf"(?![{_LETTER}])"
_ALONE, _NO_NAME = rf"(?<![{_LETTER}/.+-])", rf"(?![{_LETTER}/+-])"
_NAMED = re.compile(
    rf"\b(?i:{_NOUN})\s*(?:\#\s*)?(?:[AB]{_END}|[12]{_END}(?:{_JOINED}[12]{_END})?)"
    rf"|{_WIDE_NOUN}\s*(?:[12AB]{_END}|[一二](?:{_JOINED}[一二])?)"
    rf"|\b(?i:first|second)\b(?=\s+(?i:{_NOUN})\b)"
    rf"|{_ALONE}B{_NO_NAME}"
    rf"|{_ALONE}A{_NO_NAME}(?:(?<=[\w,;:(\"'“«]\sA)|(?!\s(?!{_VERB})[a-z]))"
)
_SIDE = re.compile(rf"(?<![{_LETTER}])[12AB]{_END}|[一二]|\b(?i:first|second)\b")
_CODE = re.compile(r"(`[^`]*`)")
_OTHER = dict(zip("12AB一二", "21BA二一", strict=True)) | {"first": "second", "second": "first"}
_OTHER |= {name.capitalize(): other.capitalize() for name, other in _OTHER.items()}


def exchange_sides(text: str) -> str | None:
    """Return a reason with the two responses exchanged; None if it names neither, so that nothing is exchanged."""
    parts = _CODE.split(text)  # every second one is code
    parts[::2] = [_NAMED.sub(_exchanged, part) for part in parts[::2]]
    found = "".join(parts)
    return None if found == text else found


def _exchanged(match: re.Match[str]) -> str:
    return _SIDE.sub(lambda side: _OTHER.get(side[0], side[0]), match[0])
