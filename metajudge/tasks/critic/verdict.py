"""Find the verdict of a critic's lines: the one that is named, or else the box of the last line.

LaTeX, Markdown and fences round a verdict are skipped, also over several lines.
"""

import functools
import re
from collections import Counter
from collections.abc import Sequence

from metajudge.data import parse_verdict
from metajudge.text import ParseFailure, indentation, set_of, to_half_width

LABELS = {-2: "A>>B", -1: "A>B", 0: "A=B", 1: "B>A", 2: "B>>A"}

INVISIBLE = r"\u200e\u200f\ufeff"
WIDE = r"\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
NUMBER = r"\(?\d{1,3}[.)、]"
_MARKS = rf"[\s{INVISIBLE}*_`#>•-]*"
_COMMAND = r"(?<!\\)\\++(?:text[a-z]*|math[a-z]*|(?:sub)*section\*?|paragraph\*?|underline|emph|large|Large)\s*\{"
_GAP = r"[\s*_`}]*"
_VERDICT_LINE = re.compile(
    rf"{_MARKS}(?:{_COMMAND})?(?:{NUMBER}{_GAP})?(?:my\s+)?"
    rf"final\s+(?:assessment(?:\s+result)?|verdict|judge?ment|decision|result){_GAP}:(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)
_STATED = re.compile(rf"{_MARKS}my\s+final\s+(?:verdict|judge?ment|decision)\s+is\b.*", re.IGNORECASE | re.DOTALL)
_WORDED = re.compile(
    r"(?:\bfinal\s+(?:assessment(?:\s+result)?|verdict|judge?ment|decision|choice)|\bwinner)[\s*_`]*(?::|is\b)[\s*_`:]*"
    r"(?:the\s+)?(?P<name>(?:response|assistant)\s+[AB12])\b(?:\s+is\s+better)?[\s*_`.!]*\Z|"
    r"\[RESULT\]\s*(?P<letter>[AB])[\s*_`.]*\Z",
    re.IGNORECASE,
)
# Alone on a line, the title of what follows.
_VERDICT_TITLE = re.compile(
    r"(?:(?:my|the|final|overall|so|therefore|thus) )*(?:assessment(?: result)?|verdict|judge?ment|decision|result|"
    r"answer|conclusion|winner|preference|rating|choice|comparison|evaluation|ranking|summary|结论|最终评价|最终结果)"
    r"(?: is)?",
    re.IGNORECASE,
)
SEPARATION = re.compile(
    r"#{1,6}\s.*|#{2,6}\S.*|([-*_])(?:\s*\1){2,}|={3,}|[—–―]{3,}|(\*\*|__)(?:(?!\2).)+\2\s*:?|<h[1-6]\b.*",
    re.IGNORECASE,
)
_SPACED_RULE = re.compile(r"\s*([-*])(?:\s+\1){2,}\s*")


def item_pattern(behind_dash: str, behind_number: str, bullets: str = "", numbers: str = "") -> re.Pattern[str]:
    """Return the pattern of a bulleted or numbered line.

    `behind_dash`, `behind_number`: patterns of a text that may follow the sign without a space. `bullets`, `numbers`:
    further signs.
    """
    without_space = rf"(?<=[{numbers}])|" if numbers else ""
    return re.compile(
        rf"(?P<indent>[ \t{INVISIBLE}]*)(?:"
        rf"(?P<bullet>[-*•–—‣◦▪●·{bullets}])(?:\s+|(?<=[•{bullets}])|(?<=-)(?={behind_dash}))|"
        rf"(?P<open>[*_]{{0,3}})(?P<number>{NUMBER}{f'|[{numbers}]' if numbers else ''})(?P<shut>[*_]{{0,3}})"
        rf"(?:\s+|{without_space}(?=[{WIDE}{behind_number}]|\*\*))"
        r")(?P<text>.*)",
        re.DOTALL,
    )


# Around a verdict, a dash without a space begins a remark or the verdict itself.
_ITEM = item_pattern(r"[^\W\d_]", "")


def find_verdict(lines: Sequence[str]) -> tuple[int, int] | ParseFailure:
    """Return the number of the line behind the reasons, and the verdict: the named one, else the last line's box."""
    named = _named(lines) or _last(lines) or _stated(lines)
    if not named:
        return ParseFailure("no boxed verdict after the reasons")
    place, rest = named[0]
    if any(map(_is_item, lines[place + 1 :])):
        return ParseFailure("reasons after the verdict")
    if len(named) > 1:
        return ParseFailure("two verdicts")
    end = _end_of_reasons(lines, place)
    verdict = _one_verdict([rest], [*lines[end:place], *lines[place + 1 :]])
    return verdict if isinstance(verdict, ParseFailure) else (end, verdict)


def find_clear_verdict(lines: Sequence[str]) -> tuple[int, int, int] | ParseFailure:
    """Return the number of the line behind the reasons, that of the line behind the verdict, and the verdict.

    For texts that were asked for in another form: anything may follow the verdict, and it may occur more than once.
    Without a named verdict or a box in the last line, the only verdict in double brackets or boxes counts, else a
    response that is named as the final verdict. In double brackets a letter alone is a verdict, and C is a tie.
    Verdicts that differ are a failure, but beside one that is named the final one.
    """
    lines = [_TIE_BOX.sub("[[A=B]]", line) for line in lines]
    named, stated, bracketed = _named(lines), _stated(lines), _bracketed(lines)
    if not named and not stated and _differ(bracketed):
        return ParseFailure("two verdicts")
    named = sorted({*(named or _last(lines)), *stated}) or bracketed or _worded(lines)
    if not named:
        return ParseFailure("no boxed verdict")
    place = named[0][0]
    end = _end_of_reasons(lines, place)
    behind = [line for line in lines[place + 1 :] if not _is_item(line)]
    verdict = _one_verdict([rest for _, rest in named], [*lines[end:place], *behind])
    return verdict if isinstance(verdict, ParseFailure) else (end, place + 1, verdict)


def is_verdict_line(line: str) -> bool:
    """Return whether a line names or says the verdict."""
    return bool(_VERDICT_LINE.fullmatch(to_half_width(line)) or _STATED.fullmatch(line))


def without_verdict(line: str) -> str:
    """Return a line without its boxes that compare; "" if it says no more than a verdict."""
    rest = _BOX.sub(lambda box: "" if _comparing(_boxes(box[0])) or _LETTER_BOX.match(box[0]) else box[0], line)
    if rest == line and not is_verdict_line(line):
        return line
    return rest if set(re.findall(r"[^\W_]+", rest.lower())) - _VERDICT_WORDS else ""


def _one_verdict(named: Sequence[str], around: Sequence[str]) -> int | ParseFailure:
    """Return the one verdict of the texts that name it and of the boxes around them."""
    said = [box for rest in named for box in _boxes(rest) or [rest]]
    said += [box for line in around for box in _comparing(_boxes(line))]
    verdicts = [_verdict(box) for box in said]
    if len(set(verdicts)) > 1:
        return ParseFailure("two verdicts")
    if verdicts[0] is None:
        return ParseFailure(f"the verdict {said[0].strip()[:40]!r} is none of {', '.join(LABELS.values())}")
    if any(map(_is_mentioned, named)):
        return ParseFailure("a boxed verdict that is only mentioned")
    return verdicts[0]


def _named(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the verdicts after "Final assessment result:" and the like, with the numbers of their lines."""
    return [(number, rest) for number in range(len(lines)) if (rest := _named_verdict(lines, number))]


def _last(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the last line with words, if it has a box that compares and is no item."""
    last = next((number for number in reversed(range(len(lines))) if not _is_wrapping(lines[number])), 0)
    return [(last, lines[last])] if not _is_item(lines[last]) and _comparing(_boxes(lines[last])) else []


def _named_verdict(lines: Sequence[str], number: int) -> str:
    """Return the verdict after "Final assessment result:", on its line or the next; "" if there is none."""
    found = _VERDICT_LINE.fullmatch(to_half_width(lines[number]))
    if found is None:
        return ""
    rest = lines[number][found.start("rest") :]
    if _is_wrapping(rest):
        rest = next((line for line in lines[number + 1 :] if not _is_wrapping(line)), "")
        if _is_item(rest) or _VERDICT_LINE.fullmatch(to_half_width(rest)):
            return ""
    if _is_open(rest):
        return ""
    return rest if _boxes(rest) or (_comparing([rest]) and _verdict(rest) is not None) else ""


def _stated(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the lines such as "My final verdict is Assistant A is better: [[A>B]]", with their numbers."""
    return [(number, line) for number, line in enumerate(lines) if _STATED.fullmatch(line) and _comparing(_boxes(line))]


def _differ(bracketed: Sequence[tuple[int, str]]) -> bool:
    """Return whether boxes say different verdicts; a line with several boxes may list what can be said."""
    counts = Counter(number for number, _ in bracketed)
    said = {_verdict(box) for number, box in bracketed if counts[number] == 1}
    return len(said - {None}) > 1


def _worded(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the verdicts such as "The final decision is Response 1" and "[RESULT] A", with their lines' numbers."""
    found = ((number, _WORDED.search(line)) for number, line in enumerate(lines))
    return [(number, one["name"] or f"Response {one['letter']}") for number, one in found if one]


def _bracketed(lines: Sequence[str]) -> list[tuple[int, str]]:
    """Return the lines outside of items with a box that compares, or a letter in double brackets."""
    own = [(number, line) for number, line in enumerate(lines) if not _is_item(line) and not _is_mentioned(line)]
    comparing = [(number, box) for number, line in own for box in _comparing(_boxes(line))]
    return comparing or [(number, found[1]) for number, line in own for found in _LETTER_BOX.finditer(line)]


def _is_item(line: str) -> bool:
    return _ITEM.fullmatch(to_half_width(line)) is not None and not is_spaced_rule(line)


def is_spaced_rule(line: str) -> bool:
    """Return whether a line is a rule such as "- - -", which looks like a bulleted line."""
    return _SPACED_RULE.fullmatch(line) is not None


# ------------------------------------------------------------------ boxes


def _braced(depth: int) -> str:
    """Return the pattern of a text whose braces are balanced, at most `depth` in each other."""
    return rf"(?:[^{{}}]++|\{{{_braced(depth - 1)}\}})*+" if depth else r"[^{}]*+"


_BOX_BEGIN = re.compile(r"\b(?:boxed|f(?:rame)?box)\s*+\{")
_BOX = re.compile(rf"{_BOX_BEGIN.pattern}({_braced(4)})\}}|\[\[([^\[\]]*)\]\]")
_LETTER_BOX = re.compile(r"\[\[\s*([AB])\s*\]\]")
_VERDICT_WORDS = set_of(
    "my the a b c 1 2 i final overall verdict assessment result judgment judgement decision conclusion answer is it "
    "that assistant assistants response responses answers model both are slightly significantly much clearly better "
    "worse than best tie equal equally same similar relatively good so therefore thus hence in and"
)
"""Words of a sentence that says a verdict and no reason."""
_TIE_BOX = re.compile(r"\[\[\s*(?:C|[Tt]ie)\s*\]\]")
_LONGEST_BOX = 8
_RELATION = re.compile(r"[<>=~≫≪»«⋙⋘≈]|&[gl]t;")
_SIGNS = {
    ">>": re.compile(r"(?<!\\)\\++(?:ggg?|Gt)(?![A-Za-z])|⪼"),
    "<<": re.compile(r"(?<!\\)\\++(?:lll?|Lt)(?![A-Za-z])|⪻"),
    ">": re.compile(r"(?<!\\)\\++(?:succ|gt|textgreater)(?![A-Za-z])|≻"),
    "<": re.compile(r"(?<!\\)\\++(?:prec|lt|textless)(?![A-Za-z])|≺"),
    "=": re.compile(r"(?<!\\)\\++(?:approx|sim|simeq|cong|equiv|eq)(?![A-Za-z])|[≡≃≅]"),
}
_FORMAT = re.compile(
    r"\\++(?:begin|end)\s*\{[a-zA-Z]+\*?\}(?:\{[^{}]*\}|\[[^\[\]]*\])?|\\++(?:text)?color\s*\{[^{}]*\}|"
    r"\\++(?:[hv]space\*?|[hv]?phantom)\s*\{[^{}]*\}|"
    r"\\++(?:text[a-z]*|math[a-z]*|operatorname\*?|emph|underline|bm|boldsymbol|[mhf]box|boxed|verb|displaystyle|textstyle|"
    r"tiny|small|normalsize|[lL]arge|LARGE|[hH]uge|bf|it|rm|tt|sf|bfseries|ttfamily|centering|left|right|quad|qquad|"
    r"hfill|noindent)(?![A-Za-z])|\\++[;:,! ()\[\]]|\\{2,}|&(?!\w+;)|\|"
)
# Fences, tags, rules, delimiters of formulas and emphasis.
_AROUND = re.compile(
    r"(?:(?:`{3,}|~{3,})[\w+-]*|</?\w[^<>]*>|[-=—–―]{3,}|\\+[\[\]()]|[\s*_`$~{}&>#.\u200b\u200e\u200f\ufeff\\])*+"
)


def join_boxes(lines: Sequence[str]) -> list[str]:
    """Return the lines with each box that reaches over several of them on one line."""
    joined: list[str] = []
    place = 0
    while place < len(lines):
        text, end = lines[place], place + 1
        if _is_open(text):
            for last in range(place + 1, min(place + _LONGEST_BOX, len(lines))):
                if _is_item(lines[last]):
                    break
                longer = " ".join([lines[place], *(line.strip() for line in lines[place + 1 : last + 1])])
                if not _is_open(longer):
                    text, end = longer, last + 1
                    break
        joined.append(text)
        place = end
    return joined


def _is_open(line: str) -> bool:
    """Return whether the last box of a line has no end on it."""
    ends = [found.end() for found in _BOX_BEGIN.finditer(line)] if "box" in line else []
    return bool(ends) and line.count("}", ends[-1]) <= line.count("{", ends[-1])


def _boxes(line: str) -> list[str]:
    """Return the texts in `\\boxed{…}`, `\\fbox{…}` or `[[…]]`."""
    return [first or second for first, second in _BOX.findall(line)]


def _comparing(boxes: Sequence[str]) -> list[str]:
    """Return the boxes that compare: a letter alone may be the answer to the conversation's question."""
    return [box for box in boxes if _RELATION.search(_without_latex(to_half_width(box)))]


@functools.lru_cache(maxsize=256)  # there are few different ones, and each is compared with some twenty spellings
def _verdict(text: str) -> int | None:
    plain = _without_latex(text)
    # Some judges write "C" for a tie; here it may be the answer that the responses were asked for.
    return None if plain.strip(" \t*_`$.{}()").upper() == "C" else parse_verdict(plain)


def _without_latex(text: str) -> str:
    """Return a verdict with plain relation signs and without commands of format and space."""
    for sign, pattern in _SIGNS.items():
        text = pattern.sub(sign, text)
    text = _FORMAT.sub(" ", text)
    # A tilde is LaTeX's space where another sign compares.
    return text.replace("~", " ") if _RELATION.search(text.replace("~", "")) else text


def _is_wrapping(line: str) -> bool:
    """Return whether a line has no words: blank, a rule, a fence, or delimiters of a formula."""
    return _AROUND.fullmatch(_FORMAT.sub(" ", line)) is not None and not _is_open(line)


# ------------------------------------------------------------------ what is round a verdict

_NO_CHOICE = re.compile(
    r"(?:\b(?:not|never|cannot|than|instead of|such as|for example,?|like|either|whether|could|might|may)|"
    r"n['’]t|\be\.g\.,?)"
    r"(?:\s+(?:be|say|give|choose|call|it|write|a|an|as|the))*[\s*_`$\"'“(\[\\]*\Z",
    re.IGNORECASE,
)
_DOUBTED = re.compile(
    r"[\s*_`$\"'”)\]\\,]*(?:(?:would|could|might|may|if|unless|or|is not|isn['’]t|is wrong)\b|\?)", re.IGNORECASE
)
_NEAR = 60
_WITHIN = 3


def _is_mentioned(line: str) -> bool:
    """Return whether the words next to a line's first box say that it is no choice."""
    box = _BOX.search(line)
    if box is None:
        return False
    before = line[max(0, box.start() - _NEAR) : box.start()]
    return _NO_CHOICE.search(before) is not None or _DOUBTED.match(line, box.end()) is not None


def _end_of_reasons(lines: Sequence[str], place: int) -> int:
    """Return the number of the line behind the reasons: titles, rules and openings may lead to the verdict."""
    end = place
    for number in reversed(range(place)):
        if _is_item(lines[number]):
            break
        if not lines[number][:1].isspace() and _VERDICT_LINE.fullmatch(to_half_width(lines[number])):
            end = number
            break
    for number in reversed(range(end)):
        if lines[number].strip() and not _leads(lines, number, indentation(lines[place])):
            break
        end = number
    return end


def _leads(lines: Sequence[str], number: int, depth: int) -> bool:
    """Return whether a line before the verdict only leads to it: a title, a rule, the opening of a fence or formula.

    `depth`: indentation of the verdict; a line that is indented by four more is part of a reason.
    """
    text, deeper = to_half_width(lines[number]).strip(), indentation(lines[number]) - depth
    bare = re.sub(r"^[\W\d_]+|[\W_]+$", "", re.sub(rf"<[^<>]*>|{_COMMAND}", " ", text))
    if deeper > _WITHIN:
        return False
    if _VERDICT_TITLE.fullmatch(" ".join(bare.split())) or is_spaced_rule(text):
        return True
    if _is_item(text):
        return False
    if text in ("```", "~~~", "$$"):  # every second one closes what a reason opened
        return sum(text in line and line.count(text) % 2 for line in lines[: number + 1]) % 2 == 1
    if _is_wrapping(text):
        return not re.search(r"\\[\])]|\\end\b|^\}|</", text)
    if _comparing(_boxes(text)) and _is_wrapping(_BOX.sub("", text)):
        return True
    return deeper <= 0 and (SEPARATION.fullmatch(text) is not None or text.endswith(":"))
