"""Extracting as a step: a model cuts the reasons out of a critique that a judge wrote as free text.

The verdict is read from the text itself. The reply has the grammar of `decompose`.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metajudge.data import Status, framed
from metajudge.engine import Answer, Question
from metajudge.llm import Reply
from metajudge.tasks.critic.existing import ExistingCritique
from metajudge.tasks.critic.step import (
    NO_REASONS,
    critique_fields,
    existing_critique,
    text_remarks,
    with_contradiction_noted,
)
from metajudge.tasks.decompose.lint import UNSUPPORTED, lint_checklist
from metajudge.tasks.decompose.reply import Claims, read_claims
from metajudge.tasks.messages import chat_messages, read_instructions, short_hash, without_echo
from metajudge.tasks.step import Step, StepResult, StepSpec
from metajudge.text import ParseFailure


@functools.cache
def extract_instructions() -> str:
    """Return the fixed instructions, the same for every text."""
    return read_instructions(__package__, "extract")


@dataclass(frozen=True, slots=True)
class ExtractStep(Step):
    """One question per text that has a clear verdict and says more than that."""

    model_name: str
    """The evaluated model: its fields are `{model_name}-checklist`, `-label` and `-generated_text`."""
    from_field: str
    """Field with the critique."""
    top_k: int | None = None
    """Reasons kept; None = all."""
    system_message: bool = True

    @property
    def spec(self) -> StepSpec:
        """Name and settings."""
        return StepSpec(
            name="critic",
            instructions=short_hash(extract_instructions()),
            settings={
                "model_name": self.model_name,
                "top_k": self.top_k,
                "existing_text": self.from_field,
                "extract": True,
            },
            fields={self.from_field: "from_field"},
        )

    def key(self, row: dict[str, Any]) -> str:
        """Return a hash of the text."""
        parts = (short_hash(extract_instructions()), self.model_name.lower(), repr(row.get(self.from_field)))
        return short_hash("\0".join(parts))

    def precomputed(self, row: dict[str, Any]) -> StepResult | None:
        """Return an error for a text without a clear verdict, and no reasons for one that is only a verdict."""
        found = self._read(row)
        if isinstance(found, StepResult):
            return found
        return None if found.rest else self._result(row, found, (), {})

    def questions(self, row: dict[str, Any]) -> Sequence[Question]:
        """Ask for the reasons of the text, which is shown without thoughts and verdict."""
        data = framed("CRITIQUE", self._settled(row).rest)
        messages = chat_messages(extract_instructions(), data, system_message=self.system_message)
        return [Question("reasons", messages, functools.partial(_read_reply, messages), alone=True)]

    def combine(self, row: dict[str, Any], answers: Sequence[Answer]) -> StepResult:
        """Return the reasons; doubts about those without support in the text are a note."""
        claims: Claims = answers[0].value
        reasons, found = claims.items[: self.top_k], self._settled(row)
        doubts = lint_checklist(reasons, [found.rest], [])
        unsupported = [asdict(doubt) for doubt in doubts if doubt.reason == UNSUPPORTED]
        return self._result(row, found, reasons, {"doubts": unsupported} if unsupported else {})

    def finalize(self, found: StepResult) -> StepResult:
        """Note a verdict against its reasons."""
        return with_contradiction_noted(found, self.model_name)

    def remarks(self, notes: Mapping[str, Any]) -> Iterator[str]:
        """Yield remarks about texts and reasons, and the cause of each doubt."""
        yield from text_remarks(notes)
        yield from (doubt["reason"] for doubt in notes.get("doubts", ()))

    def _read(self, row: Mapping[str, Any]) -> ExistingCritique | StepResult:
        return existing_critique(self.from_field, row.get(self.from_field))

    def _settled(self, row: Mapping[str, Any]) -> ExistingCritique:
        found = self._read(row)
        assert not isinstance(found, StepResult), "the row is settled"
        return found

    def _result(
        self, row: Mapping[str, Any], found: ExistingCritique, reasons: Sequence[str], notes: dict[str, Any]
    ) -> StepResult:
        fields = critique_fields(self.model_name, reasons, found.critique.label, row[self.from_field])
        return StepResult(Status.SUCCESS, fields, notes if reasons else {**notes, NO_REASONS: True})


def _read_reply(messages: Sequence[Mapping[str, str]], reply: Reply) -> Claims | ParseFailure:
    return read_claims(without_echo(reply.text or "", messages), complete=reply.is_complete)
