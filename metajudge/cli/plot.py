"""`plot`: result files, or a CSV file of figures, become the picture of outcome accuracy and rationale consistency.

`plot flaws`: files that `flaws` has written become the picture of classes and flaws.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from metajudge.cli.options.flags import number
from metajudge.cli.options.output import warn, writing
from metajudge.cli.options.picture import add_picture_options, check_picture
from metajudge.cli.options.scoring import add_scoring_flags, scored_controls, scored_files, scoring_config
from metajudge.errors import UsageError
from metajudge.records import split_flaws
from metajudge.reports.controls import control_levels
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.flaws.figures import flaw_figures
from metajudge.reports.flaws.tables import read_flaw_tables
from metajudge.reports.flaws.text import flaw_notes
from metajudge.reports.model_rows import report_rows
from metajudge.reports.plots import Point, has_figures, points_from_csv, points_from_report
from metajudge.reports.scored_files import by_judge, judge_names
from metajudge.text import printable

_PICTURE, _FLAW_PICTURE = "overall_compare.png", "flaws_compare.png"
FLAWS_WORD = "flaws"
"""First argument that asks for the picture of classes and flaws."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, panels, zones and the look."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="result files, directories of them, or CSV files with the header model,family,oa,rc and, for intervals, "
        "oa_low,oa_high,rc_low,rc_high; or the word flaws and files of flaws: classes and flaws of reasons",
    )  # fmt: skip
    parser.add_argument("--group-by", metavar="FIELD", help="a panel for each value of this field, as in `report`")
    add_picture_options(parser, _PICTURE)
    right = "smallest outcome accuracy that counts as right (default: the median of the points)"
    parser.add_argument("--oa-zone", type=number(0, 1), metavar="OA", help=right)
    sound = "smallest rationale consistency that counts as sound (default: the median of the points)"
    parser.add_argument("--rc-zone", type=number(0, 1), metavar="RC", help=sound)
    add_scoring_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Write the picture; 0, or 1 when there is no point to draw."""
    if str(args.files[0]) == FLAWS_WORD and not args.files[0].exists():
        return _draw_flaws(args, args.files[1:])
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


def _draw_flaws(args: argparse.Namespace, paths: Sequence[Path]) -> int:
    """Write the picture of classes and flaws; 0, or 1 when there is no reason to draw."""
    if args.group_by or args.oa_zone is not None or args.rc_zone is not None:
        raise UsageError("plot flaws has no groups and zones; leave out --group-by, --oa-zone and --rc-zone")
    output = Path(_FLAW_PICTURE) if args.output_file == Path(_PICTURE) else args.output_file
    check_picture(output, paths)
    from metajudge.reports.plots import flaws, picture  # matplotlib is optional

    tables = read_flaw_tables(split_flaws(paths)[1], scoring_config(args))
    if args.eval_model:
        tables = [one for one in tables if args.eval_model == one.judge or args.eval_model in one.path.name]
    figures = flaw_figures(tables)
    judges = dict.fromkeys(one.table.judged_by for one in figures.models)
    if len(judges) > 1:
        raise UsageError(
            f"the files hold flaws by several judges or prompts ({', '.join(printable(name) for name, _ in judges)}), "
            "whose shares cannot be compared; choose one with --eval-model, by its name or a part of its files' names"
        )
    models = [one for one in figures.models if one.reasons]
    if not models:
        warn("nothing to draw: no reason has a class or a flaw; name files that flaws has written")
        return 1
    for line in flaw_notes(figures):
        warn(line)
    with writing(output):
        picture.save(flaws.draw(models, args.theme, args.title), output, "Classes and flaws of reasons")
    warn(f"{output} written")
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
