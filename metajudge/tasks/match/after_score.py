"""Decide by what follows a number whether it is the whole score. Pure.

A clear score is followed by the end of its line or of the block, by the next mark, or by a remark: in brackets, behind
a sign of comments, a dash or a punctuation mark with a space, in the next column of a table. The remark may not name
another score. Anything else, such as `0,75`, `1/4`, `0.5 - 0.75` or `50%`, may change the number.
"""

import re

_BLANK = r"(?:[^\S\n\u2028\u2029]|[\u200b-\u200f\u2060\ufeff])"
# Closing marks, brackets and tags; `\n` as two characters, in a reply that is quoted as JSON.
_HTML = r"<(?:br\s?/?|/?(?:li|p|td|tr|b|strong|em|i|code|div|span))>"
_CLOSING = rf"(?:{_BLANK}|[*_`\"'”’»)\]}}✓✔✅✗✘❌]|\\\\?(?-i:[nrt](?![a-z]))|\\\\|{_HTML})*+"
_NUMBER = r"(?:(?:\d+(?:[.,·]\d+)?|[.,]\d+)(?:\s*[/⁄]\s*\d+|\s*%)?|[¼½¾⅐-⅞])"
# Words that lead to another number.
_WORDS = (
    r"(?:or|of|out|to|from|not|no|rather|maybe|perhaps|possibly|probably|actually|about|roughly|approximately|now|then|"
    r"was|is|be|should|would|could|at|most|least|best|up|between|over|under|than|plus|minus|times|per|and|make|it|that)"
)
# A line that is only a number continues one that was broken; "2." and "2)" begin the next mark.
_ONLY_A_NUMBER = (
    rf"{_BLANK}*+[^\w\s]?[^\w\s]?_?{_BLANK}*+(?:{_WORDS}{_BLANK}*+)*+{_NUMBER}{_BLANK}*+(?:\n|\Z|[^\w\s.):])"
)
# A line that takes the score back: "Correction: 0.75", "- R1@S3 = 0.75", "(changed to 0.75)".
_SCORE = (
    rf"(?<![\w.,])(?:0?[.,]\d+|[01](?:[.,]0+)?(?={_BLANK}*(?:[^\w\s]|\n|\Z))|\d+\s*[/⁄]\s*\d+|\d+\s*%|[¼½¾⅐-⅞])"
    r"(?![\w/])"
)
_CORRECTION = (
    r"\s*+[^\w\n]{0,12}(?:(?:correct(?:ion|ed)|actually|final|revised?|changed?|updated?|should be|rather|instead"
    rf"|on reflection|score)\b[^\n\d]{{0,40}}|R\d{{1,9}}(?![\s*_`]*+@[\s*_`]*+S\d++[\s*_`]*+:)"
    r"[^\w\n]{0,8}(?:S\d{1,9})?[^\w\n]{0,8}"
    rf"(?:(?:is|now){_BLANK}+)?[^\w\n.]{{0,4}}){_SCORE}"
)
_LINE_END = rf"(?:[\n\u2028\u2029](?!{_ONLY_A_NUMBER}|{_CORRECTION})|\Z)"
_NEXT_MARK = r"(?:(?<![^\W_])|(?<=\\n))R\d+[\s*_`]*@"
_OPENING = (
    r"[(\[{【「#|]|//|/\*|<!--|—|(?<=\s)(?:--?|–)(?=\s)|[.,;:。、](?=[^\S\n]|[^\W\d\x00-\x7f])"
    r"|(?<=\s)(?:because|since|due to)\b|(?<=\s[*_])(?=[^\W\d_])|(?<=[*_][*_])(?=[^\W\d_])"
)
_CLEAR = re.compile(
    rf"{_CLOSING}(?:(?:/|out of){_BLANK}*+1(?:\.0{{1,9}})?(?![\d.,]\d|\d){_CLOSING})?"
    rf"(?:[.,;!|。、/]?{_CLOSING}{_LINE_END}"
    rf"|[,;|/]?{_CLOSING}(?:and|&|[-–•*+>])?{_CLOSING}(?={_NEXT_MARK})"
    rf"|(?:{_OPENING})(?=[^\S\n]*[^\s])(?P<remark>(?:(?!{_NEXT_MARK})[^\n])*+))",
    re.IGNORECASE,
)

_VALUES = {
    "¼": 0.25,
    "½": 0.5,
    "¾": 0.75,
    "zero": 0.0,
    "quarter": 0.25,
    "half": 0.5,
    "three quarter": 0.75,
    "three-quarter": 0.75,
    "one": 1.0,
}
# Numbers in a remark that may be a score: all but those in names ("S2", "Response 1") and those above 1.
_NAMED = re.compile(
    r"\b(?:responses?|answers?|assistants?|steps?|items?|reasons?|parts?|number|no\.|lines?|cases?|questions?)"
    r"\s+#?\d+\b(?![.,/%]\d)",
    re.IGNORECASE,
)
_OTHER_SCORE = re.compile(
    r"(?<![\w.,])(?P<number>(?:0?[.,]\d+|[01](?:[.,]0{1,2})?|\d+\s*[/⁄]\s*\d+|\d+(?:\.\d+)?\s*%))(?![\w]|[.,/⁄]\d)"
    r"|(?P<sign>[¼½¾⅐-⅞])"
)
_NUMBER_WORDS = r"(?:a |an |the )?(?:zero|one|half|quarter|three|four|five|ten|full)\b"
_CHANGE = re.compile(
    rf"(?:→|⇒|➔|⟶|[-=~]>)\s*[\d.,¼½¾⅐-⅞]"
    r"|\b(?:or|to|rather|maybe|perhaps|actually|between|at most|at least|than|out of|make (?:it|that))\s+"
    rf"{_NUMBER_WORDS}"
    r"|[<>≤≥]=?\s*[\d.,¼½¾⅐-⅞]"
    r"|\A\W*(?:at (?:most|least|best)|(?:or )?(?:more|less|higher|lower|so)|(?:lower|upper) bound|max|min"
    r"|m(?:ax|in)imum)\W*\Z",
    re.IGNORECASE,
)
_BEGINS = re.compile(
    rf"[\W_]*(?:{_WORDS}[\W_]*)*(?P<number>[.,]?\d[\d.,]*(?:\s*[/⁄]\s*\d+|\s*%)?"
    r"|(?:(?:(?:an?|one|two|three)[ -])?(?:quarters?|half|halves|thirds?|fifths?)|zero|(?:one|two|three)(?: of \w+)?"
    r"|[零〇一二三四五六七八九十百点分之]+)(?=\W*\Z|[.,;:!)]))",
    re.IGNORECASE,
)


def is_whole(block: str, place: int, score: float) -> bool:
    """Return whether the number before `place`, read as `score`, is followed by something that leaves it as it is."""
    found = _CLEAR.match(block, place)
    return found is not None and not _changes(found["remark"] or "", score)


def _changes(remark: str, score: float) -> bool:
    """Return whether a remark names another score, or begins with a number that may belong to the one before it."""
    if not remark:
        return False
    bare = _NAMED.sub("", remark)
    begin = _BEGINS.match(bare)
    if _CHANGE.search(bare) or (begin is not None and _value(begin["number"]) != score):
        return True
    return any(_value(found["number"] or found["sign"]) != score for found in _OTHER_SCORE.finditer(bare))


def _value(number: str) -> float | None:
    """Return the value of a decimal number, a percentage, a fraction or a sign of one; None if it is unclear."""
    word = re.sub(r"^(?:an?|one)[ -](?=[hq])|s$", "", number.lower())
    if word in _VALUES:
        return _VALUES[word]
    part, slash, whole = re.sub("[⁄]", "/", number).rstrip(" .,").partition("/")
    factor = 0.01 if part.endswith("%") else 1.0
    try:
        return float(part.rstrip("% \t")) * factor / (float(whole) if slash else 1.0)
    except (ValueError, ZeroDivisionError):
        return None
