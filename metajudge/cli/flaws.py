"""`flaws`: each reason of a model gets a class and flaws, with quotes that are checked."""

import argparse
import shlex
from pathlib import Path

from metajudge.cli.options.flags import from_args, whole
from metajudge.cli.options.judge import add_judge_flags, add_pace_flags, add_row_flags
from metajudge.cli.sharded import add_engine_flags
from metajudge.cli.steps import PreparedRun, prepare_step, run_and_print
from metajudge.tasks.flaws import FlawsStep, evaluated_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files and the evaluated model; then the judge's flags."""
    add_row_flags(parser, "the rows with NAME-flaws", "JSONL rows with NAME-checklist, as infer reads them")
    asked = parser.add_argument_group("what is asked")
    name = "the evaluated model, whose reasons are classified, without regard to case; human = the human points, as a "
    name += "control"
    asked.add_argument("--model-be-evaluated", required=True, metavar="NAME", help=name)
    asked.add_argument("--top-k", type=whole(1), metavar="N", help="ask about the first N reasons only")
    add_judge_flags(parser)
    add_pace_flags(parser)
    add_engine_flags(parser, "flaws")


def run(args: argparse.Namespace) -> int:
    """Classify every reason."""
    return run_and_print(prepare, args)


def prepare(args: argparse.Namespace) -> PreparedRun:
    """Return the run that the flags describe."""
    name = evaluated_name(Path(args.input_file), args.model_be_evaluated)
    next_command = f"python3 -m metajudge report {shlex.quote(args.output_file)}"
    return prepare_step(args, from_args(FlawsStep, args, model_name=name), next_command)
