"""Shared by the commands that ask a model about rows: what their flags describe, and the run of it."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from metajudge.cli.options.judge import judge_config
from metajudge.cli.options.log import start_log
from metajudge.cli.sharded import is_sharded, run_sharded
from metajudge.cli.signals import stop_on_signals
from metajudge.cli.summary import step_text
from metajudge.engine import JudgeOpener, RunContext, open_judge
from metajudge.records import RECORDS
from metajudge.tasks import RunResult, Step, StepConfig, TaskConfig, check_step, run_step


class PreparedRun(NamedTuple):
    """A run that the flags of a command describe."""

    config: TaskConfig
    run: Callable[[TaskConfig, JudgeOpener], tuple[RunResult, str]]
    """Runs a configuration with the judge that is opened so; returns the result and the text about its end."""
    run_shards: Callable[[], int | None]
    """Runs the shards that the flags ask for; returns the exit code, None if there is no row for any."""


def run_and_print(prepare: Callable[[argparse.Namespace], PreparedRun], args: argparse.Namespace) -> int:
    """Run what the flags describe, print its summary and return the exit code."""
    start_log(args.log_file, args.input_file, args.output_file)
    prepared = prepare(args)
    if is_sharded(args) and (code := prepared.run_shards()) is not None:
        return code
    result, text = prepared.run(prepared.config, open_judge)
    print(text)
    return result.exit_code


def prepare_step(args: argparse.Namespace, step: Step, next_command: str) -> PreparedRun:
    """Return the run of a step; `next_command` is shown at its end."""
    config = judge_config(StepConfig, args, input_file=Path(args.input_file), output_file=Path(args.output_file))

    def run(config: TaskConfig, opener: JudgeOpener) -> tuple[RunResult, str]:
        assert isinstance(config, StepConfig)
        result, written = run_step(config, step, stop_hook=stop_on_signals, context=RunContext(opener=opener))
        return result, step_text(config, result, written, step.spec, next_command)

    def run_shards() -> int:
        check_step(config, step)
        return run_sharded(args, config, [config.rows_file], next_command, ending=RECORDS)

    return PreparedRun(config, run, run_shards)
