"""Rows that gain fields from a model: decomposing, criticising.

Questions and answers are kept in `<output>.records`, an ordinary record file: written at once, locked, resumed. The
output is made from it, rebuilt whole at the end of every run and put in place at once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from metajudge.data import InputFile, InvalidRow, Row, Status, is_skipped
from metajudge.engine import JudgeConfig, OutputFiles, StopHook, check_key
from metajudge.errors import UsageError
from metajudge.llm import EMBEDDED
from metajudge.records import JudgeIdentity, RecordFile, row_key, side_file
from metajudge.tasks.pipeline import RunResult, judge_identity, run
from metajudge.tasks.scan import InputScan
from metajudge.tasks.step import PASSED_OVER, Step, StepRow, StepTask, step_rows
from metajudge.tasks.step_output import CountNotes, OutputCounts, write_output


@dataclass(frozen=True, slots=True, kw_only=True)
class StepConfig(JudgeConfig):
    """Configuration of a step: its files and its judge."""

    input_file: Path
    output_file: Path
    dry_run: bool = False


class MissingField(UsageError):
    """A field that the step needs is in no row."""

    def __init__(self, name: str, path: Path, row: Row, flag: str = "") -> None:
        """`flag`: how another field can be named."""
        with_flag = flag and f" with {flag}"
        known = ", ".join(row.data) or "none"
        super().__init__(f'no row of {path} has "{name}"; name another field{with_flag} (line {row.line} has: {known})')
        self.name, self._path, self._row = name, path, row

    def with_flag(self, flag: str) -> MissingField:
        """Name the flag, too."""
        return MissingField(self.name, self._path, self._row, flag)


def run_step(
    config: StepConfig, step: Step, *, count_notes: CountNotes = lambda _: (), stop_hook: StopHook = nullcontext
) -> tuple[RunResult, OutputCounts]:
    """Take every row of the input through `step`. Raises a `MetaJudgeError`, a `UsageError` first of all.

    `count_notes`: what to count of an output row's notes.
    """
    _check_model(config, step)
    job = _StepJob(config, step, count_notes)
    job.check_output()
    job.check_fields()
    result = run(job, config, dry_run=config.dry_run, stop_hook=stop_hook)
    return result, job.written


def _check_model(config: StepConfig, step: Step) -> None:
    if not step.spec.needs_model:
        return
    if config.model == EMBEDDED:
        raise UsageError(f"{step.spec.name} needs a language model; the embedded judge only matches lists")
    if not config.dry_run:
        check_key(config, matching=False)


@dataclass(slots=True)
class _StepJob:
    """A step over one input, see `pipeline.Job`."""

    config: StepConfig
    step: Step
    count_notes: CountNotes
    source: InputFile = field(init=False)
    task: StepTask = field(init=False)
    written: OutputCounts = field(default_factory=OutputCounts)

    def __post_init__(self) -> None:
        spec = self.step.spec
        judge = judge_identity(self.config, spec.instructions, spec.name, settings=dict(spec.settings))
        self.source = InputFile(self.config.input_file)
        self.task = StepTask(self.step, judge)

    @property
    def judge(self) -> JudgeIdentity:
        return self.task.judge

    @property
    def records(self) -> Path:
        return side_file(self.config.output_file, ".records")

    @property
    def outputs(self) -> Mapping[str, Path]:
        return {self.step.spec.name: self.records}

    def check_output(self) -> None:
        """Raise `UsageError` if the output is the input, a directory or somebody else's file."""
        output, source = self.config.output_file, self.config.input_file
        if output.exists() and source.exists() and output.samefile(source):
            raise UsageError(f"--output-file {output} is the input file; name another one")
        if output.is_dir():
            raise UsageError(f"--output-file {output} is a directory; name a file in it")
        if output.exists() and not self.records.exists():
            raise UsageError(
                f"--output-file {output} exists and is no work of this command ({self.records} is not there)"
            )

    def check_fields(self) -> None:
        """Raise `MissingField` for a field that the step needs and no row has."""
        missing, first = dict.fromkeys(self.step.spec.fields), None
        for row in self._rows():
            if isinstance(row, Row) and not is_skipped(row.data):
                first = first or row
                missing = dict.fromkeys(name for name in missing if name not in row.data)
                if not missing:
                    return
        if first is not None:
            raise MissingField(next(iter(missing)), self.config.input_file, first)

    def scanned_items(self, scan: InputScan) -> Iterator[StepRow | InvalidRow]:
        for row in step_rows(self._rows(), self.step):
            scan.rows += 1
            yield row

    def count(self, item: StepRow, scan: InputScan) -> None:
        found = item.precomputed
        if found is None:
            scan.asked[item.model] += 1
        elif found.status == PASSED_OVER:
            scan.skipped += 1
        elif found.status == Status.SUCCESS:
            scan.parsed += 1
        else:
            where = f"line {item.line} of {self.config.input_file}"
            scan.add_unusable(f"{where}: {found.status}: {found.notes['error_message']}")

    def items(self) -> Iterator[StepRow | InvalidRow]:
        for row in step_rows(self._rows(), self.step):
            if isinstance(row, StepRow) and row.precomputed is None:
                yield row

    @contextlib.contextmanager
    def products(self, scan: InputScan, files: Mapping[str, OutputFiles]) -> Iterator[None]:
        file = files[self.step.spec.name].file
        if scan.parsed or scan.unusable:
            self._write_precomputed(file)
        yield
        if not file.is_lost or self.records.exists():  # else its rescue is named, and the output stays as it was
            config = self.config
            self.written = write_output(
                self.source, config.limit, config.output_file, self.records, self.step, self.count_notes
            )

    def _write_precomputed(self, file: RecordFile) -> None:
        """Write the records of the rows about which nothing is asked. Raises `DiskFull` and `OutputLost`."""
        for row in step_rows(self._rows(), self.step):
            if isinstance(row, InvalidRow) or row.precomputed is None or row.precomputed.status == PASSED_OVER:
                continue
            if row_key(row.id, row.question_id) not in file.finished:
                file.append(self.task.record(row, [], 0.0))

    def _rows(self) -> Iterator[Row | InvalidRow]:
        return islice(self.source.rows(), self.config.limit)
