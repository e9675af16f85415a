"""`compare`: models on their common rows."""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import add_output_options, check_output, emit, warn
from metajudge.cli.options.scoring import add_scoring_flags, scored_files
from metajudge.errors import UsageError
from metajudge.reports.comparison import Difference, check_comparable, compare
from metajudge.reports.render import cell, missing_labels_note, p_cell
from metajudge.reports.score_table import METRIC_GROUPS, ScoreTable, by_judge, judge_names
from metajudge.text import CSV, printable, render_rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add two or more files and the scoring."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="two or more result files, or directories")
    parser.add_argument("--allow-mixed", action="store_true", help="compare even figures of different judges")
    swaps = "random swaps for each p value"
    parser.add_argument("--resamples", type=whole(100), default=10_000, metavar="B", help=swaps)
    add_output_options(parser, "the differences")
    add_scoring_flags(parser, "max_checklist_len")


def run(args: argparse.Namespace) -> int:
    """Print a table of differences for each judge."""
    check_output(args.output_file, args.files)
    files = scored_files(args, args.files, split=not args.allow_mixed)
    if len({file.path for file in files}) < 2:
        raise UsageError("compare needs two result files or more; `report` is for one")
    groups = [files] if args.allow_mixed else _of_one_judge(files)
    if args.allow_mixed:
        warn("the judges may differ: a difference may come from the judge and not from the model")
    for line in filter(None, map(missing_labels_note, files)):
        warn(line)
    names = judge_names(files)
    found = {printable(names[id(own[0])]): compare(own, args.resamples) for own in groups}
    every = [one for own in found.values() for one in own]
    judges = [own[0].judged_by for own in groups for _ in found[printable(names[id(own[0])])]]
    data = [
        one.as_json() | {"judge_model": None if judge is None or args.allow_mixed else judge.model}
        for one, judge in zip(every, judges, strict=True)
    ]
    emit(_tables(found, args.format), args, data)
    if all(one.p_value is None for one in every):
        warn("no row is scored for two models: nothing to compare; see why: python3 -m metajudge report FILE")
        return 1
    warn("detectable: the smallest true difference that this many rows show with 80 % power; n/a where too few differ")
    warn("p: share of random swaps of the two models' records, by cluster; Holm: corrected for all pairs of models")
    return 0


def _of_one_judge(files: list[ScoreTable]) -> list[list[ScoreTable]]:
    """Return the files of each judge that has two or more. Raises `UsageError` if none has."""
    groups = by_judge(files)
    chosen = [own for own in groups if len(own) > 1]
    for own in chosen or [files]:
        check_comparable(own)
    for own in groups:
        if len(own) == 1:
            warn(f"{printable(own[0].model)} is left out: the only file of its judge")
    return chosen


def _tables(found: Mapping[str, Sequence[Difference]], style: str) -> str:
    """Return a table for each judge, or one for all as CSV; with a column of judges if there are several."""
    headings = ["Metric", "A", "B", "n", "Value A", "Value B", "A - B", "p", "Holm", "Win/tie/loss", "Detectable"]
    if len(found) == 1:
        return render_rows([_cells(one) for own in found.values() for one in own], headings, style)
    tables = [[[judge, *_cells(one)] for one in own] for judge, own in found.items()]
    if style == CSV:
        tables = [[cells for own in tables for cells in own]]
    return "\n".join(render_rows(cells, ["Judge", *headings], style) for cells in tables)


def _cells(one: Difference) -> list[str]:
    return [
        METRIC_GROUPS[one.metric[0]][one.metric[1]],
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
