"""Shared by `decompose`, `critic` and `flaws`: run the step, print its summary."""

import argparse
from pathlib import Path

from metajudge.cli.options.judge import judge_config
from metajudge.cli.options.log import start_log
from metajudge.cli.sharded import is_sharded, run_sharded
from metajudge.cli.signals import stop_on_signals
from metajudge.cli.summary import step_text
from metajudge.records import RECORDS
from metajudge.tasks import Step, StepConfig, check_step, run_step


def run_and_print(args: argparse.Namespace, step: Step, next_command: str) -> int:
    """Run a step, print its summary and return the exit code."""
    start_log(args.log_file, args.input_file, args.output_file)
    config = judge_config(StepConfig, args, input_file=Path(args.input_file), output_file=Path(args.output_file))
    if is_sharded(args):
        check_step(config, step)
        return run_sharded(args, config, [config.rows_file], next_command, ending=RECORDS)
    result, written = run_step(config, step, stop_hook=stop_on_signals)
    print(step_text(config, result, written, step.spec, next_command))
    return result.exit_code
