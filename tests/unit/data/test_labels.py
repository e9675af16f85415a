"""Verdicts in every spelling, and numbers on a known scale."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.data.labels import CHOICE, SIGNED, Labels, parse_verdict, sign, signed_verdict
from metajudge.errors import UsageError


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("A>B", -1), ("A>>B", -2), ("A≫B", -2), ("A»B", -2), ("A<B", 1), ("A<<B", 2), ("A≪B", 2), ("A«B", 2),
        ("B>A", 1), ("B>>A", 2), ("B≫A", 2), ("B<A", -1), ("B<<A", -2), ("A=B", 0), ("B=A", 0),
        (" a > b ", -1), ("A＞B", -1), ("A &gt; B", -1), ("A > > B", -2),
        ("[[A>B]]", -1), ("[[B>>A]]", 2), ("[[A]]", -1), ("[[C]]", 0), ("My verdict: [[A=B]]", 0),
        (r"\boxed{A>B}", -1), (r"\boxed{\text{B} \gg \text{A}}", 2), (r"First \boxed{A>B}, no: \boxed{B>>A}.", 2),
        (r"Final assessment result: $\boxed{B»A}$", 2),
        (r"The answer is \boxed{42}, so [[A>B]]", -1), (r"[[A>B]] because \boxed{42} is right", -1),
        (r"[[B>A]], no: \boxed{A>>B}", -2), (r"\boxed{A>>B}, no: [[B>A]]", 1), (r"[[B>A]]; the answer is \boxed{A}", 1),
        (r"\boxed{B} is right: [[tie]]", 0), (r"\boxed{C} is right: [[A is better]]", -1), (r"[[A]] as \boxed{7}", -1),
        ("[[A>B]] [[unclear]]", -1), (r"\boxed{[[B>A]]}", 1), (r"\boxed{Final: [[B>A]]}", 1),
        (r"\boxed{\text{42}} and \boxed{\frac{1}{2}}", None),
        ("Response 1", -1), ("Response 2", 1), ("response b.", 1), ("**Response A is better**", -1),
        ("Response 2 is much better", 2), ("Response 1 > Response 2", -1), ("Assistant B", 1),
        ("tie", 0), ("Tie.", 0), ("draw", 0), ("equal", 0),
        ("", None), ("A", -1), ("B", 1), ("maybe", None), ("A>B>C", None), ("A or B", None),
        ("!(A>B)", None), ("A>B!", -1), ("A>A", None),
        (r"\boxed{}", None), ("I prefer A because B is long", None),
    ],
)  # fmt: skip
def test_every_spelling_has_its_verdict(text: str, verdict: int | None) -> None:
    """Response 1 is A; an unclear text has no verdict."""
    assert parse_verdict(text) == verdict


@pytest.mark.parametrize(
    ("values", "value", "verdict"),
    [
        ([-1, 2], 2, 1), ([0, 1], 1, 1), ([3], 3, 2), ([-3, 1], -3, -2), ([-2, 1], -2, -1), (["-1", "2"], "-1", -1),
        ([0], 0, 0), (["A>B", None], "A>B", -1), ([0], 7, None), ([0], True, None), ([0], None, None),
        ([0], float("nan"), None), ([0], {"a": 1}, None),
    ],
)  # fmt: skip
def test_numbers_are_signed_if_a_value_shows_it(values: list[Any], value: Any, verdict: int | None) -> None:
    """-3..-1, 0 and 3 occur on no other scale."""
    assert Labels(values, "f: m-label").verdict(value) == verdict


def test_ones_and_twos_alone_need_the_flag() -> None:
    """Some data sets mean a choice by them and others a strength."""
    with pytest.raises(UsageError, match=r"f: m-label holds the numbers 1, 2: .*`label_scale` choice .*signed"):
        Labels([1, 2, "2"], "f: m-label")
    assert [Labels([1, 2], "", CHOICE).verdict(value) for value in (1, 2, "2", 0, 3)] == [-1, 1, 1, None, None]
    assert [Labels([1, 2], "", SIGNED).verdict(value) for value in (1, 2)] == [1, 1]


@pytest.mark.parametrize(
    "wrapped", [r"\boxed{%s}", r"$\boxed{\text{%s}}$", "[[%s]]", "(%s)", "**%s**", "`%s`.", "It is [[%s]]"]
)
@pytest.mark.parametrize(
    ("number", "choice", "signed"), [("1", -1, 1), ("2", 1, 1), ("-1", None, -1), ("3.0", None, 2)]
)
def test_a_wrapped_number_is_a_number_on_the_scale(
    wrapped: str, number: str, choice: int | None, signed: int | None
) -> None:
    """`\\boxed{1}` equals 1; without a known scale it is no verdict, and 1 or 2 needs the flag."""
    label = wrapped % number
    assert parse_verdict(label) is None
    assert Labels([label], "", CHOICE).verdict(label) == Labels([number], "", CHOICE).verdict(number) == choice
    assert Labels([label], "", SIGNED).verdict(label) == Labels([number], "", SIGNED).verdict(number) == signed
    if number in ("1", "2"):
        with pytest.raises(UsageError, match=f"holds the numbers {number}: .*`label_scale`"):
            Labels([label], "f: m-label")


@pytest.mark.parametrize("text", [".1", "1.5", "1 2", "1_2", "#1", "the 1", "1 is", "99999999999"])
def test_a_text_that_only_resembles_a_number_of_the_scale_is_no_verdict(text: str) -> None:
    """Such a text needs no flag either."""
    assert Labels([text], "").verdict(text) is None


def test_the_number_of_an_answer_in_a_whole_reply_is_no_label() -> None:
    """It needs no scale, and the comparison beside it counts."""
    reply = r"The result is \boxed{2} ... [[A>B]]"
    assert [Labels([reply], "", scale).verdict(reply) for scale in (None, CHOICE, SIGNED)] == [-1] * 3


def test_a_response_that_is_named_by_its_number_needs_no_scale() -> None:
    """On either scale "Response 2" is B, and so are comparisons."""
    for text in ("Response 2", "[[Response 2]]", "Answer 2 is better", "2 is better", "2 > 1"):
        assert [Labels([text], "", scale).verdict(text) for scale in (None, CHOICE, SIGNED)] == [1, 1, 1]


def test_preferences_of_the_data_are_signed() -> None:
    """Negative is Response 1; only the ends are "much better". The sign is the direction."""
    assert [sign(value) for value in (-2, -1, 0, 1, 2)] == [-1, -1, 0, 1, 1]
    assert [signed_verdict(value) for value in (-3, -2, -1, 0, 1, 2, 3, 4, None, "x", True)] == [
        -2, -1, -1, 0, 1, 1, 2, None, None, None, None,
    ]  # fmt: skip


@given(st.text())
def test_any_text_has_a_verdict_or_none(text: str) -> None:
    verdict = parse_verdict(text)
    assert verdict is None or -2 <= verdict <= 2


@given(st.sampled_from(["A", "B"]), st.sampled_from([">", ">>", "≫", "»", "<", "<<", "="]))
def test_exchanging_the_sides_turns_the_verdict_round(first: str, relation: str) -> None:
    second = "B" if first == "A" else "A"
    one, other = parse_verdict(f"{first}{relation}{second}"), parse_verdict(f"{second}{relation}{first}")
    assert one is not None and other is not None and one == -other
