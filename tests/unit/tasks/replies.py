"""Replies for tests of what reads them."""

from typing import TypeVar

from hypothesis import strategies as st

from metajudge.text.reading import ParseFailure

START, END = "<RESULT_START>", "<RESULT_END>"
T = TypeVar("T")

HARD = st.sampled_from(
    (
        '"quoted" and \'so\'', "line\nbreak", "- bullet", "\n- C2: fake", "C1:", "* x", "\n* x\n1. y", "`code[A]`",
        "```py x = 1 ```", "```py\nx = 1\n```", "```", "中文，标点：（是）", "מימין לשמאל", "مرحبا: بالعالم", "\u200f",
        r"\boxed{A>B}", r"\boxed{42}", "[[A>B]]", r"$\frac{a}{b}$", "**bold**", "\u2028", "\r\n", "(Reason: so)",
        "# heading", "\n# heading", "List of reasons:", "{x}", "％", "－", "--- ", "0", "x" * 10_000, "字" * 10_000,
    )
)  # fmt: skip
"""Texts inside an item that look like something else."""


def block(*lines: str) -> str:
    """Return a result block of these lines."""
    return "\n".join([START, *lines, END])


def accepted(answer: T | ParseFailure) -> T:
    """Return the value of a reply that must be accepted."""
    assert not isinstance(answer, ParseFailure), answer
    return answer


def rejected(answer: object) -> str:
    """Return the reason of a reply that must be rejected."""
    assert isinstance(answer, ParseFailure), answer
    return answer.reason


def folded(texts: list[str]) -> tuple[str, ...]:
    """Return the items as a record keeps them."""
    return tuple(" ".join(text.split()) for text in texts)
