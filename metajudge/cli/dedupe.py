"""`dedupe`: a result file with one record per row."""

import argparse
from pathlib import Path

from metajudge.records import dedupe
from metajudge.text import plural


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add two paths and `--force`."""
    parser.add_argument("source", type=Path, metavar="IN", help="a result file (.jsonl)")
    parser.add_argument("target", type=Path, metavar="OUT", help="the file to write")
    parser.add_argument("--force", action="store_true", help="replace OUT if it exists")


def run(args: argparse.Namespace) -> int:
    """Write OUT and say what was kept and dropped."""
    done = dedupe(args.source, args.target, force=args.force)
    kept, lines = plural(done.kept, "record"), plural(done.unreadable, "unreadable line")
    print(f"{args.target}: {kept} kept; dropped: {done.superseded} superseded by another of the same row, {lines}")
    return 0
