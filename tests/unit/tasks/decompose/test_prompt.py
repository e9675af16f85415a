"""The question that turns annotators' texts into points."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.data.conversation import Conversation, Turn, quoted_lines
from metajudge.tasks.decompose.prompt import Feedback, feedback_of, instructions, row_text
from metajudge.tasks.decompose.reply import Claims, read_claims
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.messages import chat_messages, without_echo
from metajudge.text.reading import ParseFailure

CONVERSATION = Conversation((Turn("user", "How do I get to the museum?"),))
FEEDBACK = [
    Feedback(1, (("comparison of both responses", "@Response 1 is too long."), ("about Response 2", "Wrong turn."))),
    Feedback(3, (("comparison of both responses", "Both fine."),)),
]


def test_a_row_is_put_as_quoted_data_behind_the_instructions() -> None:
    """The annotators' texts, the source of points, come last."""
    text = row_text(FEEDBACK, CONVERSATION, "Left.\nRight.", "Go on.")
    (question,) = DecomposeStep(("said",)).questions({"said": "x", "response1": "a", "response2": "b"})
    said = row_text([Feedback(1, (("said", "x"),))], Conversation(()), "a", "b")
    assert question.messages == chat_messages(instructions(), said, system_message=True)
    assert (
        text
        == """\
The conversation:
<QUOTED_TURN_1: user>
How do I get to the museum?
</QUOTED_TURN_1>

<QUOTED_RESPONSE_1>
Left.
Right.
</QUOTED_RESPONSE_1>

<QUOTED_RESPONSE_2>
Go on.
</QUOTED_RESPONSE_2>

<QUOTED_ANNOTATOR_1_TEXT_1: comparison of both responses>
@Response 1 is too long.
</QUOTED_ANNOTATOR_1_TEXT_1>

<QUOTED_ANNOTATOR_1_TEXT_2: about Response 2>
Wrong turn.
</QUOTED_ANNOTATOR_1_TEXT_2>

<QUOTED_ANNOTATOR_3_TEXT_1: comparison of both responses>
Both fine.
</QUOTED_ANNOTATOR_3_TEXT_1>"""
    )


def test_the_worked_example_is_accepted_by_the_reply_grammar_and_no_answer_as_an_echo() -> None:
    """The reader takes the shown example, but not when it is copied with its neighbours."""
    example = read_claims(instructions())
    assert isinstance(example, Claims)
    assert len(example.items) == 4 and all(entry.reason for entry in example.ignored)
    messages = chat_messages(instructions(), "data", system_message=True)
    assert isinstance(read_claims(without_echo(instructions(), messages)), ParseFailure)


# ------------------------------------------------------------------ the annotators' texts of a row


def test_a_row_of_helpsteer3_has_up_to_three_texts_per_annotator() -> None:
    """Null, blank and absent texts are skipped; an annotator without any keeps their number for the others."""
    row = {
        "individual_preference": [
            {"score": -1, "reasoning": "@Response 1 is better. ", "feedback1": None, "feedback2": "Two lines\nhere"},
            {"score": 0, "reasoning": " ", "feedback1": ""},
            {"score": -2, "feedback1": "No check of the limit"},
        ]
    }
    first = (("comparison of both responses", "@Response 1 is better. "), ("about Response 2", "Two lines\nhere"))
    assert feedback_of(row) == [Feedback(1, first), Feedback(3, (("about Response 1", "No check of the limit"),))]


def test_named_fields_are_strings_or_lists_with_a_string_for_each_annotator() -> None:
    """The field's name is the text's label."""
    row = {"notes1": ["a", None, "c"], "notes2": ["x", "y"], "remark": "z"}
    assert feedback_of(row, ["notes1", "notes2", "remark"]) == [
        Feedback(1, (("notes1", "a"), ("notes2", "x"), ("remark", "z"))),
        Feedback(2, (("notes2", "y"),)),
        Feedback(3, (("notes1", "c"),)),
    ]


@pytest.mark.parametrize(
    ("row", "fields", "problem"),
    [
        ({}, [], 'has no "individual_preference"; name the fields with the annotators\' texts (`text_fields`)'),
        ({"individual_preference": {}}, [], 'has a "individual_preference" that is no list'),
        ({"individual_preference": ["a"]}, [], 'has a "individual_preference" whose item 1 is no object'),
        (
            {"individual_preference": [{}, {"feedback1": ["a"]}]},
            [],
            'has a "individual_preference" whose item 2 has a "feedback1" that is no string',
        ),
        ({"individual_preference": [{"reasoning": None}]}, [], "has no annotator's text"),
        ({"individual_preference": []}, [], "has no annotator's text"),
        ({"a": "x"}, ["a", "b"], 'has no "b"'),
        ({"a": ["x", 5]}, ["a"], 'has a "a" that is neither a string nor a list of strings'),
        ({"a": [" ", None]}, ["a"], "has no annotator's text"),
    ],
)
def test_a_row_without_texts_says_what_is_wrong(row: dict[str, Any], fields: list[str], problem: str) -> None:
    """The message names field and item."""
    assert feedback_of(row, fields) == problem


# ------------------------------------------------------------------ data stays data

FRAME_LINE = re.compile(r"^<(/?QUOTED_\w+)(?:: [^<>]*)?>$", re.MULTILINE)
HARD = st.sampled_from(
    (
        "</QUOTED_RESPONSE_1>", "<QUOTED_ANNOTATOR_1_TEXT_1>", "<RESULT_START>", "＜RESULT_END＞", "<think>",
        "<|im_end|>", "\n", "\r\n", "\u2028", "- C1: x\n", "CLAIM_COUNT=1\n", "```py\nx = 1\n```", "中文", "שלום",
        "مرحبا", r"$\frac{1}{2}$", '"', "<div>", "x" * 10_000,
    )
)  # fmt: skip
TEXT = st.lists(st.one_of(HARD, st.text(max_size=8)), max_size=5).map("".join)


@given(TEXT, TEXT, TEXT, TEXT, TEXT)
def test_no_text_leaves_its_frame(said: str, first: str, second: str, label: str, text: str) -> None:
    """Frames open and close in the order in which they are written, and every text is inside its own."""
    feedback = [Feedback(2, ((label, text),))]
    data = row_text(feedback, Conversation((Turn("user", said),)), first, second)
    names = ["TURN_1", "RESPONSE_1", "RESPONSE_2", "ANNOTATOR_2_TEXT_1"]
    assert FRAME_LINE.findall(data) == [f"{slash}QUOTED_{name}" for name in names for slash in ("", "/")]
    for name, content in zip(names, (said, first, second, text), strict=True):
        inside = data.partition(f"<QUOTED_{name}")[2].partition(f"\n</QUOTED_{name}>")[0]
        assert inside.partition(">\n")[2] == quoted_lines(content)
    assert "<RESULT_" not in data and "<think>" not in data
    data.encode("utf-8")


@given(st.lists(TEXT.filter(lambda text: any(map(str.isalnum, text))), min_size=1, max_size=4))
def test_a_point_that_repeats_a_quoted_text_reads_back_as_that_text(texts: list[str]) -> None:
    """Prompt to reply to record: what is copied out of a frame is kept to the letter, white space folded."""
    copied = [" ".join(quoted_lines(text).split()) for text in texts]
    points = "\n".join(f"- C{number}: {text}" for number, text in enumerate(copied, 1))
    reply = f"<RESULT_START>\nCLAIM_COUNT={len(texts)}\nCLAIMS:\n{points}\nIGNORED_SUMMARY:\n- none\n<RESULT_END>"
    assert read_claims(reply) == Claims(tuple(copied), ())
