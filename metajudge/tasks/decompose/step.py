"""Decomposing as a step: the annotators' free text of a row becomes its human checklist."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from metajudge.data import HUMAN_KEY, Conversation, Status, read_conversation, read_response
from metajudge.engine import Answer, Question
from metajudge.llm import Reply
from metajudge.tasks.decompose.lint import lint_checklist
from metajudge.tasks.decompose.prompt import INDIVIDUAL, Feedback, feedback_of, instructions, row_text
from metajudge.tasks.decompose.reply import Claims, read_claims
from metajudge.tasks.messages import chat_messages, short_hash, without_echo
from metajudge.tasks.step import Step, StepResult, StepSpec
from metajudge.text import ParseFailure

LEFT_OUT = "left_out"
"""Reason of a doubt: a text among the points, such as a sub-bullet, may belong to the point above it."""


@dataclass(frozen=True, slots=True)
class DecomposeStep(Step):
    """One question per row; with `per_annotator`, one question and one list per annotator."""

    text_fields: tuple[str, ...] = ()
    """Fields with the annotators' texts; none = HelpSteer3's own."""
    min_items: int = 3
    """A row with fewer points is `too_few` …"""
    max_items: int = 7
    """… and one with more `too_many`: neither gets a checklist."""
    per_annotator: bool = False
    """Give `annotator-1-checklist` and so on instead of one list; the bounds do not apply."""
    system_message: bool = True

    @property
    def spec(self) -> StepSpec:
        """Name and settings."""
        return StepSpec(
            name="decompose",
            instructions=short_hash(instructions()),
            settings={"text_fields": list(self.text_fields), "per_annotator": self.per_annotator},
            fields=dict.fromkeys(self.text_fields or (INDIVIDUAL,), "text_fields"),
        )

    def key(self, row: dict[str, Any]) -> str:
        """Return a hash of all texts of the question."""
        texts = _texts(row, self.text_fields)
        shown = texts if isinstance(texts, str) else row_text(*texts)
        return short_hash(f"{short_hash(instructions())} {self.per_annotator} {shown}")

    def precomputed(self, row: dict[str, Any]) -> StepResult | None:
        """Return an error for a row without texts or without one of its responses."""
        texts = _texts(row, self.text_fields)
        return StepResult.failed(Status.ERROR, f"the row {texts}") if isinstance(texts, str) else None

    def questions(self, row: dict[str, Any]) -> Sequence[Question]:
        """Return one question, or one per annotator."""
        texts = _texts(row, self.text_fields)
        assert not isinstance(texts, str), "the row is settled"
        feedback, conversation, first, second = texts
        groups = [[one] for one in feedback] if self.per_annotator else [feedback]
        asked = []
        for group in groups:
            name = f"annotator {group[0].annotator}" if self.per_annotator else "claims"
            data = row_text(group, conversation, first, second)
            messages = chat_messages(instructions(), data, system_message=self.system_message)
            asked.append(Question(name, messages, partial(_read, messages), alone=len(groups) == 1))
        return asked

    def combine(self, row: dict[str, Any], answers: Sequence[Answer]) -> StepResult:
        """Return the checklist and the ignored texts; doubts about single points are a note."""
        texts = _texts(row, self.text_fields)
        assert not isinstance(texts, str), "there was nothing to ask"
        feedback, _, *responses = texts
        said = [text for one in feedback for _, text in one.texts]
        names = [f"annotator-{one.annotator}" for one in feedback] if self.per_annotator else ["human"]
        fields: dict[str, Any] = {}
        doubts: list[dict[str, Any]] = []
        for name, answer in zip(names, answers, strict=True):
            claims: Claims = answer.value
            fields[f"{name}-checklist"] = list(claims.items)
            fields[f"{name}-ignored"] = [asdict(one) for one in claims.ignored]
            doubts += [asdict(doubt) for doubt in lint_checklist(claims.items, said, responses)]
            doubts += [{"item": one.item, "reason": LEFT_OUT, "text": one.text} for one in claims.left_out]
        return StepResult(Status.SUCCESS, fields, {"doubts": doubts} if doubts else {})

    def finalize(self, found: StepResult) -> StepResult:
        """Apply the bounds on the number of points; only `success` has a checklist."""
        if found.status != Status.SUCCESS or self.per_annotator:
            return found
        count = len(found.fields[HUMAN_KEY])
        notes = {"items": count, **found.notes}
        if self.min_items <= count <= self.max_items:
            return replace(found, notes=notes)
        return StepResult("too_few" if count < self.min_items else "too_many", {}, notes)

    def remarks(self, notes: Mapping[str, Any]) -> Iterator[str]:
        """Yield the reason of each doubt."""
        return (doubt["reason"] for doubt in notes.get("doubts", ()))


_Texts = tuple[list[Feedback], Conversation, str, str]


def _texts(row: Mapping[str, Any], text_fields: Sequence[str]) -> _Texts | str:
    """Return feedback, conversation and both responses of a row, or its problem."""
    feedback = feedback_of(row, text_fields)
    if isinstance(feedback, str):
        return feedback
    context = row.get("context")
    conversation = Conversation(()) if context is None else read_conversation(context)
    if isinstance(conversation, str):
        return f'has a "context" that {conversation}'
    try:
        return feedback, conversation, read_response(row, "response1"), read_response(row, "response2")
    except ValueError as problem:
        return str(problem)


def _read(messages: Sequence[Mapping[str, str]], reply: Reply) -> Claims | ParseFailure:
    text = without_echo(reply.text or "", messages)  # the instructions' own example is no answer
    return read_claims(text, complete=reply.is_complete)
