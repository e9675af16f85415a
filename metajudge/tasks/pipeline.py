"""Run of every command that asks a model about rows: scan the input, ask, write the records and products.

`infer`, `decompose` and `critic` are three jobs of it. It returns results; printing is left to the command line.
"""

import contextlib
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from metajudge.data import InputFile, InvalidRow
from metajudge.engine import (
    OK,
    Item,
    JudgeConfig,
    RunStats,
    StopHook,
    exit_code,
    run_rows,
    run_to_end,
)
from metajudge.errors import MetaJudgeError
from metajudge.records import JudgeIdentity, ResultWriter
from metajudge.tasks.match.task import MatchTask
from metajudge.tasks.scan import InputScan
from metajudge.tasks.step import StepTask
from metajudge.version import __version__


class Job(Protocol):
    """One task over one input."""

    @property
    def source(self) -> InputFile:
        """Input with the rows."""

    @property
    def task(self) -> MatchTask | StepTask:
        """Task that makes questions and records."""

    @property
    def outputs(self) -> Mapping[str, Path]:
        """Record files by evaluated model."""

    def scanned_items(self, scan: InputScan) -> Iterator[Any]:
        """Read all rows, counting lines in `scan.rows`."""

    def count(self, item: Any, scan: InputScan) -> None:
        """Count an item in its scan."""

    def items(self) -> Iterator[Item | InvalidRow]:
        """Read the rows that the judge is asked about."""

    def products(self, scan: InputScan, files: Mapping[str, ResultWriter]) -> AbstractContextManager[None]:
        """Surround the run: make the products of the records while these are locked."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """End of a run."""

    scan: InputScan
    outputs: Mapping[str, Path] = field(default_factory=dict)
    """Record files by evaluated model."""
    stats: RunStats | None = None
    """None if nothing was asked: a dry run, or an input without a row to judge."""
    seconds: float = 0.0
    exit_code: int = OK
    """0 all done, 1 rows failed or are left, 2 a setting must be changed first, 130 stopped."""
    interrupted: bool = False
    """True if `StopHook` stopped the run from outside."""
    stop_reason: MetaJudgeError | None = None
    finished_before: int = 0
    """Finished records that the outputs held before the run."""


def judge_identity(config: JudgeConfig, instructions: str, granularity: str, **more: Any) -> JudgeIdentity:
    """Make the records' `judge`; `adapted` is filled in for each record."""
    of_config = {name: getattr(config, name) for name in ("model", "temperature", "max_tokens")}
    return JudgeIdentity(granularity=granularity, instructions=instructions, version=__version__, **of_config, **more)


def run(job: Job, config: JudgeConfig, *, dry_run: bool = False, stop_hook: StopHook = nullcontext) -> RunResult:
    """Scan the input and, unless `dry_run`, take its rows through the task. Raises a `MetaJudgeError`."""
    scan = _scan_input(job, measure=dry_run)
    scan.warn()
    if dry_run:
        return RunResult(scan, job.outputs)
    stats = RunStats(total=scan.asked.total() + scan.parsed, success=scan.parsed, unusable=scan.unusable)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        files = {
            model: stack.enter_context(ResultWriter(path, model, job.task.judge, allow_mixed=config.allow_mixed))
            for model, path in job.outputs.items()
        }
        finished_before = sum(len(output.finished) for output in files.values())
        with job.products(scan, files):
            runner = run_to_end(run_rows(config, job.task, job.items(), files, stats, stop_hook))
    return RunResult(
        scan,
        job.outputs,
        stats,
        time.monotonic() - started,
        exit_code(runner, stats),
        runner.interrupted,
        runner.stop_reason,
        finished_before,
    )


def _scan_input(job: Job, *, measure: bool) -> InputScan:
    """Read the whole input once; with `measure`, also make and count the questions."""
    scan = InputScan()
    for item in job.scanned_items(scan):
        if isinstance(item, InvalidRow):
            scan.add_unusable(f"line {item.line} of {job.source.path} {item.reason}: left out")
            continue
        job.count(item, scan)
        if measure:
            scan.add_questions(job.task.questions(item))
    return scan
