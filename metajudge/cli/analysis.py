"""`analysis`: result files become the table."""

import argparse
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from pathlib import Path

from metajudge.cli.options.flags import whole
from metajudge.cli.options.output import add_output_options, check_output, emit, warn
from metajudge.llm import EMBEDDED
from metajudge.metrics import Known
from metajudge.records import ResultFile, SkippedFile, control_kind, open_directory, open_results
from metajudge.reports.scan import Summary, part_of, summarise
from metajudge.reports.summary_table import SORT_FIELDS, render_summaries
from metajudge.text import plural, printable


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the reference's flags and ours."""
    source = parser.add_mutually_exclusive_group(required=True)
    named = "result files, or directories of them"
    source.add_argument("files", nargs="*", type=Path, default=[], metavar="FILE", help=named)
    source.add_argument("--input-file", type=Path, metavar="FILE", help="one result file (.jsonl)")
    source.add_argument(
        "--input-dir",
        type=Path,
        metavar="DIR",
        help="every result file of a directory (*.jsonl, *.jsonl.gz, *.parquet)",
    )
    models = "the evaluated model; with --input-dir, a comma list too: only their files (default: as the file says)"
    parser.add_argument("--model-be-evaluated", metavar="NAME", help=models)
    judge = "with --input-dir: only files of this judge, by file name or record"
    parser.add_argument("--eval-model", metavar="JUDGE", help=judge)
    longest = "skip rows whose model checklist is longer"
    parser.add_argument("--max-checklist-len", type=whole(1), default=10, metavar="N", help=longest)
    paper = "add the paper's metrics: RC, AP, AP soft, one-to-one precision and F1"
    parser.add_argument("--paper", action="store_true", help=paper)
    jobs = "with --input-dir: files read at the same time"
    parser.add_argument("--jobs", type=whole(1), default=1, metavar="N", help=jobs)
    parser.add_argument("--sort-by", choices=SORT_FIELDS, default="recall", help="the column that ranks the rows")
    add_output_options(parser, "the summaries")


def run(args: argparse.Namespace) -> int:
    """Print the table; 0, or 1 when a file has no valid record."""
    summaries = _summaries(args)
    valid = [summary for summary in summaries if summary.valid]
    named = [args.input_file] if args.input_file else args.files
    shown = summaries if len(named) == 1 and not named[0].is_dir() else valid
    table = render_summaries(shown, args.sort_by, args.format) if shown else ""
    emit(table, args, [summary.as_json() for summary in shown])
    _note_judges(summaries)
    if not summaries:
        warn("nothing to analyse: control records are shown by `report`, beside the ordinary ones")
        return 1
    if len(valid) == len(summaries):
        return 0
    names = ", ".join(printable(summary.file) for summary in summaries if not summary.valid)
    warn(f"nothing valid to analyse in {names}: the reasons are above; judge the rows again, then repeat")
    return 1


def _summaries(args: argparse.Namespace) -> list[Summary]:
    check_output(args.output_file, [args.input_file] if args.input_file else args.files)
    chosen: list[ResultFile] = []
    for file in _opened(args):
        kind = "" if isinstance(file, SkippedFile) else control_kind(file.first)
        if isinstance(file, SkippedFile):
            warn(f"{printable(file.path.name)} is skipped: {file.reason}")
        elif kind:
            warn(f"{printable(file.path.name)} is skipped: control records ({printable(kind)}); see `report`")
        elif all(file.path != other.path for other in chosen):
            chosen.append(file)
    summaries = []
    for file, summary in zip(chosen, _each(chosen, args.max_checklist_len, args.jobs), strict=True):
        _note_unscored(summary)
        summaries.append((file.path, summary))
    if args.paper:
        return _with_paper(summaries, args.eval_model)
    return [summary for _, summary in summaries]


def _opened(args: argparse.Namespace) -> Iterator[ResultFile | SkippedFile]:
    model = args.model_be_evaluated
    if args.input_file:
        yield open_results(args.input_file, model, "input_file")
    for path in [args.input_dir] if args.input_dir else args.files:
        if args.input_dir or path.is_dir():
            yield from open_directory(path, model, args.eval_model)
        else:
            yield open_results(path, model)


def _each(files: list[ResultFile], max_checklist_len: int, jobs: int) -> Iterator[Summary]:
    """Yield the summaries of `files` in their order, made by `jobs` processes."""
    # A pipe cannot be read by another process.
    if jobs == 1 or len(files) < 2 or not all(file.path.is_file() for file in files):
        yield from (summarise(file, max_checklist_len) for file in files)
        return
    with ProcessPoolExecutor(min(jobs, len(files))) as pool:
        yield from pool.map(summarise, files, [max_checklist_len] * len(files))


def _with_paper(summaries: list[tuple[Path, Summary]], judge: str | None) -> list[Summary]:
    """Return the summaries with the paper's metrics and the number of rows that are not in all files of their judge.

    A file of several judges has a summary for each of them, or for `judge` only.
    """
    # These metrics need numpy; the other figures do not.
    from metajudge.reports.model_rows import common_ids
    from metajudge.reports.row_scores import ScoringConfig
    from metajudge.reports.score_columns import PAPER
    from metajudge.reports.score_table import ScoreTable, score_by_judge
    from metajudge.reports.scored_files import by_judge, judge_names, select_judge

    parts: list[tuple[ScoreTable, Summary]] = []
    for path, summary in summaries:
        lines = {id(table): (table, own) for table, own in score_by_judge(path, ScoringConfig(), summary.model)}
        tables = [table for table, _ in lines.values()]
        if len(tables) == 1:
            parts.append((tables[0], summary))
            continue
        names = judge_names(tables)
        for table in select_judge(tables, judge) if judge else tables:
            model = f"{summary.model} ({names[id(table)]})"
            parts.append((table, part_of(summary, model, set(lines[id(table)][1]))))
    common = {id(table): common_ids(own) for own in by_judge([table for table, _ in parts]) for table in own}
    found = []
    for file, summary in parts:
        lacking = sum(name not in common[id(file)] for name in file.ids)
        if lacking:
            rows = f"{plural(lacking, 'row')} of {len(file.ids)}"
            warn(f"{printable(summary.file)}*: {rows} not in all files; see `compare`")
        known = {name: file.known_of(("paper", name)) for name in PAPER}
        paper = {name: None if known[name] == Known.NOT_DETERMINED else file.mean("paper", name) for name in PAPER}
        lower = tuple(name for name, one in known.items() if one == Known.LOWER_BOUND)
        if any(known.values()):
            where = f"{printable(summary.file)} ({printable(summary.model)})"
            warn(f"{where}: granularity row: ≥ marks a lower bound, n/a a figure without one; see `report`")
        found.append(replace(summary, paper=paper, paper_lower_bounds=lower, not_common=lacking))
    return found


# ------------------------------------------------------------------ notes on stderr


def _note_unscored(summary: Summary) -> None:
    found = summary.scan
    where = f"{printable(summary.file)} ({printable(summary.model)})"
    if summary.reasons:
        reasons = ", ".join(f"{count} {printable(reason)}" for reason, count in summary.reasons.items())
        rows, errors = plural(summary.total, "row"), plural(summary.errors, "error")
        warn(f"{where}: of {rows} {errors}, {summary.skipped} skipped: {reasons}")
    if found.unreadable.count:
        warn(f"{where}: {printable(str(found.unreadable))}")
    if found.superseded:
        warn(f"{where}: {plural(found.superseded, 'record')} superseded by a later or finished one of the same row")
    if found.changed:
        rows = f"{plural(found.changed, 'record')} in addition to an earlier one of the same row"
        warn(f"{where}: {rows}, whose lists have changed since: judge changed lists into another file")


def _note_judges(summaries: list[Summary]) -> None:
    names = Counter(summary.model for summary in summaries)
    for summary in summaries:
        if names[summary.model] > 1:
            judges = ", ".join(sorted(summary.scan.judges)) or "a judge that it does not name"
            recall = f"{summary.metrics.mean.recall:.4f}" if summary.metrics else "n/a"
            row = f"{summary.file}: {recall} recall, judged by {judges}"
            warn(printable(f"{summary.model} has several files; {row}"))
        if len(summary.scan.judges) > 1:
            judges = ", ".join(map(printable, sorted(summary.scan.judges)))
            warn(f"{printable(summary.file)}: its records come from different judges ({judges}): its figures mix them")
    embedded = [summary for summary in summaries if EMBEDDED in summary.scan.judges]
    for summary in embedded:
        warn(
            f"{printable(summary.file)}: judged by the embedded judge, a lexical matcher: "
            "a rough figure, not comparable with an LLM judge's"
        )
    if embedded and any(summary.scan.judges - {EMBEDDED} for summary in summaries):
        warn("the table mixes figures of the embedded judge and of LLM judges; select one with --eval-model")
