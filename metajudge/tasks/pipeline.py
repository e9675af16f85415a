"""Run of every command that asks a model about rows: scan the input, ask, write the records and products.

`infer`, `decompose`, `critic` and `flaws` are jobs of it. It returns results; printing is left to the command line.
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

from metajudge.data import InputFile, InvalidRow, Row, RowIds, Shard
from metajudge.engine import (
    INCOMPLETE,
    OK,
    Item,
    JudgeConfig,
    RunContext,
    RunStats,
    StopHook,
    exit_code,
    run_rows,
    run_to_end,
)
from metajudge.errors import MetaJudgeError
from metajudge.options import option, sent_parameters
from metajudge.records import (
    Journal,
    JudgeIdentity,
    ResultIndex,
    ResultWriter,
    ShardHead,
    check_shard,
    read_index,
    row_key,
    writing_shard,
)
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
    shard: str | None = option(
        None,
        "only every N-th line of the input: the lines whose number, divided by N, leaves the remainder K (0 to N-1); "
        "the output is <stem>.K-of-N<suffix>; limits, rates and costs hold for this shard alone; `merge` joins the "
        "shards",
        metavar="K/N",
    )

    def __post_init__(self) -> None:
        JudgeConfig.__post_init__(self)
        _ = self.part  # raises for a text that is no shard

    @property
    def part(self) -> Shard:
        """The shard that is run; the whole input if none is named."""
        return Shard() if self.shard is None else Shard.parse(self.shard)


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

    def rows(self, numbers: RowIds, *, limited: bool = True) -> Iterator[Row | InvalidRow]:
        """Read the rows of the shard, up to the limit if `limited`; `numbers` gives the ids, row by row."""
        rows = self.config.part.rows(self.source.rows(), numbers)
        return islice(rows, self.config.limit) if limited else rows

    @abstractmethod
    def scanned_items(self, scan: InputScan) -> Iterator[Any]:
        """Read all rows and count them in `scan`; the caller counts the lines that are no rows."""

    @abstractmethod
    def items(self) -> Iterator[Item | InvalidRow]:
        """Read the rows that the judge is asked about."""

    @abstractmethod
    def all_items(self) -> Iterator[Item | InvalidRow]:
        """Read every row of the shard, also those beyond the limit or without a question."""

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


def run(job: Job, stop_hook: StopHook, context: RunContext | None = None) -> RunResult:
    """Scan the input and, unless it is a dry run, take its rows through the task. Raises a `MetaJudgeError`."""
    config = job.config
    shard = _shard_head(job)
    scan = _scan_input(job)
    scan.warn()
    is_empty_shard = scan.has_no_row and shard is not None and next(job.source.rows(), None) is not None
    if config.dry_run or (scan.has_no_row and not is_empty_shard):  # an empty shard is written: `merge` needs it
        is_done = scan.asked.total() + scan.parsed or is_empty_shard
        return RunResult(scan, job.outputs, exit_code=OK if is_done else INCOMPLETE)
    stats = RunStats(total=scan.asked.total() + scan.parsed, success=scan.parsed, unusable=scan.unusable)
    started = time.monotonic()
    with contextlib.ExitStack() as stack:
        files = {
            model: stack.enter_context(ResultWriter(path, model, job.task.judge, allow_mixed=config.allow_mixed))
            for model, path in job.outputs.items()
        }
        if shard is not None:
            _write_shard_files(job, shard)
        finished_before = sum(len(output.finished) for output in files.values())
        with job.products(scan, files):
            runner = run_to_end(run_rows(config, job.task, job.items(), files, stats, stop_hook, context))
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


def _shard_head(job: Job) -> ShardHead | None:
    """Name the shard of a run over one. Raises `UsageError` if the input has changed since the shard was begun."""
    part = job.config.part
    if part.is_whole:
        return None
    head = ShardHead(part.number, part.count, job.source.fingerprint())
    if not job.config.allow_mixed:
        for path in job.outputs.values():
            check_shard(path, head)
    return head


def _write_shard_files(job: Job, head: ShardHead) -> None:
    """Write the rows of the shard beside each record file."""
    with contextlib.ExitStack() as stack:
        adders = {model: stack.enter_context(writing_shard(path, head)) for model, path in job.outputs.items()}
        for item in job.all_items():
            if not isinstance(item, InvalidRow):
                adders[item.model](item.line, item.id, item.question_id)


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
