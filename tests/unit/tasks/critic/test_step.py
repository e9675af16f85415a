"""Criticising as a step: the questions about a row and the result of its answers."""

from typing import Any

from metajudge.engine.question import Answer, Failed
from metajudge.llm.completion import Reply, Usage
from metajudge.tasks.critic.reply import SUM, Critique
from metajudge.tasks.critic.step import BOTH, CriticStep
from metajudge.text.tokens import estimate_tokens

TURNS = [{"role": "user", "content": f"turn {number} {'word ' * 200}"} for number in range(1, 5)]
LONG: dict[str, Any] = {"context": TURNS, "response1": "one", "response2": "two"}
CRITIQUE = Critique(("Response A is short",), -1, "A>B")


def answer(value: Critique, said: str = "said") -> Answer:
    return Answer(Reply(said, "stop", Usage(1, 1, 2), 0.1), value)


def shown_turns(step: CriticStep, row: dict[str, Any]) -> list[int]:
    """Return the number of turns in each question."""
    return [question.messages[-1]["content"].count("<QUOTED_TURN_") for question in step.questions(row)]


def room(turns: int) -> int:
    """Estimate the tokens of the question with this number of turns."""
    (question,) = CriticStep("m").questions({**LONG, "context": TURNS[:turns]})
    return estimate_tokens(question.messages) + 50


def test_with_both_orders_the_second_verdict_is_mapped_back_and_its_text_is_kept() -> None:
    """Its text names the responses as they were shown; list and text of the row are the first order's."""
    second = Critique(("Response A is long",), 2, "B>>A")
    found = CriticStep("m", orders=BOTH).derive(LONG, [answer(CRITIQUE), answer(second, "Response A is long.")])
    assert found.notes == {
        "consistent": True,
        "labels": {"AB": "A>B", "BA": "A>>B"},
        "generated_text_BA": "Response A is long.",
    }
    fields = {"m-checklist": ["Response A is short"], "m-label": "A>B", "m-generated_text": "said"}
    assert found.fields == fields


def test_turns_left_out_are_in_the_notes_and_in_the_summary() -> None:
    """The note counts the turns that the question lacks, in both orders and for a failed row."""
    step = CriticStep("m", orders=BOTH, max_input_tokens=room(2))
    assert shown_turns(step, LONG) == [2, 2]
    found = step.derive(LONG, [answer(CRITIQUE), answer(CRITIQUE)])
    assert found.notes["turns_left_out"] == 2 and found.notes["consistent"] is False
    turns, orders = step.remarks(found.notes)
    assert turns.startswith("with turns left out (") and orders == "inconsistent (taken as a tie)"
    failed = step.derive(LONG, [Failed("error", "400", "too long", 1)])
    assert failed.notes == {"turns_left_out": 2, "error_message": "too long"}


def test_a_question_that_fits_has_no_note_of_it() -> None:
    """A question without a bound has no note, either."""
    for step in (CriticStep("m", max_input_tokens=room(4)), CriticStep("m")):
        assert shown_turns(step, LONG) == [4]
        found = step.derive(LONG, [answer(CRITIQUE)])
        assert "turns_left_out" not in found.notes and list(step.remarks(found.notes)) == []


def test_the_rule_for_two_orders_applies_without_asking_again() -> None:
    """The record holds both verdicts; `finalize` makes the label of them by the rule of the run that writes."""
    tie = Critique(("Both are short",), 0, "A=B")
    found = CriticStep("m", orders=BOTH, orders_rule=SUM).derive(LONG, [answer(CRITIQUE), answer(tie)])
    agreed = CriticStep("m", orders=BOTH).finalize(found)
    assert agreed.fields["m-label"] == "A=B" and "orders_rule" not in agreed.notes
    step = CriticStep("m", orders=BOTH, orders_rule=SUM)
    summed = step.finalize(found)
    assert summed.fields["m-label"] == "A>B" and summed.notes["orders_rule"] == "sum"
    assert summed.notes["consistent"] is False and list(step.remarks(summed.notes)) == ["inconsistent (sum of both)"]
    single = CriticStep("m").derive(LONG, [answer(CRITIQUE)])
    assert step.finalize(single) == single


def test_a_failed_order_leaves_the_verdict_of_the_other_in_the_notes() -> None:
    """The row has failed and gains no label; a benchmark may count the other order."""
    failed = Failed("format_error", "no verdict", "no verdict", 1)
    step = CriticStep("m", orders=BOTH)
    for results, labels in (
        ([answer(CRITIQUE), failed], {"AB": "A>B", "BA": None}),
        ([failed, answer(CRITIQUE)], {"AB": None, "BA": "B>A"}),
    ):
        found = step.finalize(step.derive(LONG, results))
        assert (found.status, found.fields) == ("format_error", {})
        assert found.notes == {"error_message": "no verdict", "labels": labels}
    assert step.derive(LONG, [failed, failed]).notes == {"error_message": "no verdict"}


def test_an_existing_text_gives_its_verdict_its_reasons_and_the_count_of_other_items() -> None:
    """The notes say what is missing; the place where the reasons begin belongs to the question's key."""
    row = {"said": "- x\n- Response A is short\n- Response A is slow\n[[B>A]]"}
    step = CriticStep("m", from_field="said", top_k=1)
    found = step.precomputed(row)
    assert found is not None and found.notes == {"items_left_out": 1}
    assert found.fields["m-checklist"] == ["Response A is short"] and found.fields["m-label"] == "B>A"
    later = CriticStep("m", from_field="said", reasons_after="is short")
    rest = later.precomputed(row)
    assert rest is not None and rest.fields["m-checklist"] == ["Response A is short", "Response A is slow"]
    none = CriticStep("m", from_field="said", reasons_after="is slow")
    assert len({step.key(row), later.key(row), none.key(row)}) == 3
    assert "reasons_after" not in step.spec.settings and later.spec.settings["reasons_after"] == "is short"
    bare = step.precomputed({"said": "[[B>A]]"})
    assert bare is not None and bare.notes == {"no_reasons": True} and bare.fields["m-checklist"] == []
    kept, *items = step.remarks({"items_left_out": 2, "no_reasons": True})
    assert kept == "without a reason (the verdict is kept)" and len(items) == 2


def test_a_verdict_against_its_reasons_is_noted() -> None:
    """The label that the row gets counts: two orders that come to a tie contradict nothing."""
    reasons = ("Response A is correct", "Response A explains each step")
    step = CriticStep("m", orders=BOTH)
    against, other = (answer(Critique(reasons, verdict, label)) for verdict, label in ((1, "B>A"), (-1, "A>B")))
    found = step.finalize(step.derive(LONG, [against, other]))
    assert found.fields["m-label"] == "B>A" and found.notes["against_reasons"] is True
    assert next(iter(step.remarks(found.notes))) == "with a verdict against all reasons that take a side"
    tie = step.finalize(step.derive(LONG, [against, against]))
    assert tie.fields["m-label"] == "A=B" and "against_reasons" not in tie.notes
    assert "against_reasons" not in step.finalize(step.derive(LONG, [other, against])).notes
