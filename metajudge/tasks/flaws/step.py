"""Classifying as a step: each reason of a row gets a class and flaws, by one question each."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from metajudge.data import (
    CHECKLIST_SUFFIX,
    EligibleRows,
    Status,
    choose_models,
    find_models,
    parse_verdict,
    read_checklist,
    read_conversation,
    read_response,
    signed_verdict,
)
from metajudge.engine import Answer, Failed, Question, RequestResult
from metajudge.errors import UsageError
from metajudge.llm import Reply
from metajudge.records import FLAWS_STEP
from metajudge.tasks.flaws.kinds import SUFFIX, ItemFlaws
from metajudge.tasks.flaws.prompt import FlawTexts, instructions
from metajudge.tasks.flaws.reply import read_flaws
from metajudge.tasks.messages import short_hash, without_echo
from metajudge.tasks.step import Step, StepResult, StepSpec
from metajudge.text import ParseFailure

HUMAN = "human"
"""Evaluated model of the control: the reasons are the human points, the verdict is people's preference."""
_PREFERENCE = "overall_preference"
_UNREAD, _UNANSWERED = "unread", "unanswered"


def evaluated_name(path: Path, asked: str) -> str:
    """Return the one evaluated model that `asked` names, as the file spells it; `human` is the human checklist.

    Raises `UsageError` for a name without a checklist, and for several.
    """
    if asked.strip().lower() == HUMAN:
        return HUMAN
    source = EligibleRows(path)
    names = choose_models(asked, find_models(source, None, asked), path)
    if len(names) > 1:
        raise UsageError(
            f"`model_be_evaluated` {asked}: one model at a time, each into a file of its name; {path} has "
            f"{', '.join(names)}, and {HUMAN} for the human points"
        )
    return names[0]


@dataclass(frozen=True, slots=True)
class FlawsStep(Step):
    """One question for every reason that has words."""

    model_name: str
    """The evaluated model, whose reasons are `{model_name}-checklist`; `human` = the human points."""
    top_k: int | None = None
    """Ask about the first reasons only; None = about all."""
    system_message: bool = True

    @property
    def spec(self) -> StepSpec:
        """Name and settings."""
        checklist = f"{self.model_name}{CHECKLIST_SUFFIX}"
        fields = dict.fromkeys(("context", "response1", "response2"), "input_file")
        return StepSpec(
            name=FLAWS_STEP,
            instructions=short_hash(instructions()),
            settings={"model_name": self.model_name, "top_k": self.top_k},
            fields={**fields, checklist: "model_be_evaluated"},
        )

    def key(self, row: dict[str, Any]) -> str:
        """Return a hash of all texts of the questions."""
        texts = self._texts(row)
        shown = texts if isinstance(texts, str) else texts.data()
        parts = (short_hash(instructions()), self.model_name.lower(), shown)
        return short_hash("\0".join(parts))

    def precomputed(self, row: dict[str, Any]) -> StepResult | None:
        """Return an error for a row that cannot be shown, and an empty list for one without reasons."""
        texts = self._texts(row)
        if isinstance(texts, str):
            return StepResult.failed(Status.ERROR, f"the row {texts}")
        return None if _asked(texts) else self._result((), Status.SUCCESS)

    def questions(self, row: dict[str, Any]) -> Sequence[Question]:
        """Return a question for each reason."""
        texts = self._settled(row)
        numbers = _asked(texts)
        return [self._question(texts, number, alone=len(numbers) == 1) for number in numbers]

    def combine(self, row: dict[str, Any], answers: Sequence[Answer]) -> StepResult:
        """Return class and flaws of every reason."""
        return self.derive(row, answers)

    def derive(self, row: dict[str, Any], results: Sequence[RequestResult]) -> StepResult:
        """Make the row's result; a reason whose question failed is unread, and the others are kept."""
        numbers = _asked(self._settled(row))
        items = [
            ItemFlaws.nothing_read(number) if isinstance(one, Failed) else one.value
            for number, one in zip(numbers, results, strict=True)
        ]
        failed = [one for one in results if isinstance(one, Failed)]
        found = self._result(items, failed[0].kind if failed else Status.SUCCESS)
        if not failed:
            return found
        return replace(found, notes={**found.notes, _UNANSWERED: len(failed), "error_message": failed[0].message})

    def remarks(self, notes: Mapping[str, Any]) -> Iterator[str]:
        """Yield a remark for each reason that is unread as a whole, and for each class or flaw that is."""
        yield from ["reasons without a reply that can be read"] * notes.get(_UNANSWERED, 0)
        yield from ["classes or flaws unread for want of a quote that holds"] * notes.get(_UNREAD, 0)

    def _question(self, texts: FlawTexts, number: int, *, alone: bool) -> Question:
        messages = texts.messages(number, system_message=self.system_message)
        read = _reader(messages, number, texts)
        return Question(f"S{number}", messages, partial(read, partly=False), partial(read, partly=True), alone=alone)

    def _result(self, items: Sequence[ItemFlaws], status: str) -> StepResult:
        answered = (one for one in items if one != ItemFlaws.nothing_read(one.item))
        unread = sum(len(one.unread) for one in answered)
        fields = {f"{self.model_name}{SUFFIX}": [one.as_json() for one in items]}
        notes: dict[str, Any] = {"model_be_evaluated": self.model_name, "instructions": self.spec.instructions}
        return StepResult(status, fields, {**notes, _UNREAD: unread} if unread else notes)

    def _settled(self, row: Mapping[str, Any]) -> FlawTexts:
        texts = self._texts(row)
        assert not isinstance(texts, str), "the row is settled"
        return texts

    def _texts(self, row: Mapping[str, Any]) -> FlawTexts | str:
        """Return the texts of a row, or its problem."""
        context = read_conversation(row.get("context"))
        if isinstance(context, str):
            return f'has a "context" that {context}'
        reasons = read_checklist(dict(row), self.model_name)
        if isinstance(reasons, str):
            return reasons
        try:
            first, second = (read_response(row, name) for name in ("response1", "response2"))
        except ValueError as problem:
            return str(problem)
        return FlawTexts(context, first, second, self._verdict(row), reasons[: self.top_k])

    def _verdict(self, row: Mapping[str, Any]) -> int | None:
        """Return the verdict behind the reasons; None if it is missing or unclear."""
        name = _PREFERENCE if self.model_name == HUMAN else f"{self.model_name}-label".lower()
        value = next((value for key, value in row.items() if key.lower() == name), None)
        if isinstance(value, str):
            return parse_verdict(value)
        # The numbers 1 and 2 of a model may be the choice of a response.
        is_clear = self.model_name == HUMAN or value not in (1, 2)
        return signed_verdict(value) if is_clear else None


def _asked(texts: FlawTexts) -> list[int]:
    """Return the numbers of the reasons that have words."""
    return [number for number, reason in enumerate(texts.reasons, 1) if reason.strip()]


def _reader(
    messages: Sequence[Mapping[str, str]], number: int, texts: FlawTexts
) -> Callable[..., ItemFlaws | ParseFailure]:
    sources = texts.sources(number)

    def read(reply: Reply, *, partly: bool) -> ItemFlaws | ParseFailure:
        text = without_echo(reply.text or "", messages)  # the instructions' own example is no answer
        return read_flaws(text, number, sources, complete=reply.is_complete, partly=partly)

    return read
