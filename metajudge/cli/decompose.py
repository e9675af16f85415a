"""`decompose`: annotators' free text becomes human checklists."""

import argparse
import shlex

from metajudge.cli.options.flags import from_args, whole
from metajudge.cli.options.judge import add_judge_flags, add_pace_flags, add_row_flags
from metajudge.cli.sharded import add_engine_flags
from metajudge.cli.steps import PreparedRun, prepare_step, run_and_print
from metajudge.errors import UsageError
from metajudge.tasks.decompose import DecomposeStep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, texts and bounds; then the model's flags."""
    add_row_flags(
        parser, "rows with the annotators' texts: one line per row, with human-checklist if the row succeeded"
    )
    texts = parser.add_argument_group("what is decomposed")
    texts.add_argument(
        "--text-field", dest="text_fields", action="append", default=[], metavar="NAME",
        help="a field with annotators' text, a string or a list of them; may be repeated "
        "(default: HelpSteer3's individual_preference)",
    )  # fmt: skip
    texts.add_argument("--min-items", type=whole(0), default=3, metavar="N", help="a row with fewer points is too_few")
    texts.add_argument("--max-items", type=whole(1), default=7, metavar="N", help="one with more is too_many")
    each = "a list for each annotator, as annotator-1-checklist and so on, for infer --human-reference"
    texts.add_argument("--per-annotator", action="store_true", help=each)
    add_judge_flags(parser, model="the model that is asked")
    add_pace_flags(parser)
    add_engine_flags(parser, "decompose")


def run(args: argparse.Namespace) -> int:
    """Decompose every row."""
    return run_and_print(prepare, args)


def prepare(args: argparse.Namespace) -> PreparedRun:
    """Return the run that the flags describe."""
    if args.min_items > args.max_items:
        raise UsageError(f"--min-items {args.min_items} is more than --max-items {args.max_items}")
    step = from_args(DecomposeStep, args, text_fields=tuple(args.text_fields))
    output = shlex.quote(args.output_file)
    return prepare_step(args, step, f"python3 -m metajudge critic --input-file {output} --name NAME --output-file PATH")
