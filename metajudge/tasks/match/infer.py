"""Inference: rows in, judged records out."""

import contextlib
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from metajudge.data import (
    EligibleRows,
    InvalidRow,
    Row,
    RowIds,
    Sample,
    check_spelling,
    choose_models,
    find_models,
    read_samples,
)
from metajudge.engine import INCOMPLETE, RunContext, StopHook, check_key
from metajudge.errors import DiskFull, UsageError
from metajudge.options import option
from metajudge.records import ANNOTATORS, HUMAN_REFERENCE, ResultWriter, write_matches
from metajudge.tasks.match.controls import CONTROLS, Control, LeftOut, make_control
from metajudge.tasks.match.plan import check_format, output_paths, recorded_granularity
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, ROW, Prompt
from metajudge.tasks.match.task import MatchTask
from metajudge.tasks.pipeline import Job, RunResult, TaskConfig, judge_identity, run
from metajudge.tasks.scan import InputScan

log = logging.getLogger("metajudge")

PAPER_TOP_K = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InferConfig(TaskConfig):
    """Configuration of `run_infer`; the command line's flags have the same names."""

    output_file: str | Path
    model_be_evaluated: str
    granularity: str | None = option(
        None,
        "item: one question per model item, every pair is scored; pairs: one question per row, every pair above 0 is "
        "named; row: one question per row, only the best model item of each human item is named, as in the reference "
        "(default: item, or row with --prompt-template, or that of the output's records)",
        choices=GRANULARITIES,
    )
    top_k: int | None = option(
        None, "judge only the first N model items (default: 5 with item and pairs, all with row)", least=1, metavar="N"
    )
    num_samples: int = option(1, "ask every question this many times", least=1, metavar="K")
    prompt_template: str | None = None
    """Text of the template."""
    guard: str | None = None
    """`report` or `zero`, as `MatchTask.guard`."""
    control: str | None = option(
        None,
        "judge a control, to see what the judge gives for nothing: other-row = the reasons against another row's human "
        "list; sides-exchanged = the reasons with Response A and B exchanged",
        choices=CONTROLS,
    )
    human_reference: bool = option(
        False,
        "judge each annotator's list, and as many of the model's reasons, against the other annotators' points "
        "(lists of decompose --per-annotator)",
    )

    @property
    def control_kind(self) -> str | None:
        """Kind of control of the records, if any."""
        return HUMAN_REFERENCE if self.human_reference else self.control


def run_infer(
    config: InferConfig, *, stop_hook: StopHook = nullcontext, context: RunContext | None = None
) -> RunResult:
    """Judge the rows of one file. Raises a `UsageError` before any request, a `MetaJudgeError` later.

    The result has no outputs if the input is empty or an earlier step left every row unfit. `stop_hook` receives a
    function that stops the run, from any thread: the first call lets replies in flight arrive, the second does not.
    `context`: what the run shares with others, and what carries its questions.
    """
    source, outputs = find_outputs(config)
    if not outputs:
        return RunResult(InputScan(skipped=source.skipped), exit_code=INCOMPLETE)
    granularity = config.granularity or _granularity(config, outputs)
    task = make_task(config, granularity)
    control = None if config.control_kind is None else make_control(config.control_kind, source, task.top_k)
    job = _MatchJob(config, source, task, outputs, control)
    if config.dry_run and config.prompt_template is None:
        job.alternatives = {other: make_task(config, other) for other in GRANULARITIES if other != granularity}
    result = replace(run(job, stop_hook, context), granularity=granularity)
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


def find_outputs(config: InferConfig) -> tuple[EligibleRows, dict[str, Path]]:
    """Return the input, and the results file of each evaluated model; no file if no row of the input can be judged.

    Raises `UsageError` for a configuration that a run refuses before it reads the results.
    """
    if config.human_reference and config.control:
        raise UsageError("`control` and `human_reference` are two runs: leave one of them out")
    if not config.dry_run:
        check_key(config)
    part = config.part
    source = EligibleRows(Path(config.input_file), counted=part.holds)
    limit = config.limit if part.is_whole else None  # all shards judge the same models
    found = find_models(source, limit, config.model_be_evaluated)
    if not found and next(source.rows(), None) is None:
        return source, {}
    check_spelling(source)
    if not found:
        check_format(source, limit)
    models = choose_models(config.model_be_evaluated, found, source.path, limit)
    models += [ANNOTATORS] if config.human_reference else []
    return source, output_paths(str(config.output_file), models, source.path, part)


def _granularity(config: InferConfig, outputs: Mapping[str, Path]) -> str:
    """Return the granularity of a run that names none."""
    default = ITEM if config.prompt_template is None else ROW
    recorded = recorded_granularity(outputs.values())
    if recorded is None or recorded == default:
        return default
    log.warning("the output holds records of granularity %s; the run continues with it", recorded)
    return recorded


def make_task(config: InferConfig, granularity: str) -> MatchTask:
    """Make the task that `config` describes."""
    prompt = Prompt(granularity, config.prompt_template, config.system_message)
    top_k = config.top_k
    if top_k is None and granularity != ROW:
        top_k = PAPER_TOP_K
    judge = judge_identity(
        config, prompt.hash, granularity, samples=config.num_samples, top_k=top_k, guard=config.guard,
        control=config.control_kind,
    )  # fmt: skip
    return MatchTask(prompt, judge, top_k, config.num_samples)


@dataclass(slots=True)
class _MatchJob(Job):
    """Matching over one input."""

    source: EligibleRows
    task: MatchTask
    outputs: Mapping[str, Path]
    control: Control | None = None
    """None = the rows' own lists."""
    is_complete: bool = True
    """False if a matches file could not be written."""

    def scanned_items(self, scan: InputScan) -> Iterator[Sample | InvalidRow]:
        """Yield what can be judged and the invalid rows, and count them and all that is left out in `scan`."""
        numbers, is_named = RowIds(), self.config.dry_run  # only a dry run looks for earlier records here
        for row in self.rows(numbers):
            scan.rows += 1
            for item in self._samples(row, numbers, named=is_named):
                if isinstance(item, LeftOut):
                    scan.left_out[item.what] += item.count
                    continue
                if isinstance(item, Sample):
                    scan.asked[item.model] += 1
                    scan.empty_items += [text.strip() for text in (*item.human, *item.model_items)].count("")
                    for reasons in self.task.suspicious(item).values():
                        scan.flagged_items += 1
                        scan.issues.update(reasons)
                yield item
        scan.skipped = self.source.skipped

    def items(self) -> Iterator[Sample | InvalidRow]:
        numbers = RowIds()
        return self._read(self.rows(numbers), numbers)

    def all_items(self) -> Iterator[Sample | InvalidRow]:
        numbers = RowIds()
        return self._read(self.rows(numbers, limited=False), numbers)

    def _read(self, rows: Iterable[Row | InvalidRow], numbers: RowIds) -> Iterator[Sample | InvalidRow]:
        for row in rows:
            for item in self._samples(row, numbers):
                if not isinstance(item, LeftOut):
                    yield item

    def _samples(
        self, row: Row | InvalidRow, numbers: RowIds, *, named: bool = True
    ) -> Iterator[Sample | InvalidRow | LeftOut]:
        models = list(self.outputs)
        if self.control is None or isinstance(row, InvalidRow):
            return read_samples([row], models, numbers, named=named)
        return self.control.samples(row, numbers.id_of(row.data), models)

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
