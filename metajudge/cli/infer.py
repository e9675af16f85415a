"""`metajudge infer`: match model checklists with human checklists by a judge."""

import argparse
from pathlib import Path

import metajudge
from metajudge.cli.options.flags import add_flags
from metajudge.cli.options.judge import add_judge_flags, add_pace_flags, add_row_flags, judge_config
from metajudge.cli.sharded import add_engine_flags, run_sharded
from metajudge.cli.signals import stop_on_signals
from metajudge.cli.steps import PreparedRun, run_and_print
from metajudge.cli.summary import infer_text, next_commands
from metajudge.engine import JudgeOpener, RunContext
from metajudge.tasks import GUARDS, InferConfig, RunResult, TaskConfig, find_outputs, read_template, run_infer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the reference's flags with their names, and ours."""
    output = "JSONL records, appended. {model} is replaced by the evaluated model's name"
    add_row_flags(parser, output, "JSONL rows with checklists (- for stdin)")
    judged = parser.add_argument_group("what is judged")
    models = "the model whose {NAME}-checklist is judged; a comma list, or all"
    judged.add_argument("--model-be-evaluated", required=True, metavar="NAME", help=models)
    add_flags(judged, InferConfig, "granularity", "top_k", "num_samples")
    judged.add_argument(
        "--guard", nargs="?", const="report", choices=GUARDS,
        help="name suspicious items (empty, generic, over-long, instruction-like) in the records and count them; "
        "zero: give such items of the model no credit",
    )  # fmt: skip
    add_flags(judged, InferConfig, "control", "human_reference")
    template = "your own question, with {source_list} (S) and {target_list} (R)"
    judged.add_argument("--prompt-template", metavar="PATH", help=template)
    add_judge_flags(parser)
    pace = add_pace_flags(parser)
    pace.add_argument("--batch-size", type=int, metavar="N", help="accepted for compatibility; has no effect")
    add_engine_flags(parser, "infer")
    parser.add_argument("--version", action="version", version=f"metajudge {metajudge.__version__}")


def run(args: argparse.Namespace) -> int:
    """Judge every row and print the summary."""
    return run_and_print(prepare, args)


def prepare(args: argparse.Namespace) -> PreparedRun:
    """Return the run that the flags describe."""
    template = read_template(Path(args.prompt_template)) if args.prompt_template else None
    config = judge_config(InferConfig, args, input_file=Path(args.input_file), prompt_template=template)

    def run(config: TaskConfig, opener: JudgeOpener) -> tuple[RunResult, str]:
        assert isinstance(config, InferConfig)
        result = run_infer(config, stop_hook=stop_on_signals, context=RunContext(opener=opener))
        return result, infer_text(config, result)

    def run_shards() -> int | None:
        paths = list(find_outputs(config)[1].values())
        return run_sharded(args, config, paths, next_commands(config, paths)) if paths else None

    return PreparedRun(config, run, run_shards)
