"""Input rows that gain something from a model: decomposing, criticising.

What was asked and answered is kept in `<output>.records`, an ordinary record file of the run engine: written at once,
locked, resumed. The output is a product of it, rebuilt whole at the end of every run and put in place at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import metajudge
from metajudge.cost import Budget
from metajudge.errors import UsageError
from metajudge.journal import Journal
from metajudge.judging import EMBEDDED, OK, PARTLY, JudgeOptions, check_key, exit_code, judge_rows
from metajudge.plan import SHOWN_PROBLEMS
from metajudge.product import Written, write_product
from metajudge.results import Expected, RecordFile, side_file
from metajudge.run import Run, Sink
from metajudge.samples import InputFile, Unusable
from metajudge.step import Derived, DeriveTask, Step, derived_rows, passed_over
from metajudge.summary import summary_text
from metajudge.tally import Tally
from metajudge.terminal import printable_lines
from metajudge.tokens import estimate_tokens

log = logging.getLogger("metajudge")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeriveOptions(JudgeOptions):
    """Everything that a deriving command can be told about files and judge."""

    input_file: Path
    output_file: Path
    dry_run: bool = False


def derive(options: DeriveOptions, step: Step) -> int:
    """Take every row of the input through `step`; returns the exit code. Raises `UsageError` first of all."""
    if step.asks and options.model == EMBEDDED:
        raise UsageError(f"{step.name} needs a language model; the embedded judge only matches lists")
    if step.asks and not options.dry_run:
        check_key(options)
    source = InputFile(options.input_file)
    records = _check_output(options)
    counts = _survey(source, step, options)
    if options.dry_run:
        return _dry_run(source, step, options, counts)
    adapted: list[str] = []
    judge = _judge(options, step, adapted)
    tally = Tally(total=counts["rows"], unusable=counts["unusable"])
    budget, started = options.budget(), time.monotonic()
    with contextlib.ExitStack() as stack:
        file = stack.enter_context(RecordFile(records, Expected(step.name, judge), allow_mixed=options.allow_mixed))
        journal = stack.enter_context(contextlib.closing(Journal(records, judge)))
        rows = derived_rows(islice(source.rows(), options.limit), step, step.name)
        run = asyncio.run(
            judge_rows(options, DeriveTask(step, judge), rows, {step.name: Sink(file, journal)}, tally, adapted, budget)
        )
        rows_again = islice(source.rows(), options.limit)
        written = write_product(rows_again, options.output_file, records, step, options.model)
    _tell(options, tally, run, budget, written, time.monotonic() - started)
    return exit_code(run, tally) or (PARTLY if written.by_status["error"] else OK)


def _check_output(options: DeriveOptions) -> Path:
    output, records = options.output_file, side_file(options.output_file, ".records")
    if output.exists() and options.input_file.exists() and output.samefile(options.input_file):
        raise UsageError(f"--output-file {output} is the input file; name another one")
    if output.is_dir():
        raise UsageError(f"--output-file {output} is a directory; name a file in it")
    if output.exists() and not records.exists():
        raise UsageError(f"--output-file {output} exists and is no work of this command ({records} is not there)")
    return records


def _judge(options: DeriveOptions, step: Step, adapted: list[str]) -> dict[str, Any]:
    return {
        "model": options.model,
        "temperature": options.temperature,
        "max_tokens": options.max_tokens,
        "samples": 1,
        "granularity": step.name,
        "top_k": None,
        "instructions": step.instructions,
        "version": metajudge.__version__,
        "adapted": adapted,
        "settings": dict(step.settings),
    }


def _survey(source: InputFile, step: Step, options: DeriveOptions) -> Counter[str]:
    """Count the rows that will be asked about, and name those that cannot be."""
    counts: Counter[str] = Counter()
    for row in islice(source.rows(), options.limit):
        if isinstance(row, Unusable):
            counts["unusable"] += 1
            if counts["unusable"] <= SHOWN_PROBLEMS:
                log.warning("line %d of %s %s: left out", row.line, options.input_file, row.reason)
        elif passed_over(row.data):
            counts["passed over"] += 1
        else:
            counts["rows"] += 1
    if counts["passed over"]:
        log.warning("%d rows are passed over: an earlier step did not succeed for them", counts["passed over"])
    return counts


# ------------------------------------------------------------------ what is told


def _tell(options: DeriveOptions, tally: Tally, run: Run, budget: Budget, written: Written, seconds: float) -> None:
    by_status = ", ".join(f"{count} {status}" for status, count in written.by_status.most_common())
    remarks = ", ".join(f"{count} {remark}" for remark, count in written.remarks.most_common())
    lines = [f"{options.output_file} ({by_status or 'no row'}); the replies in {options.output_file.name}.records"]
    text = summary_text(
        tally,
        run,
        budget,
        seconds=seconds,
        written=lines + ([f"in it, worth a look: {remarks}"] if remarks else []),
        left=(tally.total or 0) - tally.done,
        next_command=f"python -m metajudge check {options.output_file}",
    )
    print(text)


def _dry_run(source: InputFile, step: Step, options: DeriveOptions, counts: Counter[str]) -> int:
    requests = tokens = 0
    first = "(none: no usable row)"
    for row in derived_rows(islice(source.rows(), options.limit), step, step.name):
        asked = () if isinstance(row, Unusable) else step.questions(row.row)
        for question in () if isinstance(asked, Derived) else asked:
            requests += 1
            tokens += estimate_tokens(question.messages)
            if requests == 1:
                first = "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in question.messages)
    left_out = f"{counts['unusable']} unusable, {counts['passed over']} passed over"
    print(f"Rows      {counts['rows']} to {step.name}, {left_out}")
    print(f"Requests  {requests} (rows that are already done are not asked again)")
    print(f"Tokens    about {tokens:,} prompt; completion at most {options.max_tokens:,} a request")
    print(f"\nFirst question\n{printable_lines(first)}\n\nDry run: nothing was sent or written.")
    return OK
