"""`compare`: models on their common rows."""

import argparse
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import add_output_options, check_output, emit, warn
from metajudge.cli.options.scoring import add_scoring_flags, scored_files
from metajudge.errors import UsageError
from metajudge.reports.comparison import Difference, check_comparable, compare
from metajudge.reports.render import cell, missing_labels_note, p_cell
from metajudge.text import printable, render_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add two or more files and the scoring."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="two or more result files, or directories")
    parser.add_argument("--allow-mixed", action="store_true", help="compare even figures of different judges")
    swaps = "random swaps for each p value"
    parser.add_argument("--resamples", type=whole(100), default=10_000, metavar="B", help=swaps)
    add_output_options(parser, "the differences")
    add_scoring_flags(parser, "max_checklist_len")


def run(args: argparse.Namespace) -> int:
    """Print the table of differences."""
    check_output(args.output_file, args.files)
    files = scored_files(args, args.files)
    if len(files) < 2:
        raise UsageError("compare needs two result files or more; `report` is for one")
    if args.allow_mixed:
        warn("the judges may differ: a difference may come from the judge and not from the model")
    else:
        check_comparable(files)
    for line in filter(None, map(missing_labels_note, files)):
        warn(line)
    found = compare(files, args.resamples)
    headings = ["Metric", "A", "B", "n", "Value A", "Value B", "A - B", "p", "Holm", "Win/tie/loss", "Detectable"]
    table = render_rows([_cells(one) for one in found], headings, args.format)
    emit(table, args, [one.as_json() for one in found])
    if all(one.p_value is None for one in found):
        warn("no row is scored for two models: nothing to compare; see why: python -m metajudge report FILE")
        return 1
    warn("detectable: the smallest true difference that this many rows show with 80 % power; n/a where too few differ")
    warn("p: share of random swaps of the two models' records, by cluster; Holm: corrected for all pairs of models")
    return 0


def _cells(one: Difference) -> list[str]:
    return [
        f"{one.metric[0]} {one.metric[1]}",
        printable(one.first),
        printable(one.second),
        str(one.n),
        *("n/a" if value is None else f"{value:.4f}" for value in one.values),
        cell(one.difference, signed=True),
        p_cell(one.p_value),
        p_cell(one.p_holm),
        f"{one.wins}/{one.ties}/{one.losses}",
        "n/a" if one.detectable is None else f"{one.detectable:.4f}",
    ]
