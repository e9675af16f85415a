"""`check`: the problems of an input or result file, and counts of its content."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from metajudge.cli.options.output import add_output_options, check_output, warn, write_json
from metajudge.cli.parameters import with_flags
from metajudge.errors import UsageError
from metajudge.reports.check import Check, Records, check_file
from metajudge.reports.dataset_stats import FINDINGS, Lengths, Place, Places, Rows
from metajudge.text import CSV, plural, printable, render_rows

_SHOWN_PLACES = 5
_WIDEST = 70
_VERDICTS = {-2: "A much better", -1: "A better", 0: "tie", 1: "B better", 2: "B much better"}


class _Section(NamedTuple):
    """A table with its title."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[object]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files and the lists that they must have."""
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE", help="input or result files (.jsonl)")
    models = "the models that must have checklists: a name, a comma list, or all that have any"
    parser.add_argument("--model-be-evaluated", default="all", metavar="NAME", help=models)
    add_output_options(parser, "what was found")


def run(args: argparse.Namespace) -> int:
    """Print what each file holds; 0, 1 when one would be refused or have rows skipped, 2 when one cannot be read."""
    check_output(args.output_file, args.files)
    worst, checks = 0, []
    for path in args.files:
        try:
            check = check_file(path, args.model_be_evaluated)
        except UsageError as error:
            # This command has no --input-file: its files are positional.
            reason = str(error).removeprefix("`input_file` ").removeprefix("--input-file ")
            warn(f"metajudge: error: {printable(reason)}")
            worst = error.exit_code
            continue
        check.refusal = with_flags(check.refusal)
        checks.append(check)
        worst = max(worst, 0 if check.good else 1)
        _show(check, args.format, apart=len(checks) > 1)
    if args.output_file:
        write_json(args.output_file, [check.as_json() for check in checks])
    return worst


def _show(check: Check, style: str, apart: bool) -> None:
    """Print the tables with the lines about them; with CSV, the lines go to stderr."""
    lines = [_verdict(check), *_remarks(check)]
    shown = [section for section in _sections(check) if section.rows]
    if style == CSV:
        texts = [_table([[check.file, *row] for row in part.rows], ["File", *part.headings], CSV) for part in shown]
        for line in lines:
            warn(line)
    else:
        texts = [
            "\n".join(lines) + "\n",
            *(f"{part.title}\n\n{_table(part.rows, part.headings, style)}" for part in shown),
        ]
    if texts:
        sys.stdout.write(("\n" if apart else "") + "\n".join(texts))
        sys.stdout.flush()


def _table(rows: Sequence[Sequence[object]], headings: Sequence[str], style: str) -> str:
    return render_rows([[printable(str(cell)) for cell in row] for row in rows], headings, style)


# ------------------------------------------------------------------ lines


def _verdict(check: Check) -> str:
    name = printable(str(check.file))
    if check.records is not None:
        return f"{name}: {_results_verdict(check, check.records)}"
    rows = plural(check.lines, "input row" if check.kind == "input" else "line")
    if check.refusal:
        return f"{name}: {rows}: {printable(check.refusal)}"
    whole = check.lines - check.problems.count
    models = ", ".join(printable(model.name) for model in check.rows.models.values())
    parts = [f"{name}: {rows}, {'all' if whole == check.lines else whole} can be judged for {models}"]
    if check.skipped:
        parts.append(f"{check.skipped} skipped: an earlier step left them unfit")
    if check.problems.count:
        parts.append(f"{check.problems.count} cannot: correct the lines named below, an inference would skip them")
    return "; ".join(parts)


def _results_verdict(check: Check, records: Records) -> str:
    if check.refusal and not records.readable:
        return f"results: {printable(check.refusal)}"
    models = ", ".join(
        printable(model) if len(records.evaluated) == 1 else f"{printable(model)} ({rows})"
        for model, rows in records.evaluated.items()
    )
    of = f"results of {models}: {plural(records.evaluated.total(), 'row')} in {plural(records.readable, 'record')}"
    parts = [of + (f" ({records.superseded} superseded)" if records.superseded else "")]
    if check.refusal:
        parts.append(printable(check.refusal))
    if records.failed:
        parts.append(f"{records.failed} failed or unreadable; run the same inference again to retry them")
    if check.problems.count:
        parts.append(f"{plural(check.problems.count, 'line')} cannot be read: an inference leaves them as they are")
    return "; ".join(parts) + (", all finished" if check.good else "")


def _remarks(check: Check) -> Iterator[str]:
    for model in check.rows.models.values():
        if unknown := model.verdicts()[1]:
            advice = with_flags(printable(unknown))
            yield f"{advice}, when you run report, compare or plot"
        if model.over_five:
            name, lists = printable(model.name), plural(model.over_five, "list")
            yield f"{name}: {lists} over 5 items, of which the reference metrics count the first 5 only"


# ------------------------------------------------------------------ tables


def _sections(check: Check) -> Iterator[_Section]:
    """Yield every table, those without rows too."""
    rows = check.rows
    if check.records is not None:
        yield from _record_sections(check.records)
    spread = ("Items a row (mean)", "min", "max")
    yield _Section("Human checklists", ("Domain", "Rows", *spread), list(_domain_rows(rows)))
    yield _Section(
        "Model checklists",
        ("Model", "Rows", "With list", *spread, "Empty", "Over 5", "Over 10"),
        list(_model_rows(rows)),
    )
    yield _Section("Labels", ("Model", "Label", "Meaning", "Rows"), list(_label_rows(rows)))
    yield _Section("Findings", ("Found", "Count", "Lines"), list(_finding_rows(rows)))
    vague = rows.findings["vague_items"]
    yield _Section(
        "Human items that look vague" + _first(vague),
        ("Line", "Item", "Why", "Text"),
        [(place.line, f"R{place.item}", place.why, _clipped(place.text)) for place in vague.first],
    )
    problems = [(place.line, place.text) for place in check.problems.first]
    yield _Section("Problems" + _first(check.problems), ("Line", "Problem"), problems)


def _first(places: Places) -> str:
    more = places.count - len(places.first)
    return f" (the first {len(places.first)}; {more} more)" if more else ""


def _record_sections(records: Records) -> Iterator[_Section]:
    states = [(status, _clipped(why), n) for (status, why), n in records.states.most_common()]
    yield _Section("Records", ("Status", "Reason", "Rows"), states)
    judges = [(*(part or "not named" for part in names), n) for names, n in records.judges.most_common()]
    yield _Section("Judges", ("Judge", "Instructions", "Granularity", "Rows"), judges)


def _spread(lengths: Lengths) -> tuple[object, ...]:
    if lengths.mean is None:
        return ("n/a",) * 3
    return f"{lengths.mean:.2f}", lengths.least, lengths.most


def _domain_rows(rows: Rows) -> Iterator[tuple[object, ...]]:
    if rows.human.lists:
        for name, lengths in [*sorted(rows.domains.items()), ("all", rows.human)]:
            yield name or "(none)", lengths.rows, *_spread(lengths)


def _model_rows(rows: Rows) -> Iterator[tuple[object, ...]]:
    for model in rows.models.values():
        lists = model.lengths
        yield model.name, lists.rows, lists.lists, *_spread(lists), lists.empty, model.over_five, model.over_ten


def _label_rows(rows: Rows) -> Iterator[tuple[object, ...]]:
    for model in rows.models.values():
        for label in model.verdicts()[0]:
            meaning = label.why if label.verdict is None else _VERDICTS[label.verdict]
            yield model.name, _clipped(label.text) or "-", meaning, label.rows


def _finding_rows(rows: Rows) -> Iterator[tuple[object, ...]]:
    for key, text in FINDINGS.items():
        found = rows.findings[key]
        if found.count:
            yield text, found.count, "named below" if key == "vague_items" else _where(found)


def _where(places: Places) -> str:
    """Return the places as text: `3 (human item 4, as item 2), 7 (human item 1), and 12 more`."""
    shown = [_place(place) for place in places.first[:_SHOWN_PLACES]]
    more = places.count - len(shown)
    return ", ".join(shown) + (f", and {more} more" if more else "")


def _place(place: Place) -> str:
    parts = [_clipped(f"{place.text} item {place.item}" if place.item else place.text), place.why]
    details = ", ".join(filter(None, parts))
    return f"{place.line} ({details})" if details else str(place.line)


def _clipped(text: str) -> str:
    safe = printable(text)
    return safe if len(safe) <= _WIDEST else safe[: _WIDEST - 1] + "…"
