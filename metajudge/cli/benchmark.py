"""`benchmark`: a model's figures on a benchmark, under its official rule."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from metajudge.cli.options.output import add_output_options, check_output, emit, warn, writing
from metajudge.data.benchmarks import (
    JUDGEBENCH,
    R_ALIGN,
    REWARDBENCH2,
    RM_BENCH,
    TITLES,
    is_made,
    judgebench_critic_rows,
    read_judgebench,
    read_r_align,
    read_rewardbench2,
    read_rm_bench,
    rm_bench_critic_rows,
)
from metajudge.errors import UsageError
from metajudge.records import encode, read_first, replacing
from metajudge.reports.benchmark.figures import OFFICIAL, BenchmarkReport
from metajudge.reports.benchmark.score_judgebench import score_judgebench
from metajudge.reports.benchmark.score_r_align import score_r_align
from metajudge.reports.benchmark.score_rewardbench2 import score_rewardbench2
from metajudge.reports.benchmark.score_rm_bench import RM_R1_PUBLISHED, score_rm_bench
from metajudge.reports.benchmark.table import render_benchmark
from metajudge.text import plural, printable

_MAKERS = {JUDGEBENCH: judgebench_critic_rows, RM_BENCH: rm_bench_critic_rows}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark, its files, the rows to make, and the protocol."""
    parser.add_argument("name", choices=tuple(TITLES), metavar="NAME", help=", ".join(TITLES))
    files = "outputs of the benchmark's own scripts, or of critic on rows of --make; with --make the benchmark's data"
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help=files)
    rows = f"write rows for critic to this file, and no figures ({' and '.join(_MAKERS)})"
    parser.add_argument("--make", type=Path, metavar="ROWS", help=rows)
    protocol = f"rule of the figures; {RM_R1_PUBLISHED}: the rule of RM-R1's published table on {RM_BENCH}"
    parser.add_argument("--protocol", choices=(OFFICIAL, RM_R1_PUBLISHED), default=OFFICIAL, help=protocol)
    add_output_options(parser, "the figures")


def run(args: argparse.Namespace) -> int:
    """Print the tables, or write rows for `critic`; 0."""
    if args.protocol != OFFICIAL and args.name != RM_BENCH:
        raise UsageError(f"--protocol {args.protocol} belongs to {RM_BENCH}; leave it out")
    if args.make is not None:
        return _make(args)
    check_output(args.output_file, args.files)
    reports = _scored(args.name, args.files, args.protocol)
    emit(render_benchmark(reports, args.format), args, [one.as_json() for one in reports])
    for one in reports:
        for note in one.notes:
            warn(printable(f"{one.model}: {note}"))
    warn("figures in percent with 95 % intervals, clustered by prompt; *: not printed by the benchmark's own script")
    return 0


def _scored(name: str, paths: Sequence[Path], protocol: str) -> list[BenchmarkReport]:
    if name == RM_BENCH:
        return [score_rm_bench(results, protocol) for results in read_rm_bench(paths)]
    if name == JUDGEBENCH:
        return [score_judgebench(read_judgebench(path)) for path in paths]
    if name == REWARDBENCH2:
        return [score_rewardbench2(read_rewardbench2(path)) for path in paths]
    assert name == R_ALIGN
    return [score_r_align(read_r_align(path)) for path in paths]


def _make(args: argparse.Namespace) -> int:
    """Write rows for `critic`, and print what they hold and the next command."""
    if args.name not in _MAKERS:
        raise UsageError(f"--make: no rows for critic can be made of {TITLES[args.name]}, only of {', '.join(_MAKERS)}")
    output: Path = args.make
    if output.suffix != ".jsonl":
        raise UsageError(f"--make {output}: name a .jsonl file")
    with writing(output, "--make"):
        output.parent.mkdir(parents=True, exist_ok=True)
    check_output(output, args.files, may_replace=output.is_file() and _is_made_file(output), flag="--make")
    made = _MAKERS[args.name](args.files)
    with writing(output, "--make"), replacing(output) as file:
        file.writelines(map(encode, made.rows))
    judged = shlex.quote(str(output.with_name(f"{output.stem}-judged.jsonl")))
    print(f"{output}: {plural(len(made.rows), 'row')}: {made.about}")
    print(f"Next      python3 -m metajudge critic --input-file {shlex.quote(str(output))} --output-file {judged} "
          "--orders both --name NAME --model MODEL")  # fmt: skip
    print(f"then      python3 -m metajudge benchmark {args.name} {judged}")
    return 0


def _is_made_file(path: Path) -> bool:
    return is_made(read_first(path)[0] or {})
