"""A step that makes fields of rows from a model's answers, as a task of the run engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from metajudge.data import InvalidRow, Row, RowIds, Status, is_skipped
from metajudge.engine import Failed, Outcome, Question
from metajudge.records import SCHEMA, JudgeIdentity, Record

PASSED_OVER = "passed over"


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step makes of a row."""

    status: str
    """`success`, or why the row is not fit for the next step."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Keys that the output row gains."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """More keys of the stamp: counts, doubts, a message."""


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row as a step sees it."""

    line: int
    id: str
    question_id: str
    """Hash of the step, its settings and what is asked about; empty for a row that is passed over."""
    model: str
    """Name of the step's only sink."""
    row: dict[str, Any]
    precomputed: StepResult | None = None
    """What becomes of it without a question: an error, a text that only had to be parsed, or it is passed over."""


class Step(Protocol):
    """A kind of question whose answers become fields of the row."""

    @property
    def name(self) -> str:
        """`decompose`, `critic`."""

    @property
    def settings(self) -> Mapping[str, Any]:
        """What changes the question or what is made of its answer, for records and stamps."""

    @property
    def instructions(self) -> str:
        """Hash of the fixed instructions."""

    @property
    def needs_model(self) -> bool:
        """False for a step that needs no model."""

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields that every row must have, and the flag that names another one."""

    def key(self, row: dict[str, Any]) -> str:
        """Names what is asked about this row: equal keys are the same question."""

    def precomputed(self, row: dict[str, Any]) -> StepResult | None:
        """What becomes of a row about which nothing is asked; None where there is something to ask."""

    def questions(self, row: dict[str, Any]) -> Sequence[Question]:
        """What to ask about a row that is not settled."""

    def derive(self, row: dict[str, Any], outcomes: Sequence[Outcome]) -> StepResult:
        """What the outcomes come to, in the order of the questions."""

    def finalize(self, found: StepResult) -> StepResult:
        """What the output shows of it: bounds that may change without asking again are applied here."""

    def summary_notes(self, found: StepResult) -> Sequence[str]:
        """What the summary counts about it."""

    def next_command(self, output: Path) -> str:
        """What to type once all rows are done."""


@dataclass(frozen=True, slots=True)
class StepTask:
    """A step as a task of the run engine."""

    step: Step
    judge: JudgeIdentity
    """The record's `judge` (its `adapted` is filled by the client as the run goes)."""

    def questions(self, sample: StepRow) -> Sequence[Question]:
        """The step's questions; none where it knows without asking."""
        return () if sample.precomputed else self.step.questions(sample.row)

    def record(self, sample: StepRow, outcomes: Sequence[Outcome], seconds: float) -> Record:
        """The row's record: what the replies were and what they came to."""
        found = sample.precomputed or self.step.derive(sample.row, outcomes)
        failed = next((one for one in outcomes if isinstance(one, Failed)), None)
        status = Status.EMPTY if not outcomes else Status.SUCCESS if failed is None else failed.kind
        return Record(
            id=sample.id,
            question_id=sample.question_id,
            schema=SCHEMA,
            status=status,
            model_be_evaluated=sample.model,
            derived={"status": found.status, "fields": dict(found.fields), "notes": dict(found.notes)},
            judge=self.judge.as_json(),
            attempts=sum(outcome.attempts for outcome in outcomes),
            latency_s=round(seconds, 3),
            samples=[_sample(outcome) for outcome in outcomes],
        )


def _sample(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Failed):
        last = outcome.last
        entry: dict[str, Any] = {"generated_text": (last.text or "") if last else "", "error_message": outcome.message}
        return entry if last is None else entry | {"finish_reason": last.finish_reason, "usage": last.usage.to_json()}
    reply = outcome.reply
    entry = {"generated_text": reply.text or "", "finish_reason": reply.finish_reason, "usage": reply.usage.to_json()}
    return entry if outcome.copied_from is None else {**entry, "copied_from": outcome.copied_from}


def step_rows(rows: Iterable[Row | InvalidRow], step: Step) -> Iterator[StepRow | InvalidRow]:
    """The rows of an input as the step sees them."""
    numbers = RowIds()
    for row in rows:
        if isinstance(row, InvalidRow):
            yield row
            continue
        row_id = numbers.id_of(row.data)
        if is_skipped(row.data):
            yield StepRow(row.line, row_id, "", step.name, row.data, StepResult(PASSED_OVER))
        else:
            yield StepRow(row.line, row_id, step.key(row.data), step.name, row.data, step.precomputed(row.data))
