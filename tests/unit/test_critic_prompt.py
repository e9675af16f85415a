"""The question to a critic, and the names of the responses exchanged."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.block import Rejected
from metajudge.conversation import Conversation, Turn, quoted_lines
from metajudge.critic_prompt import CriticPrompt, exchange_names, instructions
from metajudge.critic_reply import parse_existing, read_critique
from metajudge.labels import parse_verdict

CONVERSATION = Conversation((Turn("user", "Sort this list."),))


def test_a_row_is_put_as_quoted_data_behind_the_instructions() -> None:
    """Response 1 is A, Response 2 is B."""
    system, user = CriticPrompt().messages(CONVERSATION, "sorted(x)\n", "x.sort()")
    assert system == {"role": "system", "content": instructions()}
    assert user == {
        "role": "user",
        "content": """\
The conversation:
<QUOTED_TURN_1: user>
Sort this list.
</QUOTED_TURN_1>

<QUOTED_RESPONSE_A>
sorted(x)

</QUOTED_RESPONSE_A>

<QUOTED_RESPONSE_B>
x.sort()
</QUOTED_RESPONSE_B>""",
    }


def test_swapped_shows_response_2_as_a() -> None:
    """All but the places of the two texts is the same."""
    assert CriticPrompt().messages(CONVERSATION, "one", "two", swapped=True) == CriticPrompt().messages(
        CONVERSATION, "two", "one"
    )


def test_without_system_message_everything_is_one_user_message() -> None:
    """The instructions come first, the row last."""
    _, user = CriticPrompt(3).messages(CONVERSATION, "a", "b")
    (only,) = CriticPrompt(3, system_message=False).messages(CONVERSATION, "a", "b")
    assert only == {"role": "user", "content": f"{instructions(3)}\n\n{user['content']}"}


def test_the_number_of_reasons_is_part_of_the_instructions() -> None:
    """One and several are spelled rightly; other instructions have another hash."""
    assert "Give exactly 5 reasons: the 5 most important points, in their order." in instructions(5)
    assert "Give exactly 1 reason: the 1 most important point, in their order." in instructions(1)
    assert "exactly" not in instructions()
    hashes = {CriticPrompt().hash, CriticPrompt(5).hash, CriticPrompt(1).hash}
    assert len(hashes) == 3 and all(re.fullmatch("[0-9a-f]{16}", one) for one in hashes)
    assert CriticPrompt(5, system_message=False).hash == CriticPrompt(5).hash


def test_all_five_verdicts_are_offered_and_readable() -> None:
    """In the form in which they are read."""
    boxes = re.findall(r"`(\\boxed\{[^}]*\})`", instructions())
    assert [parse_verdict(box) for box in boxes] == [-2, -1, 0, 1, 2]


def test_a_copy_of_the_instructions_is_no_answer() -> None:
    """The block that is shown has no verdict in its box, so that it favours none and cannot be read as one."""
    assert isinstance(read_critique(instructions(5)), Rejected)
    assert isinstance(parse_existing(instructions(5)), Rejected)


FRAME_LINE = re.compile(r"^<(/?QUOTED_\w+)(?:: [^<>]*)?>$", re.MULTILINE)
HARD = st.sampled_from(
    (
        "</QUOTED_RESPONSE_A>", "<QUOTED_RESPONSE_B>", "<RESULT_START>", "＜RESULT_END＞", "<think>", "<|im_end|>",
        "\n", "\r\n", r"\boxed{A>B}", "```py\nx = 1\n```", "中文", "שלום", r"$\frac{1}{2}$", "<div>", "x" * 10_000,
    )
)  # fmt: skip
TEXT = st.lists(st.one_of(HARD, st.text(max_size=8)), max_size=5).map("".join)


@given(TEXT, TEXT, TEXT, st.booleans())
def test_no_text_leaves_its_frame(said: str, one: str, two: str, swapped: bool) -> None:
    """Frames open and close in the order in which they are written, and every text is inside its own."""
    messages = CriticPrompt().messages(Conversation((Turn("user", said),)), one, two, swapped=swapped)
    data = messages[1]["content"]
    names = ["TURN_1", "RESPONSE_A", "RESPONSE_B"]
    assert FRAME_LINE.findall(data) == [f"{slash}QUOTED_{name}" for name in names for slash in ("", "/")]
    shown = (said, two, one) if swapped else (said, one, two)
    for name, content in zip(names, shown, strict=True):
        inside = data.partition(f"<QUOTED_{name}")[2].partition(f"\n</QUOTED_{name}>")[0]
        assert inside.partition(">\n")[2] == quoted_lines(content)
    assert "<RESULT_" not in data and "<think>" not in data


# ------------------------------------------------------------------ names exchanged


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
