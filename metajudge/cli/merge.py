"""`merge`: the outputs of all shards become one."""

import argparse
from pathlib import Path

from metajudge.engine import raise_open_file_limit
from metajudge.records import Merged, merge
from metajudge.text import plural


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the shards, the output and what may be missing."""
    parser.add_argument(
        "files", type=Path, nargs="+", metavar="FILE",
        help="the outputs of all shards of one run of infer, decompose, critic or flaws, as in out.*-of-16.jsonl",
    )  # fmt: skip
    output = "the merged file, in the input's order; for decompose and critic: rows, with .records beside them"
    parser.add_argument("--output-file", type=Path, required=True, metavar="PATH", help=output)
    missing = "merge what is there, even if shards or records of rows are missing"
    parser.add_argument("--allow-missing", action="store_true", help=missing)
    parser.add_argument("--allow-mixed", action="store_true", help="merge records of different judges or models")
    parser.add_argument("--force", action="store_true", help="replace the output file if it exists")


def run(args: argparse.Namespace) -> int:
    """Merge and print the counts."""
    raise_open_file_limit(2 * len(args.files))
    done = merge(
        args.files,
        args.output_file,
        allow_missing=args.allow_missing,
        allow_mixed=args.allow_mixed,
        force=args.force,
    )
    print(merged_text(args.output_file, done))
    return 0


def merged_text(output: Path, done: Merged) -> str:
    """Return one line with the counts that are not 0."""
    found = [f"{plural(done.rows, 'row')} of {plural(done.shards, 'shard')}"]
    found += [f"{done.failed} of them failed"] if done.failed else []
    left_out = {
        plural(done.missing_shards, "shard") + " missing": done.missing_shards,
        plural(done.missing, "row") + " without a record": done.missing,
        plural(done.superseded, "record") + " superseded by another of the same row": done.superseded,
        plural(done.others, "record") + " of rows that are not in the input": done.others,
        plural(done.unreadable, "unreadable line"): done.unreadable,
    }
    dropped = [text for text, count in left_out.items() if count]
    return f"{output}: {', '.join(found)}" + (f"; left out: {', '.join(dropped)}" if dropped else "")
