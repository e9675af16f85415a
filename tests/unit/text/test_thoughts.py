"""Thoughts before the answer, in the forms in which models write them."""

import time
from collections.abc import Callable

import pytest

from metajudge.data.conversation import quoted_lines
from metajudge.tasks.match.prompt import quoted
from metajudge.text.reading import ParseFailure
from metajudge.text.thoughts import after_thoughts, thought_tags

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
    ("<longcat_think>", "</longcat_think>"),
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
        ("<details><summary>Scores</summary>answer</details>", "<details><summary>Scores</summary>answer</details>"),
        ('<details type="reasoning">a</details>answer', "answer"),
        ("answer<|im_start|>assistant", "answer<|im_start|>assistant"),
        ("List<Thought>", None),
        ("<think>a</reasoning>draft", None),
    ],
)
def test_tags_of_thoughts_within_each_other_and_words_that_are_none(text: str, answer: str | None) -> None:
    """A tag of another kind does not end a thought."""
    found = after_thoughts(text)
    assert found == answer if answer is not None else isinstance(found, ParseFailure)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("answer\n<thinking>I am done</thinking>\n", "answer\n"),
        ("<think>a</think>answer<think>b</think> <reasoning>c</reasoning>", "answer"),
        ("answer<|end|>", "answer<|end|>"),
        ("<think>a<|end|>b</think>answer<|end|>", "answer<|end|>"),
        ("draft</think>", ""),
        ("draft <think>No: <RESULT_START></think>", ""),
        ("draft <think>No: ＜RESULT_START＞</think>", ""),
    ],
)
def test_a_thought_behind_the_answer_is_a_remark(text: str, answer: str) -> None:
    """Unless a result block begins in it; the end of any message ends no thought that was not begun."""
    assert after_thoughts(text) == answer


@pytest.mark.parametrize(("begin", "end"), PAIRS)
@pytest.mark.parametrize("quote", [quoted, quoted_lines])
def test_a_quoted_text_has_no_tag_of_a_thought(quote: Callable[[str], str], begin: str, end: str) -> None:
    """So a judge that copies an item does not seem to think; all words of the item stay."""
    for text in (f"{begin} b {end}", f"a {begin} b", f"a {end} b", f"{begin}{end}", f"It leaks {begin.strip()}"):
        shown = quote(text)
        assert thought_tags(shown) == thought_tags(f"x {shown}") == []
        assert len(shown) <= len(text) + 8


def test_half_a_tag_in_an_item_does_not_join_with_the_next_item() -> None:
    """The end of the tag may be in another item."""
    for half in ("<think", "</reasoning", "◁think", "&lt;think", "<|channel|", "<|START_THINKING", "[THINK"):
        assert thought_tags(f"S1: {quoted(half)}\n>") == thought_tags(f"{quoted(half)}{quoted('|>')}") == []


@pytest.mark.usefixtures("untraced")
@pytest.mark.parametrize("text", ["<think>", "</think>", "< ", "<think></think>", "[THINK]</reasoning>", "&lt;", "<a:"])
def test_many_tags_take_no_longer_than_their_length(text: str) -> None:
    """Tags that nothing ends are not each looked for to the end of the text."""
    started = time.process_time()
    after_thoughts(text * (100_000 // len(text)))
    assert time.process_time() - started < 3
