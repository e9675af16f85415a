"""Inference: rows in, judged records out."""

import contextlib
import logging
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace

from metajudge.data import (
    EligibleRows,
    InvalidRow,
    RowIds,
    Sample,
    check_spelling,
    choose_models,
    find_models,
    read_samples,
)
from metajudge.engine import INCOMPLETE, StopHook, check_key
from metajudge.errors import DiskFull, UsageError
from metajudge.options import option
from metajudge.records import ResultWriter, write_matches
from metajudge.tasks.match.plan import check_format, output_paths
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, ROW, Prompt
from metajudge.tasks.match.task import MatchTask
from metajudge.tasks.pipeline import Job, RunResult, TaskConfig, judge_identity, run
from metajudge.tasks.scan import InputScan

log = logging.getLogger("metajudge")

PAPER_TOP_K = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InferConfig(TaskConfig):
    """Configuration of `infer`; the command line's flags have the same names."""

    output_file: str
    model_be_evaluated: str
    granularity: str = option(
        ROW,
        "row: one question per row, each human item with its best model item; "
        "item: one question per model item, so that every pair is scored",
        choices=GRANULARITIES,
    )
    top_k: int | None = option(
        None, "judge only the first N model items (default: all with row, 5 with item)", least=1, metavar="N"
    )
    num_samples: int = option(1, "ask every question this many times", least=1, metavar="K")
    prompt_template: str | None = None
    """Text of the template."""
    guard: str | None = None
    """`report` or `zero`, as `MatchTask.guard`."""


def infer(config: InferConfig, *, stop_hook: StopHook = nullcontext) -> RunResult:
    """Judge the rows of one file. Raises a `UsageError` before any request, a `MetaJudgeError` later.

    The result has no outputs if the input is empty or an earlier step left every row unfit. `stop_hook` receives a
    function that stops the run, from any thread: the first call lets replies in flight arrive, the second does not.
    """
    if not config.dry_run:
        check_key(config)
    source = EligibleRows(config.input_file)
    found = find_models(source, config.limit, config.model_be_evaluated)
    if not found and next(source.rows(), None) is None:
        return RunResult(InputScan(skipped=source.skipped), exit_code=INCOMPLETE)
    check_spelling(source)
    if not found:
        check_format(source, config.limit)
    models = choose_models(config.model_be_evaluated, found, config.input_file, config.limit)
    job = _MatchJob(config, source, make_task(config), output_paths(config.output_file, models, config.input_file))
    result = run(job, stop_hook)
    if result.stats is None:
        return result
    if config.limit is None and not result.interrupted and result.stop_reason is None:
        others = result.finished_before - result.stats.resumed
        if others:
            log.warning(
                "the output file already holds %d finished records that are not part of this run (other rows, another "
                "evaluated model, or a list that has changed since); the analysis includes them: name another "
                "`output_file` to keep them apart",
                others,
            )
    return result if job.is_complete else replace(result, exit_code=result.exit_code or INCOMPLETE)


def make_task(config: InferConfig) -> MatchTask:
    """Make the task that `config` describes."""
    prompt = Prompt(config.granularity, config.prompt_template, config.system_message)
    top_k = config.top_k
    if top_k is None and config.granularity == ITEM:
        top_k = PAPER_TOP_K
    judge = judge_identity(
        config, prompt.hash, config.granularity, samples=config.num_samples, top_k=top_k, guard=config.guard
    )
    return MatchTask(prompt, judge, top_k, config.num_samples)


@dataclass(slots=True)
class _MatchJob(Job):
    """Matching over one input."""

    source: EligibleRows
    task: MatchTask
    is_complete: bool = True
    """False if a matches file could not be written."""

    def scanned_items(self, scan: InputScan) -> Iterator[Sample | InvalidRow]:
        numbers, is_named = RowIds(), self.config.dry_run  # only a dry run looks for earlier records here
        for row in self.rows():
            scan.rows += 1
            for item in read_samples([row], list(self.outputs), numbers, named=is_named):
                if isinstance(item, Sample):
                    scan.asked[item.model] += 1
                    scan.empty_items += [text.strip() for text in (*item.human, *item.model_items)].count("")
                    for reasons in self.task.suspicious(item).values():
                        scan.flagged_items += 1
                        scan.issues.update(reasons)
                yield item
        scan.skipped = self.source.skipped

    def items(self) -> Iterator[Sample | InvalidRow]:
        return read_samples(self.rows(), list(self.outputs))

    @contextlib.contextmanager
    def products(self, scan: InputScan, files: Mapping[str, ResultWriter]) -> Iterator[None]:
        yield
        for path in self.outputs.values():
            try:
                write_matches(path)
            except (DiskFull, UsageError) as error:
                if path.exists():  # else the message about its rescue has been logged
                    log.error("%s", error)
                self.is_complete = False
