"""`metajudge infer`: match model checklists with human checklists by a judge."""

import argparse
from pathlib import Path

import metajudge
from metajudge.cli.options.flags import add_flags
from metajudge.cli.options.judge import add_judge_flags, add_pace_flags, add_row_flags, judge_config
from metajudge.cli.options.log import start_log
from metajudge.cli.signals import stop_on_signals
from metajudge.cli.summary import infer_text
from metajudge.tasks import GUARDS, InferConfig, read_template, run_infer


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
    parser.add_argument("--version", action="version", version=f"metajudge {metajudge.__version__}")


def run(args: argparse.Namespace) -> int:
    """Judge every row and print the summary."""
    start_log(args.log_file, args.input_file, args.output_file)
    template = read_template(Path(args.prompt_template)) if args.prompt_template else None
    config = judge_config(InferConfig, args, input_file=Path(args.input_file), prompt_template=template)
    result = run_infer(config, stop_hook=stop_on_signals)
    print(infer_text(config, result))
    return result.exit_code
