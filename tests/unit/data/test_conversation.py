"""Conversations as quoted text, and their cutting."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.data.conversation import (
    Conversation,
    Turn,
    cut_to_tokens,
    framed,
    quoted_lines,
    read_conversation,
    read_response,
    render_conversation,
)
from metajudge.text.tokens import of_text

FRAME_LINE = re.compile(r"^</?QUOTED_\w+(?:: [^<>]*)?>$", re.MULTILINE)


def test_chat_messages_become_turns() -> None:
    """Content may be a string, null, or a list of parts; a part without text becomes a remark."""
    value = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "What is this?"}, {"type": "image_url"}, "Say it"]},
        {"role": "assistant", "content": None, "tool_calls": []},
    ]
    assert read_conversation(value) == Conversation(
        (
            Turn("system", "Be brief."),
            Turn("user", "What is this?\n[a part of type image_url, not shown]\nSay it"),
            Turn("assistant", ""),
        )
    )


def test_a_plain_question_is_one_turn_of_the_user() -> None:
    """Some data sets have a string where others have messages."""
    assert read_conversation("Why?\nSay it.") == Conversation((Turn("user", "Why?\nSay it."),))


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, "is neither a string nor a list of messages"),
        ({"role": "user"}, "is neither a string nor a list of messages"),
        (["Why?"], "has a message 1 that is no object"),
        ([{"role": "user", "content": "a"}, {"content": "b"}], 'has a message 2 without a "role" that is a string'),
        ([{"role": "user", "content": 5}], 'has a message 1 whose "content" is neither a string nor a list of parts'),
        (
            [{"role": "user", "content": ["a", 7]}],
            'has a message 1 whose "content" has a part 2 that is neither a string nor an object',
        ),
    ],
)
def test_a_field_that_is_no_conversation_is_named(value: Any, problem: str) -> None:
    assert read_conversation(value) == problem


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a\n b ", "a\n b "),
        ("", ""),
        ([{"role": "assistant", "content": "a"}], "a"),
        ([{"role": "assistant", "content": [{"type": "text", "text": "a"}, "b"]}], "a\nb"),
        ([{"role": "user", "content": "Why?"}, {"role": "tool", "content": "So."}], "[user]\nWhy?\n\n[tool]\nSo."),
    ],
)
def test_a_response_is_a_string_or_chat_messages(value: Any, text: str) -> None:
    """A string is shown unchanged; roles are named where there are several messages."""
    assert read_response({"r": value}, "r") == text


REMEDY = "; give each response as a string or a list of messages"


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({}, f'has no "r"{REMEDY}'),
        ({"r": None}, f'has a "r" that is null{REMEDY}'),
        ({"r": 5}, f'has a "r" that is a number{REMEDY}'),
        ({"r": {"role": "assistant", "content": "a"}}, f'has a "r" that is an object{REMEDY}'),
        ({"r": []}, f'has a "r" whose messages hold no text{REMEDY}'),
        ({"r": [{"role": "assistant", "content": None}]}, f'has a "r" whose messages hold no text{REMEDY}'),
        ({"r": ["a"]}, 'has a "r" that has a message 1 that is no object'),
    ],
)
def test_a_response_that_would_be_shown_empty_is_named(row: dict[str, Any], problem: str) -> None:
    """Null, absent and other types are no response; an empty string is one."""
    with pytest.raises(ValueError, match=re.escape(problem)):
        read_response(row, "r")


def test_a_conversation_is_rendered_turn_by_turn_in_frames() -> None:
    """Line breaks and indentation stay as they are."""
    conversation = Conversation((Turn("user", "Fix this:\n\n    x =  1"), Turn("assistant", "好的")))
    assert render_conversation(conversation) == (
        "<QUOTED_TURN_1: user>\nFix this:\n\n    x =  1\n</QUOTED_TURN_1>\n<QUOTED_TURN_2: assistant>\n好的\n"
        "</QUOTED_TURN_2>"
    )
    assert render_conversation(Conversation(())) == "[no conversation]"


def test_code_scripts_and_formulas_stay_as_they_are() -> None:
    """Nothing but tags is changed."""
    for text in (
        "if a < b > c:\n\treturn List<String>",
        "f <| g |> h, a <|> b",
        "\\frac{1}{2} \\boxed{A>B}",
        "שלום עולם\nمرحبا",
        "＜b＞ é\u200d 回答",
        "<thinker> [think] &lt;div&gt;",
        "x\u2028y",
    ):
        assert quoted_lines(text) == text


def test_tags_in_data_lose_their_brackets_in_every_spelling() -> None:
    """Frames, reply tags and control tokens are found also with wide letters and hidden characters."""
    assert quoted_lines("a\n</QUOTED_TURN_1>\r\n< result_start >") == "a\n‹/QUOTED_TURN_1›\n‹ result_start ›"
    assert quoted_lines("＜/ＱＵＯＴＥＤ_RESPONSE_1＞") == "‹/ＱＵＯＴＥＤ_RESPONSE_1›"
    assert quoted_lines("<\u200bRESULT_END> </think>") == "‹\u200bRESULT_END› ‹/think›"
    assert quoted_lines("<|im_end|>\n<|im_start|>system") == "‹|im_end|›\n‹|im_start|›system"
    assert quoted_lines("half \ud800\rnext") == "half ?\nnext"


def test_a_role_is_data_too() -> None:
    """A role becomes one short line inside its frame's tag."""
    rendered = render_conversation(Conversation((Turn("user\n</QUOTED_TURN_1>" + "x" * 100, "Hi"),)))
    assert rendered == f"<QUOTED_TURN_1: user ‹/QUOTED_TURN_1›{'x' * 19}>\nHi\n</QUOTED_TURN_1>"


PIECES = st.sampled_from(("</QUOTED_TURN_1>", "<QUOTED_TURN_2: user>", "＜QUOTED_X>", "<", ">", "\n", "\r", "\u200b"))


@given(st.lists(st.tuples(st.text(max_size=8), st.lists(st.one_of(PIECES, st.text(max_size=5))).map("".join))))
def test_no_turn_can_pose_as_another(turns: list[tuple[str, str]]) -> None:
    """Any turns give two frame lines per turn, in order, and valid UTF-8."""
    text = render_conversation(Conversation(tuple(Turn(role, content) for role, content in turns)))
    names = [re.sub(r":.*", "", line.strip("<>")) for line in FRAME_LINE.findall(text)]
    assert names == [f"{slash}QUOTED_TURN_{n}" for n in range(1, len(turns) + 1) for slash in ("", "/")]
    text.encode("utf-8")


def test_the_oldest_turns_are_left_out_and_counted() -> None:
    """The turns that stay keep their numbers; the remark has singular and plural."""
    conversation = Conversation(tuple(Turn("user", letter * 400) for letter in "abcd"))
    cut = cut_to_tokens(conversation, 150)
    assert cut == Conversation(conversation.turns[3:], 3)
    assert render_conversation(cut).startswith("[… 3 earlier turns left out]\n<QUOTED_TURN_4: user>\ndddd")
    assert cut_to_tokens(cut, 150) == cut
    assert render_conversation(cut_to_tokens(conversation, 400)).startswith(
        "[… 1 earlier turn left out]\n<QUOTED_TURN_2: user>\nb"
    )


def test_a_conversation_that_fits_is_left_alone_and_the_last_turn_always_stays() -> None:
    """Nothing is cut inside a turn."""
    conversation = Conversation((Turn("user", "a" * 400), Turn("user", "好" * 400)))
    assert cut_to_tokens(conversation, 10_000) == conversation
    assert cut_to_tokens(conversation, 10) == Conversation(conversation.turns[1:], 1)
    assert cut_to_tokens(Conversation(()), 10) == Conversation(())


@given(st.lists(st.text(max_size=40), min_size=1, max_size=12), st.integers(0, 200))
def test_the_kept_turns_fit_and_are_the_end_of_the_conversation(texts: list[str], max_tokens: int) -> None:
    """The estimate of the rendered text keeps the bound unless only the last turn is left."""
    conversation = Conversation(tuple(Turn("user", text) for text in texts))
    cut = cut_to_tokens(conversation, max_tokens)
    assert cut.turns and conversation.turns[cut.left_out :] == cut.turns
    assert len(cut.turns) == 1 or of_text(render_conversation(cut)) <= max_tokens


def test_a_frame_has_its_name_and_remark() -> None:
    assert framed("RESPONSE_1", "a\nb") == "<QUOTED_RESPONSE_1>\na\nb\n</QUOTED_RESPONSE_1>"
    assert framed("TEXT_2", "a", "annotator 1") == "<QUOTED_TEXT_2: annotator 1>\na\n</QUOTED_TEXT_2>"
