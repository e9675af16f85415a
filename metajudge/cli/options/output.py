"""The output of a command: the result on stdout, notes on stderr, JSON files."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from metajudge.cli.parameters import with_flags
from metajudge.errors import UsageError
from metajudge.text import TABLE, formats

_OUTPUT_FILE = "--output-file"


def add_output_options(parser: argparse.ArgumentParser, what: str, table: str = "table") -> None:
    """Add the JSON file and the format of the tables; `what` the file holds, `table`: the default format."""
    parser.add_argument(_OUTPUT_FILE, type=Path, metavar="FILE", help=f"write {what} as JSON, too")
    parser.add_argument(
        "--format", choices=formats(), default=TABLE, metavar="FORMAT",
        help=f"{table}, csv, or a format of tabulate: github, latex, html, ...",
    )  # fmt: skip


def emit(text: str, args: argparse.Namespace, data: Any) -> None:
    """Write the result to stdout, and `data` to `--output-file` where it is named."""
    sys.stdout.write(text)
    sys.stdout.flush()
    if args.output_file:
        write_json(args.output_file, data)


def warn(text: str) -> None:
    """Print a line on stderr, beside the result on stdout."""
    print(with_flags(text), file=sys.stderr)


def check_output(
    output: Path | None, inputs: Sequence[Path], *, may_replace: bool = False, flag: str = _OUTPUT_FILE
) -> None:
    """Refuse an output that cannot be written or would overwrite results, before any work is done.

    `may_replace`: an existing .jsonl file is known to hold no results. `flag`: the flag that names the output.
    """
    if output is None:
        return
    if output.is_dir():
        raise UsageError(f"{flag} {output} is a directory; name a file in it")
    if not output.parent.is_dir():
        raise UsageError(f"{flag} {output}: the directory {output.parent} does not exist; create it first")
    if output.exists() and output.suffix == ".jsonl" and not may_replace:
        raise UsageError(f"{flag} {output} exists and may hold results; name another file")
    for source in inputs:
        if source.exists() and output.exists() and output.samefile(source):
            raise UsageError(f"{flag} {output} is the input file; name another file")


def write_json(path: Path, data: Any) -> None:
    """Write `data` as JSON text; raises `UsageError` where that fails."""
    # ASCII only: a name that UTF-8 cannot encode must not prevent the file. NaN is not JSON and raises an error.
    text = json.dumps(data, indent=2, allow_nan=False) + "\n"
    with writing(path):
        path.write_text(text, encoding="utf-8")


@contextlib.contextmanager
def writing(output: Path, flag: str = _OUTPUT_FILE) -> Iterator[None]:
    """Raise `UsageError` where the file system refuses to write `output`."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{flag} {output} cannot be written: {error.strerror}; name another file") from None
