"""Options of `plot` and `plot-training`: the picture, its theme and title."""

import argparse
import importlib
from collections.abc import Sequence
from pathlib import Path

from metajudge.cli.options.output import check_output
from metajudge.errors import UsageError

ENDINGS = (".png", ".svg", ".pdf")


def add_picture_options(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the output file, the theme and the title."""
    picture = "the picture; its name ends in .png, .svg or .pdf"
    parser.add_argument("--output-file", type=Path, default=Path(default), metavar="FILE", help=picture)
    colours = "colours; the background is never transparent"
    parser.add_argument("--theme", choices=("light", "dark"), default="light", help=colours)
    parser.add_argument("--title", default="", metavar="TEXT", help="a line above the picture")


def check_picture(output: Path, inputs: Sequence[Path]) -> None:
    """Raise `UsageError` before any file is read where matplotlib is missing or `output` cannot become a picture."""
    try:
        importlib.import_module("matplotlib")
    except ImportError:
        raise UsageError(
            "plot needs matplotlib; install it with: pip install '.[plot]' (or pip install matplotlib)"
        ) from None
    if output.suffix.lower() not in ENDINGS:
        raise UsageError(f"--output-file {output}: the name must end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}")
    check_output(output, inputs)
