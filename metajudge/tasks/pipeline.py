"""Run of every command that asks a model about rows: scan the input, ask, write the records and products.

`infer`, `decompose` and `critic` are three jobs of it. It returns results; printing is left to the command line.
"""

import contextlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from metajudge.data import InputFile, InvalidRow, Row
from metajudge.engine import (
    INCOMPLETE,
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
from metajudge.options import sent_parameters
from metajudge.records import Journal, JudgeIdentity, ResultIndex, ResultWriter, read_index, row_key
from metajudge.tasks.match.task import MatchTask
from metajudge.tasks.scan import InputScan
from metajudge.tasks.step import StepTask
from metajudge.text import plural
from metajudge.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskConfig(JudgeConfig):
    """Configuration of a run: the judge and the input."""

    input_file: str | Path
    dry_run: bool = False
    show_prompt: bool = False
    """Print the first question of a dry run, too."""


@dataclass(slots=True)
class Job(ABC):
    """One task over one input."""

    config: TaskConfig
    source: InputFile
    task: MatchTask | StepTask
    outputs: Mapping[str, Path]
    """Record files by evaluated model."""
    alternatives: Mapping[str, MatchTask] = field(default_factory=dict, kw_only=True)
    """Tasks by name that a dry run counts, too: other ways to ask about the same rows."""

    def rows(self) -> Iterator[Row | InvalidRow]:
        """Read the rows up to the limit."""
        return islice(self.source.rows(), self.config.limit)

    @abstractmethod
    def scanned_items(self, scan: InputScan) -> Iterator[Any]:
        """Read all rows and count them in `scan`; the caller counts the lines that are no rows."""

    @abstractmethod
    def items(self) -> Iterator[Item | InvalidRow]:
        """Read the rows that the judge is asked about."""

    @abstractmethod
    def products(self, scan: InputScan, files: Mapping[str, ResultWriter]) -> AbstractContextManager[None]:
        """Surround the run: make the files that are built from the records while these are locked."""


@dataclass(frozen=True, slots=True)
class RunResult:
    """Result of a run."""

    scan: InputScan = field(repr=False)
    outputs: Mapping[str, Path] = field(default_factory=dict)
    """Record files by evaluated model."""
    stats: RunStats | None = None
    """None if nothing was asked: a dry run, or an input without a row to judge."""
    seconds: float = 0.0
    exit_code: int = OK
    """0 all done, 1 rows failed or are left or there is none, 2 a setting must be changed first, 130 stopped."""
    interrupted: bool = False
    """True if `StopHook` stopped the run from outside."""
    stop_reason: MetaJudgeError | None = None
    finished_before: int = 0
    """Finished records that the outputs held before the run."""
    granularity: str = ""
    """`item`, `pairs` or `row`; empty for a step."""

    @property
    def paths(self) -> list[Path]:
        """Record files, one for each evaluated model."""
        return list(self.outputs.values())

    def __str__(self) -> str:
        """Return the counts, the reason of an early end, and the record files; one line each."""
        stats, scan = self.stats, self.scan
        if stats is None:
            rows = f"{plural(scan.asked.total() + scan.parsed, 'row')}, {scan.unusable} unusable; nothing was asked"
            return f"{rows}, {plural(scan.remaining.requests, 'request')} remain" if scan.remaining.requests else rows
        counts = (
            f"{stats.success} judged, {stats.empty} empty, {stats.failures} failed, {stats.unusable} unusable, "
            f"{stats.resumed} resumed; {plural(stats.requests, 'request')}, {stats.usage.total_tokens:,} tokens, "
            f"{self.seconds:.1f} s"
        )
        early = "stopped from outside" if self.interrupted else self.stop_reason and f"stopped: {self.stop_reason}"
        return "\n".join([counts, *([early] if early else []), *map(str, self.paths)])


def judge_identity(config: JudgeConfig, instructions: str, granularity: str, **more: Any) -> JudgeIdentity:
    """Make the records' `judge`; `adapted` is filled in for each record."""
    sent = sent_parameters(config)
    known = {name: sent.pop(name) for name in ("temperature", "max_tokens")}
    return JudgeIdentity(
        model=config.model, granularity=granularity, instructions=instructions, version=__version__,
        parameters=sent or None, **known, **more,
    )  # fmt: skip


def run(job: Job, stop_hook: StopHook) -> RunResult:
    """Scan the input and, unless it is a dry run, take its rows through the task. Raises a `MetaJudgeError`."""
    config = job.config
    scan = _scan_input(job)
    scan.warn()
    if config.dry_run or scan.has_no_row:
        return RunResult(scan, job.outputs, exit_code=OK if scan.asked.total() + scan.parsed else INCOMPLETE)
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


@dataclass(frozen=True, slots=True)
class _Earlier:
    """Results of earlier runs for one evaluated model."""

    index: ResultIndex
    journal: Journal


def _scan_input(job: Job) -> InputScan:
    """Read the whole input once; for a dry run, also make and count the questions that remain."""
    scan, config = InputScan(), job.config
    earlier = {}
    if config.dry_run:
        judge, mixed = job.task.judge, config.allow_mixed
        earlier = {
            model: _Earlier(read_index(path, model, judge, allow_mixed=mixed), Journal(path, judge, read_only=True))
            for model, path in job.outputs.items()
        }
    for item in job.scanned_items(scan):
        if isinstance(item, InvalidRow):
            scan.add_unusable(f"line {item.line} of {config.input_file} {item.reason}: left out")
        elif config.dry_run:
            _count_questions(job, item, earlier[item.model], scan)
    return scan


def _count_questions(job: Job, item: Any, earlier: _Earlier, scan: InputScan) -> None:
    """Count the questions that a run would ask about a row."""
    key = row_key(item.id, item.question_id)
    if key in earlier.index.finished:
        scan.finished += 1
    elif job.config.skip_failed and key in earlier.index.failed:
        scan.skipped_failed += 1
    else:
        questions = job.task.questions(item)
        row = (item.id, item.question_id)
        left = [question for question in questions if earlier.journal.kept(row, question.name) is None]
        scan.restored += len(questions) - len(left)
        scan.add_questions(left)
        for name, task in job.alternatives.items():
            scan.alternatives[name].add(task.questions(item))
