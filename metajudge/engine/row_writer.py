"""Writes accepted replies to the journal and records to the output, and counts both."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from metajudge.data import Status
from metajudge.engine.question import Answer, Failed, Question, RequestResult
from metajudge.engine.stats import RunStats
from metajudge.errors import MetaJudgeError, OutputLost
from metajudge.llm import Reply, Usage
from metajudge.records import Record, ResultWriter, RowName, row_key
from metajudge.text import ParseFailure

log = logging.getLogger("metajudge")

LOGGED_FAILURES = 10
"""Failed rows that are logged as warnings."""


class Item(Protocol):
    """One row to be judged, as the engine sees it."""

    @property
    def line(self) -> int:
        """Its line in the input, from 1."""

    @property
    def id(self) -> str:
        """Hash that names the row."""

    @property
    def question_id(self) -> str:
        """Hash of the evaluated model and its lists, or of a step's question."""

    @property
    def model(self) -> str:
        """Name of the output that its record goes to."""


class TooManyFailures(MetaJudgeError):
    """Raised when too many consecutive rows fail; the rest would almost certainly fail too."""


class RowWriter:
    """Writes and counts the records of the rows, and skips the rows that are done already."""

    def __init__(
        self,
        outputs: Mapping[str, ResultWriter],
        stats: RunStats,
        skip_failed: bool,
        max_consecutive_failures: int,
    ) -> None:
        """Write to `outputs` (by evaluated model); `skip_failed`: rows whose earlier record is a failure are done."""
        self._outputs, self._stats, self._skip_failed = outputs, stats, skip_failed
        self._max_consecutive_failures = max_consecutive_failures
        self._consecutive_failures = 0

    def is_done(self, item: Item) -> bool:
        """Check whether a row needs nothing more in this run, and count it if so."""
        output = self._outputs[item.model]
        key = row_key(item.id, item.question_id)
        if key in output.finished:
            self._stats.resumed += 1
            output.journal.discard(_name(item))
            return True
        if self._skip_failed and key in output.failed:
            self._stats.skipped_failed += 1
            return True
        return False

    def restore(self, item: Item, question: Question) -> Answer | None:
        """Return the answer that an earlier run left in the journal."""
        data = self._outputs[item.model].journal.kept(_name(item), question.name)
        if data is None or not isinstance(data.get("text"), str):
            return None
        reply = Reply(data["text"], data.get("finish_reason"), Usage.from_json(data.get("usage")), data["seconds"])
        value = question.read(reply)
        if isinstance(value, ParseFailure) and question.read_part is not None:  # it was accepted when it arrived
            value = question.read_part(reply)
        if isinstance(value, ParseFailure):
            return None
        self._stats.restored += 1
        return Answer(reply, value, data.get("attempts", 1), data.get("copied_from"))

    def keep(self, item: Item, question: Question, result: RequestResult) -> None:
        """Write an accepted reply to the journal, unless the row's record comes at once. Raises `DiskFull`."""
        if isinstance(result, Answer) and not question.alone:
            self._outputs[item.model].journal.add(_name(item), question.name, _to_journal(result))

    def write(self, item: Item, record: Record, results: Sequence[RequestResult]) -> None:
        """Write a row's record. Raises `DiskFull`, `OutputLost` and `TooManyFailures`."""
        output = self._outputs[item.model]
        output.append(record)
        if record.is_finished:
            output.journal.discard(_name(item))
            self._stats.success += record.status == Status.SUCCESS
            self._stats.empty += record.status == Status.EMPTY
            if results:  # a row without a request says nothing about the judge
                self._consecutive_failures = 0
        else:
            self._count_failure(item, str(record.status), [one for one in results if isinstance(one, Failed)])

    def _count_failure(self, item: Item, status: str, failures: Sequence[Failed]) -> None:
        first = failures[0]
        self._stats.failed[status] += 1
        self._stats.reasons[first.cause] += 1
        level = logging.WARNING if self._stats.failures <= LOGGED_FAILURES else logging.INFO
        log.log(level, "line %d of the input: %s: %s", item.line, status, first.message)
        if not all(failure.copied for failure in failures):  # rows that share one question share its failure
            self._consecutive_failures += 1
        if self._consecutive_failures >= self._max_consecutive_failures:
            raise TooManyFailures(
                f"{self._consecutive_failures} consecutive rows failed, the last with: {first.message}; "
                "raise `max_consecutive_failures` to go on regardless"
            )

    def sync(self) -> None:
        """Force everything written onto the disk. Raises `DiskFull`."""
        for output in self._outputs.values():
            output.sync()

    def check_files(self) -> None:
        """Save the content of each output that is no longer at its path. Raises the first one's `OutputLost`."""
        lost: list[OutputLost] = []
        for output in self._outputs.values():
            try:
                output.ensure_same_file()
            except OutputLost as error:
                lost.append(error)
        if lost:
            raise lost[0]


def _name(item: Item) -> RowName:
    return item.id, item.question_id


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
