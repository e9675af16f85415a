"""Parse a decomposer's reply into a human checklist.

The grammar, between `<RESULT_START>` and `<RESULT_END>`: a line `CLAIM_COUNT=n`, a line `CLAIMS:` with lines
`- C1: …` to `- Cn: …`, a line `IGNORED_SUMMARY:` with lines `- … (Reason: …)`. A point or entry may continue over
several lines. Rules, fences, headings and comments between the points are skipped; other lines that may not belong to
a point are left out of it and named.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metajudge.text import ParseFailure, indentation, result_block, to_half_width

# Before a line's own words: blanks, marks of writing direction, emphasis and heading marks.
_LEAD = r"[\s\u200e\u200f\ufeff*_`#>]*"
_GAP = r"[\s*_`]*"
_HEADINGS = {
    "CLAIM_COUNT": re.compile(
        rf"{_LEAD}CLAIM\\?[_ ]COUNT{_GAP}[=:]{_GAP}(?P<rest>\d{{1,4}})[\s*_`.,;]*", re.IGNORECASE
    ),
    "CLAIMS": re.compile(rf"{_LEAD}CLAIMS{_GAP}:(?P<rest>.*)", re.IGNORECASE | re.DOTALL),
    "IGNORED_SUMMARY": re.compile(rf"{_LEAD}IGNORED\\?[_ ]SUMMARY{_GAP}:(?P<rest>.*)", re.IGNORECASE | re.DOTALL),
}
_BULLET = r"(?:[-•–—‣◦▪●·]\s*|\*\s+|\d{1,3}[.)]\s+)"
_CLAIM = re.compile(
    rf"[\s\u200e\u200f\ufeff]*(?:#{{1,6}}\s+)?{_BULLET}?(?:\[[ xX]?\]\s*)?"
    rf"(?P<open>[*_`]{{0,3}})C(?P<number>\d{{1,4}})(?P<shut>[*_`]{{0,3}})\s*:(?P<text>.*)",
    re.DOTALL,
)
_ENTRY = re.compile(rf"[\s\u200e\u200f\ufeff]*{_BULLET}(?P<text>.*)", re.DOTALL)
_REASON = re.compile(rf"(?<![^\W_])Reason{_GAP}:{_GAP}", re.IGNORECASE)
_NOTHING = {"", "none", "nothing", "na", "nil"}
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[\w+-]*\s*")
# Rules, rules of tables, empty bullets and blank lines.
_RULE = re.compile(r"[\s\-*_=~•·–—―|:+.…>]*")
_HEADING = re.compile(r"#{1,6}(?:\s.*)?|#{2,6}.*|<h[1-6]\b.*", re.IGNORECASE)
_TITLE = re.compile(r"(\*\*|__)(?:(?!\1).){1,60}(?<![.!?])\1|.*:[*_]{0,3}")
# "Response 1", "Claims about Response B", "Annotator 2's feedback": the subject of the points below, no point.
_KINDS = r"(?:claims?|points?|faults?|issues?|problems?|errors?|weaknesses|flaws?|feedback|comments?|statements?)"
_SUBJECT = re.compile(
    rf"(?:{_KINDS} )?(?:(?:about|for|on|of|in|with|against|from|by|regarding|concerning) )?@?(?:the )?"
    rf"(?:(?:response|answer|assistant|annotator|model|option|output) ?#?(?:\d|[a-d]|one|two)|"
    rf"(?:both|first|second|all) (?:responses?|answers?|annotators?)|(?:回复|回答|答案|响应) ?[12ab一二])"
    rf"(?: ?['’]s)?(?: {_KINDS})?",
    re.IGNORECASE,
)
# Only as a line or at the end of one: a comment inside a sentence is what the point speaks of.
_COMMENT = re.compile(r"<!--(?:(?!-->).)*-->[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN_COMMENT = re.compile(r"^[ \t]*<!--", re.MULTILINE)
_TABLE_CLAIM = re.compile(r"\s*\|\s*[*_`]{0,3}(C\d{1,4})[*_`]{0,3}\s*\|([^|]+)\|\s*")
# Lettered lines, notes, brackets, emphasis, quotations and rows of tables may be about the point above but do not
# continue it.
_ASIDE = re.compile(
    r"\(.*\)|\[.*\]|[>|→➜⇒➡✓✔✗✘✅❌👉⚠🔹🔸※].*|[-=]>.*|<[!/\w].*|[*_].*[*_]|"
    r"(?:\(?(?:[a-z]|[ivx]{1,4}|\d{1,3})[.)]|[①-⑳]|c\d+[a-z.\d]*[.:)]|\d+\.\d+[.:)])\s.*|"
    r"[*_]{0,3}(?:(?-i:[A-Z])\w*(?: \w+){0,2}[*_]{0,3}:|note\b|n\.?b\.|annotators?\b|[注备说]).*",
    re.DOTALL | re.IGNORECASE,
)
_ONLY_A_NOTE = re.compile(r"[*_(]{0,3}note\s*[:：]|\((?:no|none|nothing)\b.*\)\Z", re.IGNORECASE)
_TELLING = re.compile(r"CLAIM\\?[_ ]COUNT|IGNORED\\?[_ ]SUMMARY|(?<![^\W_])C\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A statement of the annotators that the checklist leaves out."""

    text: str
    reason: str
    """Reason for leaving it out; empty if the reply gives none."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Text among the points that is neither a numbered point nor surely a part of one."""

    item: int
    """Number of the point above it, from 1."""
    text: str


@dataclass(frozen=True, slots=True)
class Claims:
    """The single points that a row's annotators made."""

    items: tuple[str, ...]
    """Points C1 to Cn, white space folded; none if nothing concrete was said."""
    ignored: tuple[Ignored, ...]
    left_out: tuple[LeftOut, ...] = ()
    """Sub-bullets, notes and the like, in order: a person should check the points above them."""


def read_claims(text: str, *, complete: bool = True) -> Claims | ParseFailure:
    """Read the points C1 to Cn and the ignored texts of a complete block; CLAIM_COUNT must be the number of points.

    Repairs bullets, emphasis, full-width punctuation and a missing closing tag. An empty list needs a reason.
    `complete`: it is known that the model ended its reply; else the block must be closed.
    """
    block = result_block(text, _TELLING, complete=complete)
    if isinstance(block, ParseFailure):
        return block
    sections = _sections(_lines(block))
    if isinstance(sections, ParseFailure):
        return sections
    count, claim_lines, ignored_lines = sections
    read = _points(claim_lines)
    if isinstance(read, ParseFailure):
        return read
    items, left_out = read
    while len(items) > count and _says_nothing(items[-1]):  # "- C3:", "- C1: none"
        items = items[:-1]
    if problem := _problem(items, left_out, count):
        return ParseFailure(problem)
    ignored = tuple(_ignored(ignored_lines))
    if not items and not any(entry.reason for entry in ignored):
        return ParseFailure("no points and no reason for it")
    return Claims(items, ignored, left_out)


def _problem(items: Sequence[str], left_out: Sequence[LeftOut], count: int) -> str:
    """Return the reason against a list of points; empty if there is none."""
    if len(items) != count:
        return f"CLAIM_COUNT is {count} but the points are {len(items)}"
    for number, item in enumerate(items, 1):
        if _says_nothing(item):
            return f"C{number} is empty"
        if _ONLY_A_NOTE.match(item):
            return f"C{number} is only a note"
        if _is_subject(item):
            return f"C{number} is only a heading"
        if item.endswith((":", "：")) and any(text.item == number for text in left_out):
            return f"C{number} ends in a colon: what it names is not on its line"
    return ""


# ------------------------------------------------------------------ its lines


def _lines(block: str) -> list[str]:
    return _without_comments(block.replace("\r\n", "\n").replace("\r", "\n")).split("\n")


def _without_comments(block: str) -> str:
    """Remove comments that begin a line or follow a blank, to the end of their last line."""
    kept, place = [], 0
    for found in _COMMENT.finditer(block):
        before = block[place : found.start()]
        if not before or before[-1] in " \t\n":
            kept.append(before.rstrip(" \t"))
            place = found.end()
    return "".join([*kept, block[place:]])


def _sections(lines: Sequence[str]) -> tuple[int, list[str], list[str]] | ParseFailure:
    """Return the count, the lines of the points and the lines of the ignored texts."""
    headings = []
    for name, pattern in _HEADINGS.items():
        found = [
            (place, match) for place, line in enumerate(lines) if (match := pattern.fullmatch(to_half_width(line)))
        ]
        if len(found) != 1:
            return ParseFailure(f"{name} occurs {len(found)} times" if found else f"no {name} line")
        headings += found
    (count, number), (claims, first), (ignored, entry) = headings
    if not count < claims < ignored:
        return ParseFailure("CLAIM_COUNT, CLAIMS and IGNORED_SUMMARY are not in this order")
    if not all(_is_mark(line) for line in [*lines[:count], *lines[count + 1 : claims]]):
        return ParseFailure("text between CLAIM_COUNT and CLAIMS")
    return (
        int(number["rest"]),
        [_rest(lines[claims], first), *lines[claims + 1 : ignored]],
        [_rest(lines[ignored], entry), *(line for line in lines[ignored + 1 :] if not _is_mark(line))],
    )


def _is_mark(line: str) -> bool:
    """Return whether a line is blank, a rule, a fence or a Markdown heading."""
    text = line.strip()
    return any(pattern.fullmatch(text) for pattern in (_RULE, _FENCE, _HEADING))


def _rest(line: str, heading: re.Match[str]) -> str:
    return re.sub(r"^[\s*_`]+$", "", line[heading.start("rest") :])


# ------------------------------------------------------------------ the points


def _points(lines: Sequence[str]) -> tuple[tuple[str, ...], tuple[LeftOut, ...]] | ParseFailure:
    """Return the points in order, white space folded, and the texts among them that are left out."""
    if any(map(_OPEN_COMMENT.match, lines)):
        return ParseFailure("a comment that does not end")
    plain = _without_fences([_row_as_point(line) for line in lines])
    if plain is None:
        return ParseFailure("a code block among the points")
    items: list[str] = []
    others: list[LeftOut] = []
    indent, is_open = 0, False
    for place, line in enumerate(plain):
        if found := _CLAIM.fullmatch(to_half_width(line)):
            if int(found["number"]) != len(items) + 1:
                return ParseFailure(f"C{found['number']} is in the place of C{len(items) + 1}")
            items.append(_without_emphasis(line[found.start("text") :], found["open"], found["shut"]))
            indent, is_open = indentation(line), True
        elif _is_mark(line) or _is_title(plain, place) or _says_nothing(line):
            is_open = is_open and not line.strip()
        elif is_open and _goes_on(line, items[-1], plain[place - 1], indent):
            items[-1] += f" {line}"
        elif not items:
            return ParseFailure("text before C1")
        else:
            _leave_out(others, LeftOut(len(items), line), goes_on=not is_open and bool(plain[place - 1].strip()))
            is_open = False
    return tuple(map(_fold, items)), tuple(LeftOut(one.item, _fold(one.text)) for one in others)


def _row_as_point(line: str) -> str:
    """Return `| C1 | text |` as `C1: text`, any other line unchanged."""
    found = _TABLE_CLAIM.fullmatch(line)
    return f"{found[1]}:{found[2]}" if found else line


def _fold(text: str) -> str:
    return " ".join(text.split())


def _without_fences(lines: Sequence[str]) -> list[str] | None:
    """Return the lines with blank ones for the fences round points; None if a fence holds something else."""
    kept, open_fences = list(lines), dict[int, int]()
    for place, line in enumerate(lines):
        if not _FENCE.fullmatch(line):
            if open_fences and line.count("```") == 1 and line.rstrip().endswith("```"):  # behind the last point
                kept[place] = line.rstrip().removesuffix("```")
                open_fences.clear()
            continue
        kept[place] = ""
        begin = open_fences.pop(indentation(line), None)
        if begin is None:
            open_fences[indentation(line)] = place
            continue
        inside = lines[begin + 1 : place]
        if not all(map(_is_mark, inside)) and not any(_CLAIM.fullmatch(to_half_width(one)) for one in inside):
            return None
    return kept


def _is_title(lines: Sequence[str], place: int) -> bool:
    """Return whether a line is surely a title of the points below it, or of a table's columns."""
    text = to_half_width(lines[place]).strip()
    if _is_subject(text):
        return True
    if text.startswith("|"):
        return _RULE.fullmatch("".join(lines[place + 1 : place + 2]) or "x") is not None
    below = next((one for one in lines[place + 1 :] if not _is_mark(one)), "")
    may_go_on = indentation(lines[place]) > 0 or (
        place > 0 and lines[place - 1].strip() and text.lstrip("*_")[:1].islower()
    )
    return not may_go_on and bool(_TITLE.fullmatch(text) and _CLAIM.fullmatch(to_half_width(below)))


def _from_letter_to_letter(text: str) -> str:
    """Return the text from its first letter to its last letter or digit; a pattern would take quadratic time."""
    first = re.search(r"[^\W\d_]", text)
    ends = [found.end() for found in re.finditer(r"[^\W_]+", text)]
    return text[first.start() : ends[-1]] if first else ""


def _is_subject(text: str) -> bool:
    words = _from_letter_to_letter(re.sub(r"<[^<>]*>", " ", text))
    return _SUBJECT.fullmatch(_fold(words)) is not None


def _goes_on(line: str, point: str, before: str, indent: int) -> bool:
    """Return whether a line continues the point: plain text that is indented, or a sentence that did not end."""
    text = to_half_width(line.strip())
    if _ENTRY.fullmatch(text) or _ASIDE.fullmatch(text):
        return False
    if indentation(line) > indent:
        return True
    return bool(before.strip()) and text[0].islower() and not text.endswith(":") and point.rstrip()[-1:] not in ".!?"


def _leave_out(others: list[LeftOut], new: LeftOut, goes_on: bool) -> None:
    if goes_on and others and others[-1].item == new.item:
        new = LeftOut(new.item, f"{others.pop().text} {new.text}")
    others.append(new)


def _without_emphasis(text: str, opening: str, shut: str) -> str:
    """Return the text behind `**C1:`, without the end of the emphasis that began before it."""
    if not opening or shut:
        return text
    closing = opening[::-1]
    return text[len(closing) :] if text.startswith(closing) else text.rstrip().removesuffix(closing)


def _ignored(lines: Sequence[str]) -> Iterator[Ignored]:
    entries: list[str] = []
    for line in lines:
        found = _ENTRY.fullmatch(to_half_width(line))
        if entries and not found:
            entries[-1] += f" {line}"
        else:
            entries.append(line[found.start("text") :] if found else line)
    return (_entry(_fold(entry)) for entry in entries if not _says_nothing(entry))


def _says_nothing(text: str) -> bool:
    return re.sub(r"\W+", "", text).lower() in _NOTHING


def _entry(text: str) -> Ignored:
    """Split an entry from its reason: the last brackets, or the whole entry if it begins with "Reason:"."""
    plain = to_half_width(text)
    for found in reversed(list(_REASON.finditer(plain))):
        before = plain[: found.start()].rstrip(" *_`")
        reason = text[found.end() :].strip()
        if before.endswith("("):
            return Ignored(text[: len(before) - 1].strip(), re.sub(r"[)）][\s*_`.。]*$", "", reason).strip())
        if not before:
            return Ignored("", reason)
    return Ignored(text, "")
