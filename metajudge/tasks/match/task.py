"""Matching as a task: the questions about a row, and the record made of their replies."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from functools import partial
from typing import Any

from metajudge.data import Sample, Status
from metajudge.engine import Answer, Failed, Question, RequestResult
from metajudge.llm import Reply, Usage
from metajudge.metrics import Match, Matrix, best_matches, sparse_matrix
from metajudge.records import SCHEMA, JudgeIdentity, Record
from metajudge.tasks.match.prompt import ITEM, PAIRS, ROW, Prompt
from metajudge.tasks.match.reply import ParsedReply, matches_reference_reading, read_reply
from metajudge.tasks.messages import without_echo
from metajudge.text import ParseFailure, item_issues, plain_block

ZERO = "zero"
GUARDS = ("report", ZERO)
"""Values of `MatchTask.guard`."""


@dataclass(frozen=True, slots=True)
class MatchTask:
    """Task that scores how far the model's items make each human item's point."""

    prompt: Prompt
    judge: JudgeIdentity
    """The records' `judge`; `adapted` is filled in for each record."""
    top_k: int | None = None
    """Model items judged, the first ones; None = all."""
    num_samples: int = 1
    """Number of times each question is asked."""

    @property
    def guard(self) -> str | None:
        """Mode for suspicious items: `report` names them in the record, `zero` also gives the model's no credit."""
        return self.judge.guard

    def judged_items(self, sample: Sample) -> tuple[str, ...]:
        """Return the model items that are put to the judge."""
        return sample.model_items[: self.top_k]

    def suspicious(self, sample: Sample) -> dict[str, list[str]]:
        """Return the reasons of the judged suspicious items by name (`S3`, `R1`); none without guard."""
        if self.guard is None:
            return {}
        return {
            f"{letter}{number}": list(reasons)
            for letter, items in (("S", self.judged_items(sample)), ("R", sample.human))
            for number, item in enumerate(items, 1)
            if (reasons := item_issues(item))
        }

    def questions(self, sample: Sample) -> list[Question]:
        """Return one question per model item or per row, each `num_samples` times; none if a list is empty."""
        items = self.judged_items(sample)
        if not sample.human or not items:
            return []
        numbers = range(1, len(items) + 1) if self.prompt.granularity == ITEM else (0,)
        alone = len(numbers) * self.num_samples == 1
        any_score = self.prompt.template is not None
        read = partial(_read, pairs=self.prompt.granularity == PAIRS, any_score=any_score)
        asked = {number: self.prompt.messages(sample.human, items, number) for number in numbers}
        return [
            Question(
                name=f"S{number}/{turn}" if number else f"row/{turn}",
                messages=asked[number],
                read=partial(read, asked[number], len(sample.human), len(items), number),
                shared=self.num_samples == 1,
                alone=alone,
                record_id=sample.id,
                repetition=turn,
            )
            for turn in range(1, self.num_samples + 1)
            for number in numbers
        ]

    def record(
        self, sample: Sample, answers: Sequence[RequestResult], seconds: float, dropped_params: Sequence[str] = ()
    ) -> Record:
        """Make the record of a row; one failed question fails the row."""
        marked = self.suspicious(sample)
        if self.guard == ZERO:
            answers = [self._without_credit(answer, marked) for answer in answers]
        failed = next((answer for answer in answers if isinstance(answer, Failed)), None)
        status, message = Status.SUCCESS if answers else Status.EMPTY, None
        if failed is not None:
            alone = len(answers) == 1
            status = failed.kind if alone else Status.ERROR
            message = failed.message if alone else f"question {failed.question}: {failed.message}"
        result = self._result(sample, answers, failed) if answers else _empty_result(sample)
        return Record(
            id=sample.id,
            question_id=sample.question_id,
            schema=SCHEMA,
            status=status,
            model_be_evaluated=sample.model,
            n_human=len(sample.human),
            n_model=len(sample.model_items),
            empty=_which_empty(sample) if status == Status.EMPTY else None,
            extraction_result={
                "scores": [list(mark) for mark in result.marks],
                "is_ordered": result.is_ordered,
                "errors": [] if message is None else [message],
            },
            matches=[mark._asdict() for mark in result.marks],
            score_matrix=result.matrix,
            item_replies=result.replies,
            guard=None if self.guard is None else marked,
            control=sample.control,
            judge=replace(self.judge, adapted=tuple(dropped_params)).as_json(),
            attempts=sum(answer.attempts for answer in answers),
            latency_s=round(seconds, 3),
            finished_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            # With granularity `item`, the human list once and the line of every question.
            prompt=self.prompt.data(sample.human, self.judged_items(sample)) if answers else "",
            samples=result.samples,
            format_error=message if status == Status.FORMAT_ERROR else None,
            error_message=message if status == Status.ERROR else None,
            metadata=sample.row,
        )

    def _without_credit(self, answer: RequestResult, marked: Collection[str]) -> RequestResult:
        """Remove the scores of `marked` model items (`S3`, …); the reply stays."""
        if isinstance(answer, Failed):
            return answer
        marks = []
        for mark in answer.value.marks:
            if f"S{mark.model_item}" in marked:
                # Where only the best match is named, score 0 means no match.
                mark = mark._replace(model_item=0 if self.prompt.granularity == ROW else mark.model_item, score=0.0)
            marks.append(mark)
        return replace(answer, value=replace(answer.value, marks=tuple(marks)))

    # ------------------------------------------------------------------ results

    def _result(self, sample: Sample, answers: Sequence[RequestResult], failed: Failed | None) -> "_Result":
        size = len(answers) // self.num_samples
        if failed is not None:
            return self._one_sample(sample, answers[:size], failed)
        first, *others = (self._one_sample(sample, answers[i : i + size]) for i in range(0, len(answers), size))
        for other in others:
            own = {"score_matrix": other.matrix, "item_replies": other.replies}
            first.samples.append(other.samples[0] | {key: value for key, value in own.items() if value is not None})
        return first

    def _one_sample(self, sample: Sample, answers: Sequence[RequestResult], failed: Failed | None = None) -> "_Result":
        granularity = self.prompt.granularity
        matrix = None if granularity == ROW else score_matrix(sample, answers)
        replies = None
        if granularity == ITEM:
            replies = [answer.reply.text if isinstance(answer, Answer) else None for answer in answers]
        if failed is not None:
            last = failed.last or Reply(None, None, Usage(), 0.0)
            raw = {} if failed.last is None else {"raw_text": last.text}
            return _Result((), False, [_entry("", last.finish_reason, last.usage) | raw], matrix, replies)
        accepted = [answer for answer in answers if isinstance(answer, Answer)]
        marks = accepted[0].value.marks if matrix is None else best_matches(matrix)
        if replies is None:
            (answer,) = accepted
            return _Result(marks, answer.value.is_ordered, [_sample(answer, marks)], matrix)
        usage = sum((answer.reply.usage for answer in accepted), Usage())
        finishes = (answer.reply.finish_reason for answer in accepted)
        finish = next((reason for reason in finishes if reason != "stop"), "stop")
        return _Result(marks, True, [_entry(plain_block(marks), finish, usage)], matrix, replies)


@dataclass(frozen=True, slots=True)
class _Result:
    """Result of one row, or of one sample of it."""

    marks: Sequence[Match]
    is_ordered: bool
    samples: list[dict[str, Any]]
    matrix: Matrix | None = None
    replies: list[str | None] | None = None


def _read(
    messages: Sequence[Mapping[str, str]],
    n_human: int,
    n_model: int,
    number: int,
    reply: Reply,
    *,
    pairs: bool,
    any_score: bool,
) -> ParsedReply | ParseFailure:
    text = without_echo(reply.text or "", messages)
    return read_reply(
        text, n_human, n_model, model_item=number or None, pairs=pairs, complete=reply.is_complete, any_score=any_score
    )


def _entry(text: str, finish_reason: str | None, usage: Usage) -> dict[str, Any]:
    return {"generated_text": text, "finish_reason": finish_reason, "usage": usage.to_json()}


def _sample(answer: Answer, marks: Sequence[Match]) -> dict[str, Any]:
    """Return the record's entry of a reply; `marks` are the best match of each human item."""
    reply, text = answer.reply, answer.reply.text or ""
    entry: dict[str, Any] = {"generated_text": text}
    if not matches_reference_reading(text, marks):
        entry = {"generated_text": plain_block(marks), "raw_text": text}
    entry |= {"finish_reason": reply.finish_reason, "usage": reply.usage.to_json()}
    return entry if answer.copied_from is None else {**entry, "copied_from": answer.copied_from}


def score_matrix(sample: Sample, answers: Iterable[RequestResult]) -> Matrix:
    """Return a row's scores: human items as rows, model items as columns, None without an answer.

    With granularity `row`, each human item has one score, at its best model item; with `pairs`, all have one.
    """
    marks = [mark for answer in answers if isinstance(answer, Answer) for mark in answer.value.marks]
    return sparse_matrix(marks, len(sample.human), len(sample.model_items))


def _which_empty(sample: Sample) -> str:
    if sample.human:
        return "model"
    return "human" if sample.model_items else "both"


def _empty_result(sample: Sample) -> _Result:
    marks = [Match(number, 0, 0.0) for number in range(1, len(sample.human) + 1)]
    text = plain_block(marks) if marks else ""
    return _Result(marks, bool(marks), [_entry(text, None, Usage())])
