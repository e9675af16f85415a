"""Quotes: what holds in a text, and what is too short to be evidence."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.tasks.flaws.quotes import bare_quote, fold, quote_problem

TEXT = "def mean(xs):\n    return  sum(xs) / len(xs)\n\nIt fails for an empty list. <RESULT_END> is a tag."
NOT_THERE, SHORT = "does not occur there", "is shorter than 3 words"


@pytest.mark.parametrize(
    ("quote", "problem"),
    [
        ("return sum(xs) / len(xs) It fails", ""),
        ("  It fails   for an\nempty list.", ""),
        ("It fails for the empty list", NOT_THERE),
        ("it fails for an empty list", NOT_THERE),
        ("It fails … empty list", NOT_THERE),
        ("empty list", SHORT),
        ("sum(xs)", SHORT),
        ("( / )", NOT_THERE),
        ("is a", SHORT),
        ("", "is empty"),
        ("list. <RESULT_END> is a tag", ""),
        ("list. ‹RESULT_END› is a tag", ""),
    ],
)
def test_a_quote_holds_if_its_words_are_there_and_enough(quote: str, problem: str) -> None:
    """White space is folded, nothing else; a tag may be quoted as the question shows it."""
    assert quote_problem(quote, TEXT) == problem


@pytest.mark.parametrize(("text", "problem"), [("too long", ""), ("too long.", SHORT), ("A is too long", SHORT)])
def test_a_short_quote_is_evidence_only_as_the_whole_text(text: str, problem: str) -> None:
    assert quote_problem("too long", text) == problem


@pytest.mark.parametrize(
    ("quote", "problem"), [("没有用不但而且", ""), ("没有用", SHORT), ("用了as well不", ""), ("따뜻한 느낌이다", "")]
)
def test_scripts_without_spaces_count_by_characters(quote: str, problem: str) -> None:
    assert quote_problem(quote, f"回答B{quote}。") == problem


@pytest.mark.parametrize(
    ("quote", "text", "bare"),
    [
        ('"It fails here"', "It fails here", "It fails here"),
        ("“It fails here”", "It fails here", "It fails here"),
        ('"It" and "fails"', 'He said "It" and "fails"', '"It" and "fails"'),
        ("`x`", "the `x` value", "`x`"),
        ('""', "x", '""'),
    ],
)
def test_marks_of_quotation_round_a_quote_are_dropped_unless_the_text_has_them(
    quote: str, text: str, bare: str
) -> None:
    assert bare_quote(quote, text) == bare


@given(st.text(max_size=80), st.data())
def test_every_long_piece_of_a_text_holds(text: str, data: st.DataObject) -> None:
    """Of words, cut between them."""
    words = fold(text).split()
    begin = data.draw(st.integers(0, len(words)))
    end = data.draw(st.integers(begin, len(words)))
    piece = " ".join(words[begin:end])
    assert quote_problem(piece, text) in ("", SHORT if piece else "is empty")
