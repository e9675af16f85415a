"""Criticising as a step: the evaluated model reads a row and writes its reasons and verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from metajudge.data import Conversation, Status, cut_to_tokens, read_conversation, read_response
from metajudge.engine import Answer, Failed, Question, RequestResult
from metajudge.llm import Reply
from metajudge.tasks.critic.existing import ExistingCritique, read_existing
from metajudge.tasks.critic.prompt import CriticPrompt
from metajudge.tasks.critic.reply import AGREE, SUM, Critique, merge_orders, read_critique
from metajudge.tasks.critic.verdict import LABELS
from metajudge.tasks.messages import short_hash
from metajudge.tasks.step import Step, StepResult, StepSpec
from metajudge.text import ParseFailure, contradicts, estimate_tokens

AB, BOTH = "ab", "both"
LEFT_OUT = "turns_left_out"
NO_REASONS, ITEMS_LEFT_OUT, AGAINST_REASONS = "no_reasons", "items_left_out", "against_reasons"
_RULES_VERSION = 2
"""Version of the rules for existing texts: a text that other rules have read is read again."""


@dataclass(frozen=True, slots=True)
class CriticStep(Step):
    """One question per row, or one per order of the responses."""

    model_name: str
    """The evaluated model: its fields are `{model_name}-checklist`, `-label` and `-generated_text`."""
    top_k: int | None = None
    """Reasons asked for and kept; None = as many as there are."""
    orders: str = AB
    """`ab`, or `both`: asked with the responses exchanged, too."""
    orders_rule: str = AGREE
    """Label of orders that disagree: a tie (`agree`), or the `sum` of both verdicts' signs, as JudgeBench counts."""
    max_input_tokens: int | None = None
    """The oldest turns are left out of a longer question; the note `turns_left_out` counts them."""
    from_field: str | None = None
    """Field with a text that was generated elsewhere: it is parsed, nothing is asked."""
    reasons_after: str | None = None
    """Text on the line behind which the reasons of an existing text begin; None = see `read_existing`."""
    context_field: str = "context"
    response_fields: tuple[str, str] = ("response1", "response2")
    system_message: bool = True

    @property
    def spec(self) -> StepSpec:
        """Name and settings."""
        settings: dict[str, Any] = {
            "model_name": self.model_name,
            "top_k": self.top_k,
            "orders": self.orders,
            "orders_rule": self.orders_rule,
            "max_input_tokens": self.max_input_tokens,
            "existing_text": self.from_field,
            "context_field": self.context_field,
            "response_fields": list(self.response_fields),
        }
        if self.reasons_after is not None:
            settings["reasons_after"] = self.reasons_after
        fields = {self.context_field: "context_field"} | dict.fromkeys(self.response_fields, "response_fields")
        return StepSpec(
            name="critic",
            instructions=self._prompt.hash,
            settings=settings,
            fields=fields if self.from_field is None else {self.from_field: "from_field"},
            needs_model=self.from_field is None,
        )

    @property
    def _prompt(self) -> CriticPrompt:
        return CriticPrompt(self.top_k, self.system_message)

    def key(self, row: dict[str, Any]) -> str:
        """Return a hash of all texts of the question."""
        if self.from_field is not None:
            shown = f"existing {_RULES_VERSION} {self.reasons_after!r} {row.get(self.from_field)!r}"
        else:
            texts = self._texts(row)
            shown = texts if isinstance(texts, str) else self._prompt.messages(*texts)[-1]["content"]
        parts = (self._prompt.hash, self.model_name.lower(), self.orders, shown)
        return short_hash("\0".join(parts))

    def precomputed(self, row: dict[str, Any]) -> StepResult | None:
        """Parse the existing text; return an error for a row that cannot be shown."""
        if self.from_field is not None:
            return self._parsed(row.get(self.from_field))
        texts = self._texts(row)
        return StepResult.failed(Status.ERROR, f"the row {texts}") if isinstance(texts, str) else None

    def questions(self, row: dict[str, Any]) -> Sequence[Question]:
        """Ask about the row in one order or in both."""
        texts = self._texts(row)
        assert not isinstance(texts, str), "the row is settled"
        orders = ("AB", "BA") if self.orders == BOTH else ("AB",)
        return [
            Question(name, self._prompt.messages(*texts, swapped=name == "BA"), _read, alone=len(orders) == 1)
            for name in orders
        ]

    def derive(self, row: dict[str, Any], results: Sequence[RequestResult]) -> StepResult:
        """Make the row's result, with the number of turns left out of the question.

        The notes keep the verdict of one order if the other has failed.
        """
        found = Step.derive(self, row, results)
        if 0 < sum(isinstance(one, Failed) for one in results) < len(results):
            labels = [one.value.verdict if isinstance(one, Answer) else None for one in results]
            found = replace(found, notes={**found.notes, "labels": _labels(labels)})
        texts = self._texts(row)
        left_out = 0 if isinstance(texts, str) else texts[0].left_out
        return replace(found, notes={LEFT_OUT: left_out, **found.notes}) if left_out else found

    def combine(self, row: dict[str, Any], answers: Sequence[Answer]) -> StepResult:
        """Return reasons, label and text; with both orders the label that they agree on, else a tie."""
        first: Critique = answers[0].value
        text = answers[0].reply.text or ""
        if len(answers) == 1:
            return StepResult(Status.SUCCESS, self._fields(first, first.label, text))
        label, consistent = merge_orders(first.verdict, -answers[1].value.verdict)
        notes = {
            "consistent": consistent,
            "labels": _labels([answer.value.verdict for answer in answers]),
            "generated_text_BA": answers[1].reply.text or "",
        }
        return StepResult(Status.SUCCESS, self._fields(first, label, text), notes)

    def finalize(self, found: StepResult) -> StepResult:
        """Apply the rule for two orders, which may change without asking again; note a verdict against its reasons."""
        if found.status == Status.SUCCESS and "labels" in found.notes:
            found = self._ruled(found)
        return with_contradiction_noted(found, self.model_name)

    def _ruled(self, found: StepResult) -> StepResult:
        first, second = (_VERDICTS[label] for label in found.notes["labels"].values())
        label, _ = merge_orders(first, second, self.orders_rule)
        rule = {"orders_rule": SUM} if self.orders_rule == SUM else {}
        return replace(found, fields={**found.fields, f"{self.model_name}-label": label}, notes={**found.notes, **rule})

    def remarks(self, notes: Mapping[str, Any]) -> Iterator[str]:
        """Yield remarks about texts and reasons, turns left out, and the agreement of both orders."""
        yield from text_remarks(notes)
        if LEFT_OUT in notes:
            yield "with turns left out (`max_input_tokens`)"
        if "consistent" in notes:
            inconsistent = "inconsistent (sum of both)" if self.orders_rule == SUM else "inconsistent (taken as a tie)"
            yield "consistent in both orders" if notes["consistent"] else inconsistent

    def _fields(self, critique: Critique, label: str, text: str) -> dict[str, Any]:
        return critique_fields(self.model_name, critique.reasons[: self.top_k], label, text)

    def _parsed(self, text: object) -> StepResult:
        found = existing_critique(self.from_field, text, self.reasons_after)
        if isinstance(found, StepResult):
            return found
        assert isinstance(text, str), "it was read"
        critique = found.critique
        notes: dict[str, Any] = {ITEMS_LEFT_OUT: found.left_out} if found.left_out else {}
        if not critique.reasons:
            notes[NO_REASONS] = True
        return StepResult(Status.SUCCESS, self._fields(critique, critique.label, text), notes)

    def _texts(self, row: Mapping[str, Any]) -> "_Texts | str":
        """Return the conversation (cut if too long) and both responses of a row, or its problem."""
        conversation = read_conversation(row.get(self.context_field))
        if isinstance(conversation, str):
            return f'has a "{self.context_field}" that {conversation}'
        try:
            first, second = (read_response(row, name) for name in self.response_fields)
        except ValueError as problem:
            return str(problem)
        return self._cut(conversation, first, second), first, second

    def _cut(self, conversation: Conversation, first: str, second: str) -> Conversation:
        """Return the turns that fit; both orders are equally long."""
        most = self.max_input_tokens
        if most is None or estimate_tokens(self._prompt.messages(conversation, first, second)) <= most:
            return conversation
        without = estimate_tokens(self._prompt.messages(Conversation(()), first, second))
        return cut_to_tokens(conversation, max(0, most - without))


# ------------------------------------------------------------------ existing texts


def existing_critique(
    field: str | None, text: object, reasons_after: str | None = None
) -> ExistingCritique | StepResult:
    """Read the text of a row's field; a text without a clear verdict is a failed result."""
    if not isinstance(text, str):
        return StepResult.failed(Status.ERROR, f'the row has no text in "{field}"')
    found = read_existing(text, reasons_after)
    return StepResult.failed(Status.FORMAT_ERROR, found.reason) if isinstance(found, ParseFailure) else found


def critique_fields(model_name: str, reasons: Sequence[str], label: str, text: str) -> dict[str, Any]:
    """Return the fields that a row gains."""
    return {
        f"{model_name}-checklist": list(reasons),
        f"{model_name}-label": label,
        f"{model_name}-generated_text": text,
    }


def with_contradiction_noted(found: StepResult, model_name: str) -> StepResult:
    """Return the result with a note if its label contradicts its reasons."""
    label, reasons = (found.fields.get(f"{model_name}-{name}") for name in ("label", "checklist"))
    if label is None or not contradicts(_VERDICTS[label], reasons or ()):
        return found
    return replace(found, notes={**found.notes, AGAINST_REASONS: True})


def text_remarks(notes: Mapping[str, Any]) -> Iterator[str]:
    """Yield remarks about missing reasons, a verdict against them, and each item that is no reason."""
    if AGAINST_REASONS in notes:
        yield "with a verdict against all reasons that take a side"
    if NO_REASONS in notes:
        yield "without a reason (the verdict is kept)"
    yield from ["items that speak of neither response or come before the reasons (left out)"] * notes.get(
        ITEMS_LEFT_OUT, 0
    )


_Texts = tuple[Conversation, str, str]
_VERDICTS = {label: verdict for verdict, label in LABELS.items()}


def _labels(verdicts: Sequence[int | None]) -> dict[str, str | None]:
    """Return the labels of both orders, in terms of the row's own; None for a verdict that is missing."""
    # In the second order, Response A is the one that the row has as B.
    own = zip(("AB", "BA"), verdicts, (1, -1), strict=True)
    return {order: None if verdict is None else LABELS[verdict * turned] for order, verdict, turned in own}


def _read(reply: Reply) -> Critique | ParseFailure:
    return read_critique(reply.text or "", complete=reply.is_complete)
