"""Extracting as a step: which texts are asked about, with what, and the result of the answers."""

from functools import partial
from typing import Any

from metajudge.engine.question import Answer
from metajudge.llm.completion import Reply, Usage
from metajudge.tasks.critic.extract import ExtractStep, extract_instructions
from metajudge.tasks.decompose.reply import Claims, Ignored, read_claims
from metajudge.tasks.step import StepResult
from metajudge.text.reading import ParseFailure
from tests.unit.tasks.replies import accepted

PROSE = "The year has 366 days. Assistant A forgets the leap day, and Assistant B counts it."
ROW: dict[str, Any] = {"said": f"{PROSE}\n\nMy final verdict is: [[B>A]]"}
POINTS = ("Assistant A forgets the leap day", "Assistant B counts it")
STEP = ExtractStep("m", "said")


def derive(step: ExtractStep, *items: str) -> StepResult:
    claims = Claims(items, (Ignored("366 days", "solution"),))
    return step.derive(ROW, [Answer(Reply("reply", "stop", Usage(1, 1, 2), 0.1), claims)])


def test_the_text_is_quoted_without_its_verdict_and_nothing_else_is_shown() -> None:
    """The model cannot list the verdict, nor copy reasons from the responses."""
    (question,) = STEP.questions({**ROW, "response1": "secret"})
    system, user = (message["content"] for message in question.messages)
    assert system == extract_instructions()
    assert PROSE in user and "[[B>A]]" not in user and "secret" not in user


def test_a_text_without_a_question_has_its_result_at_once() -> None:
    """A bare verdict has no reasons, an unclear one is an error: neither costs a request."""
    assert STEP.precomputed(ROW) is None
    bare = STEP.precomputed({"said": "[[A>>B]]"})
    assert bare is not None and bare.status == "success"
    assert bare.fields == {"m-checklist": [], "m-label": "A>>B", "m-generated_text": "[[A>>B]]"}
    assert bare.notes == {"no_reasons": True}
    assert list(STEP.remarks(bare.notes)) == ["without a reason (the verdict is kept)"]
    for row, status in (({"said": PROSE}, "format_error"), ({"said": 1}, "error"), ({}, "error")):
        found = STEP.precomputed(row)
        assert found is not None and (found.status, found.fields) == (status, {})


def test_the_reasons_are_the_points_and_the_label_is_the_verdict_of_the_text() -> None:
    """The row's text stays what the judge wrote."""
    found = derive(STEP, *POINTS)
    assert found.fields == {"m-checklist": list(POINTS), "m-label": "B>A", "m-generated_text": ROW["said"]}
    assert found.notes == {}
    assert derive(ExtractStep("m", "said", top_k=1), *POINTS).fields["m-checklist"] == [POINTS[0]]
    assert derive(STEP).notes == {"no_reasons": True}


def test_a_verdict_against_the_reasons_is_noted() -> None:
    """The reasons are known only after the answer."""
    found = STEP.finalize(derive(STEP, "Assistant A is correct", "Assistant A explains each step"))
    assert found.notes["against_reasons"] is True
    assert "against_reasons" not in STEP.finalize(derive(STEP, *POINTS)).notes


def test_a_point_that_the_text_does_not_contain_is_doubted() -> None:
    """A model may invent reasons; a person should look at such a point."""
    found = derive(STEP, POINTS[0], "Response 2 quotes Shakespeare without permission")
    assert found.notes["doubts"] == [{"item": 2, "reason": "unsupported", "of": 0}]
    assert list(STEP.remarks(found.notes)) == ["unsupported"]


def test_the_example_in_the_instructions_is_readable_and_its_copy_no_answer() -> None:
    """A model that repeats its question has not answered it."""
    assert len(accepted(read_claims(extract_instructions())).items) == 4
    (question,) = STEP.questions(ROW)
    reader = question.read
    assert isinstance(reader, partial)
    assert isinstance(reader(Reply(extract_instructions(), "stop", Usage(1, 1, 2), 0.1)), ParseFailure)
    own = "<RESULT_START>\nCLAIM_COUNT=1\nCLAIMS:\n- C1: x\nIGNORED_SUMMARY:\n- none\n<RESULT_END>"
    assert reader(Reply(own, "stop", Usage(1, 1, 2), 0.1)) == Claims(("x",), ())


def test_another_text_or_model_is_another_question_and_other_fields_are_not() -> None:
    """Rows are resumed by what they ask."""
    keys = [STEP.key(ROW), STEP.key({**ROW, "other": 1}), STEP.key({"said": "x"}), ExtractStep("n", "said").key(ROW)]
    assert keys[0] == keys[1] and len(set(keys)) == 3
