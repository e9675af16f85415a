"""`show`: rows of a result file, both lists side by side."""

import argparse
import os
import shutil
import sys
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.reports.show import by_id, show_rows, worst
from metajudge.text import coloured, plain

_WORST = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a file and the choice of its rows."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a result file (.jsonl)")
    which = parser.add_mutually_exclusive_group()
    row = "the row with this id or beginning of an id; a line number if the file has no ids"
    which.add_argument("--id", metavar="ID", help=row)
    which.add_argument("--worst", type=whole(1), default=_WORST, metavar="N", help="the N rows of lowest recall")
    parser.add_argument("--model-be-evaluated", metavar="NAME", help="the evaluated model, if the file does not say")


def run(args: argparse.Namespace) -> int:
    """Print the rows."""
    if args.id is not None:
        chosen = by_id(args.file, args.id, args.model_be_evaluated)
    else:
        chosen = worst(args.file, args.worst, args.model_be_evaluated)
    is_colourful = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for text in show_rows(chosen, shutil.get_terminal_size().columns, coloured if is_colourful else plain):
        print(text, end="\n\n")
    return 0
