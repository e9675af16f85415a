"""Points that nearly repeat each other: copies in any dress, and not what only has the same form."""

import time

import pytest

from metajudge.text.near_duplicates import drop_near_duplicates, is_near_duplicate

CITES, CARELESS = "Response A cites its sources", "Response A is careless with facts"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        ("It does not do what the user said.", "it does not do what the user said.", "equal texts without content"),
        (CARELESS, "Response A is car\u200beless with fac\u00adts", "invisible characters"),
        (CARELESS, "Response A is c**arele**ss with facts", "emphasis in a word"),
        ("1. " + CARELESS, "(2) Response A is careless with facts.", "numbering"),
        ("First, " + CARELESS, "Third, " + CARELESS, "numbering in words"),
        (CARELESS, "Also, Response A is careless with facts and dates", "one word more"),
        ("Response A explains the loop", "The response A is explaining loops", "inflection and small words"),
        ("The code's comments explain the loop", "Comments of the code explain a loop", "word order"),
        ("Response A breaks part (a) of the rule", "Response A breaks a rule's part (a)", "the same letter"),
        (CITES, "_Response A_ cites its sources", "emphasis round a response"),
        (CITES, "Response `A` cites its sources", "a quoted response"),
        (CITES, "Assistant 1's answer cites its sources", "another name of the same response"),
        (CITES, "A cites its sources", "a response by its letter"),
        ("Response A doesn't cite a source", "Response A never cites sources", "another word of negation"),
        ("It fails to handle missing values", "It does not handle missing values", "lack and negation"),
        ("It lacks comments and docstrings", "It lacks comments and lacks docstrings", "a negation twice"),
        ("回复A不仅准确，而且清晰易懂", "回复A准确，而且清晰易懂", "不仅 is no negation"),
    ],
)
def test_a_copy_is_a_copy_whatever_it_is_dressed_in(one: str, other: str, why: str) -> None:
    assert is_near_duplicate(one, other) and is_near_duplicate(other, one), why


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (
            "It crashes on an empty input list",
            "It crashes on a negative input list",
            "each has a word that the other lacks",
        ),
        ("Response A is clear", "Response A gives clear steps with examples", "little of the longer one"),
        (CITES, "Response B cites its sources", "another response"),
        ("A's steps are clear", "B's steps are clear", "another response by its letter"),
        ("Both responses omit the salt", "Response 1 omits the salt", "both responses"),
        ("Response A breaks at line 3", "Response A breaks at line 7", "another number"),
        ("Uses one loop", "Uses three loops", "another number in words"),
        ("Response A gets part (a) wrong", "Response A gets part (b) wrong", "another letter"),
        ("Response A solves for x", "Response A solves for y", "another variable"),
        ("Response A goes over the word limit", "Response A goes under the word limit", "another direction"),
        ("Response A does not state where it was", "Response A does not state when it was", "another question word"),
        ("Response A ignores the transport cost", "Response A ignores the transaction cost", "only the stem agrees"),
        (CITES, "Response A does not cite its sources", "negation"),
        (CITES, "Response A fails to cite its sources", "lack"),
        ("Handles missing values", "Doesn't handle missing values", "one more negation"),
        ("Missing error handling for empty input", "Error handling for empty input", "a lack at the beginning"),
        ("Has no tests and is not documented", "Has no tests and is documented", "one of two negations"),
        ("回复1解释了税收规则", "回复1没有解释税收规则", "Chinese negation"),
        ("Цитирует источники исследования", "Не цитирует источники исследования", "Russian negation"),
        ("Zitiert die Quellen der Studie", "Zitiert keine Quellen der Studie", "German negation"),
        ("Explica a regra do imposto", "Não explica a regra do imposto", "Portuguese negation"),
    ],
)
def test_two_points_of_the_same_form_are_no_repetition(one: str, other: str, why: str) -> None:
    assert not is_near_duplicate(one, other) and not is_near_duplicate(other, one), why


@pytest.mark.parametrize(
    ("one", "other", "found", "why"),
    [
        ("Response A is long-winded", "Response A is verbose", False, "a synonym"),
        ("Response A forgets the list", "Response A is forgetting the list", False, "a doubled letter"),
        (CARELESS + " 1", CARELESS + " 2", False, "a new number each"),
        ("Uses price * quantity", "Uses price + quantity", True, "an operator"),
        ("Omits the year, never the day", "Never the year, omits the day", True, "what is negated"),
        ("Lists internal risks of trade", "Lists international risks of trade", True, "behind the seventh letter"),
    ],
)
def test_what_the_rule_does_not_see(one: str, other: str, found: bool, why: str) -> None:
    """The limits that the module names: a change of one is a change of the reward."""
    assert is_near_duplicate(one, other) is found, why


def test_of_a_list_the_first_of_each_kind_stays() -> None:
    """The order stays; `most` counts those that remain."""
    points = ["Cites a source", "Omits the fee", "Cites sources", "Is long", "Omits a fee", "Is short"]
    assert drop_near_duplicates(points) == ("Cites a source", "Omits the fee", "Is long", "Is short")
    assert drop_near_duplicates(points, 3) == ("Cites a source", "Omits the fee", "Is long")


@pytest.mark.usefixtures("untraced")
def test_a_long_list_takes_little_time() -> None:
    """Eight hundred points, each compared with all before it."""
    points = [f"Response A misses point {chr(97 + n % 26)}{chr(97 + n // 26)}word{n}" for n in range(800)]
    started = time.process_time()
    assert len(drop_near_duplicates(points)) == 800
    assert time.process_time() - started < 1
