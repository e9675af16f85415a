"""A million rows of 3 KB through every command: `python -m tests.bench.scale [--rows N] [--folder DIR]`.

One process judges all rows against a judge without latency; then come a resume behind all records but one, a shard that
reads the whole input for one row, `merge` of 16 shards, `analysis` and `report`. Everything is done for a tenth of the
rows first. Memory per row is the growth of the peak from the small size to the large one, divided by the rows. Seconds
and rates depend on what else the machine does, so the bounds compare CPU time. A million rows need 25 GB in the
temporary directory, or in `--folder`. Below 100,000 rows the growth of caches counts as growth per row.
"""

import argparse
import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data.rows import InputFile
from metajudge.data.shard import Shard
from metajudge.records.matches_file import matches_path
from metajudge.records.record import Record, encode
from metajudge.records.shard_file import ShardHead, writing_shard
from tests.bench.measure import Process, inference, rate, row, run
from tests.e2e.driver import log
from tests.servers import running

ROW_BYTES, SHARDS, IN_FLIGHT, RESAMPLES = 3000, 16, 100, 1000
DOMAINS = ("general", "code", "stem", "multilingual")
DISK_PER_ROW = 25_000
SLOWER, LEAST_OF_FIRST_RATE = 1.3, 0.8
"""Most CPU time per row beside that of the small size; least rate behind the first tenth beside that in it."""
BYTES_PER_ROW = {
    "infer": 300,
    "resume": 300,
    "shard": 150,
    "merge": 100,
    "analysis": 200,
    "analysis --paper": 1000,
    "report": 1000,
}
"""Most growth of the peak memory per row."""


@dataclass(frozen=True, slots=True)
class Step:
    """One command at one size."""

    name: str
    rows: int
    process: Process
    note: str = ""


def scale_row(number: int, filler: str) -> dict[str, Any]:
    """Return a row with all fields that `report` reads; every fifth question has two rows."""
    return row(number, filler) | {
        "context": [{"role": "user", "content": f"question {number - (number % 5 == 4)}"}],
        "domain": DOMAINS[number % len(DOMAINS)],
        "overall_preference": (-2, -1, 1, 2, 3, -3, 0)[number % 7],
        "M-label": (-1, 1, -2)[number % 3],
        "number": number,
    }


def write_input(path: Path, rows: int) -> None:
    """Write `rows` rows of `ROW_BYTES`."""
    spare = ROW_BYTES - len(encode(scale_row(rows, "")))
    filler = ("lorem ipsum " * (spare // 24 + 1))[: spare // 2]
    with path.open("wb") as file:
        file.writelines(encode(scale_row(number, filler)) for number in range(rows))


def judge(source: Path, out: Path, rows: int, *flags: str) -> tuple[Process, float, list[float]]:
    """Judge the input; return the process, the seconds to its first request, and from there to each reply."""
    own = ["--concurrent-requests", str(IN_FLIGHT), "--granularity", "pairs", *flags]
    with running("tests.bench.lean_server", "--varied") as url:
        ended, served = run(*inference(source, out, url, *own)), log(url)
    if len(served["replied"]) != rows:
        raise SystemExit(f"the server answered {len(served['replied'])} requests of {rows}")
    return ended, served["first"] - ended.started, served["replied"]


def infer(source: Path, out: Path, rows: int) -> tuple[Step, float]:
    """Judge all rows in one process; also return the rate behind the first tenth as a share of its rate."""
    ended, first, replied = judge(source, out, rows)
    tenth = rows // 10
    early, late = rate(replied, IN_FLIGHT, rows - tenth), rate(replied, tenth, IN_FLIGHT)
    note = (
        f"{rate(replied, IN_FLIGHT, IN_FLIGHT):.0f} rows/s, {early:.0f} in the first tenth, {late:.0f} behind it; "
        f"first request after {first:.1f} s; input {gigabytes(source)}, records {gigabytes(out)}, "
        f"matches {gigabytes(matches_path(out))}"
    )
    return Step("infer", rows, ended, note), late / early


def gigabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e9:.2f} GB"


def drop_last_line(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-100_000, os.SEEK_END)
        tail = file.read()
        file.truncate(file.tell() - len(tail) + tail[:-1].rindex(b"\n") + 1)


def resume(source: Path, out: Path, rows: int) -> Step:
    """Judge the one row whose record is lost; time to the first request."""
    drop_last_line(out)
    ended, first, _ = judge(source, out, 1)
    return Step("resume", rows, ended, f"first request after {first:.1f} s")


def shard(source: Path, out: Path, rows: int) -> Step:
    """Judge one row as a shard, which reads the whole input."""
    ended, first, _ = judge(source, out.with_name("shard.jsonl"), 1, "--shard", f"1/{rows}")
    return Step("shard", rows, ended, f"first request after {first:.1f} s")


def split(source: Path, out: Path, folder: Path) -> list[Path]:
    """Distribute the records over shards, as runs with `--shard` leave them."""
    parts = [Shard(number, SHARDS) for number in range(SHARDS)]
    paths = [part.path(folder / "part.jsonl") for part in parts]
    whole = InputFile(source).fingerprint()
    names: list[tuple[int, str, str]] = []
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for _, _, line in InputFile(out).lines():
            record = Record.from_line(line)
            assert isinstance(record, Record) and record.metadata and record.id and record.question_id
            number = record.metadata["number"] + 1
            files[number % SHARDS].write(line)
            names.append((number, record.id, record.question_id))
        adders = [
            stack.enter_context(writing_shard(path, ShardHead(part.number, SHARDS, whole)))
            for path, part in zip(paths, parts, strict=True)
        ]
        for name in sorted(names):
            adders[name[0] % SHARDS](*name)
    return paths


def merge(source: Path, out: Path, rows: int) -> Step:
    """Split the records into shards and join them."""
    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        paths = split(source, out, Path(folder))
        target = Path(folder, "merged.jsonl")
        ended = run("-m", "metajudge", "merge", *map(str, paths), "--output-file", str(target))
        if target.stat().st_size != out.stat().st_size:
            raise SystemExit(f"{target} has {target.stat().st_size} bytes, {out} has {out.stat().st_size}")
    return Step("merge", rows, ended, f"{SHARDS} shards")


def read(name: str, out: Path, rows: int, *flags: str) -> Step:
    """Run a command on the records."""
    return Step(name, rows, run("-m", "metajudge", *name.split(), str(out), *flags), " ".join(flags))


def measure(folder: Path, rows: int) -> tuple[list[Step], float]:
    """Measure every command with this number of rows; also return the share of rates of `infer`."""
    source, out = folder / "in.jsonl", folder / "out.jsonl"
    write_input(source, rows)
    step, share = infer(source, out, rows)
    steps = [print_step(step)]
    for work in (resume, shard, merge):
        steps.append(print_step(work(source, out, rows)))
    for name, flags in (("analysis", ()), ("analysis --paper", ()), ("report", ("--resamples", str(RESAMPLES)))):
        steps.append(print_step(read(name, out, rows, *flags)))
    return steps, share


def print_step(step: Step) -> Step:
    ended = step.process
    print(
        f"{step.rows:>9,} {step.name:<17} {ended.seconds:7.1f} s, CPU {ended.cpu:7.1f} s, {ended.peak_mb:5.0f} MB  "
        f"{step.note}",
        flush=True,
    )
    return step


def is_within(small: Step, large: Step) -> bool:
    """Print a line of the table; return true within the bounds."""
    per_row = (large.process.peak_mb - small.process.peak_mb) * 2**20 / (large.rows - small.rows)
    slower = large.process.cpu / large.rows / (small.process.cpu / small.rows)
    most = BYTES_PER_ROW[large.name]
    held = per_row <= most and slower <= SLOWER
    print(
        f"{large.name:<17} {per_row:5.0f} bytes per row (at most {most}), CPU per row {slower:.2f} of that of "
        f"{small.rows:,} rows (at most {SLOWER}){'' if held else '  <- does not hold'}"
    )
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="directory for the files")
    args = parser.parse_args()
    found = []
    for rows in (args.rows // 10, args.rows):
        with tempfile.TemporaryDirectory(dir=args.folder) as folder:
            if shutil.disk_usage(folder).free < DISK_PER_ROW * rows:
                raise SystemExit(f"{folder} has no {DISK_PER_ROW * rows / 1e9:g} GB free")
            found.append(measure(Path(folder), rows))
    (small, _), (large, share) = found
    held = [is_within(*both) for both in zip(small, large, strict=True)]
    print(f"infer: rate behind the first tenth {share:.2f} of that in it (at least {LEAST_OF_FIRST_RATE})")
    print(f"load of the machine: {os.getloadavg()[2]:.1f} processes in the last 15 minutes, {os.cpu_count()} cores")
    return 0 if all(held) and share >= LEAST_OF_FIRST_RATE else 1


if __name__ == "__main__":
    sys.exit(main())
