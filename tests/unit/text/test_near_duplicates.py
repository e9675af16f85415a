"""Which points nearly repeat each other: copies in any dress, and not what only has the same form."""

from __future__ import annotations

import time

import pytest

from metajudge.text.near_duplicates import drop_near_duplicates, is_near_duplicate, repeats


@pytest.mark.parametrize(
    "copies",
    [
        ["It does not do what the user said it should do."] * 2,
        ["Response A is careless with facts", "Response A is car\u200beless with fac\u00adts"],
        ["Response A is careless with facts", "Response A is c**arele**ss with facts"],
        ["First, Response A is careless with facts", "Third, Response A is careless with facts"],
        ["1. Response A is careless with facts", "(2) Response A is careless with facts."],
        ["Response A is careless with facts", "Also, Response A is careless with facts and dates"],
        ["Response A forgets the empty list", "The response A is forgetting that empty lists are there"],
        ["Response A breaks part (a) of the rule", "Response A breaks a rule's part (a)"],
        ["Response A doesn't cite a source", "Response A never cites sources"],
        ["The code's comments explain the loop", "Comments of the code explain a loop"],
        ["Clear steps - with examples", "Clear steps, with examples!"],
        ["Clear & concise code comments", "Clear / concise code comments"],
        ["Uses **price * quantity**", "Uses `price * quantity`"],
        ["Computes 3 × 4 wrongly", "Computes 3 * 4 wrongly"],
        ["Response A fails to handle missing values", "Response A does not handle missing values"],
        ["回复A不仅准确，而且清晰易懂", "回复A准确，而且清晰易懂"],
        ["It lacks comments and docstrings", "It lacks comments and lacks docstrings"],
        ["It doesn't cite its sources and is not clear", "It does not cite its sources and is not clear"],
        ["Gives steps:\n- boil water\n- add salt", "Gives steps:\n* boil water\n* add salt"],
        ["Response A is fast => cheap", "Response A is fast -> cheap"],
        ["Response A cites its sources", "_Response A_ cites its sources"],
        ["Response A cites its sources", "__Response A cites its sources__"],
        ["Response A cites its sources", "Response `A` cites its sources"],
        ["Response A cites its sources", "Response “A” cites its sources"],
        ["Response A cites its sources", "Response_A cites its sources"],
        ["Response A cites its sources", "Response _A_ cites its sources"],
        ["Response A cites its sources", "Response [A] cites its sources"],
        ["Finds one bug in the parser code", "Finds 1 bug in the parser code"],
        ["It neither cites nor quotes its sources", "It does not cite or quote its sources"],
        ["It has no comments and no docstrings", "It has neither comments nor docstrings"],
        ["Is missing a citation", "Misses a citation"],
        ["Response A omits the fee", "Response A omits the fee and omitted it"],
        ["Zitiert keine Quellen und keinen Autor", "Zitiert keine Quellen und keine Autoren"],
        ["Only one of the two steps is right", "Only one of two steps is right"],
        ["One reason is wrong", "A reason is wrong"],
    ],
)
def test_a_copy_is_a_copy_whatever_it_is_dressed_in(copies: list[str]) -> None:
    """Words without content, characters that nobody sees, emphasis, numbering, a word more."""
    assert is_near_duplicate(*copies) and repeats(*copies) and repeats(*reversed(copies))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Response A crashes on an empty input list", "Response A crashes on a negative input list"),
        ("Response B misspells the capital of France", "Response B misspells the capital of Germany"),
        (
            "Response A ignores the wish for a French translation",
            "Response A ignores the wish for a German translation",
        ),
        ("Response A breaks at line 3", "Response A breaks at line 7"),
        ("Response A is correct about the date", "Response B is correct about the date"),
        ("Response A gets part (a) wrong", "Response A gets part (b) wrong"),
        ("Response A solves for x", "Response A solves for y"),
        ("Response A gives no example for vitamin A", "Response A gives no example for vitamin C"),
        ("Response A ignores the transport cost", "Response A ignores the transaction cost"),
        ("Response A misdescribes the constructor", "Response A misdescribes the constraint"),
        ("Response A goes over the word limit", "Response A goes under the word limit"),
        ("Response A does not state where it happened", "Response A does not state when it happened"),
        ("Response A cites its sources", "Response A does not cite its sources"),
        ("Response A answers the user's question", "Response A never answers the user's question"),
        ("Response A misuses `+=` in the loop", "Response A misuses `-=` in the loop"),
        ("Uses price * quantity for the total", "Uses price + quantity for the total"),
        ("Response A tests width==height", "Response A tests width!=height"),
        ("Response A wants a value>=3", "Response A wants a value>3"),
        ("Response A computes width − height", "Response A computes width × height"),
        ("Response A computes a - b", "Response A computes a + b"),
        ("Response A cites its sources", "Response A fails to cite its sources"),
        ("回复1解释了税收规则", "回复1没有解释税收规则"),
        ("Цитирует источники исследования", "Не цитирует источники исследования"),
        ("Explique la règle de l'impôt", "N'explique pas la règle de l'impôt"),
        ("Zitiert die Quellen der Studie", "Zitiert keine Quellen der Studie"),
        ("Explica a regra do imposto", "Não explica a regra do imposto"),
        ("Handles missing values", "Doesn't handle missing values"),
        ("Is missing citations", "Isn't missing any citations"),
        ("It fails to cite sources and lacks examples", "It cites sources and has examples"),
        ("Is missing imports and missing error handling", "Has imports and error handling"),
        ("Missing error handling for empty input", "Error handling for empty input"),
        ("Response A: missing unit tests for the parser", "Response A: unit tests for the parser"),
        ("There are several steps missing", "There are several steps"),
        ("It fails to list side effects and does not cite sources", "It lists side effects and cites sources"),
        ("Lacks a conclusion and does not answer the question", "Has a conclusion and answers the question"),
        ("Lacks a conclusion and does not answer the question", "Has a conclusion, does not answer the question"),
        ("Covers the basics of C", "Covers the basics of C++"),
        ("The answer to part one is right", "The answer to part two is right"),
        ("Uses one loop", "Uses three loops"),
        ("Refuses to mention the fee", "Mentions the fee"),
        ("Forgets to mention the fee", "Mentions the fee"),
        ("Rarely validates the input", "Validates the input"),
        ("Never fails to cite sources", "Fails to cite sources and omits links"),
        ("Does not omit the edge cases", "Omits the edge cases, lacking tests"),
        ("Has no tests and is not documented", "Has no tests and is documented"),
        ("Does not cite sources and never explains", "Cites sources and never explains"),
        ("Lacks a conclusion and omits the sources", "Has a conclusion and omits the sources"),
        ("Response A, unlike Response B, rules out answer (a)", "Response A, unlike Response B, rules out answer (b)"),
        ("Response A chooses answer (B) for the quiz", "Response B chooses answer (A) for the quiz"),
        ("Rejects a value <5", "Rejects a value >5"),
        ("Computes sin(x)", "Does not compute sin(x)"),
        ("回复A解释了未来的影响", "回复A没有解释未来的影响"),
        ("Takes price - discount", "Takes price + discount"),
        ("Computes f(n-1) + f(n-2)", "Computes f(n-1) - f(n-2)"),
        ("Checks ready && valid", "Checks ready || valid"),
        ("Tests status == 'open'", "Tests status != 'open'"),
        ("Uses the wrong operator `+`", "Uses the wrong operator `-`"),
        ("Ends the loop with i++", "Ends the loop with i--"),
        ("Renames the variable 'x'", "Renames the variable 'y'"),
        ("Has smooth transitions", "Has a smooth translation"),
        ("Describes the experience", "Describes the experiment"),
        ("States its content", "States its context"),
        ("Gives a complete explanation", "Gives a complex explanation"),
        ("Is careful with facts", "Is careless with facts"),
    ],
)
def test_two_points_of_the_same_form_are_no_repetition(one: str, other: str) -> None:
    """Each says what the other does not."""
    assert not repeats(one, other) and not repeats(other, one)


def test_of_a_list_the_first_of_each_kind_stays() -> None:
    """In its order; `most` counts those that stay."""
    points = ["Cites a source", "Omits the fee", "Cites sources", "Is long", "Omits a fee", "Is short"]
    assert drop_near_duplicates(points) == ("Cites a source", "Omits the fee", "Is long", "Is short")
    assert drop_near_duplicates(points, 3) == ("Cites a source", "Omits the fee", "Is long")


def test_a_long_list_takes_little_time() -> None:
    """Eight hundred points, of which each is compared with all before it: seconds on a server's only thread before."""
    points = [f"Response A misses point {chr(97 + n % 26)}{chr(97 + n // 26)}word{n}" for n in range(800)]
    started = time.process_time()
    assert len(drop_near_duplicates(points)) == 800
    assert time.process_time() - started < 1


@pytest.mark.parametrize("ruler", ["-", "=", "_", "*", "~", "-=", "_a ", "*_", "Response [", "not "])
def test_a_ruler_takes_little_time(ruler: str) -> None:
    """A line that a model repeats without end: half a minute before, for two reasons with one of dashes."""
    text = f"Response A is wrong {ruler * (100_000 // len(ruler))}"
    started = time.process_time()
    repeats(text, f"{text} ")
    assert time.process_time() - started < 3
