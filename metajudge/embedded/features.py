"""Features of an item for the lexical matcher: the responses it names, its tone, numbers, names and n-grams."""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

FIRST, SECOND = 1, 2

_NOUN = r"(?:(?:@\s*)?(?:responses?|answers?|respuestas?|antwort(?:en)?|réponses?|completion|assistant|model|回复|回答|响应|答案|回應))"
_SIDES = {
    FIRST: re.compile(
        rf"{_NOUN}\s*(?:#\s*)?(?:1|A|一|one)(?![A-Za-z0-9_])(?:'s|’s)?|第一个(?:回复|回答|答案)|\bthe first (?:response|answer)\b",
        re.IGNORECASE,
    ),
    SECOND: re.compile(
        rf"{_NOUN}\s*(?:#\s*)?(?:2|B|二|two)(?![A-Za-z0-9_])(?:'s|’s)?|第二个(?:回复|回答|答案)|\bthe second (?:response|answer)\b",
        re.IGNORECASE,
    ),
}
_BARE = {
    # Not the article: "A table is missing" opens a sentence with a noun, "A breaks the limit" with a verb.
    FIRST: re.compile(r"(?<![\w'’])A(?:'s|’s)?(?![\w'’.])(?=[’'\s,;:)]|$)"),
    SECOND: re.compile(r"(?<![\w'’])B(?:'s|’s)?(?![\w'’])"),
}
_ARTICLE = re.compile(
    r"(?:^|[.!?]\s+)A\s+(?!(?:\w+s|\w+ed|\w+ly|has|does|did|can|cannot|may|never|also|only|and)\b)[a-z]"
)

_BLAME = re.compile(
    r"\b(?:lack\w*|fail\w*|miss(?:es|ing|ed)?|omit\w*|omission|wrong\w*|incorrect\w*|inaccura\w+|error\w*|mistake\w*|bug\w*|crash\w*|"
    r"not|no|never|neither|nor|without|cannot|can['’]t|don['’]t|doesn['’]t|didn['’]t|isn['’]t|won['’]t|ignor\w+|neglect\w*|break\w*|broken|violat\w+|"
    r"exceed\w*|over|unclear|confus\w+|vague\w*|mislead\w*|fals\w+|invent\w*|fabricat\w+|hallucinat\w+|unnecessar\w+|irrelevant|"
    r"redundan\w+|repetiti\w+|inconsisten\w+|contradict\w*|awkward\w*|forced|poor\w*|weak\w*|bad\w*|incomplete\w*|insufficien\w*|outdated|"
    r"unsupported|unrelated|drops?|loses?|lost|skips?|too|instead of|worse|inefficien\w+|slow\w*|insecure|vulnerab\w+|dangerous\w*|should|"
    r"sin|falta\w*|incorrect[oa]s?|omite\w*|nunca|equivoc\w+|tampoco|demasiado|"
    r"nicht|kein\w*|fehl\w+|falsch\w*|ohne|zu|unklar\w*)\b"
    r"|没有|沒有|未|错误|錯誤|不|缺少|缺乏|遗漏|忽略|无|误|過於|过于",
    re.IGNORECASE,
)
_PRAISE = re.compile(
    r"\b(?:correct(?:ly)?|accurate(?:ly)?|good|great|excellent|clear(?:ly|er)?|better|best|helpful|useful|thorough\w*|complete(?:ly)?|"
    r"comprehensive\w*|well|nice\w*|elegant\w*|concise\w*|engaging|strong\w*|proper(?:ly)?|succe\w+|appropriate\w*|precise\w*|rich\w*|"
    r"follows|respects|keeps|preserves|includes|provides|handles|explains|satisfies|meets|covers|vivid\w*|consistent\w*|robust\w*|impressive|"
    r"correct[oa]s?|clar[oa]s?|mejor|buen[oa]?s?|incluye|richtig\w*|korrekt\w*|besser\w*|gut\w*|klar\w*)\b"
    r"|正确|准确|清晰|更好|详细|优秀|完整|合适|自然",
    re.IGNORECASE,
)
_NEGATED_PRAISE = re.compile(
    r"(?:\bnot?\b|n['’]t\b|\bnever\b|\bfails? to\b|\bwithout\b|\bno\b|\bnicht\b|\bsin\b|\bless\b)\s+(?:\w+\s+){0,2}$",
    re.IGNORECASE,
)

_NUMBER = re.compile(r"(?<![\w.,])[-−]?\d+(?:[.,]\d+)*")
_NUMBER_WORDS = {
    word: str(value)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve",
        "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
    )
    for value, word in enumerate(words.split())
    if word not in ("one", "uno", "once", "null")
}
_QUOTED = re.compile(r"[\"“”„«»「」『』`]([^\"“”„«»「」『』`]{2,60})[\"“”„«»「」『』`]|(?<!\w)'([^']{2,60})'(?!\w)")
_IDENTIFIER = re.compile(r"\b[A-Za-z_]\w*(?:_\w+|\(\)|\.\w+\(\))|\b[a-z]+[A-Z]\w*")
_WORD = re.compile(r"\w+")
_WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+")


@dataclass(frozen=True, slots=True)
class Item:
    """Features of one checklist item."""

    sides: tuple[int, ...]
    """Responses it names (1, 2), the first one mentioned first."""
    tone: int
    """-1 blame, 1 praise, 0 neither."""
    numbers: frozenset[str]
    names: frozenset[str]
    """Quoted text and code identifiers, in lower case."""
    grams: Counter[str]
    """Character n-grams of the text without the sides."""


def look(text: str) -> Item:
    """Read the features of an item."""
    sides, rest = _take_out_sides(unicodedata.normalize("NFKC", text))
    folded = rest.casefold()
    return Item(sides, _tone(folded), _numbers(folded), _names(rest), n_grams(folded))


def _take_out_sides(text: str) -> tuple[tuple[int, ...], str]:
    places: list[tuple[int, int]] = []
    article = {match.start() + match[0].index("A") for match in _ARTICLE.finditer(text)}
    for patterns in (_SIDES, _BARE):
        for side, pattern in patterns.items():
            pieces, end = [], 0
            for match in pattern.finditer(text):
                if patterns is _BARE and match.start() in article:
                    continue
                places.append((match.start(), side))
                # Blanks keep every other place where it was.
                pieces.append(text[end : match.start()] + " " * len(match[0]))
                end = match.end()
            text = "".join(pieces) + text[end:]
    return tuple(dict.fromkeys(side for _, side in sorted(places))), text


def _tone(folded: str) -> int:
    blame = bool(_BLAME.search(folded))
    praise = any(
        not _NEGATED_PRAISE.search(folded[max(0, match.start() - 30) : match.start()])
        for match in _PRAISE.finditer(folded)
    )
    # Words of both kinds are no evidence: "the right year is 1453" may blame.
    return praise - blame


def _numbers(folded: str) -> frozenset[str]:
    digits = {match[0].replace(",", ".").rstrip(".") for match in _NUMBER.finditer(folded)}
    words = {_NUMBER_WORDS[word] for word in _WORD.findall(folded) if word in _NUMBER_WORDS}
    return frozenset(digits | words)


def _names(text: str) -> frozenset[str]:
    quoted = {(first or second).casefold().strip(" .,:;") for first, second in _QUOTED.findall(text)}
    return frozenset(quoted | {match[0].casefold().removesuffix("()") for match in _IDENTIFIER.finditer(text)})


def n_grams(folded: str) -> Counter[str]:
    """Count 3- to 5-grams within words (padded by one blank), 1- to 3-grams of scripts that have no spaces."""
    grams: Counter[str] = Counter()
    for run in _WIDE.findall(folded):
        grams.update(run[i : i + n] for n in (1, 2, 3) for i in range(len(run) - n + 1))
    for word in _WORD.findall(_WIDE.sub(" ", folded)):
        padded = f" {word} "
        grams.update(padded[i : i + n] for n in (3, 4, 5) for i in range(len(padded) - n + 1))
        if len(padded) == 3:
            grams[padded] += 1  # a word of one letter has only this n-gram
    return grams
