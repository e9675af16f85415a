"""Run of a step: rows gain fields from a model's answers.

Questions and answers are kept in `<output>.records`, an ordinary record file: written at once, locked, resumed. The
output is rebuilt from it at the end of every run and replaced in one move.
"""

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from metajudge.data import InputFile, InvalidRow, Row, RowIds, Status, is_skipped
from metajudge.engine import RunContext, StopHook, check_key
from metajudge.errors import UsageError
from metajudge.llm import EMBEDDED
from metajudge.records import ResultWriter, check_output_name, row_key, side_file
from metajudge.tasks.pipeline import Job, RunResult, TaskConfig, judge_identity, run
from metajudge.tasks.scan import InputScan
from metajudge.tasks.step import SKIPPED, Step, StepRow, StepTask, step_rows
from metajudge.tasks.step_output import OutputCounts, write_output


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfig(TaskConfig):
    """Configuration of a step: its files and its judge."""

    output_file: Path

    @property
    def rows_file(self) -> Path:
        """The output; of a shard, with its number in the name."""
        return self.part.path(self.output_file)


def run_step(
    config: StepConfig, step: Step, *, stop_hook: StopHook = nullcontext, context: RunContext | None = None
) -> tuple[RunResult, OutputCounts]:
    """Take every row of the input through `step`.

    `context`: what the run shares with others, and what carries its questions.

    Raises a `UsageError` before any request, a `MetaJudgeError` later.
    """
    job = _checked_job(config, step)
    return run(job, stop_hook, context), job.written


def check_step(config: StepConfig, step: Step) -> None:
    """Raise `UsageError` for a configuration that a run refuses before it reads the results."""
    _checked_job(config, step)


def _checked_job(config: StepConfig, step: Step) -> "_StepJob":
    spec = step.spec
    if spec.needs_model:
        if config.model == EMBEDDED:
            raise UsageError(f"{spec.name} needs a language model; the embedded judge only matches lists")
        if not config.dry_run:
            check_key(config, matching=False)
    judge = judge_identity(config, spec.instructions, spec.name, samples=1, settings=dict(spec.settings))
    outputs = {spec.name: side_file(config.rows_file, ".records")}
    job = _StepJob(config, InputFile(Path(config.input_file)), StepTask(step, judge), outputs)
    job.check_output()
    job.check_fields()
    return job


@dataclass(slots=True)
class _StepJob(Job):
    """A step over one input."""

    config: StepConfig
    task: StepTask
    written: OutputCounts = field(default_factory=OutputCounts)

    @property
    def step(self) -> Step:
        return self.task.step

    @property
    def records(self) -> Path:
        return self.outputs[self.step.spec.name]

    def check_output(self) -> None:
        """Raise `UsageError` if the output is the input, a directory or a file that no step has written."""
        output, source = self.config.rows_file, self.source.path
        check_output_name(output)
        if output.exists() and source.exists() and output.samefile(source):
            raise UsageError(f"`output_file` {output} is the input file; name another one")
        if output.is_dir():
            raise UsageError(f"`output_file` {output} is a directory; name a file in it")
        if output.exists() and not self.records.exists():
            raise UsageError(
                f"`output_file` {output} was not written by this command ({self.records} is missing); name another file"
            )

    def check_fields(self) -> None:
        """Raise `UsageError` for a field that the step needs and no row has."""
        missing, first = self.step.spec.fields, None
        # A field may be missing in one shard only.
        rows = self.rows(RowIds()) if self.config.part.is_whole else self.source.rows()
        for row in rows:
            if isinstance(row, Row) and not is_skipped(row.data):
                first = first or row
                missing = {name: parameter for name, parameter in missing.items() if name not in row.data}
                if not missing:
                    return
        if first is not None:
            name, parameter = next(iter(missing.items()))
            raise UsageError(
                f'no row of {self.config.input_file} has "{name}"; name another field with `{parameter}` '
                f"(line {first.line} has: {', '.join(first.data) or 'none'})"
            )

    def scanned_items(self, scan: InputScan) -> Iterator[StepRow | InvalidRow]:
        for row in self._step_rows():
            scan.rows += 1
            if isinstance(row, StepRow):
                self._count(row, scan)
            yield row

    def _count(self, row: StepRow, scan: InputScan) -> None:
        found = row.precomputed
        if found is None:
            scan.asked[row.model] += 1
        elif found.status == SKIPPED:
            scan.skipped += 1
        elif found.status == Status.SUCCESS:
            scan.parsed += 1
        else:
            where = f"line {row.line} of {self.config.input_file}"
            scan.add_unusable(f"{where}: {found.status}: {found.notes['error_message']}")

    def items(self) -> Iterator[StepRow | InvalidRow]:
        for row in self._step_rows():
            if isinstance(row, StepRow) and row.precomputed is None:
                yield row

    def all_items(self) -> Iterator[StepRow | InvalidRow]:
        return self._step_rows(limited=False)

    def _step_rows(self, *, limited: bool = True) -> Iterator[StepRow | InvalidRow]:
        numbers = RowIds()
        return step_rows(self.rows(numbers, limited=limited), self.step, numbers)

    @contextlib.contextmanager
    def products(self, scan: InputScan, files: Mapping[str, ResultWriter]) -> Iterator[None]:
        file = files[self.step.spec.name]
        if scan.parsed or scan.unusable:
            self._write_precomputed(file)
        yield
        if not file.is_lost or self.records.exists():  # else the end names the rescued file; the output stays unchanged
            config = self.config
            self.written = write_output(
                self.source, config.limit, config.rows_file, self.records, self.step, config.part
            )

    def _write_precomputed(self, file: ResultWriter) -> None:
        """Write the records of the rows without a question. Raises `DiskFull` and `OutputLost`."""
        for row in self._step_rows():
            if isinstance(row, InvalidRow) or row.precomputed is None or row.precomputed.status == SKIPPED:
                continue
            if row_key(row.id, row.question_id) not in file.finished:
                file.append(self.task.record(row, [], 0.0))
