"""A run that resumes behind 100,000 finished records of 25 KB: `python -m tests.bench.resume`.

It measures the seconds from the start of the process to its first request, and peak memory.
"""

import os
import shutil
import sys
import tempfile
from pathlib import Path

from metajudge.tasks.match.infer import InferConfig, make_task
from tests.bench.measure import best_of, inference, records, run, write_rows
from tests.e2e.driver import log
from tests.servers import running

RECORDS, ROW_BYTES, RECORD_BYTES = 100_000, 3000, 25_000
MOST_SECONDS, MOST_MB, NEEDED = 20.0, 300, 3_500_000_000


def write(source: Path, out: Path) -> None:
    """Write the input, and a finished record for each of its rows but the last."""
    write_rows(source, RECORDS, ROW_BYTES)
    task = make_task(InferConfig(input_file=source, output_file="", model_be_evaluated="M"), "row")
    filler, thinking = "lorem ipsum " * (ROW_BYTES // 24), "x" * (RECORD_BYTES - ROW_BYTES - 4000) + "\n"
    with out.open("wb") as file:
        file.writelines(record.to_line() for record in records(task, RECORDS - 1, filler, thinking))


def attempt(source: Path, out: Path, size: int) -> bool:
    """Judge the last row once, discarding earlier attempts. Return true within the bounds."""
    os.truncate(out, size)
    with running("tests.bench.lean_server") as url:
        ended = run(*inference(source, out, url))
        first = log(url)["first"] - ended.started
    print(
        f"{RECORDS} records, {size / 1e9:.2f} GB: first request after {first:.1f} s (at most {MOST_SECONDS:g}), "
        f"{ended.peak_mb:.0f} MB (at most {MOST_MB})",
        flush=True,
    )
    return first <= MOST_SECONDS and ended.peak_mb <= MOST_MB


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        if shutil.disk_usage(folder).free < NEEDED:
            raise SystemExit(f"{folder} has no {NEEDED / 1e9:g} GB free")
        source, out = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        write(source, out)
        size = out.stat().st_size
        return best_of(lambda: attempt(source, out, size))


if __name__ == "__main__":
    sys.exit(main())
