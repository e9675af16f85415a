"""Input rows that gain something from a model: decomposing, criticising.

What was asked and answered is kept in `<output>.records`, an ordinary record file of the run engine: written at once,
locked, resumed. The output is a product of it, rebuilt whole at the end of every run and put in place at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import metajudge
from metajudge.data import SHOWN_PROBLEMS, InputFile, InvalidRow, Row, Status, is_skipped
from metajudge.engine import (
    OK,
    Budget,
    JudgeConfig,
    OutputFiles,
    Runner,
    RunStats,
    check_key,
    exit_code,
    expected_cost,
    judge_rows,
    summary_text,
)
from metajudge.errors import OutputLost, UsageError
from metajudge.llm import EMBEDDED
from metajudge.records import FileIdentity, Journal, JudgeIdentity, RecordFile, row_key, side_file
from metajudge.tasks.step import PASSED_OVER, Step, StepRow, StepTask, step_rows
from metajudge.tasks.step_output import OutputCounts, write_output
from metajudge.text import estimate_tokens, printable_lines

log = logging.getLogger("metajudge")


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfig(JudgeConfig):
    """Everything that a deriving command can be told about files and judge."""

    input_file: Path
    output_file: Path
    dry_run: bool = False


def run_step(options: StepConfig, step: Step) -> int:
    """Take every row of the input through `step`; returns the exit code. Raises `UsageError` first of all."""
    _check_model(options, step)
    source = InputFile(options.input_file)
    records = _check_output(options)
    survey = _survey(source, step, options)
    if options.dry_run:
        return _dry_run(source, step, options, survey)
    adapted: list[str] = []
    judge = _judge(options, step, adapted)
    task = StepTask(step, judge)
    tally = RunStats(total=survey.asked + survey.parsed, success=survey.parsed, unusable=survey.unusable)
    budget, started = options.budget(), time.monotonic()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(RecordFile(records, FileIdentity(step.name, judge), allow_mixed=options.allow_mixed))
        journal = stack.enter_context(contextlib.closing(Journal(records, judge)))
        if survey.parsed or survey.unusable:
            _settle(step_rows(islice(source.rows(), options.limit), step), task, file)
        rows = filter(_is_asked, step_rows(islice(source.rows(), options.limit), step))
        run = asyncio.run(
            judge_rows(options, task, rows, {step.name: OutputFiles(file, journal)}, tally, adapted, budget)
        )
        # Records that were lost under the run are rescued, and the summary says where.
        lost = isinstance(run.stop_reason, OutputLost) and not records.exists()
        written = OutputCounts() if lost else write_output(source, options.limit, options.output_file, records, step)
    _tell(options, step, tally, run, budget, written, time.monotonic() - started)
    return exit_code(run, tally)


def _check_model(options: StepConfig, step: Step) -> None:
    if not step.needs_model:
        return
    if options.model == EMBEDDED:
        raise UsageError(f"{step.name} needs a language model; the embedded judge only matches lists")
    if not options.dry_run:
        check_key(options, matching=False)


def _check_output(options: StepConfig) -> Path:
    output, records = options.output_file, side_file(options.output_file, ".records")
    if output.exists() and options.input_file.exists() and output.samefile(options.input_file):
        raise UsageError(f"--output-file {output} is the input file; name another one")
    if output.is_dir():
        raise UsageError(f"--output-file {output} is a directory; name a file in it")
    if output.exists() and not records.exists():
        raise UsageError(f"--output-file {output} exists and is no work of this command ({records} is not there)")
    return records


def _judge(options: StepConfig, step: Step, adapted: list[str]) -> JudgeIdentity:
    return JudgeIdentity(
        model=options.model,
        temperature=options.temperature,
        max_tokens=options.max_tokens,
        samples=1,
        granularity=step.name,
        instructions=step.instructions,
        version=metajudge.__version__,
        adapted=adapted,
        settings=dict(step.settings),
    )


@dataclass(slots=True)
class Survey:
    """Counts of the first reading of the input."""

    asked: int = 0
    """Rows that a model is asked about."""
    parsed: int = 0
    """Rows whose text is there and could be read."""
    unusable: int = 0
    """Lines that are no row, and rows about which nothing can be asked."""
    skipped: int = 0
    first_problem: str = ""

    def add(self, row: StepRow | InvalidRow, where: Path) -> None:
        """Count one line; the first unusable ones are named."""
        if isinstance(row, InvalidRow):
            self._name(f"line {row.line} of {where} {row.reason}: left out")
        elif row.precomputed is None:
            self.asked += 1
        elif row.precomputed.status == PASSED_OVER:
            self.skipped += 1
        elif row.precomputed.status == Status.SUCCESS:
            self.parsed += 1
        else:
            self._name(
                f"line {row.line} of {where}: {row.precomputed.status}: {row.precomputed.notes['error_message']}"
            )

    def _name(self, problem: str) -> None:
        self.unusable += 1
        self.first_problem = self.first_problem or problem
        if self.unusable <= SHOWN_PROBLEMS:
            log.warning("%s", problem)


def _survey(source: InputFile, step: Step, options: StepConfig) -> Survey:
    """Count the rows that will be asked about, and name those that cannot be."""
    _check_fields(source, step, options)
    survey = Survey()
    for row in step_rows(islice(source.rows(), options.limit), step):
        survey.add(row, options.input_file)
    if survey.skipped:
        log.warning("%d rows are passed over: an earlier step did not succeed for them", survey.skipped)
    return survey


def _check_fields(source: InputFile, step: Step, options: StepConfig) -> None:
    """Raise `UsageError` for a field that the step needs and no row has: the flag that names it is wrong."""
    missing, first = dict(step.fields), None
    for row in islice(source.rows(), options.limit):
        if isinstance(row, Row) and not is_skipped(row.data):
            first = first or row
            missing = {field: flag for field, flag in missing.items() if field not in row.data}
            if not missing:
                return
    if first is not None:
        field, flag = next(iter(missing.items()))
        raise UsageError(
            f'no row of {options.input_file} has "{field}"; name another field with {flag} '
            f"(line {first.line} has: {', '.join(first.data) or 'none'})"
        )


def _is_asked(row: StepRow | InvalidRow) -> bool:
    return isinstance(row, StepRow) and row.precomputed is None


def _settle(rows: Iterable[StepRow | InvalidRow], task: StepTask, file: RecordFile) -> None:
    """Write the records of the rows about which nothing is asked. Raises `DiskFull` and `OutputLost`."""
    for row in rows:
        if isinstance(row, InvalidRow) or row.precomputed is None or row.precomputed.status == PASSED_OVER:
            continue
        if row_key(row.id, row.question_id) not in file.finished:
            file.append(task.record(row, [], 0.0))


# ------------------------------------------------------------------ what is told


def _tell(
    options: StepConfig, step: Step, tally: RunStats, run: Runner, budget: Budget, written: OutputCounts, seconds: float
) -> None:
    by_status = ", ".join(f"{count} {status}" for status, count in written.by_status.most_common())
    remarks = ", ".join(f"{count} {remark}" for remark, count in written.summary_notes.most_common())
    replies = f"; the replies in {options.output_file.name}.records" if step.needs_model else ""
    lines = [f"{options.output_file} ({by_status or 'no row'}){replies}"]
    text = summary_text(
        tally,
        run,
        budget,
        seconds=seconds,
        written=lines + ([f"in it, worth a look: {remarks}"] if remarks else []),
        left=(tally.total or 0) - tally.done,
        next_command=step.next_command(options.output_file),
    )
    print(text)


def _dry_run(source: InputFile, step: Step, options: StepConfig, survey: Survey) -> int:
    requests = tokens = 0
    first = f"(none: {survey.first_problem or 'there is nothing to ask'})"
    for row in step_rows(islice(source.rows(), options.limit), step):
        for question in step.questions(row.row) if isinstance(row, StepRow) and row.precomputed is None else ():
            requests += 1
            tokens += estimate_tokens(question.messages)
            if requests == 1:
                first = "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in question.messages)
    left_out = f"{survey.unusable} unusable, {survey.skipped} passed over"
    print(f"Rows      {survey.asked + survey.parsed} to {step.name}, {left_out}")
    print(f"Requests  {requests} for all of them; of those that the output has already none is asked again")
    print(f"Tokens    about {tokens:,} prompt; completion at most {options.max_tokens:,} a request")
    for line in expected_cost(requests, tokens, options):
        print(line)
    print(f"\nFirst question\n{printable_lines(first)}\n\nDry run: nothing was sent or written.")
    return OK
