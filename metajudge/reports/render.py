"""Report as text: a table for each group of metrics, and notes."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from metajudge.metrics import Known
from metajudge.metrics.statistics.intervals import MIN_CLUSTERS, Interval
from metajudge.metrics.statistics.judge_variance import Reliability
from metajudge.reports.comparison import Difference
from metajudge.reports.deceptive_alignment import Flag
from metajudge.reports.judge_settings import differences
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.score_table import METRIC_GROUPS, RC, ScoreTable
from metajudge.reports.scored_files import by_judge, judge_names
from metajudge.text import CSV, TABLE, plural, printable, render_rows

BOUNDS_DIFFER = 1e-12
"""Bounds that are less apart are one figure."""
UNDETERMINED = "not determined"
UNEQUAL = 1.1
"""Above this ratio of two models' mean numbers of judged model items a note says so."""
_TITLES = {
    "paper": "Paper metrics (one-to-one matching)",
    "outcome": "Outcome",
    "reference": "Reference metrics (the two scripts')",
}


def render_report(rows: Sequence[ReportRow], groups: Sequence[str], style: str = TABLE) -> str:
    """Return the tables of the chosen groups in one of `formats()`."""
    if style == CSV:
        return _csv(rows, groups)
    grouped = any(row.group is not None for row in rows)
    judges = _judges(rows)
    parts = []
    for judge in dict.fromkeys(judges.values()) or [""]:
        own = [row for row in rows if judges[id(row.file)] == judge]
        for name in groups:
            headings = [*(["Judge"] if judge else []), "Model", *(["Group"] if grouped else []), "n", "Clusters"]
            headings += ["Unscored", *(["Left out"] if name == "reference" else []), *METRIC_GROUPS[name].values()]
            cells = [[*([judge] if judge else []), *_row(row, name, grouped)] for row in own]
            title = f"{_TITLES[name]}, judge {judge}" if judge else _TITLES[name]
            parts.append(f"{title}\n\n{render_rows(cells, headings, style)}")
    return "\n".join(parts)


def _judges(rows: Sequence[ReportRow]) -> dict[int, str]:
    """Return the judge of each file by `id()` of the file; empty texts if there is only one judge."""
    files = [row.file for row in rows]
    several = len(by_judge(files)) > 1
    return {key: printable(name) if several else "" for key, name in judge_names(files).items()}


def _row(row: ReportRow, group: str, grouped: bool) -> list[str]:
    name = printable(row.model) + ("*" if row.not_common and row.group is None else "")
    own = [] if not grouped else ["all" if row.group is None else printable(row.group)]
    counts = [str(row.n), str(row.clusters), str(row.unscored)]
    counts += [str(row.reference_left_out)] if group == "reference" else []
    return [name, *own, *counts, *(metric_cell(row, group, metric) for metric in METRIC_GROUPS[group])]


def metric_cell(row: ReportRow, group: str, metric: str) -> str:
    """Return a cell: bounds of rationale consistency as a range, with the lower one's low and the upper one's high end.

    Other lower bounds are marked, as in `at_least`.
    """
    one, known = row.metrics[group, metric], row.known.get((group, metric), Known.EXACT)
    if known == Known.NOT_DETERMINED:
        return UNDETERMINED
    if known == Known.EXACT:
        return cell(one)
    if (group, metric) != RC or row.bounds is None:
        return at_least(one)
    ends = "n/a" if one.low is None or one.high is None else f"{one.low:.4f}, {one.high:.4f}"
    return f"{_range(*row.bounds)} [{ends}]"


def at_least(interval: Interval) -> str:
    """Return `≥0.3870 [≥0.3620]`: a lower bound and the low end of its interval."""
    if interval.value is None:
        return "n/a"
    return f"≥{interval.value:.4f} [{'n/a' if interval.low is None else f'≥{interval.low:.4f}'}]"


def cell(interval: Interval, signed: bool = False) -> str:
    """Return `0.6250 [0.5560, 0.6750]`, with `[n/a]` for an unknown interval; `n/a` without a value."""
    if interval.value is None:
        return "n/a"
    form = "+.4f" if signed else ".4f"
    value, low, high = (
        None if figure is None else format(round(figure, 4) + 0.0, form)  # + 0.0: a rounded -0.00001 is 0
        for figure in (interval.value, interval.low, interval.high)
    )
    return f"{value} [n/a]" if low is None or high is None else f"{value} [{low}, {high}]"


def difference_cells(one: Difference) -> tuple[str, str, str]:
    """Return both values and their difference, each as a range if it has bounds."""
    if not one.is_determined:
        return (UNDETERMINED,) * 3
    if one.bounds is None:
        first, second = ("n/a" if value is None else f"{value:.4f}" for value in one.values)
        return first, second, cell(one.difference, signed=True)
    first, second = (_range(low, high) for low, high in one.bounds[:2])
    low, high = one.difference.low, one.difference.high
    ends = "n/a" if low is None or high is None else f"{low:+.4f}, {high:+.4f}"
    return first, second, f"{one.bounds[2][0]:+.4f} to {one.bounds[2][1]:+.4f} [{ends}]"


def _range(low: float, high: float) -> str:
    return f"{low:.4f}" if high - low < BOUNDS_DIFFER else f"{low:.4f}–{high:.4f}"


def p_cell(p_value: float | None) -> str:
    """Return a p value as text, never as 0."""
    if p_value is None:
        return "n/a"
    return "<0.0001" if p_value < 0.00005 else f"{p_value:.4f}"


def _csv(rows: Sequence[ReportRow], groups: Sequence[str]) -> str:
    """Return a line per row of the report, with three columns per metric; exact is 0 if some are lower bounds."""
    names = [(group, metric) for group in groups for metric in METRIC_GROUPS[group]]
    triples = [f"{group}_{metric}{part}" for group, metric in names for part in ("", "_low", "_high")]
    judges = _judges(rows)
    several, is_corrected = any(judges.values()), any(row.corrected for row in rows)
    lines = []
    for row in rows:
        intervals = [row.metrics[name] for name in names]
        figures = [figure for one in intervals for figure in (one.value, one.low, one.high)]
        own = [judges[id(row.file)]] if several else []
        cells = [*own, printable(row.model), row.group, row.n, row.clusters, row.unscored, *figures, int(not row.known)]
        cells += _corrected_cells(row) if is_corrected else []
        lines.append(["" if one is None else str(one) for one in cells])
    judge = ["judge"] if several else []
    headings = [*judge, "model", "group", "n", "clusters", "unscored", *triples, "exact"]
    return render_rows(lines, [*headings, *(_CORRECTED if is_corrected else ())], CSV)


_CORRECTED = ("labelled", *(f"rationale_consistency_corrected{part}" for part in ("", "_low", "_high")))
"""Columns of a CSV file with people's labels."""


def _corrected_cells(row: ReportRow) -> list[float | None]:
    one = row.corrected
    return [None] * 4 if one is None else [one.labelled, one.corrected.value, one.corrected.low, one.corrected.high]


# ------------------------------------------------------------------ notes


def report_notes(rows: Sequence[ReportRow], groups: Sequence[str]) -> Iterator[str]:
    """Yield notes on the figures of whole files, for tables of these groups of metrics."""
    whole = [row for row in rows if row.group is None]
    for row in whole:
        yield from _about(row, groups)
    if any(row.known for row in whole):
        yield f"≥ marks a lower bound; {UNDETERMINED}: only granularity item or pairs gives the figure"
    yield from (flag_line(row, row.flag) for row in whole if row.flag is not None)
    yield from difference_notes([row.file for row in whole])


def overview_notes(rows: Sequence[ReportRow]) -> Iterator[str]:
    """Yield those of the notes without which figures of an overview would mislead."""
    whole = [row for row in rows if row.group is None]
    for row in whole:
        yield from filter(None, [missing_labels_note(row.file)])
        yield from _left_out(row) if row.metrics[RC].value is None else ()
    yield from difference_notes([row.file for row in whole])


def difference_notes(files: Sequence[ScoreTable]) -> Iterator[str]:
    """Yield a note for each setting that makes the figures of the files mean different things."""
    for own in by_judge(files):
        yield from unequal_lengths(own)
    for what in _what_differs(differences(file.judged_by for file in files)):
        yield f"the files {what}: their figures cannot be compared with each other; choose one judge with `eval_model`"


def unequal_lengths(files: Sequence[ScoreTable]) -> Iterator[str]:
    """Yield a note if the models of one judge have clearly different numbers of judged model items per row."""
    means = {file.model: float(np.nanmean(file.n_judged)) for file in files if not np.isnan(file.n_judged).all()}
    least, most = min(means, key=means.__getitem__, default=""), max(means, key=means.__getitem__, default="")
    if means and means[most] > UNEQUAL * means[least]:
        counts = f"{printable(most)} {means[most]:.2f}, {printable(least)} {means[least]:.2f}"
        yield f"RC grows with the number of reasons, which differs ({counts} per row); `top_k` cuts all lists alike"


def _what_differs(settings: Mapping[str, Sequence[str]]) -> Iterator[str]:
    for name, values in settings.items():
        what = "come from different judges" if name == "model" else f"differ in {name}"
        yield f"{what} ({', '.join(map(printable, values))})"


def missing_labels_note(file: ScoreTable) -> str:
    """Return why a file has no outcome metrics; empty if it has."""
    if file.labels.get("readable"):
        return ""
    name = printable(file.model)
    if not file.labels.get("gold"):
        what = "readable human preference" if file.labels.get("unreadable_gold") else "human preference"
        return f"{name}: no {what} in its rows: no outcome metrics"
    label = printable(f"{file.model_be_evaluated}-label")
    return f"{name}: no readable {label} in its rows with a human preference: no outcome metrics"


def file_notes(file: ScoreTable) -> Iterator[str]:
    """Yield notes on lines that are left out, and on records of one file that do not belong together."""
    name = printable(file.path.name)
    if file.unreadable.count:
        yield f"{name}: {printable(str(file.unreadable))}"
    if file.context_from:
        found = ", ".join(file.context_from)
        yield f"{name}: rows without a context: {found} is taken as the context (`cluster_field`)"
    if file.other_models:
        counts = ", ".join(f"{count} of {printable(other)}" for other, count in file.other_models.items())
        yield f"{name} is about {printable(file.model_be_evaluated)}; records of other models are left out: {counts}"
    for what in _what_differs(file.mixed):
        yield f"the records of {name} {what}: its figures mix them"
    if file.changed:
        yield (
            f"{name}: {file.changed} of its records count beside an earlier one of the same row, whose lists have "
            "changed since (models are compared by the last one): judge changed lists into another file"
        )


def _about(row: ReportRow, groups: Sequence[str]) -> Iterator[str]:
    name = printable(row.model)
    if row.not_common:
        yield f"{name}*: {row.not_common} of its {row.n} rows are not in all files; `compare` looks at common rows only"
    yield from _left_out(row)
    if row.file.reference_left_out and "reference" in groups:
        reasons = ", ".join(f"{count} {printable(reason)}" for reason, count in row.file.reference_left_out.items())
        yield f"{name}: left out of the reference metrics: {reasons}"
    if row.unscored_as is not None:
        low, high = row.unscored_as
        yield f"{name}: {row.unscored} unscored rows; RC is {low:.4f} with them at 0 and {high:.4f} with them at 1"
    if row.bounds is not None:
        shared = "1 row has" if row.file.shared_rows == 1 else f"{row.file.shared_rows} rows have"
        yield (
            f"{name}: granularity row shows each human item's best match only, so RC is between "
            f"{row.bounds[0]:.4f} and {row.bounds[1]:.4f} ({shared} a model item that several human items claim); "
            "granularity item or pairs gives the exact figure"
        )
    yield missing_labels_note(row.file) or _about_labels(name, row.file.labels, row.tie_rate)
    if against := row.file.labels.get("against_reasons"):
        rows = "1 row" if against == 1 else f"{against} rows"
        yield f"{name}: in {rows} the verdict is against all reasons that take a side (by their words)"
    if 0 < row.scored_clusters < MIN_CLUSTERS:
        yield (
            f"{name}: {plural(row.scored_clusters, 'cluster')} of scored rows: "
            f"too few for an interval (at least {MIN_CLUSTERS})"
        )
    elif row.scored_clusters and row.metrics[RC].low is None:
        yield f"{name}: all {_equal(row.file)} are equal: no interval can be estimated"
    if row.given_right.value is not None and row.given_wrong.value is not None:
        given = [cell(one) if row.bounds is None else at_least(one) for one in (row.given_right, row.given_wrong)]
        yield f"{name}: RC {given[0]} given a right label, {given[1]} given a wrong one"
    if row.reliability is not None:
        yield _reliability_line(name, row, row.reliability)


def _left_out(row: ReportRow) -> Iterator[str]:
    if row.file.unscored:
        reasons = ", ".join(f"{count} {printable(reason)}" for reason, count in row.file.unscored.items())
        yield f"{printable(row.model)}: left out of the paper metrics: {reasons}"


def _equal(file: ScoreTable) -> str:
    scores = file.columns[RC]
    return "scores" if np.nanmax(scores) - np.nanmin(scores) < 1e-9 else "means of clusters"


def _about_labels(name: str, labels: dict[str, int], tie_rate: Interval) -> str:
    parts = [f"{labels['human_ties']} human ties (not in OA)"] if labels.get("human_ties") else []
    parts.append(f"{labels.get('predicted_ties', 0)} predicted ties (tie rate {cell(tie_rate)})")
    parts += [f"{labels['invalid']} invalid labels"] if labels.get("invalid") else []
    unreadable = labels.get("unreadable_gold", 0)
    beside = f"; {unreadable} rows have a human preference that cannot be read" if unreadable else ""
    return f"{name}: of {labels['gold']} labelled rows {', '.join(parts)}{beside}"


def _reliability_line(name: str, row: ReportRow, found: Reliability) -> str:
    missing = "" if found.rows == row.n - row.unscored else f" in {found.rows} of {row.n} rows"
    share = "n/a" if found.share_of_error is None else f"{found.share_of_error:.0%}"
    icc = "n/a" if found.intraclass_correlation is None else f"{found.intraclass_correlation:.3f}"
    what = "RC" if row.bounds is None else "RC's lower bound"
    return (
        f"{name}: {found.samples} samples per row{missing}: the judge's own variance of {what} is "
        f"{found.judge_variance:.5f}, {share} of its squared standard error; intraclass correlation {icc}"
    )


def flag_line(row: ReportRow, flag: Flag) -> str:
    """Return the verdict of the flag on a model, with its gaps."""
    name = printable(row.model)
    if flag.against == row.model:
        how = "the others are compared with it" if flag.reference_is_named else "it has the highest RC"
        return f"deceptive alignment: {name}: {flag.verdict} ({how})"
    gaps = f"OA {_below(flag.accuracy_gap)}, RC {_below(flag.consistency_gap)} {printable(flag.against)}"
    return f"deceptive alignment: {name}: {flag.verdict} ({gaps}; p {p_cell(flag.p_value)})"


def _below(gap: float) -> str:
    return f"{abs(gap):.3f} {'below' if gap >= 0 else 'above'}"
