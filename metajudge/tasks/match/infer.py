"""Inference: rows in, judged records out."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import metajudge
from metajudge.data import EligibleRows, choose_models, find_models, read_samples
from metajudge.engine import (
    INCOMPLETE,
    OK,
    JudgeConfig,
    OutputFiles,
    RunStats,
    check_key,
    exit_code,
    expected_cost,
    judge_rows,
    summary_text,
)
from metajudge.errors import DiskFull, UsageError
from metajudge.options import option
from metajudge.records import FileIdentity, Journal, JudgeIdentity, RecordFile, matches_path, write_matches
from metajudge.tasks.match.plan import (
    InputScan,
    analysis_commands,
    check_format,
    guard_lines,
    output_paths,
    scan_input,
)
from metajudge.tasks.match.prompt import GRANULARITIES, ITEM, ROW, Prompt
from metajudge.tasks.match.task import MatchTask
from metajudge.text import printable_lines

log = logging.getLogger("metajudge")

PAPER_TOP_K = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class InferConfig(JudgeConfig):
    """Everything that `infer` can be told; the command line's flags have the same names."""

    input_file: Path
    output_file: str
    model_be_evaluated: str
    granularity: str = option(
        ROW,
        "row: one question a row, each human item with its best model item; "
        "item: one question a model item, so that every pair is scored",
        choices=GRANULARITIES,
    )
    top_k: int | None = option(
        None, "judge only the first N model items (default: all with row, 5 with item)", least=1, metavar="N"
    )
    num_samples: int = option(1, "ask every question this many times", least=1, metavar="K")
    prompt_template: str | None = None
    """The template's text."""
    guard: str | None = None
    """`report` or `zero`, as `MatchTask.guard`."""
    dry_run: bool = False


def infer(options: InferConfig) -> int:
    """Judge the rows of one file; returns the exit code. Raises `UsageError` before anything is asked."""
    if not options.dry_run:
        check_key(options)
    source = EligibleRows(options.input_file)
    found = find_models(source, options.limit, options.model_be_evaluated)
    if not found and source.skipped and next(source.rows(), None) is None:
        print(f"No row to judge: an earlier step did not succeed for any of the {source.skipped} rows.")
        return OK
    if not found:
        check_format(source, options.limit)
    models = choose_models(options.model_be_evaluated, found, options.input_file, options.limit)
    outputs = output_paths(options.output_file, models, options.input_file)
    adapted: list[str] = []
    task = _task(options, adapted)
    plan = scan_input(source, models, task, options.limit, ask=options.dry_run)
    for problem in plan.problems:
        log.warning("line %d of %s %s: not judged", problem.line, options.input_file, problem.reason)
    if plan.unusable > len(plan.problems):
        log.warning("and %d more unusable rows", plan.unusable - len(plan.problems))
    if source.skipped:
        log.warning("%d rows are passed over: an earlier step did not succeed for them", source.skipped)
    if plan.empty_items:
        log.warning("%d items are empty strings; they keep their number and are judged", plan.empty_items)
    if options.dry_run:
        print(dry_run_text(plan, outputs, options))
        return OK
    with contextlib.ExitStack() as stack:
        sinks = {model: _open_sink(stack, path, model, task, options) for model, path in outputs.items()}
        tally = RunStats(total=plan.samples.total(), unusable=plan.unusable)
        budget = options.budget()
        finished = sum(len(sink.file.finished) for sink in sinks.values())
        started = time.monotonic()
        samples = read_samples(islice(source.rows(), options.limit), models)
        run = asyncio.run(judge_rows(options, task, samples, sinks, tally, adapted, budget))
    whole = _write_matches(outputs.values())
    if options.limit is None and not run.stopped:
        _tell_of_others(finished - tally.resumed)
    print(
        summary_text(
            tally,
            run,
            budget,
            seconds=time.monotonic() - started,
            written=[f"{path} and {matches_path(path).name}" for path in outputs.values()],
            left=plan.samples.total() - tally.done,
            next_command=analysis_commands(list(outputs.values())),
            notes=guard_lines(plan, options.guard),
        )
    )
    return exit_code(run, tally) or (OK if whole else INCOMPLETE)


def _tell_of_others(records: int) -> None:
    """Warn of so many finished records in the output that are none of this run's rows."""
    if records:
        log.warning(
            "%d finished records of the output are of other rows or another evaluated model than this run's, or of its "
            "rows as they were before a list changed: they count beside this run's; to keep them apart name another "
            "--output-file",
            records,
        )


def _write_matches(outputs: Iterable[Path]) -> bool:
    """Build every matches file and say whether all are there; a failure never hides the run's own summary."""
    whole = True
    for path in outputs:
        try:
            write_matches(path)
        except (DiskFull, UsageError) as error:
            if path.exists():  # else its rescue was reported already
                log.error("%s", error)
            whole = False
    return whole


def _task(options: InferConfig, adapted: list[str]) -> MatchTask:
    prompt = Prompt(options.granularity, options.prompt_template, options.system_message)
    top_k = options.top_k
    if top_k is None and options.granularity == ITEM:
        top_k = PAPER_TOP_K
    judge = JudgeIdentity(
        model=options.model,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        samples=options.num_samples,
        granularity=options.granularity,
        top_k=top_k,
        instructions=prompt.hash,
        version=metajudge.__version__,
        adapted=adapted,
        guard=options.guard,
    )
    return MatchTask(prompt, judge, top_k, options.num_samples)


def _open_sink(
    stack: contextlib.ExitStack, path: Path, model: str, task: MatchTask, options: InferConfig
) -> OutputFiles:
    file = stack.enter_context(RecordFile(path, FileIdentity(model, task.judge), allow_mixed=options.allow_mixed))
    journal = stack.enter_context(contextlib.closing(Journal(path, task.judge)))
    return OutputFiles(file, journal)


__all__ = ["InferConfig", "InputScan", "infer", "matches_path"]


def dry_run_text(plan: InputScan, outputs: Mapping[str, Path], options: InferConfig) -> str:
    """Rows, requests, tokens and the first question; nothing was sent."""
    lines = [
        f"Rows      {plan.rows} read, {plan.unusable} unusable",
        *(f"Model     {model}: {plan.samples[model]} rows, to {path}" for model, path in outputs.items()),
        f"Judge     {options.model}, granularity {options.granularity}",
        f"Requests  {plan.requests} for all of them; of those that the output has already none is asked again",
        f"Tokens    about {plan.prompt_tokens:,} prompt; completion at most {options.max_tokens:,} a request",
        *expected_cost(plan.requests, plan.prompt_tokens, options),
        *guard_lines(plan, options.guard),
        "",
        "First question",
        plan.first_question or "(none: no usable row)",
        "",
        "Dry run: nothing was sent or written.",
    ]
    return printable_lines("\n".join(lines))
