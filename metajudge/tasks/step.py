"""Base class of the steps that make fields of rows from a model's answers, and their task for the engine."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from metajudge.data import InvalidRow, Row, RowIds, Status, is_skipped
from metajudge.engine import Answer, Failed, Question, RequestResult
from metajudge.records import SCHEMA, JudgeIdentity, Record

SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepResult:
    """Result of a step for one row."""

    status: str
    """`success`, or why the row is not fit for the next step."""
    fields: Mapping[str, Any] = field(default_factory=dict)
    """Keys that the output row gains."""
    notes: Mapping[str, Any] = field(default_factory=dict)
    """More keys of the stamp: counts, doubts, a message."""

    @classmethod
    def failed(cls, status: str, message: str) -> "StepResult":
        """Return a result without fields whose note is `message`."""
        return cls(status, notes={"error_message": message})


@dataclass(frozen=True, slots=True)
class StepRow:
    """A row as a step sees it."""

    line: int
    id: str
    question_id: str
    """Hash of the step, its settings and the texts asked about; empty for a skipped row."""
    model: str
    """Name of the step's only output."""
    row: dict[str, Any]
    precomputed: StepResult | None = None
    """Result without a question: an error, an existing text that was parsed, or `SKIPPED`."""


@dataclass(frozen=True, slots=True)
class StepSpec:
    """Properties of a step that are the same for all rows."""

    name: str
    """`decompose`, `critic`, `flaws`."""
    instructions: str
    """Hash of the fixed instructions."""
    settings: Mapping[str, Any]
    """Options that change the question or the use of its answer, for records and stamps."""
    fields: Mapping[str, str]
    """Fields that some row must have, each with the parameter that names it."""
    needs_model: bool = True


class Step(ABC):
    """A kind of question whose answers become fields of the row."""

    __slots__ = ()

    @property
    @abstractmethod
    def spec(self) -> StepSpec:
        """Name and settings."""

    @abstractmethod
    def key(self, row: dict[str, Any]) -> str:
        """Return a hash of the question's texts: equal keys are the same question."""

    @abstractmethod
    def precomputed(self, row: dict[str, Any]) -> StepResult | None:
        """Return the result of a row without a question; None if there is something to ask."""

    @abstractmethod
    def questions(self, row: dict[str, Any]) -> Sequence[Question]:
        """List the questions about a row without a precomputed result."""

    @abstractmethod
    def combine(self, row: dict[str, Any], answers: Sequence[Answer]) -> StepResult:
        """Make the row's result from the answers, in the order of the questions."""

    def derive(self, row: dict[str, Any], results: Sequence[RequestResult]) -> StepResult:
        """Make the row's result; one failed question fails the row."""
        failed = next((one for one in results if isinstance(one, Failed)), None)
        if failed is not None:
            return StepResult.failed(failed.kind, failed.message)
        return self.combine(row, [one for one in results if isinstance(one, Answer)])

    def finalize(self, found: StepResult) -> StepResult:
        """Apply bounds that may change without asking again; by default there are none."""
        return found

    def remarks(self, notes: Mapping[str, Any]) -> Iterable[str]:
        """Name what the summary counts of a row's notes; by default nothing."""
        return ()


@dataclass(frozen=True, slots=True)
class StepTask:
    """A step as a task of the engine."""

    step: Step
    judge: JudgeIdentity
    """The records' `judge`; `adapted` is filled in for each record."""

    def questions(self, item: StepRow) -> Sequence[Question]:
        """List the step's questions; none for a precomputed row."""
        if item.precomputed is not None:
            return ()
        return [replace(question, record_id=item.id) for question in self.step.questions(item.row)]

    def record(
        self, item: StepRow, results: Sequence[RequestResult], seconds: float, dropped_params: Sequence[str] = ()
    ) -> Record:
        """Make the row's record: the replies and the result."""
        found = item.precomputed or self.step.derive(item.row, results)
        failed = next((one for one in results if isinstance(one, Failed)), None)
        status = Status.EMPTY if not results else Status.SUCCESS if failed is None else failed.kind
        return Record(
            id=item.id,
            question_id=item.question_id,
            schema=SCHEMA,
            status=status,
            model_be_evaluated=item.model,
            derived={"status": found.status, "fields": dict(found.fields), "notes": dict(found.notes)},
            judge=replace(self.judge, adapted=tuple(dropped_params)).as_json(),
            attempts=sum(result.attempts for result in results),
            latency_s=round(seconds, 3),
            samples=[_sample(result) for result in results],
        )


def _sample(result: RequestResult) -> dict[str, Any]:
    if isinstance(result, Failed):
        last = result.last
        entry: dict[str, Any] = {"generated_text": (last.text or "") if last else "", "error_message": result.message}
        return entry if last is None else entry | {"finish_reason": last.finish_reason, "usage": last.usage.to_json()}
    reply = result.reply
    entry = {"generated_text": reply.text or "", "finish_reason": reply.finish_reason, "usage": reply.usage.to_json()}
    return entry if result.copied_from is None else {**entry, "copied_from": result.copied_from}


def step_rows(
    rows: Iterable[Row | InvalidRow], step: Step, numbers: RowIds | None = None
) -> Iterator[StepRow | InvalidRow]:
    """Yield the rows of an input as the step sees them; `numbers` gives the ids."""
    numbers, name = RowIds() if numbers is None else numbers, step.spec.name
    for row in rows:
        if isinstance(row, InvalidRow):
            yield row
            continue
        row_id = numbers.id_of(row.data)
        if is_skipped(row.data):
            yield StepRow(row.line, row_id, "", name, row.data, StepResult(SKIPPED))
        else:
            yield StepRow(row.line, row_id, step.key(row.data), name, row.data, step.precomputed(row.data))
