"""`metajudge infer`: match model checklists with human checklists by a judge."""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

import metajudge
from metajudge.cli.options.judge import add_judge_flags, add_pace_flags, judge_options
from metajudge.cli.options.log import start_log
from metajudge.cli.options.types import at_least

SUMMARY = "Match the model's reasons with the human ones, item by item, by an LLM judge."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reference's flags with their names, then ours."""
    files = parser.add_argument_group("files")
    files.add_argument("--input-file", required=True, metavar="PATH", help="JSONL rows with checklists (- for stdin)")
    files.add_argument(
        "--output-file",
        required=True,
        metavar="PATH",
        help="JSONL records, appended; an existing file is resumed. {model} stands for the evaluated model's name",
    )
    files.add_argument("--log-file", metavar="PATH", help="also write the log here (never holds a key)")
    judged = parser.add_argument_group("what is judged")
    judged.add_argument(
        "--model-be-evaluated",
        required=True,
        metavar="NAME",
        help="the model whose {NAME}-checklist is judged; a comma list, or all",
    )
    judged.add_argument(
        "--granularity",
        choices=("row", "item"),
        default="row",
        help="row: one question a row, each human item with its best model item; "
        "item: one question a model item, so that every pair is scored",
    )
    judged.add_argument(
        "--top-k",
        type=at_least(1),
        metavar="N",
        help="judge only the first N model items (default: all with row, 5 with item)",
    )
    judged.add_argument(
        "--num-samples", type=at_least(1), default=1, metavar="K", help="ask every question this many times"
    )
    judged.add_argument(
        "--guard",
        nargs="?",
        const="report",
        choices=("report", "zero"),
        help="name suspicious items (empty, generic, over-long, instruction-like) in the records and count them; "
        "zero: give such items of the model no credit",
    )
    judged.add_argument("--limit", type=at_least(1), metavar="N", help="judge only the first N rows")
    judged.add_argument(
        "--dry-run", action="store_true", help="print rows, requests, tokens and the first question; send nothing"
    )
    judged.add_argument(
        "--prompt-template", metavar="PATH", help="your own question, with {source_list} (S) and {target_list} (R)"
    )
    add_judge_flags(parser)
    pace = add_pace_flags(parser)
    pace.add_argument("--batch-size", type=int, metavar="N", help="accepted for compatibility; has no effect")
    parser.add_argument("--version", action="version", version=f"metajudge {metajudge.__version__}")


def run(args: argparse.Namespace) -> int:
    """Read the environment, open the log, judge."""
    gc.disable()  # what is imported stays: no search for cycles before the run, which has a pace of its own
    start_log(args.log_file, args.input_file, args.output_file)
    judge = judge_options(args)  # before what takes long to import: meanwhile the SDK is asked
    from metajudge.cli.signals import stop_on_signals
    from metajudge.cli.summary import infer_text
    from metajudge.tasks import InferConfig, infer, read_template

    options = InferConfig(
        input_file=Path(args.input_file),
        output_file=args.output_file,
        model_be_evaluated=args.model_be_evaluated,
        granularity=args.granularity,
        top_k=args.top_k,
        num_samples=args.num_samples,
        prompt_template=read_template(Path(args.prompt_template)) if args.prompt_template else None,
        guard=args.guard,
        dry_run=args.dry_run,
        **judge,
    )
    result = infer(options, stop_hook=stop_on_signals)
    print(infer_text(options, result))
    return result.exit_code
