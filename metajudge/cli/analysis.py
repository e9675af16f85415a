"""`analysis`: result files become the table."""

from __future__ import annotations

import argparse
import gc
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from metajudge.cli.options.output import check_output, plural, say, warn, write_json
from metajudge.cli.options.types import at_least
from metajudge.records import ResultFile, SkippedFile, open_directory, open_results

if TYPE_CHECKING:
    from collections.abc import Iterator

    from metajudge.reports import Summary

SUMMARY = "precision, recall, F1 and average precision of result files, as a table"
_EMBEDDED = "embedded"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The reference's flags and ours."""
    from metajudge.reports import SORT_FIELDS
    from metajudge.text import TABLE, formats

    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "files", nargs="*", type=Path, default=[], metavar="FILE", help="result files, or directories of them"
    )
    source.add_argument("--input-file", type=Path, metavar="FILE", help="one result file (.jsonl)")
    source.add_argument("--input-dir", type=Path, metavar="DIR", help="every result file (*.jsonl) of a directory")
    parser.add_argument(
        "--model-be-evaluated",
        metavar="NAME",
        help="the evaluated model; with --input-dir, a comma list too: only their files (default: as the file says)",
    )
    parser.add_argument(
        "--eval-model", metavar="JUDGE", help="with --input-dir: only files of this judge, by file name or record"
    )
    parser.add_argument(
        "--max-checklist-len",
        type=at_least(1),
        default=10,
        metavar="N",
        help="skip rows whose model checklist is longer",
    )
    parser.add_argument(
        "--paper", action="store_true", help="add the paper's metrics: one-to-one matching, RC, AP, precision, F1"
    )
    parser.add_argument(
        "--jobs", type=at_least(1), default=1, metavar="N", help="with --input-dir: files read at the same time"
    )
    parser.add_argument("--sort-by", choices=SORT_FIELDS, default="recall", help="the column that ranks the rows")
    parser.add_argument("--output-file", type=Path, metavar="FILE", help="write the summaries as JSON, too")
    parser.add_argument(
        "--format",
        choices=formats(),
        default=TABLE,
        metavar="FORMAT",
        help="table, csv, or a format of tabulate: github, latex, html, ...",
    )


def run(args: argparse.Namespace) -> int:
    """Print the table; 0, or 1 when a file has no valid record."""
    gc.disable()  # what is kept of a record is small and in no cycle; looking for cycles takes a tenth of the time
    from metajudge.reports import render_summaries

    summaries = _summaries(args)
    valid = [summary for summary in summaries if summary.valid]
    named = [args.input_file] if args.input_file else args.files
    shown = summaries if len(named) == 1 and not named[0].is_dir() else valid
    if shown:
        sys.stdout.write(render_summaries(shown, args.sort_by, args.format))
        sys.stdout.flush()
    if args.output_file:
        write_json(args.output_file, [summary.as_json() for summary in shown])
    _note_judges(summaries)
    if len(valid) == len(summaries):
        return 0
    names = ", ".join(say(summary.file) for summary in summaries if not summary.valid)
    warn(f"nothing valid to analyse in {names}: the reasons stand above; judge the rows again, then repeat")
    return 1


def _summaries(args: argparse.Namespace) -> list[Summary]:
    check_output(args.output_file, [args.input_file] if args.input_file else args.files)
    chosen: list[ResultFile] = []
    for file in _opened(args):
        if isinstance(file, SkippedFile):
            warn(f"{say(file.path.name)} is passed over: {file.reason}")
        elif all(file.path != other.path for other in chosen):
            chosen.append(file)
    summaries = []
    for file, summary in zip(chosen, _each(chosen, args.max_checklist_len, args.jobs), strict=True):
        _note_unscored(summary)
        summaries.append((file.path, summary))
    if args.paper:
        return _with_paper(summaries)
    return [summary for _, summary in summaries]


def _opened(args: argparse.Namespace) -> Iterator[ResultFile | SkippedFile]:
    model = args.model_be_evaluated
    if args.input_file:
        yield open_results(args.input_file, model, "--input-file ")
    for path in [args.input_dir] if args.input_dir else args.files:
        if args.input_dir or path.is_dir():
            yield from open_directory(path, model, args.eval_model)
        else:
            yield open_results(path, model)


def _each(files: list[ResultFile], max_checklist_len: int, jobs: int) -> Iterator[Summary]:
    """The summaries of `files` in their order, made by `jobs` processes."""
    from metajudge.reports import summarise

    if jobs == 1 or len(files) < 2:
        yield from (summarise(file, max_checklist_len) for file in files)
        return
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(min(jobs, len(files))) as pool:
        yield from pool.map(summarise, files, [max_checklist_len] * len(files))


def _with_paper(summaries: list[tuple[Path, Summary]]) -> list[Summary]:
    """The summaries with the paper's metrics, and how many rows are not common to all files."""
    from metajudge.reports import PAPER, ScoringConfig, common_ids, score_file

    files = [score_file(path, ScoringConfig(), summary.model) for path, summary in summaries]
    common = common_ids(files)
    found = []
    for file, (_, summary) in zip(files, summaries, strict=True):
        lacking = sum(name not in common for name in file.ids)
        if lacking:
            warn(f"{say(summary.file)}*: {plural(lacking, 'row')} of {len(file.ids)} not in all files; see `compare`")
        paper = {name: file.mean("paper", name) for name in PAPER}
        found.append(replace(summary, paper=paper, not_common=lacking))
    return found


# ------------------------------------------------------------------ what is told on stderr


def _note_unscored(summary: Summary) -> None:
    found = summary.scan
    where = f"{say(summary.file)} ({say(summary.model)})"
    if summary.reasons:
        reasons = ", ".join(f"{count} {say(reason)}" for reason, count in summary.reasons.items())
        rows, errors = plural(summary.total, "row"), plural(summary.errors, "error")
        warn(f"{where}: of {rows} {errors}, {summary.skipped} skipped: {reasons}")
    if found.unreadable.count:
        warn(f"{where}: {say(str(found.unreadable))}")
    if found.superseded:
        verb = "does" if found.superseded == 1 else "do"
        records = plural(found.superseded, "record")
        warn(f"{where}: {records} {verb} not count, as a later or finished one tells of the same row")
    if found.changed:
        verb = "counts" if found.changed == 1 else "count"
        warn(
            f"{where}: {plural(found.changed, 'record')} {verb} beside an earlier one of the same row, whose lists "
            "have changed since: judge changed lists into a file of their own"
        )


def _note_judges(summaries: list[Summary]) -> None:
    names = Counter(summary.model for summary in summaries)
    for summary in summaries:
        if names[summary.model] > 1:
            judges = ", ".join(sorted(summary.scan.judges)) or "a judge that it does not name"
            row = f"{summary.metrics.mean.recall:.4f} recall"
            warn(f"{say(summary.model)} has several files; {say(summary.file)}: {row}, judged by {say(judges)}")
        if len(summary.scan.judges) > 1:
            judges = ", ".join(map(say, sorted(summary.scan.judges)))
            warn(f"{say(summary.file)}: its records come from different judges ({judges}): its figures mix them")
    embedded = [summary for summary in summaries if _EMBEDDED in summary.scan.judges]
    for summary in embedded:
        warn(
            f"{say(summary.file)}: judged by the embedded judge, a lexical matcher: "
            "a rough figure, not comparable with an LLM judge's"
        )
    if embedded and any(summary.scan.judges - {_EMBEDDED} for summary in summaries):
        warn("figures of the embedded judge and of LLM judges stand together here; select one with --eval-model")
