"""Flags of `report`, `export`, `compare` and `plot` for the scoring of rows."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from metajudge.cli.options.flags import add_flags, from_args
from metajudge.cli.options.output import warn
from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.records import result_paths, split_controls
from metajudge.reports.controls import ControlFigures, control_figures
from metajudge.reports.render import file_notes
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import ScoreTable
from metajudge.reports.scored_files import score_files, select_judge
from metajudge.text import plural, printable


def add_scoring_flags(parser: argparse.ArgumentParser, *more: str) -> None:
    """Add thresholds, labels and clusters, and `more` options."""
    group = parser.add_argument_group("how rows are scored")
    add_flags(group, ScoringConfig, "match_threshold", "sound_threshold", "gold_field", "label_scale")
    invalid = "count a missing or unreadable label as wrong, or leave the row out"
    group.add_argument("--invalid-label", choices=("wrong", "drop"), default="wrong", help=invalid)
    add_flags(group, ScoringConfig, "cluster_field", "top_k", *more)
    judge = "only the results of this judge, by file name or record"
    group.add_argument("--eval-model", metavar="JUDGE", help=judge)


def scoring_config(args: argparse.Namespace) -> ScoringConfig:
    """Return the options of scoring from the flags."""
    return from_args(ScoringConfig, args, drop_invalid_labels=args.invalid_label == "drop")


def scored_files(
    args: argparse.Namespace, paths: Sequence[Path], *, split: bool = True, labels: bool = False, controls: bool = False
) -> list[ScoreTable]:
    """Score the result files of `paths`, each judge's rows apart if `split`; note on stderr what does not belong.

    Files of control records are left out; `controls` True: without a note, as the command shows them.
    """
    ordinary, others = split_controls(result_paths(paths))
    if not controls:
        warn_of_controls(others)
    files = score_files(ordinary, scoring_config(args), split=split, labels=labels)
    if args.eval_model and (files or not others):
        files = select_judge(files, args.eval_model)
    note_files(files)
    return files


def scored_controls(
    args: argparse.Namespace, paths: Sequence[Path], files: Sequence[ScoreTable], resamples: int = RESAMPLES
) -> list[ControlFigures]:
    """Return the figures of the control records of `paths` beside the ordinary `files`."""
    _, controls = split_controls(result_paths(paths))
    found = control_figures(controls, files, scoring_config(args), resamples)
    return [one for one in found if args.eval_model in (None, one.judge_model)]


def warn_of_controls(paths: Sequence[Path]) -> None:
    """Note on stderr which files of control records are left out."""
    if paths:
        names = ", ".join(printable(path.name) for path in paths)
        warn(f"{plural(len(paths), 'file')} of control records left out ({names}): `report` shows them beside RC")


def note_files(files: Sequence[ScoreTable]) -> None:
    """Report on stderr the records that do not belong to a file."""
    for file in files:
        for line in file_notes(file):
            warn(line)
