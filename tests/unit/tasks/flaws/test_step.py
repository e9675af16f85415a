"""Classifying as a step: the questions about a row, its verdict, and the result of the answers."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.data import Status
from metajudge.engine import Answer, Failed
from metajudge.errors import UsageError
from metajudge.llm import Reply, Usage
from metajudge.tasks.flaws import FlawsStep, ItemFlaws, evaluated_name
from metajudge.tasks.flaws.prompt import instructions
from metajudge.tasks.flaws.reply import read_flaws
from tests.unit.tasks.replies import accepted

ROW: dict[str, Any] = {
    "context": "Which way?", "response1": "Turn left at the fountain", "response2": "Take the tram",
    "human-checklist": ["Response 1 is right"], "M-checklist": ["A is short", " ", "B is vague"], "M-label": "A>B",
    "overall_preference": 2,
}  # fmt: skip
STEP = FlawsStep("M")


def shown(step: FlawsStep, row: dict[str, Any]) -> list[str]:
    return [question.messages[-1]["content"] for question in step.questions(row)]


def test_each_reason_with_words_is_asked_and_the_questions_begin_alike() -> None:
    """Conversation, responses, verdict and all reasons come first, the number of the reason last."""
    first, second = shown(STEP, ROW)
    begin, last = first.rsplit("\n\n", 1)
    assert second.startswith(begin) and "<QUOTED_REASON_1>; its name" in last and "<QUOTED_REASON_3>; its" in second
    for text in ("Which way?", "Turn left at the fountain", "Take the tram", "A is short", "B is vague"):
        assert text in begin
    assert "<QUOTED_VERDICT>\nResponse A is better than Response B.\n" in begin
    assert [question.name for question in STEP.questions(ROW)] == ["S1", "S3"]


@pytest.mark.parametrize(
    ("step", "fields", "verdict"),
    [
        (STEP, {}, "Response A is better than Response B."),
        (STEP, {"M-label": "B>>A"}, "Response B is much better than Response A."),
        (STEP, {"M-label": "A=B"}, "Neither response is better than the other."),
        (STEP, {"M-label": -3}, "Response A is much better than Response B."),
        (STEP, {"M-label": 2}, "(no verdict is known"),
        (STEP, {"M-label": None}, "(no verdict is known"),
        (FlawsStep("human"), {}, "Response B is better than Response A."),
        (FlawsStep("human"), {"overall_preference": None}, "(no verdict is known"),
    ],
)
def test_the_verdict_is_said_in_words(step: FlawsStep, fields: dict[str, Any], verdict: str) -> None:
    """That of the evaluated model, or of people; a number that may be a choice says nothing."""
    assert f"<QUOTED_VERDICT>\n{verdict}" in shown(step, {**ROW, **fields})[0]


def test_top_k_and_other_texts_are_other_questions() -> None:
    """So that an earlier answer is not taken for theirs."""
    assert len(shown(FlawsStep("M", top_k=1), ROW)) == 1
    keys = {
        STEP.key(ROW),
        FlawsStep("M", top_k=1).key(ROW),
        STEP.key({**ROW, "M-label": "B>A"}),
        FlawsStep("m").key(ROW),
    }
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"context": 3}, 'the row has a "context" that is neither a string nor a list of messages'),
        ({"response2": None}, 'the row has a "response2" that is null'),
        ({"M-checklist": None}, 'the row has no "M-checklist"'),
        ({"M-checklist": ["a", 1]}, 'the row has a "M-checklist" whose item 2 is a number'),
    ],
)
def test_a_row_that_cannot_be_shown_is_an_error(change: dict[str, Any], problem: str) -> None:
    found = STEP.precomputed({**ROW, **change})
    assert found is not None and found.status == Status.ERROR and found.notes["error_message"].startswith(problem)


def test_a_row_without_reasons_needs_no_question() -> None:
    found = STEP.precomputed({**ROW, "M-checklist": ["", "  "]})
    assert found is not None and found.status == Status.SUCCESS and found.fields == {"M-flaws": []}


def test_one_failed_question_leaves_the_others() -> None:
    """The row is to be asked again; its reason is unread as a whole."""
    read = ItemFlaws(1, "GS", ("F1",), ("F4",))
    answers = [Answer(Reply("x", "stop", Usage(1, 1, 2), 0.1), read), Failed(Status.ERROR, "timeout", "no answer", 3)]
    found = STEP.derive(ROW, answers)
    assert found.status == Status.ERROR
    assert found.fields["M-flaws"] == [read.as_json(), ItemFlaws.nothing_read(3).as_json()]
    assert (found.notes["unread"], found.notes["unanswered"]) == (1, 1) and found.notes["error_message"] == "no answer"
    assert list(STEP.remarks(found.notes)) == [
        "reasons without a reply that can be read",
        "classes or flaws unread for want of a quote that holds",
    ]


def test_the_worked_example_of_the_instructions_can_be_read_and_is_no_answer() -> None:
    """Its quotes hold in the texts that it describes; a judge that only repeats it has said nothing."""
    text = instructions()
    reason = "Response A is detailed and names the turn at the old fountain, a joy to read."
    assert reason in text
    sources = {"A": "At the old fountain, turn right into Mill Lane", "B": "Enjoy your visit!", "REASON": reason,
               "VERDICT": "Response B is better than Response A."}  # fmt: skip
    found = accepted(read_flaws(text[text.rindex("<RESULT_START>") :], 2, sources))
    assert (found.kind, found.flaws) == ("EG", ("F4", "F5", "F6"))
    (question, _) = STEP.questions(ROW)
    repeated = Reply(text, "stop", Usage(1, 1, 2), 0.1)
    assert question.read_part is not None
    assert question.read(repeated) == question.read_part(repeated)
    assert "no <RESULT_START> block" in str(question.read(repeated))


def test_one_model_is_named_without_regard_to_case(tmp_path: Path) -> None:
    """Several are refused; `human` is the human list."""
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(ROW | {"N-checklist": ["x"]}) + "\n")
    assert evaluated_name(path, "m") == "M" and evaluated_name(path, "Human") == "human"
    for asked in ("all", "m,n"):
        with pytest.raises(UsageError, match="one model at a time"):
            evaluated_name(path, asked)
    with pytest.raises(UsageError, match="models of the file: M, N"):
        evaluated_name(path, "other")
