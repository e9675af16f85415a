"""Parse a judge's reply into the class and the flaws of one reason.

The grammar, between `<RESULT_START>` and `<RESULT_END>`: a line `CLASS=EG`, a line `FLAWS=F4, F7` or `FLAWS=none`, and
for every claim lines `- F4@REASON: …` with words of the named text. A class or a flaw without the quotes that it needs,
or with one that does not hold, is not read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from metajudge.tasks.flaws.kinds import CLASS, CLASSES, FLAWS, FlawQuote, ItemFlaws
from metajudge.tasks.flaws.quotes import bare_quote, quote_problem
from metajudge.text import ParseFailure, result_block, to_half_width

_LEAD = r"[\s\u200e\u200f\ufeff*_`#>]*(?:[-•–][\s*_`]*)?"
_GAP = r"[\s*_`]*"
_CLASS = re.compile(rf"{_LEAD}CLASS{_GAP}[=:]{_GAP}(?P<value>EG|CG|GS)[\s*_`.,;]*", re.IGNORECASE)
_FLAWS = re.compile(rf"{_LEAD}FLAWS?{_GAP}[=:](?P<value>.*)", re.IGNORECASE)
_QUOTE = re.compile(
    rf"{_LEAD}(?P<tag>EG|CG|GS|F\d){_GAP}@{_GAP}(?P<source>[A-Z]+(?:[_ ][A-Z0-9]+)?){_GAP}:{_GAP}(?P<text>.*)",
    re.IGNORECASE,
)
_SKIPPED = re.compile(r"[\s\-*_=~`]*|`{3}\w*")
_TELLING = re.compile(r"\bCLASS\b|\bFLAWS?\b[\s*_`]*[=:]", re.IGNORECASE)
_NONE = {"", "none", "no", "na", "nil"}
_ONE_TEXT = ("F1", "F2", "F3", "F4", "F5")
_RESPONSES = {"A", "B"}


@dataclass(frozen=True, slots=True)
class _Claims:
    """Content of a reply."""

    kind: str
    flaws: tuple[str, ...]
    quotes: tuple[FlawQuote, ...]


def read_flaws(
    text: str, item: int, sources: Mapping[str, str], *, complete: bool = True, partly: bool = False
) -> ItemFlaws | ParseFailure:
    """Read class and flaws of reason `item`, whose quotes must be in `sources` (texts by name).

    `partly`: what lacks a quote that holds is unread; else the whole reply is refused. `complete`: it is known that the
    model ended its reply; else the block must be closed.
    """
    block = result_block(text, _TELLING, complete=complete)
    if isinstance(block, ParseFailure):
        return block
    claims = _claims(block.splitlines(), item, sources)
    if isinstance(claims, ParseFailure):
        return claims
    named = (*claims.flaws, *([claims.kind] if claims.kind == "EG" else []))
    quoted = (quote.tag for quote in claims.quotes)
    problems = {tag: _problem(tag, claims, sources) for tag in dict.fromkeys((*named, *quoted))}
    wrong = {tag: problem for tag, problem in problems.items() if problem}
    if wrong and not partly:
        return ParseFailure("; ".join(wrong.values()))
    unread_class = any(tag in CLASSES for tag in wrong)
    return ItemFlaws(
        item,
        None if unread_class else claims.kind,
        tuple(tag for tag in FLAWS if tag in claims.flaws and tag not in wrong),
        (*([CLASS] if unread_class else []), *(tag for tag in FLAWS if tag in wrong)),
        tuple(quote for quote in claims.quotes if quote.tag not in wrong),
    )


def _claims(lines: Sequence[str], item: int, sources: Mapping[str, str]) -> _Claims | ParseFailure:
    """Read the lines of a block; a line behind a quote, up to a blank one, continues it."""
    kinds, lists = set[str](), set[tuple[str, ...]]()
    quotes: list[tuple[str, str, str]] = []
    is_open = False
    for line in lines:
        plain = to_half_width(line)
        if found := _CLASS.fullmatch(plain):
            kinds.add(found["value"].upper())
        elif found := _FLAWS.fullmatch(plain):
            flaws = _flaws(found["value"])
            if isinstance(flaws, ParseFailure):
                return flaws
            lists.add(flaws)
        elif found := _QUOTE.fullmatch(plain):
            quotes.append((found["tag"].upper(), _source(found["source"], item), line[found.start("text") :]))
        elif is_open and line.strip() and not _SKIPPED.fullmatch(line):
            quotes[-1] = (*quotes[-1][:2], f"{quotes[-1][2]} {line}")
            continue
        is_open = found is not None and found.re is _QUOTE
    for name, values in (("CLASS", kinds), ("FLAWS", lists)):
        if len(values) != 1:
            return ParseFailure(f"{len(values)} different lines {name}=" if values else f"no line {name}=")
    read = (FlawQuote(tag, name, bare_quote(words, sources.get(name, ""))) for tag, name, words in quotes)
    return _Claims(kinds.pop(), lists.pop(), tuple(dict.fromkeys(read)))


def _flaws(value: str) -> tuple[str, ...] | ParseFailure:
    """Read the list of flaws; their names may follow them in brackets."""
    plain = re.sub(r"\([^()]*\)", " ", value)
    if re.sub(r"\W+", "", plain).lower() in _NONE:
        return () if value.strip(" *_`") else ParseFailure("an empty line FLAWS=")
    tags = [tag.upper() for tag in re.split(r"[\s,;*_`.+&\[\]]+", plain) if tag]
    wrong = next((tag for tag in tags if tag not in FLAWS), None)
    return ParseFailure(f"FLAWS names {wrong}") if wrong else tuple(tag for tag in FLAWS if tag in tags)


def _source(name: str, item: int) -> str:
    """Return the usual name of a quoted text; a reason under its number is `REASON`."""
    plain = name.upper().replace(" ", "_").removeprefix("RESPONSE_")
    return "REASON" if plain == f"REASON_{item}" else plain


def _problem(tag: str, claims: _Claims, sources: Mapping[str, str]) -> str:
    """Return why a class or a flaw is not read; empty if it is claimed and every quote that it needs holds."""
    own = [quote for quote in claims.quotes if quote.tag == tag]
    if tag not in (claims.kind, *claims.flaws):
        return f"{tag} is quoted but not claimed"
    for quote in own:
        if quote.source not in _allowed(tag, sources):
            return f"{tag} does not quote {quote.source}"
        if problem := quote_problem(quote.text, sources[quote.source]):
            return f"the quote {tag}@{quote.source} {problem}"
    given = {quote.source for quote in own}
    if tag == "EG" and not given:
        return "EG has no quote of a response"
    if tag in FLAWS and "REASON" not in given:
        return f"{tag} has no quote of the reason"
    return f"{tag} has no quote of a second text" if tag in ("F6", "F7") and len(given) < 2 else ""


def _allowed(tag: str, sources: Mapping[str, str]) -> set[str]:
    """Return the names of the texts that a tag may quote."""
    if tag in _ONE_TEXT:
        return {"REASON"}
    if tag in ("F6", "F7"):
        others = {name for name in sources if name.startswith("REASON_")} if tag == "F7" else set()
        return {"REASON", "VERDICT", *_RESPONSES} & sources.keys() | others
    return _RESPONSES if tag == "EG" else {*sources}
