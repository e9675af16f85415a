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
from metajudge.tasks.match.prompt import ITEM, Prompt
from metajudge.tasks.match.reply import ParsedReply, matches_reference_reading, read_reply
from metajudge.tasks.messages import without_echo
from metajudge.text import ParseFailure, item_issues, plain_block

ZERO = "zero"


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
        """Return one question per row or per model item, each `num_samples` times; none if a list is empty."""
        items = self.judged_items(sample)
        if not sample.human or not items:
            return []
        numbers = range(1, len(items) + 1) if self.prompt.granularity == ITEM else (0,)
        alone = len(numbers) * self.num_samples == 1
        asked = {number: self.prompt.messages(sample.human, items, number) for number in numbers}
        return [
            Question(
                name=f"S{number}/{turn}" if number else f"row/{turn}",
                messages=asked[number],
                read=partial(_read, asked[number], len(sample.human), len(items), number),
                shared=self.num_samples == 1,
                alone=alone,
                record_id=sample.id,
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
        if not answers:
            status, result = Status.EMPTY, _empty_result(sample)
        elif failed is not None:
            status, result = self._failed_result(sample, answers, failed)
        else:
            status, result = Status.SUCCESS, self._result(sample, answers)
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
                "errors": [] if result.message is None else [result.message],
            },
            matches=[mark._asdict() for mark in result.marks],
            score_matrix=result.matrix,
            item_replies=result.replies,
            guard=None if self.guard is None else marked,
            judge=replace(self.judge, adapted=tuple(dropped_params)).as_json(),
            attempts=sum(answer.attempts for answer in answers),
            latency_s=round(seconds, 3),
            finished_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            # With granularity `item`, the human list once and the line of every question.
            prompt=self.prompt.data(sample.human, self.judged_items(sample)) if answers else "",
            samples=result.samples,
            format_error=result.message if status == Status.FORMAT_ERROR else None,
            error_message=result.message if status == Status.ERROR else None,
            metadata=sample.row,
        )

    def _without_credit(self, answer: RequestResult, marked: Collection[str]) -> RequestResult:
        """Remove the scores of `marked` model items (`S3`, …); the reply stays."""
        if isinstance(answer, Failed):
            return answer
        marks = []
        for mark in answer.value.marks:
            if f"S{mark.model_item}" in marked:
                # In a question about all items, score 0 means no match.
                mark = mark._replace(model_item=mark.model_item if self.prompt.granularity == ITEM else 0, score=0.0)
            marks.append(mark)
        return replace(answer, value=replace(answer.value, marks=tuple(marks)))

    # ------------------------------------------------------------------ results

    def _result(self, sample: Sample, answers: Sequence[RequestResult]) -> "_Result":
        size = len(answers) // self.num_samples
        accepted = [answer for answer in answers if isinstance(answer, Answer)]
        first, *others = (self._one_sample(sample, accepted[i : i + size]) for i in range(0, len(answers), size))
        for other in others:
            own = {"score_matrix": other.matrix, "item_replies": other.replies} if other.matrix is not None else {}
            first.samples.append(other.samples[0] | own)
        return first

    def _one_sample(self, sample: Sample, answers: Sequence[Answer]) -> "_Result":
        if self.prompt.granularity != ITEM:
            (answer,) = answers
            return _Result(answer.value.marks, answer.value.is_ordered, [_sample(answer)])
        replies = [answer.reply for answer in answers]
        matrix = score_matrix(sample, answers)
        marks = best_matches(matrix)
        usage = sum((reply.usage for reply in replies), Usage())
        finish = next((reply.finish_reason for reply in replies if reply.finish_reason != "stop"), "stop")
        entry = {"generated_text": plain_block(marks), "finish_reason": finish, "usage": usage.to_json()}
        return _Result(marks, True, [entry], matrix, [reply.text for reply in replies])

    def _failed_result(
        self, sample: Sample, answers: Sequence[RequestResult], failed: Failed
    ) -> tuple[Status, "_Result"]:
        matrix, replies = None, None
        kind, message = failed.kind, failed.message
        if len(answers) > 1:
            kind, message = Status.ERROR, f"question {failed.question}: {failed.message}"
        if self.prompt.granularity == ITEM:
            first = answers[: len(answers) // self.num_samples]
            matrix = score_matrix(sample, first)
            replies = [answer.reply.text if isinstance(answer, Answer) else None for answer in first]
        last = failed.last or Reply(None, None, Usage(), 0.0)
        entry = {"generated_text": "", "finish_reason": last.finish_reason, "usage": last.usage.to_json()}
        if failed.last is not None:
            entry["raw_text"] = last.text
        return kind, _Result((), False, [entry], matrix, replies, message)


@dataclass(frozen=True, slots=True)
class _Result:
    """Result of one row, or of one sample of it."""

    marks: Sequence[Match]
    is_ordered: bool
    samples: list[dict[str, Any]]
    matrix: Matrix | None = None
    replies: list[str | None] | None = None
    message: str | None = None


def _read(
    messages: Sequence[Mapping[str, str]], n_human: int, n_model: int, number: int, reply: Reply
) -> ParsedReply | ParseFailure:
    text = without_echo(reply.text or "", messages)
    cut = reply.finish_reason == "length"
    return read_reply(text, n_human, n_model, model_item=number or None, cut=cut)


def _sample(answer: Answer) -> dict[str, Any]:
    reply, text = answer.reply, answer.reply.text or ""
    entry: dict[str, Any] = {"generated_text": text}
    if not matches_reference_reading(text, answer.value.marks):
        entry = {"generated_text": plain_block(answer.value.marks), "raw_text": text}
    entry |= {"finish_reason": reply.finish_reason, "usage": reply.usage.to_json()}
    return entry if answer.copied_from is None else {**entry, "copied_from": answer.copied_from}


def score_matrix(sample: Sample, answers: Iterable[RequestResult]) -> Matrix:
    """Return a row's scores: human items as rows, model items as columns, None without an answer.

    With granularity `row`, each human item has one score, at its best model item.
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
    entry = {"generated_text": text, "finish_reason": None, "usage": Usage().to_json()}
    return _Result(marks, bool(marks), [entry])
