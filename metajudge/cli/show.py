"""`show`: rows of a result file, both lists side by side."""

import argparse
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import warn
from metajudge.reports.show import Chosen, by_id, failed, failed_remark, show_failed, show_rows, worst
from metajudge.text import Paint, coloured, plain, printable

_WORST = 5


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a file and the choice of its rows."""
    parser.add_argument("file", type=Path, metavar="FILE", help="a result file (.jsonl)")
    which = parser.add_mutually_exclusive_group()
    row = "the row with this id or beginning of an id; a line number if the file has no ids"
    which.add_argument("--id", metavar="ID", help=row)
    which.add_argument(
        "--worst", type=whole(1), default=_WORST, metavar="N", help="the N rows of lowest reference recall"
    )
    failures = "the rows that are not scored, with the reason and the beginning of the reply"
    which.add_argument("--failed", action="store_true", help=failures)
    parser.add_argument("--model-be-evaluated", metavar="NAME", help="the evaluated model, if the file does not say")


def run(args: argparse.Namespace) -> int:
    """Print the rows; 0, or 1 when none is scored."""
    path, model = args.file, args.model_be_evaluated
    if args.id is not None:
        _print(show_rows, by_id(path, args.id, model))
        return 0
    if args.failed:
        chosen = failed(path, model)
        _print(show_failed, chosen)
        warn(printable(f"{path}: {failed_remark(chosen) if chosen.failed else 'no row has failed'}"))
        return 0
    chosen = worst(path, args.worst, model)
    _print(show_rows, chosen)
    if chosen.rated:
        if chosen.failed:
            warn(printable(f"{path}: {failed_remark(chosen)}; their replies: show --failed"))
        return 0
    # Without a scored row the reasons are what the user looks for.
    _print(show_failed, replace(chosen, rated=chosen.failed[: args.worst]))
    why = failed_remark(chosen) if chosen.failed else "every row is left out on purpose"
    warn(printable(f"{path} has no scored row: {why}; all of them: show --failed"))
    return 1


def _print(texts: Callable[[Chosen, int, Paint], Iterator[str]], chosen: Chosen) -> None:
    is_colourful = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for text in texts(chosen, shutil.get_terminal_size().columns, coloured if is_colourful else plain):
        print(text, end="\n\n")
