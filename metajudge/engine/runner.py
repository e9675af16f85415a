"""The run: streams rows through a task and the judge; bounded, resumable, interruptible."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from metajudge.data import InvalidRow
from metajudge.engine.budget import Spending
from metajudge.engine.clock import Stopped
from metajudge.engine.config import JudgeConfig
from metajudge.engine.open_files import raise_open_file_limit
from metajudge.engine.progress import show_progress
from metajudge.engine.question import Question, RequestResult
from metajudge.engine.row_writer import Item, RowWriter
from metajudge.engine.session import JudgeOpener, JudgeSession, open_judge
from metajudge.engine.stats import RunStats
from metajudge.errors import MetaJudgeError, UsageError
from metajudge.llm import FatalError
from metajudge.records import Record, ResultWriter

log = logging.getLogger("metajudge")

SYNC_SECONDS = 1.0
Result = TypeVar("Result")

OK, INCOMPLETE, USER_ERROR, INTERRUPTED = 0, 1, 2, 130

StopHook = Callable[[Callable[[], None]], AbstractContextManager[object]]
"""Gets a function that stops the run from any thread; its context is open while the run can be stopped."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """Surroundings of a run: what it shares with others, and what carries its questions."""

    title: str = ""
    """Name of the run in the display of progress."""
    spending: Spending | None = None
    """Money that the runs have together; None = `max_cost` of the run."""
    opener: JudgeOpener = open_judge
    """Opens the judge."""


class Task(Protocol):
    """A kind of question: turns a row into questions, and their results into a record."""

    def questions(self, item: Any) -> Sequence[Question]:
        """List the questions about a row; none for a row that needs no judge."""

    def record(
        self, item: Any, results: Sequence[RequestResult], seconds: float, dropped_params: Sequence[str]
    ) -> Record:
        """Make the row's record from the results, in the order of its questions; `seconds` since it was begun."""


class Runner:
    """One run over one input."""

    def __init__(
        self, config: JudgeConfig, task: Task, outputs: Mapping[str, ResultWriter], judge: JudgeSession
    ) -> None:
        self._task, self._judge, self._clock = task, judge, judge.clock
        self._grace = config.shutdown_timeout
        self._writer = RowWriter(outputs, judge.stats, config.skip_failed, config.max_consecutive_failures)
        self._rows: set[asyncio.Task[None]] = set()
        self._changed = asyncio.Event()
        """Set when a row has ended or the run is stopped."""
        self._crash: BaseException | None = None
        self.stop_reason: MetaJudgeError | None = None
        self.interrupted = False

    async def run(self, items: Iterable[Item | InvalidRow]) -> None:
        """Judge every row that is not done. Returns when all are done or the run was stopped."""
        syncing = asyncio.create_task(self._sync_every_second())
        try:
            await self._start_rows(items)
            await self._wait_until_below(lambda: 1)
            if self.is_stopped:
                await self._let_replies_arrive()
            self._stop_on_error(self._writer.check_files)  # while a deleted file's content can still be saved
        finally:
            syncing.cancel()
            await asyncio.gather(syncing, return_exceptions=True)
        if self._crash is not None:
            raise self._crash

    @property
    def is_stopped(self) -> bool:
        """True once nothing more is sent."""
        return self._clock.is_stopped

    def stop(self, reason: MetaJudgeError | None = None) -> None:
        """Send nothing more; replies in flight may still arrive. A second call without a reason ends these too.

        To be called in the run's own thread.
        """
        if reason is not None:
            self.stop_reason = self.stop_reason or reason
        elif self.is_stopped:
            self.interrupted = True
            self._cancel_rows()
        else:
            self.interrupted = True
            log.warning("stopping: waiting for the replies in flight; a second signal stops at once")
        self._end()

    def _end(self) -> None:
        self._clock.stop()
        self._changed.set()

    # ------------------------------------------------------------------ rows

    async def _start_rows(self, items: Iterable[Item | InvalidRow]) -> None:
        for count, item in enumerate(items):
            if count % 100 == 0:
                await asyncio.sleep(0)  # many finished rows in a row must delay neither replies nor a stop
            if self.is_stopped:
                return
            if isinstance(item, InvalidRow) or self._writer.is_done(item):
                continue
            # Twice the requests in flight at best: a row that waits for its next try leaves its place to others, also
            # while refusals keep the limit low.
            await self._wait_until_below(lambda: 2 * self._judge.endpoints.peak)
            if self.is_stopped:
                return
            row = asyncio.create_task(self._judge_row(item))
            self._rows.add(row)
            row.add_done_callback(self._row_ended)

    async def _wait_until_below(self, limit: Callable[[], int]) -> None:
        """Wait until fewer rows than this are open, or the run is stopped."""
        while len(self._rows) >= limit() and not self.is_stopped:
            self._changed.clear()
            await self._changed.wait()

    def _row_ended(self, row: asyncio.Task[None]) -> None:
        self._rows.discard(row)
        self._changed.set()
        if not row.cancelled() and (error := row.exception()) is not None:
            self._crash = self._crash or error  # a defect of ours: end the run loudly, keep what is written
            self._end()

    async def _judge_row(self, item: Item) -> None:
        started = self._clock.now()
        try:
            results = await self._ask_all(item, self._task.questions(item))
        except Stopped:
            return  # the row stays open, for another run
        record = self._task.record(item, results, self._clock.now() - started, self._judge.endpoints.dropped_params)
        self._stop_on_error(self._writer.write, item, record, results)

    async def _ask_all(self, item: Item, questions: Sequence[Question]) -> list[RequestResult]:
        """Ask all questions of a row. Raises `Stopped` if one of them got no result, once the others have theirs."""
        if len(questions) == 1:
            # In the row's own task, so that the record is written before another request takes the reply's place:
            # a kill costs what is in flight and not more.
            return [await self._ask(item, questions[0])]
        found = await asyncio.gather(*(self._ask(item, one) for one in questions), return_exceptions=True)
        errors = [one for one in found if isinstance(one, BaseException)]
        for error in errors:
            if not isinstance(error, Stopped):
                raise error
        if errors:
            raise Stopped
        return [one for one in found if not isinstance(one, BaseException)]

    async def _ask(self, item: Item, question: Question) -> RequestResult:
        restored = self._writer.restore(item, question)
        if restored is not None:
            return restored
        try:
            result = await self._judge.ask(question)
            self._writer.keep(item, question, result)
        except MetaJudgeError as error:
            self.stop(error)  # at once, while the row's other questions are still out
            raise Stopped from None
        return result

    # ------------------------------------------------------------------ stopping

    async def _let_replies_arrive(self) -> None:
        if self._rows:
            await asyncio.wait(set(self._rows), timeout=self._grace)
        self._cancel_rows()
        if self._rows:
            await asyncio.wait(set(self._rows))

    def _cancel_rows(self) -> None:
        for row in self._rows:
            row.cancel()

    def _stop_on_error(self, act: Callable[..., None], *args: Any) -> None:
        try:
            act(*args)
        except MetaJudgeError as error:
            self.stop(error)

    async def _sync_every_second(self) -> None:
        while True:
            await asyncio.sleep(SYNC_SECONDS)
            try:
                await asyncio.to_thread(self._writer.sync)
            except MetaJudgeError as error:
                self.stop(error)


async def run_rows(
    config: JudgeConfig,
    task: Task,
    items: Iterable[Item | InvalidRow],
    outputs: Mapping[str, ResultWriter],
    stats: RunStats,
    stop_hook: StopHook = nullcontext,
    context: RunContext | None = None,
) -> Runner:
    """Judge the rows until all are done or the run is stopped; `outputs` are named by evaluated model."""
    context = context or RunContext()
    raise_open_file_limit(config.sockets)
    async with context.opener(config, stats, context.spending) as judge:
        runner = Runner(config, task, outputs, judge)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(runner.stop)

        async with show_progress(stats, judge.endpoints, context.title):
            with stop_hook(stop):
                await runner.run(items)
        return runner


def run_to_end(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Run a coroutine to its end, also in a thread whose event loop is running (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def exit_code(runner: Runner, stats: RunStats) -> int:
    """Return 0 if all is done, 1 if rows failed or are left, 2 if a setting has to be changed, 130 if interrupted."""
    if runner.interrupted:
        return INTERRUPTED
    if runner.stop_reason is not None:
        return USER_ERROR if isinstance(runner.stop_reason, FatalError | UsageError) else INCOMPLETE
    return INCOMPLETE if stats.failures or stats.unusable or stats.skipped_failed else OK
