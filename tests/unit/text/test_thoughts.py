"""Thoughts before the answer, in the forms in which models write them."""

import pytest

from metajudge.text.reading import ParseFailure
from metajudge.text.thoughts import after_thoughts

PAIRS = [
    ("<think>", "</think>"),
    ("<THINK>", "</THINK>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<thoughts>", "</thoughts>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<scratchpad>", "</scratchpad>"),
    ("<seed:think>", "</seed:think>"),
    ('<think effort="low">', "</think>"),
    ("< think >", "< / think >"),
    ("＜think＞", "＜/think＞"),
    ("&lt;think&gt;", "&lt;/think&gt;"),
    ("◁think▷", "◁/think▷"),
    ("[THINK]", "[/THINK]"),
    ("<|think|>", "<|/think|>"),
    ("<|think|>", "<|end|><|begin|>assistant<|content|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>commentary to=x", "<|channel|>final <|constrain|>json<|message|>"),
    ("analysisWe need", "assistantfinal"),
    ("<|channel>thought\n", "<channel|>"),
]


@pytest.mark.parametrize(("begin", "end"), PAIRS)
def test_only_what_follows_a_thought_is_the_answer(begin: str, end: str) -> None:
    """Also where the question began the thought; one that does not end is no answer."""
    for text in (f"{begin} draft {end}answer", f"{begin} a {end}b\n{begin} draft {end}answer"):
        answer = after_thoughts(text)
        assert isinstance(answer, str) and answer.endswith("answer") and "draft" not in answer
    for text in (f"{begin} draft", f"{begin} draft without its end: answer\n"):
        failure = after_thoughts(text)
        assert isinstance(failure, ParseFailure) and failure.reason.startswith("unclosed ")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("no thought", "no thought"),
        ("<think>I must not use <thinking> tags</think>answer", "answer"),
        ("<thinking>a</thinking>b<think>c</think>answer", "answer"),
        ("a</think>b</think>answer", "answer"),
        ("<think/>answer", "<think/>answer"),
        ("I am thinking of <b> and [think]", "I am thinking of <b> and [think]"),
        ("analysis of channels", "analysis of channels"),
        ("List<Thought>", None),
        ("<think>a</reasoning>draft", None),
    ],
)
def test_tags_of_thoughts_within_each_other_and_words_that_are_none(text: str, answer: str | None) -> None:
    """A tag of another kind does not end a thought."""
    found = after_thoughts(text)
    assert found == answer if answer is not None else isinstance(found, ParseFailure)
