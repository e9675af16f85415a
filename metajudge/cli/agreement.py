"""`agreement`: how much a result depends on the judge; with `--human`, how right the judge is.

With `--human`, `--output-file` writes `annotators`, `judge_shown` (labels made with the judge's scores in view),
`judges` (for each judge and evaluated model, `model` null = all, the agreement with people: `pairs` with `confusion`,
`shares` and measures, `rows` with `bias`, `rmse`, `concordance`, each a value with `low` and `high`) and `people` (each
pair of annotators).

Without it, `--output-file` writes one JSON object; a figure that the data do not define is null:

- `judges`: for each judge `judge`, `files`, `rows` (that have a record), `scored`, `unscored` (counts by reason) and
  `not_common` (scored rows that another judge lacks);
- `models`: for each evaluated model `model`, `rows` (common ones) and `recall` (one for each judge);
- `pairs`: for each pair of judges `judges` (x, y); `items` and `pairs` (about the best scores of the human items, and
  about every pair (R, S); null without score matrices): `scores`, `rows`, `off_scale`, `exact`, `gwet_ac2`,
  `alpha_ordinal`, `alpha_interval`, `weighted_kappa`, `positive`; `both_matched` and `same_match` of the human items;
  `over_models` (null below five models): `models`, `concordance`, `mean_bias` (of y - x), `kendall_tau_b`,
  `through_origin` and `linear` (`slope`, `intercept`, `r_squared`, `rmse`); `undefined`: why one is null, by field;
- `all_judges`: `items` and `pairs` with `scores`, `rows`, `alpha_ordinal`, `alpha_interval`; `pairs_not_asked`: pairs
  (R, S) that are left out because some judge was not asked about them; `undefined`.

For files of `flaws`, `--output-file` writes `flaws`: for each pair of judges and evaluated model (null = all) `judges`,
`model`, `rows`, `reasons`, `rows_with_other_lists`, and `tags`: by `class`, class and flaw `reasons` (that both have
read), `unread`, `confusion` (the first judge's as rows), and `exact`, `kappa`, `gwet_ac2` with `low` and `high`.
"""

import argparse
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from metajudge.cli.options.output import add_output_options, check_output, emit, warn
from metajudge.cli.options.scoring import warn_of_controls
from metajudge.errors import UsageError
from metajudge.metrics.statistics.agreement import Joined, alpha_of, compare_judges
from metajudge.records import result_paths, split_controls, split_flaws
from metajudge.reports.agreement_table import Reading, join, no_common_row, read_judges
from metajudge.reports.flaws.agreement import flaw_agreement, flaw_agreement_notes, render_flaw_agreement
from metajudge.reports.flaws.tables import read_flaw_tables
from metajudge.reports.human.agreement import human_agreement
from metajudge.reports.human.agreement_text import agreement_notes, render_human_agreement
from metajudge.reports.human.labels import RATIONALES, read_human_labels
from metajudge.reports.scored_files import score_files
from metajudge.text import TABLE, plural, printable, render_rows

_UNITS = {"items": "human items", "pairs": "pairs (R, S)", "over_models": "models"}
_LABELS = {
    "models": "evaluated models",
    "rows": "rows",
    "scores": "scores of each judge",
    "off_scale": "scores off the five steps",
    "exact": "exact agreement",
    "gwet_ac2": "Gwet's AC2, quadratic",
    "alpha_ordinal": "Krippendorff's alpha, ordinal",
    "alpha_interval": "Krippendorff's alpha, interval",
    "weighted_kappa": "Cohen's kappa, quadratic",
    "positive": "positive agreement, score >= 0.5",
    "both_matched": "matched by both judges",
    "same_match": "same S where both matched",
    "concordance": "Lin's concordance",
    "mean_bias": "mean bias, y - x",
    "kendall_tau_b": "Kendall's tau-b",
    "through_origin.slope": "y = a x: a",
    "through_origin.r_squared": "y = a x: R squared",
    "through_origin.rmse": "y = a x: RMSE",
    "linear.slope": "y = a x + b: a",
    "linear.intercept": "y = a x + b: b",
    "linear.r_squared": "y = a x + b: R squared",
    "linear.rmse": "y = a x + b: RMSE",
}
_EQUAL_X = "x gives all models the same recall"
_WHY = {
    "alpha_ordinal": "all scores are equal",
    "alpha_interval": "all scores are equal",
    "weighted_kappa": "both judges gave one and the same step throughout",
    "positive": "no score reaches 0.5",
    "same_match": "no human item was matched by both judges",
    "pairs": "no row has a score_matrix of every judge; --granularity item and pairs write one",
    "over_models": "a comparison over models needs five evaluated models",
    "concordance": "both judges give all models one and the same recall",
    "kendall_tau_b": "a judge gives all models the same recall",
    "through_origin.slope": "x gives all models the recall 0",
    "through_origin.r_squared": "there is no such line, or y gives all models the same recall",
    "through_origin.rmse": "x gives all models the recall 0",
    "linear.slope": _EQUAL_X,
    "linear.intercept": _EQUAL_X,
    "linear.r_squared": "a judge gives all models the same recall",
    "linear.rmse": _EQUAL_X,
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files and the output options."""
    whose = "result files of two or more judges, or directories; one file for each judge and evaluated model. Or files "
    whose += "that flaws has written: agreement on each class and flaw"
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE", help=whose)
    alike = "only warn where instructions, granularity or top-k differ"
    human = "label files: compare each judge with people, and people with each other; one judge is enough"
    parser.add_argument("--human", type=Path, nargs="+", metavar="LABELS", help=human)
    parser.add_argument("--allow-mixed", action="store_true", help=alike)
    add_output_options(parser, "everything", "table (a block for each pair of judges)")


def run(args: argparse.Namespace) -> int:
    """Print the agreement of all judges; 0, or 1 when a judge has not scored any row."""
    check_output(args.output_file, [*args.files, *(args.human or ())])
    rest, flaw_files = split_flaws(args.files)
    if flaw_files and not rest:
        return _of_flaws(args, flaw_files)
    if flaw_files:
        names = ", ".join(printable(path.name) for path in flaw_files)
        warn(f"left out, because they hold flaws of reasons: {names}; name such files alone")
    paths, controls = split_controls(result_paths(rest))
    warn_of_controls(controls)
    if args.human:
        return _with_people(args, paths)
    reading = read_judges(paths)
    for path, lines in reading.unreadable.items():
        if lines.count:
            warn(printable(f"{path.name}: {lines}"))
    _check_alike(reading, args.allow_mixed)
    joined = join(reading)
    report = _report(reading, joined)
    if args.format == TABLE:
        text = "\n".join(_blocks(report))
    else:
        text = _table(_long(report), args.format)
        warn("\n".join(_remarks(report)))
    emit(text, args, report)
    if joined is None:
        warn(f"{no_common_row(reading)}: nothing to compare; judge the rows again, then repeat")
        return 1
    return 0


def _of_flaws(args: argparse.Namespace, paths: Sequence[Path]) -> int:
    """Compare who has named classes and flaws; people's label files have the same form."""
    found = flaw_agreement(read_flaw_tables([*paths, *(args.human or ())]))
    emit(render_flaw_agreement(found, args.format), args, {"flaws": [one.as_json() for one in found]})
    for line in flaw_agreement_notes(found):
        warn(line)
    return 0


def _with_people(args: argparse.Namespace, paths: Sequence[Path]) -> int:
    files = score_files(paths, RATIONALES)
    found = human_agreement(files, read_human_labels(args.human, files))
    emit(render_human_agreement(found, args.format), args, found.as_json())
    for line in agreement_notes(found):
        warn(line)
    return 0


def _check_alike(reading: Reading, allow_mixed: bool) -> None:
    differences = reading.differences()
    text = f"the files differ in more than the judge: {'; '.join(differences)}"
    if differences and not allow_mixed:
        raise UsageError(f"{text}; judge them alike, or compare them as they are with --allow-mixed")
    if differences:
        warn(f"warning: {text}")
    if "embedded" in reading.judges:
        warn("the embedded judge is a lexical matcher, a rough figure beside an LLM judge's")


# ------------------------------------------------------------------ everything as JSON values


def _report(reading: Reading, joined: Joined | None) -> dict[str, Any]:
    """Return the content of `--output-file`, from which the tables are made, too."""
    common = {} if joined is None else _recalls(joined)
    nothing = 0, [None] * len(reading.judges)
    models = {model: common.get(model, nothing) for model in [*common, *reading.models.values()]}
    return {
        "judges": [rows.as_json(0 if joined is None else joined.rows) for rows in reading.judges.values()],
        "models": [{"model": model, "rows": rows, "recall": recalls} for model, (rows, recalls) in models.items()],
        **(_NOTHING if joined is None else _figures(joined)),
    }


def _recalls(joined: Joined) -> dict[str, tuple[int, Any]]:
    """Return the common rows of each evaluated model, and its recall by each judge."""
    columns = zip(joined.models, joined.model_rows, joined.recalls.tolist(), strict=True)
    return {model: (rows, recalls) for model, rows, recalls in columns}


_NOTHING: dict[str, Any] = {
    "pairs": [],
    "all_judges": {
        "items": None,
        "pairs": None,
        "pairs_not_asked": 0,
        "undefined": dict.fromkeys(("items", "pairs"), "a judge has not scored any row"),
    },
}


def _figures(joined: Joined) -> dict[str, Any]:
    pairs = [asdict(compare_judges(joined, x, y)) for x, y in itertools.combinations(range(len(joined.judges)), 2)]
    whole = alpha_of(joined.pairs, joined.pair_rows) if len(joined.pairs) else None
    everyone = {"items": asdict(alpha_of(joined.items, joined.rows)), "pairs": asdict(whole) if whole else None}
    return {
        "pairs": [{**pair, "undefined": _undefined(pair)} for pair in pairs],
        "all_judges": {**everyone, "pairs_not_asked": joined.pairs_not_asked, "undefined": _undefined(everyone)},
    }


def _undefined(tree: Mapping[str, Any]) -> dict[str, str]:
    """Return each field of a pair or of all judges that is None, such as "items.positive", and why."""
    return {path: _WHY[_unit_and_name(path)[1]] for path, value in _flat(tree) if value is None}


def _unit_and_name(path: str) -> tuple[str, str]:
    """Return the unit of a field, a key of `_UNITS` or another word, and the rest of its path."""
    if path in ("both_matched", "same_match"):
        return "items", path
    unit, _, name = path.partition(".")
    return unit, name or path


def _flat(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the leaves of nested objects with their paths, such as "over_models.linear.slope"."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


# ------------------------------------------------------------------ everything as text


def _blocks(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the texts of judges, models, each pair and all judges; each ends in a newline."""
    names = [printable(judge["judge"]) for judge in report["judges"]]
    rows = [
        [printable(judge["judge"]), len(judge["files"]), judge["rows"], judge["scored"], judge["not_common"]]
        for judge in report["judges"]
    ]
    notes = [_reasons(judge) for judge in report["judges"] if judge["unscored"]]
    yield _block("Judges", [["Judge", "Files", "Rows", "Scored", "Not common"], *rows], notes)
    rows = [[printable(model["model"]), model["rows"], *model["recall"]] for model in report["models"]]
    yield _block("Mean reference recall on the common rows", [["Evaluated model", "Rows", *names], *rows])
    for pair in report["pairs"]:
        x, y = map(printable, pair["judges"])
        yield _block(f"x = {x}, y = {y}", _pivot(pair), _notes(pair["undefined"]))
    everyone = report["all_judges"]
    if len(names) > 2:
        yield _block(f"All {len(names)} judges", _pivot(everyone), _notes(everyone["undefined"]))
    if everyone["pairs_not_asked"]:
        yield f"left out, as some judge was not asked: {everyone['pairs_not_asked']} of the pairs (R, S)\n"


def _remarks(report: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of the blocks beside the figures."""
    for judge in report["judges"]:
        rows = plural(judge["rows"], "row")
        counts = f"{rows}, {judge['scored']} scored, {judge['not_common']} not common to all judges"
        yield f"{printable(judge['judge'])}: {counts}"
        yield from [_reasons(judge)] if judge["unscored"] else []
    for pair in report["pairs"]:
        yield from (f"{printable(', '.join(pair['judges']))}: {note}" for note in _notes(pair["undefined"]))


def _reasons(judge: Mapping[str, Any]) -> str:
    reasons = ", ".join(f"{count} {reason}" for reason, count in judge["unscored"].items())
    return f"{printable(judge['judge'])}, not scored: {reasons}"


def _block(title: str, rows: Sequence[Sequence[object]], notes: Sequence[str] = ()) -> str:
    return "\n".join([title, _table(rows, "table"), *(f"{note}\n" for note in notes)])


def _notes(undefined: Mapping[str, str]) -> list[str]:
    """Return one line for each reason, with the figures that it explains."""
    by_reason: dict[str, list[str]] = {}
    for path, reason in undefined.items():
        unit, name = _unit_and_name(path)
        shown = f"{_LABELS[name]} ({_UNITS[unit]})" if name in _LABELS else _UNITS[unit]
        by_reason.setdefault(reason, []).append(shown)
    return [f"n/a: {', '.join(names)}: {reason}" for reason, names in by_reason.items()]


def _cells(tree: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Yield unit, label and value of every figure of a pair, or of all judges."""
    for path, value in _flat(tree):
        unit, name = _unit_and_name(path)
        if unit in _UNITS and name in _LABELS:
            yield _UNITS[unit], _LABELS[name], value


def _pivot(tree: Mapping[str, Any]) -> list[list[object]]:
    """Return a row for each label, a column for each unit that has figures."""
    values = {(unit, label): value for unit, label, value in _cells(tree)}
    units = [unit for unit in _UNITS.values() if any(unit == found for found, _ in values)]
    labels = [label for label in _LABELS.values() if any(label == found for _, found in values)]
    return [["", *units], *([label, *(values.get((unit, label), "") for unit in units)] for label in labels)]


def _long(report: Mapping[str, Any]) -> list[list[object]]:
    """Return a line for every figure of every pair, then those of all judges."""
    lines: list[list[object]] = [["x", "y", "Unit", "Measure", "Value"]]
    for pair in report["pairs"]:
        lines += [[*map(printable, pair["judges"]), *cell] for cell in _cells(pair)]
    return lines + [["all judges", "", *cell] for cell in _cells(report["all_judges"])]


def _table(rows: Sequence[Sequence[object]], style: str) -> str:
    headings, *lines = [
        ["n/a" if value is None else f"{value:.4f}" if isinstance(value, float) else str(value) for value in row]
        for row in rows
    ]
    return render_rows(lines, headings, style)
