"""The run: streams samples through a task and the judge into the results; bounded, resumable, interruptible.

It knows nothing of matching. A task turns a sample into questions and their outcomes into a record.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from metajudge.data import InvalidRow, Status
from metajudge.engine.cache import ResponseCache
from metajudge.engine.clock import Clock
from metajudge.engine.retry import Answer, Failed, Question, RetryingClient, Stopped
from metajudge.engine.stats import RunStats
from metajudge.errors import MetaJudgeError, OutputLost
from metajudge.llm import Reply, Usage
from metajudge.records import Journal, Record, RecordFile, RowName, row_key
from metajudge.text import ParseFailure

log = logging.getLogger("metajudge")

GRACE_SECONDS = 10.0
MAX_CONSECUTIVE_FAILURES = 20
SYNC_SECONDS = 1.0
WARNED_ROWS = 10

Outcome = Answer | Failed


class Item(Protocol):
    """What a row is for the run, whatever is asked about it."""

    @property
    def line(self) -> int:
        """Its line in the input, from 1."""

    @property
    def id(self) -> str:
        """Names the row."""

    @property
    def question_id(self) -> str:
        """Names what is asked about it."""

    @property
    def model(self) -> str:
        """Which of the run's sinks its record goes to."""


class Task(Protocol):
    """A kind of question: subject to questions, outcomes to record."""

    def questions(self, sample: Any) -> Sequence[Question]:
        """What to ask for this row; nothing for a row that needs no judge."""

    def record(self, sample: Any, outcomes: Sequence[Outcome], seconds: float) -> Record:
        """The row's record from the outcomes, in the order of its questions, `seconds` after the row was opened."""


@dataclass(slots=True)
class OutputFiles:
    """Where the records of one evaluated model go."""

    file: RecordFile
    journal: Journal


class TooManyFailures(MetaJudgeError):
    """So many rows in a row failed that the next ones hardly will not."""


@dataclass(slots=True)
class Runner:
    """One run over one input. `stop` may be called from a signal handler."""

    task: Task
    asker: RetryingClient
    sinks: Mapping[str, OutputFiles]
    """By evaluated model."""
    tally: RunStats
    clock: Clock
    open_rows: Callable[[], int]
    """Rows being judged at the same time, at most; may change during the run."""
    skip_failed: bool = False
    grace: float = GRACE_SECONDS
    """Seconds that replies in flight get to arrive when the run is stopped."""
    max_consecutive_failures: int = MAX_CONSECUTIVE_FAILURES
    """Rows in a row that fail for reasons of their own before the run stops."""
    _failed_in_a_row: int = 0
    stop_reason: MetaJudgeError | None = None
    interrupted: bool = False
    _crash: BaseException | None = None
    _rows: set[asyncio.Task[None]] = field(default_factory=set)
    _questions: set[asyncio.Task[Any]] = field(default_factory=set)
    _remembered: ResponseCache = field(default_factory=ResponseCache)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when what is awaited holds or the run is stopped."""
    _awaited: Callable[[], bool] = lambda: False

    async def judge(self, samples: Iterable[Item | InvalidRow]) -> None:
        """Judge every sample that has no finished record. Returns when all are done or the run was stopped."""
        syncing = asyncio.create_task(self._sync_every_second())
        try:
            await self._open_rows(samples)
            await self._until(lambda: not self._rows)
            if self.stopped:
                await self._let_replies_arrive()
            self._check_places()
        finally:
            syncing.cancel()
            await asyncio.gather(syncing, return_exceptions=True)
        if self._crash is not None:
            raise self._crash

    @property
    def stopped(self) -> bool:
        """Whether nothing more is sent."""
        return self.asker.stopping

    def stop(self, reason: MetaJudgeError | None = None) -> None:
        """Send nothing more; replies in flight may still arrive. A second call ends these too."""
        if reason is not None and self.stop_reason is None:
            self.stop_reason = reason
        if self.stopped and reason is None:
            self._cancel_all()
        self.interrupted = self.interrupted or reason is None
        self.asker.stopping = True
        self._changed.set()

    # ------------------------------------------------------------------ rows

    async def _open_rows(self, samples: Iterable[Item | InvalidRow]) -> None:
        for count, sample in enumerate(samples):
            if count % 100 == 0:
                await asyncio.sleep(0)  # a long stretch of finished rows must hold up neither replies nor a stop
                if self.stopped:
                    return
            if isinstance(sample, InvalidRow) or self._is_done(sample):
                continue
            if len(self._rows) >= self.open_rows():
                # Several places at once, so that this is not woken for every row.
                await self._until(lambda: len(self._rows) <= self.open_rows() * 15 // 16)
            if self.stopped:
                return
            task = asyncio.create_task(self._row(sample))
            self._rows.add(task)
            task.add_done_callback(self._row_ended)

    async def _until(self, condition: Callable[[], bool]) -> None:
        self._awaited = condition
        while not condition() and not self.stopped:
            self._changed.clear()
            await self._changed.wait()

    def _row_ended(self, task: asyncio.Task[None]) -> None:
        self._rows.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._crash = self._crash or error  # a defect of ours: end the run loudly, keep what is written
            self.stop()
        if self._awaited():
            self._changed.set()

    def _is_done(self, sample: Item) -> bool:
        sink = self.sinks[sample.model]
        key = row_key(sample.id, sample.question_id)
        if key in sink.file.finished:
            self.tally.resumed += 1
            sink.journal.discard(_name(sample))
            return True
        if self.skip_failed and key in sink.file.failed:
            self.tally.skipped_failed += 1
            return True
        return False

    async def _row(self, sample: Item) -> None:
        started = self.clock.now()
        questions = self.task.questions(sample)
        if len(questions) == 1:
            await self._row_of_one(sample, questions[0], started)
            return
        asked = [asyncio.create_task(self._question(sample, question)) for question in questions]
        self._questions.update(asked)
        for task in asked:
            task.add_done_callback(self._questions.discard)
        results = await asyncio.gather(*asked, return_exceptions=True)
        outcomes = [result for result in results if not isinstance(result, BaseException)]
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, Stopped | asyncio.CancelledError):
                raise result
        if len(outcomes) == len(asked):
            self._finish(sample, outcomes, started)

    async def _row_of_one(self, sample: Item, question: Question, started: float) -> None:
        """A row whose task is its question's, too: a task less to make and to wait for."""
        own: Any = asyncio.current_task()
        self._questions.add(own)
        try:
            outcome = await self._question(sample, question)
        except (Stopped, asyncio.CancelledError):
            return
        finally:
            self._questions.discard(own)
        self._finish(sample, [outcome], started)

    def _finish(self, sample: Item, outcomes: Sequence[Outcome], started: float) -> None:
        try:
            self._write(sample, outcomes, self.clock.now() - started)
        except MetaJudgeError as error:
            self.stop(error)

    def _write(self, sample: Item, outcomes: Sequence[Outcome], seconds: float) -> None:
        record = self.task.record(sample, outcomes, seconds)
        sink = self.sinks[sample.model]
        sink.file.append(record)
        if record.is_finished:
            sink.journal.discard(_name(sample))
            self.tally.success += record.status == Status.SUCCESS
            self.tally.empty += record.status == Status.EMPTY
            if outcomes:  # a row that needed no judge says nothing of it
                self._failed_in_a_row = 0
            return
        failures = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        failed = failures[0]
        self.tally.failed[str(record.status)] += 1
        self.tally.reasons[failed.cause] += 1
        level = logging.WARNING if self.tally.failures <= WARNED_ROWS else logging.INFO
        log.log(level, "line %d of the input: %s: %s", sample.line, record.status, failed.message)
        if not all(failure.copied for failure in failures):  # the failure of one question that rows share is one
            self._failed_in_a_row += 1
        if self._failed_in_a_row >= self.max_consecutive_failures and not self.stopped:
            raise TooManyFailures(
                f"{self._failed_in_a_row} rows in a row failed, the last with: {failed.message}; "
                "raise --max-consecutive-failures to go on regardless"
            )

    # ------------------------------------------------------------------ questions

    async def _question(self, sample: Item, question: Question) -> Outcome:
        journal = self.sinks[sample.model].journal
        kept = self._kept(journal, sample, question)
        if kept is not None:
            self.tally.kept += 1
            return kept
        try:
            if question.shared:
                outcome = await self._remembered.ask(self.asker, question, sample.id)
            else:
                outcome = await self.asker.ask(question)
            if isinstance(outcome, Answer):
                self.tally.copied += outcome.copied_from is not None
                if not question.alone:
                    journal.add(_name(sample), question.name, _to_journal(outcome))
        except MetaJudgeError as error:
            self.stop(error)  # at once, while the row's other questions are still out
            raise Stopped from None
        return outcome

    def _kept(self, journal: Journal, sample: Item, question: Question) -> Answer | None:
        data = journal.kept(_name(sample), question.name)
        if data is None or not isinstance(data.get("text"), str):
            return None
        reply = Reply(data["text"], data.get("finish_reason"), Usage.from_json(data.get("usage")), data["seconds"])
        value = question.read(reply)
        if isinstance(value, ParseFailure):
            return None
        return Answer(reply, value, data.get("attempts", 1), data.get("copied_from"))

    # ------------------------------------------------------------------ stopping

    def _check_places(self) -> None:
        """A file deleted after the last record is noticed here, while what it held can still be saved."""
        for sink in self.sinks.values():
            try:
                sink.file.ensure_same_file()
            except OutputLost as error:
                self.stop(error)

    async def _let_replies_arrive(self) -> None:
        for question in self._questions - self.asker.busy - self._remembered.waiting:
            question.cancel()
        if self._rows:
            await asyncio.wait(set(self._rows), timeout=self.grace)
        self._cancel_all()
        if self._rows:
            await asyncio.wait(set(self._rows))

    def _cancel_all(self) -> None:
        for question in set(self._questions):
            question.cancel()

    async def _sync_every_second(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            for sink in self.sinks.values():
                try:
                    await asyncio.to_thread(sink.file.sync)
                    await asyncio.to_thread(sink.journal.sync)
                except MetaJudgeError as error:
                    self.stop(error)


def _name(sample: Item) -> RowName:
    return sample.id, sample.question_id


def _to_journal(answer: Answer) -> dict[str, Any]:
    reply = answer.reply
    data = {
        "text": reply.text,
        "finish_reason": reply.finish_reason,
        "usage": reply.usage.to_json(),
        "seconds": reply.latency_s,
        "attempts": answer.attempts,
    }
    return data if answer.copied_from is None else {**data, "copied_from": answer.copied_from}
