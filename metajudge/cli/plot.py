"""`plot`: result files, or a CSV file of figures, become the picture of outcome accuracy and rationale consistency.

`plot training`: logs of training runs become the picture of their rewards.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from metajudge.cli.options.output import check_output, plural, say, warn
from metajudge.cli.options.scoring import add_scoring_flags, limit_blas_threads, scored_files
from metajudge.cli.options.types import number_within
from metajudge.errors import UsageError

if TYPE_CHECKING:
    from metajudge.reports.plots import Point

SUMMARY = (
    "a picture, PNG or SVG: outcome accuracy across, rationale consistency upwards, a point a model; "
    "`plot training LOG...`: the rewards over the steps of training runs"
)
ENDINGS = (".png", ".svg")
TRAINING = "training"
PICTURE, TRAINING_PICTURE = Path("overall_compare.png"), Path("reward_compare.png")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Files, panels, zones and the look."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE",
        help="result files, directories of them, or CSV files with the header model,family,oa,rc and, for intervals, "
        "oa_low,oa_high,rc_low,rc_high; or the word `training` and logs of training runs, JSON lines with arm, seed, "
        "step, outcome and rationale",
    )  # fmt: skip
    parser.add_argument("--by", metavar="FIELD", help="a panel for each value of this field, as in `report`")
    parser.add_argument(
        "--output-file", type=Path, metavar="FILE",
        help=f"the picture; its name ends in .png or .svg (default: {PICTURE}, for training {TRAINING_PICTURE})",
    )  # fmt: skip
    parser.add_argument(
        "--theme", choices=("light", "dark"), default="light", help="colours; the background is never transparent"
    )
    parser.add_argument("--title", default="", metavar="TEXT", help="a line above the picture")
    parser.add_argument(
        "--oa-zone", type=number_within(0, 1), metavar="OA",
        help="outcome accuracy from which on a model counts as right (default: the median of the points)",
    )  # fmt: skip
    parser.add_argument(
        "--rc-zone", type=number_within(0, 1), metavar="RC",
        help="rationale consistency from which on its reasons count as sound (default: the median of the points)",
    )  # fmt: skip
    add_scoring_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Write the picture; 0, or 1 when there is no point to draw."""
    limit_blas_threads()
    is_training = args.files[0] == TRAINING  # a directory of that name is `training/`
    paths = [Path(name) for name in args.files[is_training:]]
    output = args.output_file or (TRAINING_PICTURE if is_training else PICTURE)
    _check(output, paths)
    return _draw_training(args, paths, output) if is_training else _draw_models(args, paths, output)


def _check(output: Path, paths: Sequence[Path]) -> None:
    """Refuse what cannot become a picture before any file is read."""
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        raise UsageError(
            "plot needs matplotlib; install it with: pip install '.[plot]' (or pip install matplotlib)"
        ) from None
    if output.suffix.lower() not in ENDINGS:
        raise UsageError(f"--output-file {output}: the name must end in {' or '.join(ENDINGS)}")
    check_output(output, paths)


def _draw_models(args: argparse.Namespace, paths: Sequence[Path], output: Path) -> int:
    from metajudge.reports.plots import models as plot

    panels = _panels(args, paths)
    points = [point for inside in panels.values() for point in inside]
    if not points:
        warn("nothing to draw: no model has both outcome accuracy and rationale consistency")
        return 1
    if len(points) == 1 and (args.oa_zone is None) != (args.rc_zone is None):
        raise UsageError("a single point has no median to set zones by; give both --oa-zone and --rc-zone, or neither")
    figure, unnamed = plot.draw(panels, plot.Look(args.theme, args.title, args.oa_zone, args.rc_zone))
    with _writing(output):
        plot.save(figure, output)
    if unnamed:
        warn(f"no place for the names of {', '.join(map(say, unnamed))}: draw fewer models at a time")
    warn(f"{output} written")
    return 0


@contextlib.contextmanager
def _writing(output: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        what = f"--output-file {output} cannot be written: {error.strerror}"
        raise UsageError(f"{what}; name another file") from None


# ------------------------------------------------------------------ training runs


def _draw_training(args: argparse.Namespace, logs: Sequence[Path], output: Path) -> int:
    from metajudge.reports.plots import models as plot
    from metajudge.reports.plots import training as plot_training

    _refuse_flags_of_results(args)
    if not logs:
        raise UsageError("plot training needs the logs of training runs: plot training LOG...")
    arms = plot_training.read_logs(logs)
    for one in arms:
        if one.left_out:
            warn(f"{say(one.arm)}: {plural(one.left_out, 'step')} left out, which not all of its seeds have")
    figure = plot_training.draw(arms, args.theme, args.title)
    with _writing(output):
        plot.save(figure, output, "Rewards over the steps of training")
    warn(f"{output} written")
    return 0


def _refuse_flags_of_results(args: argparse.Namespace) -> None:
    """Those that say how rows are scored and compared: a log has no rows."""
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    ours = ("files", "output_file", "theme", "title")
    for name, default in vars(parser.parse_args([TRAINING])).items():
        if name not in ours and getattr(args, name) != default:
            flag = f"--{name.replace('_', '-')}"
            raise UsageError(f"{flag} is for result files; plot training takes --output-file, --theme and --title")


# ------------------------------------------------------------------ points of result files


def _panels(args: argparse.Namespace, files: Sequence[Path]) -> dict[str | None, list[Point]]:
    """The points to draw by panel; None = the only one."""
    if args.by and any(map(_is_csv, files)):
        raise UsageError("--by groups the rows of result files; a CSV file has one line a model: leave --by out")
    from metajudge.reports import FlagRule, difference_notes, report_rows
    from metajudge.reports.plots import points_from_csv, points_from_report

    scored = scored_files(args, [path for path in files if not _is_csv(path)], args.by)
    rows = [row.as_json() for row in report_rows(scored, FlagRule())] if scored else []
    shown = [row for row in rows if (row["group"] is not None) == bool(args.by)]
    _note_left_out(shown)
    for line in difference_notes(scored):
        warn(line)
    panels = points_from_report(shown)
    for path in filter(_is_csv, files):
        panels.setdefault(None, []).extend(points_from_csv(path))
    return panels


def _note_left_out(shown: Iterable[Mapping[str, Any]]) -> None:
    from metajudge.reports.plots import has_figures

    for row in shown:
        if not has_figures(row):
            where = "" if row["group"] is None else f" in {say(row['group'])}"
            unlabelled = row["outcome"]["accuracy"]["value"] is None
            reason = "no label to compare, so no outcome accuracy" if unlabelled else "no scored row"
            warn(f"{say(row['model'])}{where} is left out: {reason}")


# ------------------------------------------------------------------ points of CSV files


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"
