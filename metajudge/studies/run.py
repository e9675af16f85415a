"""Run of a study: what is missing of its stages, several endpoints at the same time.

Each model's critiques are asked for in a thread; the judge has one thread for all models, so that its limits hold for
the study. The files of the stages are the only state: a study that was stopped goes on where they end.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field

from metajudge.engine import (
    INCOMPLETE,
    INTERRUPTED,
    OK,
    USER_ERROR,
    BudgetExceeded,
    OutageTooLong,
    RunContext,
    Spending,
    StopHook,
    run_to_end,
)
from metajudge.errors import MetaJudgeError
from metajudge.llm import FatalError
from metajudge.studies.anchors import next_anchor
from metajudge.studies.files import StudyFiles
from metajudge.studies.rows_check import check_rows
from metajudge.studies.stages import Stage, anchor_stage, critic_stage, human_stages, judge_stages
from metajudge.studies.study import Study
from metajudge.tasks import RunResult

_OF_THE_ENDPOINT = (FatalError, OutageTooLong, BudgetExceeded)
"""Reasons to stop for which another run of the same endpoint would stop, too."""


@dataclass(frozen=True, slots=True)
class StageEnd:
    """End of one stage."""

    stage: Stage
    result: RunResult | None = None
    error: MetaJudgeError | None = None
    """Why the stage could not begin."""

    @property
    def exit_code(self) -> int:
        """The exit code that the same run has as a command."""
        return self.result.exit_code if self.result is not None else self.error.exit_code if self.error else OK

    @property
    def is_usable(self) -> bool:
        """True if the next stage may begin: nothing stopped this one, though single rows may have failed."""
        return self.result is not None and not self.result.interrupted and self.result.stop_reason is None


@dataclass(slots=True)
class StudyResult:
    """Ends of the stages, in the order in which they ended."""

    ends: list[StageEnd] = field(default_factory=list)
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 all done, 1 rows failed or are left, 2 a setting must be changed first, 130 stopped."""
        if self.interrupted:
            return INTERRUPTED
        codes = {end.exit_code for end in self.ends}
        return next((code for code in (USER_ERROR, INCOMPLETE) if code in codes), OK)


def run_study(
    study: Study,
    *,
    max_cost: float | None = None,
    stop_hook: StopHook = nullcontext,
    on_end: Callable[[StageEnd], None] = lambda _: None,
) -> StudyResult:
    """Run what is missing of every stage; the report is left to `write_report`.

    `max_cost` bounds the money of all stages. `stop_hook` as in `run_infer`. `on_end` is called at the end of each
    stage, in its thread. Raises a `UsageError` for a study that cannot begin.
    """
    run = _StudyRun(study, Spending(max_cost), on_end)
    run_to_end(run.all(stop_hook))
    return run.result


class _StudyRun:
    """One run of a study."""

    def __init__(self, study: Study, spending: Spending, on_end: Callable[[StageEnd], None]) -> None:
        check_rows(study)
        files = StudyFiles(study)
        self.result = StudyResult()
        self._spending, self._on_end = spending, on_end
        self._human = list(human_stages(study, files))
        self._models = [
            (critic_stage(study, files, model), list(judge_stages(study, files, model))) for model in study.models
        ]
        self._anchor = None if study.anchor is None else anchor_stage(study, next_anchor(files.anchors))
        self._lock = threading.Lock()
        self._stops: list[Callable[[], None]] = []
        self._stopped = 0
        self._judge_is_gone = False

    async def all(self, stop_hook: StopHook) -> None:
        """Run the stages; the judge is asked about a model as soon as its critiques are there."""
        with (
            ThreadPoolExecutor(len(self._models), "models") as self._critics,
            ThreadPoolExecutor(1, "judge") as self._judge,
            stop_hook(self.stop),
        ):
            try:
                anchor = asyncio.create_task(self._in_order(self._judge, [self._anchor] if self._anchor else []))
                if await self._in_order(self._critics, self._human):
                    await asyncio.gather(*(self._model(*stages) for stages in self._models))
                await anchor
            except BaseException:
                self.stop()  # a defect: the other stages end before it is raised
                raise

    def stop(self) -> None:
        """Stop every stage; a second call does not wait for replies in flight."""
        with self._lock:
            self._stopped += 1
            self.result.interrupted = True
            for stop in self._stops:
                stop()

    async def _model(self, critic: Stage | None, judged: Sequence[Stage]) -> None:
        if critic is None or await self._in_order(self._critics, [critic]):
            await self._in_order(self._judge, judged)

    async def _in_order(self, pool: ThreadPoolExecutor, stages: Sequence[Stage]) -> bool:
        """Run stages one after the other; return False once one is not usable."""
        loop = asyncio.get_running_loop()
        for stage in stages:
            end = await loop.run_in_executor(pool, self._run, stage, pool is self._judge)
            if end is None or not end.is_usable:
                return False
        return True

    def _run(self, stage: Stage, is_judges: bool) -> StageEnd | None:
        """Run a stage in this thread; None if the study has been stopped."""
        if self._stopped:
            return None
        threading.current_thread().name = stage.title  # the log names it
        end = self._end_of(stage, is_judges and self._judge_is_gone)
        if is_judges and end.result is not None and isinstance(end.result.stop_reason, _OF_THE_ENDPOINT):
            self._judge_is_gone = True
        with self._lock:
            self.result.ends.append(end)
        self._on_end(end)
        return end

    def _end_of(self, stage: Stage, is_hopeless: bool) -> StageEnd:
        if is_hopeless:
            return StageEnd(stage, error=MetaJudgeError("not begun: the judge stopped before, see above"))
        try:
            return StageEnd(stage, stage.run(self._hook, RunContext(stage.title, self._spending)))
        except MetaJudgeError as error:
            return StageEnd(stage, error=error)

    @contextlib.contextmanager
    def _hook(self, stop: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._stops.append(stop)
            for _ in range(self._stopped):
                stop()
        try:
            yield
        finally:
            with self._lock:
                self._stops.remove(stop)
