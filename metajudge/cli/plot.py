"""`plot`: result files, or a CSV file of figures, become the picture of outcome accuracy and rationale consistency."""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from metajudge.cli.options.flags import number
from metajudge.cli.options.output import warn, writing
from metajudge.cli.options.picture import add_picture_options, check_picture
from metajudge.cli.options.scoring import add_scoring_flags, scored_controls, scored_files
from metajudge.errors import UsageError
from metajudge.reports.controls import control_levels
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.model_rows import report_rows
from metajudge.reports.plots import Point, has_figures, points_from_csv, points_from_report
from metajudge.reports.scored_files import by_judge, judge_names
from metajudge.text import printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, panels, zones and the look."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="result files, directories of them, or CSV files with the header model,family,oa,rc and, for intervals, "
        "oa_low,oa_high,rc_low,rc_high",
    )  # fmt: skip
    parser.add_argument("--group-by", metavar="FIELD", help="a panel for each value of this field, as in `report`")
    add_picture_options(parser, "overall_compare.png")
    right = "smallest outcome accuracy that counts as right (default: the median of the points)"
    parser.add_argument("--oa-zone", type=number(0, 1), metavar="OA", help=right)
    sound = "smallest rationale consistency that counts as sound (default: the median of the points)"
    parser.add_argument("--rc-zone", type=number(0, 1), metavar="RC", help=sound)
    add_scoring_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Write the picture; 0, or 1 when there is no point to draw."""
    check_picture(args.output_file, args.files)
    from metajudge.reports.plots import models, picture  # matplotlib is optional

    panels, levels = _panels(args, args.files)
    points = [point for inside in panels.values() for point in inside]
    if not points:
        warn("nothing to draw: no model has both outcome accuracy and rationale consistency")
        return 1
    if len(points) == 1 and (args.oa_zone is None) != (args.rc_zone is None):
        raise UsageError("a single point has no median to set zones by; give both --oa-zone and --rc-zone, or neither")
    one_sided = args.group_by == "label_correct"
    look = models.Look(args.theme, args.title, args.oa_zone, args.rc_zone, one_sided, levels)
    figure, unnamed = models.draw(panels, look)
    with writing(args.output_file):
        picture.save(figure, args.output_file)
    if unnamed:
        warn(f"no place for the names of {', '.join(map(printable, unnamed))}: draw fewer models at a time")
    warn(f"{args.output_file} written")
    return 0


def _panels(args: argparse.Namespace, files: Sequence[Path]) -> tuple[dict[str | None, list[Point]], dict[str, float]]:
    """Return the points to draw by panel (None = the only one), and the levels of the controls by kind."""
    if args.group_by and any(map(_is_csv, files)):
        raise UsageError(
            "--group-by groups the rows of result files; a CSV file has one line per model: leave --group-by out"
        )
    results = [path for path in files if not _is_csv(path)]
    scored = scored_files(args, results, controls=not args.group_by)
    levels = {} if args.group_by else control_levels(scored_controls(args, results, scored))
    if len(by_judge(scored)) > 1:
        there = ", ".join(map(printable, dict.fromkeys(judge_names(scored).values())))
        raise UsageError(
            f"the files hold results of several judges ({there}); choose one with --eval-model, by "
            "its name or by a part of its files' names"
        )
    rows = [row.as_json() for row in report_rows(scored, FlagRule())] if scored else []
    shown = [row for row in rows if (row["group"] is not None) == bool(args.group_by)]
    _note_left_out(shown)
    panels = points_from_report(shown)
    for path in filter(_is_csv, files):
        panels.setdefault(None, []).extend(points_from_csv(path))
    return panels, levels


def _note_left_out(shown: Iterable[Mapping[str, Any]]) -> None:
    for row in shown:
        if not has_figures(row):
            where = "" if row["group"] is None else f" in {printable(row['group'])}"
            unlabelled = row["outcome"]["accuracy"]["value"] is None
            reason = "no label to compare, so no outcome accuracy" if unlabelled else "no scored row"
            warn(f"{printable(row['model'])}{where} is left out: {reason}")


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"
