"""The flags of `report`, `compare` and `plot`: how rows are scored."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from metajudge.cli.options.output import warn
from metajudge.cli.options.types import number_within

if TYPE_CHECKING:
    from metajudge.reports import ScoreTable, ScoringConfig


def add_scoring_flags(parser: argparse.ArgumentParser) -> None:
    """Thresholds, labels and clusters."""
    group = parser.add_argument_group("how rows are scored")
    group.add_argument(
        "--match-threshold", type=number_within(0, 1), default=0.0, metavar="S",
        help="a matched pair counts in average precision above this score",
    )  # fmt: skip
    group.add_argument(
        "--sound-threshold", type=number_within(0, 1), default=0.5, metavar="S",
        help="a rationale is sound with a matched pair of at least this score",
    )  # fmt: skip
    group.add_argument(
        "--gold-field", default="overall_preference", metavar="FIELD", help="the human preference of a row"
    )
    group.add_argument(
        "--label-scale", choices=("choice", "signed"),
        help="what numeric labels mean: choice = 1 or 2, signed = -3..3 (default: signed if a value tells so)",
    )  # fmt: skip
    group.add_argument(
        "--invalid-label", choices=("wrong", "drop"), default="wrong",
        help="count a missing or unreadable label as wrong, or leave the row out",
    )  # fmt: skip
    group.add_argument(
        "--cluster-field", default="context", metavar="FIELD",
        help="rows with the same value share a source and are resampled together",
    )  # fmt: skip


def limit_blas_threads() -> None:
    """To be called before numpy is read: on busy cores the threads of its matrix products wait for each other.

    Ten times as long was seen; on idle ones a second thread saves a fifth.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def scored_files(args: argparse.Namespace, paths: Sequence[Path], by: str | None = None) -> list[ScoreTable]:
    """The result files of `paths`, scored; records that do not belong to a file are told on stderr."""
    from metajudge.records import result_paths
    from metajudge.reports import mixed_file_notes, other_models_note, score_files, unreadable_note

    files = score_files(result_paths(paths), options_of(args, by))
    for file in files:
        for line in filter(None, [unreadable_note(file), other_models_note(file), *mixed_file_notes(file)]):
            warn(line)
    return files


def options_of(args: argparse.Namespace, by: str | None = None) -> ScoringConfig:
    """The options that these flags say."""
    from metajudge.reports import ScoringConfig

    return ScoringConfig(
        match_threshold=args.match_threshold,
        sound_threshold=args.sound_threshold,
        gold_field=args.gold_field,
        label_scale=args.label_scale,
        drop_invalid_labels=args.invalid_label == "drop",
        cluster_field=args.cluster_field,
        group_by=by,
    )
