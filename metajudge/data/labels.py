"""Verdicts: the response that a label prefers, of models' labels, gold labels and generated verdicts.

A verdict is -2 (A much better), -1 (A better), 0 (tie), 1 (B better) or 2 (B much better); Response 1 is A and
Response 2 is B. The sign agrees with `overall_preference` of the data, whose -3..3 is negative where A is better.
"""

import html
import itertools
import math
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import Any

from metajudge.errors import UsageError

CHOICE, SIGNED = "choice", "signed"
SCALES = (CHOICE, SIGNED)

_A, _B = (rf"(?:(?:response |assistant |answer )?(?:{names}))" for names in ("a|1", "b|2"))
_BARE = r"(?!\d+$)"  # a number alone is no spelling, because its scale has to be known
# One spelling per line, matched against the whole unwrapped label.
_SPELLINGS: Mapping[re.Pattern[str], int] = {re.compile(r"tie|tied|draw|equal|same|neither|both|c"): 0} | {
    re.compile(pattern): side * strength
    for side, x, y in ((-1, _A, _B), (1, _B, _A))
    for pattern, strength in (
        (rf"{x} ?(?:>|\\gt) ?{y}", 1),
        (rf"{x} ?(?:<|\\lt) ?{y}", -1),
        (rf"{x} ?(?:>{{2,3}}|≫|»|⋙|\\gg) ?{y}", 2),
        (rf"{x} ?(?:<{{2,3}}|≪|«|⋘|\\ll) ?{y}", -2),
        (rf"{x} ?(?:=|==|~|≈|\\approx|\\sim) ?{y}", 0),
        (rf"{_BARE}{x}(?:(?: is)? better)?", 1),
        (rf"{x} is much better", 2),
    )
}
_NUMBER = re.compile(r"([+-]?\d{1,9})(?:\.0*)?[ .:;,!]*")
_LARGEST = 1e9
_BOXED = re.compile(r"\\boxed\s*\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}")
_DOUBLE_BRACKETS = re.compile(r"\[\[((?:(?!\[\[).)*?)\]\]", re.DOTALL)
_NAME_ALONE = re.compile(rf"{_A}|{_B}|c")
"""Also an answer to a multiple-choice question, so any comparison is preferred to it."""
_WRAPPED = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\s*\{([^{}]*)\}")


def parse_verdict(text: str) -> int | None:
    """Return the verdict of a text; None if it is unclear.

    The last `\\boxed{…}` or `[[…]]` that compares the two responses counts, else the last one that names a response,
    else the last one; without any, the whole text must be a spelling. A number alone is unclear; `Labels` reads it once
    its scale is known.
    """
    return _spelled(_marked(text))


def _spelled(plain: str) -> int | None:
    plain = _trimmed(plain)
    return next((verdict for pattern, verdict in _SPELLINGS.items() if pattern.fullmatch(plain)), None)


def _trimmed(plain: str) -> str:
    return plain.rstrip(" .:;,!").lstrip(" .:;,").removeprefix("the ").strip()


def _marked(text: str) -> str:
    """Return the part of a text that is marked as the verdict, as `_unwrapped` does."""
    found = itertools.chain(_BOXED.finditer(text), _DOUBLE_BRACKETS.finditer(text))  # brackets may be in a box
    marks = [_unwrapped(one[1]) for one in sorted(found, key=re.Match.start)]
    named = [mark for mark in marks if _spelled(mark) is not None]
    comparing = [mark for mark in named if not _NAME_ALONE.fullmatch(_trimmed(mark))]
    return (comparing or named or marks or [_unwrapped(text)])[-1]


def _unwrapped(text: str) -> str:
    """Return a text in lower case, without wrappers and emphasis, with single spaces."""
    # NFKC keeps the double signs as single letters, and turns full-width forms into ASCII.
    text = unicodedata.normalize("NFKC", html.unescape(text)).lower()
    text = _WRAPPED.sub(r"\1", text)
    text = re.sub(r"[\s$*_`\"'“”‘’()\[\]{}]+", " ", text)
    return re.sub(r"(?<=[><=≫≪«»~≈]) (?=[><=])", "", text).strip()


class Labels:
    """Reads the labels of one file, whose numbers have one scale."""

    def __init__(self, values: Iterable[Any], name: str, scale: str | None = None) -> None:
        """Find the scale of all labels of a file; `name`: their name in messages; `scale`: one of `SCALES`.

        Without `scale`, numbers are signed preferences if one of -3..-1, 0 or 3 occurs; else raises `UsageError`.
        """
        numbers = {number for value in values if (number := number_of(value)) is not None}
        self._scale = scale
        if scale is None and numbers:
            if not numbers & {-3.0, -2.0, -1.0, 0.0, 3.0}:
                shown = ", ".join(f"{number:g}" for number in sorted(numbers)[:3])
                raise UsageError(
                    f"{name} holds the numbers {shown}: say what they mean with `label_scale` choice (1 = Response 1, "
                    f"2 = Response 2) or `label_scale` signed (-3..3, negative = Response 1 better)"
                )
            self._scale = SIGNED

    def verdict(self, value: Any) -> int | None:
        """Return the verdict of a label; None if it is missing or unreadable."""
        number = number_of(value)
        if number is None:
            return parse_verdict(value) if isinstance(value, str) else None
        if self._scale == CHOICE:
            return {1.0: -1, 2.0: 1}.get(number)
        return signed_verdict(number)


def signed_verdict(number: object) -> int | None:
    """Return the verdict of a preference of -3..3; only the ends are "much better", anything else is None."""
    value = number_of(number)
    if value is None or not -3 <= value <= 3:
        return None
    return int(math.copysign(2 if abs(value) == 3 else 1, value)) if value else 0


def sign(verdict: int) -> int:
    """Return -1 = A, 0 = tie, 1 = B."""
    return (verdict > 0) - (verdict < 0)


def number_of(value: object) -> float | None:
    """Return the number of a label or preference, given as a number or as text; True and False are none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return float(value) if abs(value) < _LARGEST else None  # NaN, infinities, endless integers are no label
    found = _NUMBER.fullmatch(_marked(value)) if isinstance(value, str) else None
    return float(found[1]) if found else None
