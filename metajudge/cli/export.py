"""`export`: rows of result files as a table."""

import argparse
import sys
from pathlib import Path

from metajudge.cli.options.output import check_output, warn, writing
from metajudge.cli.options.scoring import add_scoring_flags, note_files, scoring_config, warn_of_controls
from metajudge.errors import UsageError
from metajudge.records import read_first, replacing, result_paths, split_controls
from metajudge.reports.rows_table import COLUMNS, WRITERS, as_csv, require_pyarrow, scores
from metajudge.text import plural, printable_lines

_STDOUT = Path("-")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add files, the output and the scoring."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="result files, or directories of them")
    output = "the table, a .csv, .jsonl or .parquet file; - is CSV on stdout"
    parser.add_argument("--output-file", type=Path, default=_STDOUT, metavar="FILE", help=output)
    add_scoring_flags(parser)


def run(args: argparse.Namespace) -> int:
    """Write the table; 0."""
    output: Path = args.output_file
    if output != _STDOUT:
        _check(output, args.files)
    paths, controls = split_controls(result_paths(args.files))
    warn_of_controls(controls)
    rows = scores(paths, scoring_config(args), args.eval_model)
    note_files(rows.files)
    if output == _STDOUT:
        text = as_csv(rows).decode()
        sys.stdout.write(printable_lines(text) if sys.stdout.isatty() else text)
        return 0
    data = WRITERS[output.suffix.lower()](rows)
    with writing(output), replacing(output) as file:
        file.write(data)
    warn(f"{output}: {plural(len(rows), 'row')} from {plural(len(rows.files), 'file')}")
    return 0


def _check(output: Path, inputs: list[Path]) -> None:
    """Refuse a file of another format, and one that holds something other than an earlier table."""
    suffix = output.suffix.lower()
    if suffix not in WRITERS:
        raise UsageError(f"--output-file {output}: name a {', '.join(WRITERS)} file, or - for CSV on stdout")
    if suffix == ".parquet":
        require_pyarrow()
    check_output(output, inputs, may_replace=_is_table(output))


def _is_table(path: Path) -> bool:
    return path.is_file() and (not path.stat().st_size or set(read_first(path)[0] or ()) == set(COLUMNS))
