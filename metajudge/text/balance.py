"""The response that reasons speak for, by their words: a rough reading that leaves most reasons undecided.

A reason has a side if it names one response and only praises or only blames it. The words see no irony and no weight.
"""

import re
from collections.abc import Iterable

from metajudge.text.response_names import named_responses

_FAULT = re.compile(
    r"\b(?:incorrect|inaccura|wrong|erroneous|errors?\b|mistake|fail|miss(?:es|ed|ing)\b|lack|omit|omission|forg[eo]t|ignor|"
    r"overlook|mislead|incomplete|unclear|confus|unnecessar|irrelevant|violat|breaks?\b|broken?\b|flaw|inconsisten|"
    r"contradict|verbose|wordy|redundan|vague|mis(?:interpret|calculat|understand|appl|identif|stat)|invalid|hallucinat|"
    r"fabricat|invent|worse|weaker|poor|superficial|shallow|bugs?\b|crash|undermin|diminish|detract|less\b|insufficien|"
    r"neglect|unsupported|untrue|false|too\b|never\b|n['’]t\b|not\b|cannot\b|without\b|no\b|neither\b)",
)
_MERIT = re.compile(
    r"\b(?:correct|accurate|right\b|clear|complete|thorough|concise|helpful|better|stronger|best\b|precise|comprehensive|"
    r"logical|effective|detailed|relevant|adhere|follows|structured|organi[sz]ed|valid\b|efficient|good\b|excellent|"
    r"strong\b|useful|proper|covers|explains)",
)
_LEAST = 2
"""Reasons with a side that a balance needs."""


def favoured_response(reason: str) -> int:
    """Return -1 if a reason speaks for response A, 1 for B, 0 if its words do not say."""
    plain = reason.lower()
    is_fault, is_merit = bool(_FAULT.search(plain)), bool(_MERIT.search(plain))
    if is_fault == is_merit or len(names := named_responses(reason)) != 1:
        return 0
    return -1 if ("A" in names) == is_merit else 1


def balance(reasons: Iterable[str]) -> int:
    """Return -1 if all reasons that have a side speak for response A, 1 for B; 0 if they differ or are fewer than 2."""
    first, count = 0, 0
    for side in map(favoured_response, reasons):
        if side * first < 0:
            return 0
        first, count = first or side, count + abs(side)
    return first if count >= _LEAST else 0


def contradicts(verdict: int, reasons: Iterable[str]) -> bool:
    """Return whether a verdict prefers the response against which all reasons with a side speak.

    `verdict`: negative for response A, positive for B; a tie contradicts nothing.
    """
    return verdict * balance(reasons) < 0
