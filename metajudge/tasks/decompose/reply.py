"""Parse a decomposer's reply into a human checklist.

The grammar, between `<RESULT_START>` and `<RESULT_END>`: a line `CLAIM_COUNT=n`, a line `CLAIMS:` with lines
`- C1: …` to `- Cn: …`, a line `IGNORED_SUMMARY:` with lines `- … (Reason: …)`. A point or entry may continue over
several lines.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from metajudge.text import ParseFailure, result_block, to_half_width

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
    rf"[\s\u200e\u200f\ufeff]*{_BULLET}?(?P<open>[*_`]{{0,3}})C(?P<number>\d{{1,4}})(?P<shut>[*_`]{{0,3}})\s*:(?P<text>.*)",
    re.DOTALL,
)
_ENTRY = re.compile(rf"[\s\u200e\u200f\ufeff]*{_BULLET}(?P<text>.*)", re.DOTALL)
_REASON = re.compile(rf"(?<![^\W_])Reason{_GAP}:{_GAP}", re.IGNORECASE)
_NOTHING = {"", "none", "nothing", "na", "nil"}
_FENCE = re.compile(r"\s*```\w*\s*")
_TELLING = re.compile(r"CLAIM\\?[_ ]COUNT|IGNORED\\?[_ ]SUMMARY|(?<![^\W_])C\d", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Ignored:
    """A statement of the annotators that the checklist leaves out."""

    text: str
    reason: str
    """Reason for leaving it out; empty if the reply gives none."""


@dataclass(frozen=True, slots=True)
class Claims:
    """The single points that a row's annotators made."""

    items: tuple[str, ...]
    """Points C1 to Cn, white space folded; none if nothing concrete was said."""
    ignored: tuple[Ignored, ...]


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
    items = _items(claim_lines)
    if isinstance(items, ParseFailure):
        return items
    if len(items) != count:
        return ParseFailure(f"CLAIM_COUNT is {count} but the points are {len(items)}")
    ignored = tuple(_ignored(ignored_lines))
    if not items and not any(entry.reason for entry in ignored):
        return ParseFailure("no points and no reason for it")
    return Claims(items, ignored)


# ------------------------------------------------------------------ its lines


def _lines(block: str) -> list[str]:
    """Return the lines of a block, without a code fence round the whole."""
    lines = block.replace("\r\n", "\n").replace("\r", "\n").strip().split("\n")
    fenced = len(lines) > 1 and _FENCE.fullmatch(lines[0]) and _FENCE.fullmatch(lines[-1])
    return lines[1:-1] if fenced else lines


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
    if any(line.strip() for line in [*lines[:count], *lines[count + 1 : claims]]):
        return ParseFailure("text between CLAIM_COUNT and CLAIMS")
    return (
        int(number["rest"]),
        [_rest(lines[claims], first), *lines[claims + 1 : ignored]],
        [_rest(lines[ignored], entry), *lines[ignored + 1 :]],
    )


def _rest(line: str, heading: re.Match[str]) -> str:
    return re.sub(r"^[\s*_`]+$", "", line[heading.start("rest") :])


def _items(lines: Sequence[str]) -> tuple[str, ...] | ParseFailure:
    """Return the points in order; a line that begins no point continues the one before."""
    items: list[str] = []
    for line in lines:
        found = _CLAIM.fullmatch(to_half_width(line))
        if found is None:
            if items:
                items[-1] += f" {line}"
            elif not _says_nothing(line):
                return ParseFailure("text before C1")
            continue
        number = int(found["number"])
        if number != len(items) + 1:
            return ParseFailure(f"C{number} is in the place of C{len(items) + 1}")
        items.append(_without_emphasis(line[found.start("text") :], found["open"], found["shut"]))
    folded = tuple(" ".join(item.split()) for item in items)
    if "" in folded:
        return ParseFailure(f"C{folded.index('') + 1} is empty")
    return folded


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
    return (_entry(" ".join(entry.split())) for entry in entries if not _says_nothing(entry))


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
