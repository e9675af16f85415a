"""`plot-training`: draw the rewards that logs of training runs hold."""

import argparse
from pathlib import Path

from metajudge.cli.options.output import warn, writing
from metajudge.cli.options.picture import add_picture_options, check_picture
from metajudge.text import plural, printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add logs and the look."""
    logs = "logs of training runs: JSON lines with arm, seed, step, outcome and rationale"
    parser.add_argument("files", nargs="+", type=Path, metavar="LOG", help=logs)
    add_picture_options(parser, "reward_compare.png")


def run(args: argparse.Namespace) -> int:
    """Write the picture; 0."""
    check_picture(args.output_file, args.files)
    from metajudge.reports.plots import picture, training  # matplotlib is optional

    arms = training.read_logs(args.files)
    for one in arms:
        if one.left_out:
            warn(f"{printable(one.arm)}: {plural(one.left_out, 'step')} left out, which not all of its seeds have")
    figure = training.draw(arms, args.theme, args.title)
    with writing(args.output_file):
        picture.save(figure, args.output_file, "Rewards over the steps of training")
    warn(f"{args.output_file} written")
    return 0
