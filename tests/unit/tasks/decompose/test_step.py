"""Decomposing as a step: the question about a row and the doubts about its answer."""

from typing import Any

from metajudge.engine.question import Answer
from metajudge.llm.completion import Reply, Usage
from metajudge.tasks.decompose.reply import Claims, LeftOut
from metajudge.tasks.decompose.step import DecomposeStep

ROW: dict[str, Any] = {"said": "Response 1 omits the unit, Response 2 is rude", "response1": "a", "response2": "b"}


def test_a_response_of_messages_is_shown_as_its_text() -> None:
    """It is the same question as the text alone."""
    step = DecomposeStep(("said",))
    listed = {**ROW, "response1": [{"role": "assistant", "content": "a"}]}
    assert step.questions(listed)[0].messages == step.questions(ROW)[0].messages and step.key(listed) == step.key(ROW)


def test_texts_that_were_left_out_are_doubts_about_their_points() -> None:
    """They are in the stamp with the text, and counted in the summary."""
    step = DecomposeStep(("said",))
    points = ("Response 1 omits the unit", "Response 2 is rude")
    value = Claims(points, (), (LeftOut(2, "- in its first line"),))
    found = step.derive(ROW, [Answer(Reply("said", "stop", Usage(1, 1, 2), 0.1), value)])
    assert found.fields["human-checklist"] == list(points)
    assert found.notes["doubts"] == [{"item": 2, "reason": "left_out", "text": "- in its first line"}]
    assert list(step.remarks(found.notes)) == ["left_out"]
