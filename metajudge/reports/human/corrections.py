"""Rationale consistency corrected by people's labels as text, beside the raw figures."""

from collections.abc import Iterator, Sequence

from metajudge.metrics.statistics.intervals import MIN_CLUSTERS
from metajudge.metrics.statistics.ppi import Correction
from metajudge.reports.comparison import Difference
from metajudge.reports.human.labels import HumanLabels, corrected_difference
from metajudge.reports.model_rows import ReportRow, shared_clusters
from metajudge.reports.overview.compact import (
    Names,
    consistency_cell,
    figure,
    fitted,
    interval_cell,
    signed_spread,
    table,
)
from metajudge.reports.render import cell, difference_cells, metric_cell
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.scored_files import judge_names
from metajudge.text import CSV, TABLE, plural, printable, render_rows

_DIGITS = 3
_FIGURES = ["Labelled", "By the judge", "Corrected", "Labels alone", "Lambda"]


def corrected_means(rows: Sequence[ReportRow], style: str) -> str:
    """Return a table with a line for each model; empty without labels, and as CSV, which has them in its lines."""
    own = [(row, row.corrected) for row in rows if row.corrected is not None]
    if style == CSV or not own:
        return ""
    names = judge_names([row.file for row, _ in own])
    several = len(set(names.values())) > 1
    lines = [
        [
            *([printable(names[id(row.file)])] if several else []),
            printable(row.model),
            *_mean_cells(row, one, style),
        ]
        for row, one in own
    ]
    headings = [*(["Judge"] if several else []), "Model", *_FIGURES]
    title = "RC corrected for the judge's errors by people's labels: cite it with the number of labelled rows"
    return f"\n{title}\n\n{render_rows(lines, headings, style)}"


def correct_differences(
    differences: Sequence[Difference], files: Sequence[ScoreTable], labels: HumanLabels
) -> list[tuple[Difference, Correction]]:
    """Return the differences of `files` in rationale consistency, with their corrections.

    Raises `UsageError` if a label was made with the judge's scores in view.
    """
    by_model = {file.model: (file, clusters) for file, clusters in zip(files, shared_clusters(files), strict=True)}
    found = []
    for one in differences:
        if one.metric == RC:
            (first, clusters), (second, _) = by_model[one.first], by_model[one.second]
            found.append((one, corrected_difference(first, second, labels, clusters)))
    return found


def corrected_differences(differences: Sequence[tuple[Difference, Correction]], style: str, width: int | None) -> str:
    """Return a table with a line for each pair of models; empty without one, and as CSV, which has one table.

    A plain table that would be wider than `width` has shorter figures, then cut names.
    """
    if style == CSV or not differences:
        return ""

    def draw(digits: int | None, names: Names) -> str:
        lines = [
            [names[one.first], names[one.second], *_difference_figures(one, correction, digits)]
            for one, correction in differences
        ]
        headings = ["A", "B", *_FIGURES]
        return render_rows(lines, headings, style) if digits is None else f"{table(lines, headings)}\n"

    models = [name for one, _ in differences for name in (one.first, one.second)]
    text = draw(None, {name: printable(name) for name in models})
    if style == TABLE and width is not None:
        text, _ = fitted(draw, (None, _DIGITS, 2, 2), models, width)
    title = "Differences in RC, A - B, corrected for the judge's errors by people's labels"
    return f"\n{title}\n\n{text}"


def _difference_figures(one: Difference, correction: Correction, digits: int | None) -> list[str]:
    """Return the figures of a pair; `digits` None: as in the full tables."""
    if digits is None:
        return _cells(difference_cells(one)[2], correction, signed=True)
    raw = one.difference
    ends = one.bounds[2] if one.bounds else (raw.value, raw.value)
    intervals = [(ends, raw.low, raw.high)]
    intervals += [((it.value, it.value), it.low, it.high) for it in (correction.corrected, correction.labels_alone)]
    figures = [signed_spread(*interval, digits) for interval in intervals]
    return [f"{correction.labelled} of {correction.rows}", *figures, figure(correction.tuning, 2)]


def _mean_cells(row: ReportRow, one: Correction, style: str) -> list[str]:
    """Return the figures of a model, as short as those of the overview in a plain table."""
    if style != TABLE:
        return _cells(metric_cell(row, *RC), one, signed=False)
    figures = [interval_cell(interval, _DIGITS) for interval in (one.corrected, one.labels_alone)]
    return [f"{one.labelled} of {one.rows}", consistency_cell(row, _DIGITS), *figures, figure(one.tuning, 2)]


def _cells(raw: str, one: Correction, signed: bool) -> list[str]:
    figures = [cell(interval, signed) for interval in (one.corrected, one.labels_alone)]
    return [f"{one.labelled} of {one.rows}", raw, *figures, "n/a" if one.tuning is None else f"{one.tuning:.2f}"]


def correction_notes(rows: Sequence[ReportRow]) -> Iterator[str]:
    """Yield notes on models that have too few labels, and on the flag if it is not corrected."""
    own = [(row, row.corrected) for row in rows if row.corrected is not None]
    for row, one in own:
        if one.corrected.low is None:
            labelled = plural(one.labelled, "labelled row")
            yield f"{printable(row.model)}: {labelled}: a corrected RC needs labels of {MIN_CLUSTERS} clusters"
    if any(row.flag is not None and not row.flag.is_corrected for row, _ in own):
        yield f"the flag looks at the judge's RC: some model has labels of fewer than {MIN_CLUSTERS} of its clusters"
