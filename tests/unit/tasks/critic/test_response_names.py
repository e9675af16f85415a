"""The names of the responses exchanged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.tasks.critic.response_names import exchange_names


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("Response A is wrong", "Response B is wrong"),
        ("@Response 1 is better than @Response 2.", "@Response 2 is better than @Response 1."),
        ("Response 1's tone", "Response 2's tone"),
        ("Response #2 is longer", "Response #1 is longer"),
        ("Responses 1 and 2 differ", "Responses 2 and 1 differ"),
        ("Responses A and B both fail", "Responses B and A both fail"),
        ("Response A/B", "Response B/A"),
        ("Assistant A's responses", "Assistant B's responses"),
        ("**Assistant A:** correct", "**Assistant B:** correct"),
        ("Answer A is longer", "Answer B is longer"),
        ("Response One is short", "Response Two is short"),
        ("response a is longer than response b", "response b is longer than response a"),
        ("`Response A` is short", "`Response B` is short"),
        ("The first response is short", "The second response is short"),
        ("回复A更准确，回复B遗漏了时间", "回复B更准确，回复A遗漏了时间"),
        ("回答1没有说明", "回答2没有说明"),
        ("第一个回答太长", "第二个回答太长"),
        ("La respuesta 1 no menciona el horario", "La respuesta 2 no menciona el horario"),
        ("Antwort A ist falsch", "Antwort B ist falsch"),
    ],
)
def test_a_letter_or_number_behind_a_name_is_exchanged(text: str, exchanged: str) -> None:
    """Also in lists, with signs of emphasis, and in other languages; exchanging twice gives the text back."""
    assert exchange_names(text) == exchanged
    assert exchange_names(exchanged) == text


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("A's loop is off by one", "B's loop is off by one"),
        ("A’s loop is off by one", "B’s loop is off by one"),
        ("B's metaphor is tangential", "A's metaphor is tangential"),
        ("Two ads of A are 110 chars long, B keeps them short", "Two ads of B are 110 chars long, A keeps them short"),
        ("Although A uses \"it\", B omits that wording.", "Although B uses \"it\", A omits that wording."),
        ("Name Conflict (A): Response A has two", "Name Conflict (B): Response B has two"),
        ("\"A\" is shorter than “B”", "\"B\" is shorter than “A”"),
        ("**A** is better than *B*", "**B** is better than *A*"),
        ("worse than A.", "worse than B."),
        ("So A>B.", "So B>A."),
        ("So A >> B, clearly", "So B >> A, clearly"),
        ("Both A and B fail", "Both B and A fail"),
        ("Neither A nor B is right", "Neither B nor A is right"),
        ("A correctly handles the empty list", "B correctly handles the empty list"),
        ("A failed to close the file", "B failed to close the file"),
        ("A lists all five outcomes", "B lists all five outcomes"),
        ("A reads more fluently", "B reads more fluently"),
        ("A uses names where B has placeholders", "B uses names where A has placeholders"),
        ("A: clear, B: unclear", "B: clear, A: unclear"),
        ("Order: A puts the comma wrong", "Order: B puts the comma wrong"),
        ("Unlike A, B gives the units", "Unlike B, A gives the units"),
        ("A costs $5 and B costs $6", "B costs $5 and A costs $6"),
        ("the B response is short", "the A response is short"),
        ("Story A is duller than Story B", "Story B is duller than Story A"),
        ("A比B更准确", "B比A更准确"),
        ("A的代码无法运行", "B的代码无法运行"),
        ("A no menciona el horario, B sí", "B no menciona el horario, A sí"),
        ("A traduce «references» bien, B lo omite", "B traduce «references» bien, A lo omite"),
    ],
)  # fmt: skip
def test_a_bare_letter_that_is_a_name_is_exchanged(text: str, exchanged: str) -> None:
    """Possessives, brackets, quotes, subjects of a sentence, and comparisons."""
    assert exchange_names(text) == exchanged


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("Answer A is longer than answer B", "Answer B is longer than answer A"),
        ("answer A and answer B both fail", "answer B and answer A both fail"),
        ("answers A and B both fail", "answers B and A both fail"),
        ("Answer 1 is longer than answer 2", "Answer 2 is longer than answer 1"),
        ("Response A is longer than answer B", "Response B is longer than answer A"),
        ("Answer A picks option B, answer B picks C", "Answer B picks option B, answer A picks C"),
        ("The first response is long, the second one short", "The second response is long, the first one short"),
        ("The first response runs, the second does not run", "The second response runs, the first does not run"),
        ("The first one is short, the second one long", "The second one is short, the first one long"),
        ("The first answer is longer than the second.", "The second answer is longer than the first."),
        (
            "The first response has three errors, while the second one has none",
            "The second response has three errors, while the first one has none",
        ),
        ("Response One is longer than response two", "Response Two is longer than response one"),
        ("Response 1 is longer than 2.", "Response 2 is longer than 1."),
    ],
)
def test_half_a_name_follows_the_whole_one(text: str, exchanged: str) -> None:
    """All names of a reason are exchanged together: none is left that then means the other response."""
    assert exchange_names(text) == exchanged
    assert exchange_names(exchanged) == text


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        (
            "Response A lists two methods; the second one is wrong",
            "Response B lists two methods; the second one is wrong",
        ),
        (
            "The first response lists two methods; the second one is wrong",
            "The second response lists two methods; the second one is wrong",
        ),
        (
            "The first response skips the first step and the second one",
            "The second response skips the first step and the second one",
        ),
        (
            "Response A is short, Response B long; the latter wins",
            "Response B is short, Response A long; the latter wins",
        ),
        (
            "The first response is short, the second one long; the former wins",
            "The second response is short, the first one long; the former wins",
        ),
        ("Response A says answer B is right", "Response B says answer B is right"),
        ("Response A picks answer B rather than answer A", "Response B picks answer B rather than answer A"),
        ("Answer A is correct, answer C is not", "Answer A is correct, answer C is not"),
        ("Answer A is longer; it gives the right answer B", "Answer B is longer; it gives the right answer B"),
        ("Response 1 is longer than 2 pages.", "Response 2 is longer than 2 pages."),
        ("the response one would expect of Response Two", "the response one would expect of Response One"),
    ],
)
def test_a_place_in_the_text_or_another_list_stays(text: str, exchanged: str) -> None:
    """The second method, the former of two, the answer that a response chose."""
    assert exchange_names(text) == exchanged


@pytest.mark.parametrize(
    "text",
    [
        "A good answer would name the source",
        "A table is missing",
        "A more careful reading shows it",
        "A detailed answer to the question would be better",
        "A series of steps is missing",
        "A previous version of it",
        "Note: A good start",
        "It quotes \"A good start\" twice",
        "He reads A Tale of Two Cities",
        "A pesar de todo, falta el horario",
        "A veces la respuesta es larga",
        "vitamin B is confused with vitamin A",
        "Hepatitis B is not mentioned",
        "the B major chord",
        "team B",
        "Samuel A. Jackson is named",
        "the way from A to B",
        "an A/B test is missing",
        "a grade of an A",
        "B12 and B-trees and A* search",
        "the response a user would expect",
        "both responses (2 of them)",
        "Response 10 is cited",
        "The response 1.5 times as long",
        "A. First point",
        "A) first point",
        "回复一下，两个回答一致",
        "维生素B没有提到",
    ],
)  # fmt: skip
def test_an_article_or_another_thing_called_so_stays(text: str) -> None:
    """What is in doubt is not touched."""
    assert exchange_names(text) == text


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("Response A chooses option B, which is wrong", "Response B chooses option B, which is wrong"),
        ("Response A says the answer is B, but it is D", "Response B says the answer is B, but it is D"),
        ("Response B concludes with (A)", "Response A concludes with (A)"),
        ("A's answer is (B), which is wrong; B picks (C)", "B's answer is (B), which is wrong; A picks (C)"),
        ("C, A and D are options", "C, A and D are options"),
        ("选项A是错的，答案是B", "选项A是错的，答案是B"),
        ("the correct answer: B", "the correct answer: B"),
    ],
)
def test_the_options_of_a_question_stay(text: str, exchanged: str) -> None:
    """The responses are exchanged around them."""
    assert exchange_names(text) == exchanged


@pytest.mark.parametrize(
    "text",
    [
        "the code uses A[i] and B[j]",
        "`A` and `B` are exchanged in the loop of `Response_A`",
        "```\nResponse A\n```",
        "$A > B$ and \\(A \\cap B\\) and $$B$$",
        "def f(A): return A+B",
        "f(A, B) and x = A*B and [A, B] and {A, B}",
        "a.B and B.c and A_1",
    ],
)
def test_code_and_formulas_stay(text: str) -> None:
    """Inside their marks and, as far as it can be told, outside."""
    assert exchange_names(text) == text


NAMES = st.sampled_from(
    ("Response A", "Response B", "Assistant 1", "Response 2", "Response B's", "(Response A)", "回复A")
)
WORDS = st.lists(
    st.sampled_from(("lacks", "units", "，", "the", "loop", "x", "\n", "and", ".", "`A`", "שלום")), max_size=4
)


@given(st.lists(st.tuples(WORDS, NAMES), max_size=6))
def test_exchanging_twice_gives_the_text_back(pieces: list[tuple[list[str], str]]) -> None:
    """Every name is turned once and nothing else is touched."""
    text = " ".join(" ".join([*words, name]) for words, name in pieces)
    turned = exchange_names(text)
    assert exchange_names(turned) == text
    assert re.sub(r"(Response|Assistant|回复) ?[AB12]", r"\1", turned) == re.sub(
        r"(Response|Assistant|回复) ?[AB12]", r"\1", text
    )
    assert (turned != text) == bool(pieces)


@given(st.text(alphabet="AB12 ab'>.()[]`$\n的Respon", max_size=60))
def test_any_text_can_be_exchanged(text: str) -> None:
    """Only the letters and numbers of names change, each at its place."""
    turned = exchange_names(text)
    assert len(turned) == len(text)
    changed = {one + other for one, other in zip(text, turned, strict=True) if one != other}
    assert changed <= {"AB", "BA", "ab", "ba", "12", "21"}
