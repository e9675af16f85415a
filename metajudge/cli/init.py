"""`metajudge init`: example rows and a quick start, so that an installed package has something to try."""

import argparse
import importlib.resources
from pathlib import Path

from metajudge.errors import UsageError
from metajudge.text import printable

QUICK_START = """\
metajudge infer --input-file rows.jsonl --output-file 'results/{model}.jsonl' --model-be-evaluated all --model embedded
metajudge analysis --input-dir results
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the directory."""
    parser.add_argument("directory", type=Path, metavar="DIR", help="a directory for the files; made if it is missing")


def run(args: argparse.Namespace) -> int:
    """Write `rows.jsonl` and `quickstart.sh`, and show the next step; an existing file is kept (exit code 2)."""
    directory: Path = args.directory
    rows = importlib.resources.files("metajudge.data").joinpath("example_rows.jsonl").read_bytes()
    files = {directory / "rows.jsonl": rows, directory / "quickstart.sh": QUICK_START.encode()}
    for path in files:
        if path.exists():
            raise UsageError(f"{path} exists already; name another directory")
    directory.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        path.write_bytes(content)
    print(
        f"{printable(str(directory))} has ten example rows and a quick start. Run it:\n\n"
        f"cd {printable(str(directory))}\nbash quickstart.sh"
    )
    return 0
