"""Tables of the overview: one line per model, and the flag's paired differences."""

from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.metrics import Known
from metajudge.reports.deceptive_alignment import FLAGGED, NOT_FLAGGED, Flag, PairedGap
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.outcome import ACCURACY, FIDELITY, SPURIOUS
from metajudge.reports.overview.compact import (
    Names,
    consistency_cell,
    figure,
    fitted,
    interval_cell,
    lower_bound_cell,
    p_figure,
    spread,
    table,
)
from metajudge.reports.render import UNDETERMINED
from metajudge.reports.score_table import METRIC_GROUPS, RC

_AP = ("paper", "average_precision")
_ALL = (ACCURACY, RC, SPURIOUS, FIDELITY)
_TWO = (ACCURACY, RC)
_FULL = "weaker reasons than {} at equal accuracy"
_THAN = "weaker reasons than {}"
_SHORT = "weaker reasons"


@dataclass(frozen=True, slots=True)
class _Layout:
    """Columns of the table of models."""

    digits: int
    metrics: tuple[tuple[str, str], ...]
    intervals: tuple[tuple[str, str], ...]
    """Metrics that are shown with their intervals."""
    flagged: str
    """Words for a flagged model; `{}` is the reference model."""
    has_clusters: bool = False


_LAYOUTS = (
    _Layout(3, (*_ALL, _AP), (*_ALL, _AP), _FULL, has_clusters=True),
    _Layout(3, _ALL, _ALL, _FULL),
    _Layout(2, _ALL, _ALL, _FULL),
    _Layout(2, _ALL, _ALL, _THAN),
    _Layout(3, _ALL, _TWO, _THAN),
    _Layout(2, _ALL, _TWO, _THAN),
    _Layout(3, _ALL, _TWO, _SHORT),
    _Layout(2, _ALL, _TWO, _SHORT),
    _Layout(2, _TWO, _TWO, _SHORT),
)
"""From the widest to the narrowest."""
_ALL_ROWS = "all"


def model_table(rows: Sequence[ReportRow], width: int) -> tuple[str, list[str]]:
    """Return the table of models with their groups, the highest rationale consistency first, and its headings."""
    ranked = _ranked(rows)

    def draw(layout: _Layout, names: Names) -> str:
        headings = _headings(rows, layout)
        cells = [_cells(row, layout, names) for row in ranked]
        return table([[line[heading] for heading in headings] for line in cells], headings)

    names = [name for row in rows for name in (row.model, row.group or _ALL_ROWS)]
    text, layout = fitted(draw, _LAYOUTS, names, width)
    return text, _headings(rows, layout)


def _ranked(rows: Sequence[ReportRow]) -> list[ReportRow]:
    """Return the rows by model, the highest rationale consistency first, each followed by its groups."""
    means = {row.model: row.metrics[RC].value for row in rows if row.group is None}
    return sorted(rows, key=lambda row: -1.0 if (mean := means[row.model]) is None else mean, reverse=True)


def _headings(rows: Sequence[ReportRow], layout: _Layout) -> list[str]:
    group = ["Group"] if any(row.group is not None for row in rows) else []
    clusters = ["Clusters"] if layout.has_clusters else []
    metrics = [_heading(name) for name in layout.metrics]
    flag = ["Flag"] if any(row.flag is not None for row in rows) else []
    return ["Model", *group, "n", *clusters, "Unscored", *metrics, *flag]


def _heading(name: tuple[str, str]) -> str:
    return METRIC_GROUPS[name[0]][name[1]]


def _cells(row: ReportRow, layout: _Layout, names: Names) -> dict[str, str]:
    """Return the cells of a row by their headings."""
    cells = {
        "Model": names[row.model] + ("*" if row.not_common and row.group is None else ""),
        "Group": names[row.group or _ALL_ROWS],
        "n": str(row.n),
        "Clusters": str(row.clusters),
        "Unscored": str(row.unscored),
        "Flag": "n/a" if row.group is None else "",
    }
    cells |= {
        _heading(name): metric_cell(row, name, layout.digits, has_interval=name in layout.intervals)
        for name in layout.metrics
    }
    return cells if row.flag is None else cells | {"Flag": _flag_cell(row, row.flag, layout, names)}


def metric_cell(row: ReportRow, name: tuple[str, str], digits: int, *, has_interval: bool = True) -> str:
    """Return a metric, a range or a bound of it, with its interval if wanted; rationale consistency always has one."""
    if name == RC:
        return consistency_cell(row, digits)
    one, known = row.metrics[name], row.known.get(name, Known.EXACT)
    if known == Known.NOT_DETERMINED:
        return UNDETERMINED
    if known == Known.LOWER_BOUND:
        return lower_bound_cell(one, digits, has_interval=has_interval)
    return interval_cell(one, digits) if has_interval else figure(one.value, digits)


def _flag_cell(row: ReportRow, flag: Flag, layout: _Layout, names: Names) -> str:
    if flag.against == row.model:
        return "compared with" if flag.reference_is_named or row.bounds else "highest RC"
    if flag.verdict == FLAGGED:
        return layout.flagged.format(names[flag.against])
    return "-" if flag.verdict == NOT_FLAGGED else "cannot tell"


# ------------------------------------------------------------------ the flag's differences


def flag_table(rows: Sequence[ReportRow], width: int) -> str:
    """Return a line for each model with its paired differences to the reference model."""
    flags = [(row.model, row.flag) for row in _ranked(rows) if row.flag and row.flag.paired_accuracy]
    headings = ["Model", "OA lower by", "RC lower by", "RC lower by, both right (n)", "p"]

    def draw(digits: int, names: Names) -> str:
        return table([[names[model], *_gaps(flag, digits)] for model, flag in flags], headings)

    return fitted(draw, (3, 2, 2), [model for model, _ in flags], width)[0]


def _gaps(flag: Flag, digits: int) -> list[str]:
    assert flag.paired_accuracy and flag.paired_consistency and flag.paired_consistency_both_right
    both_right = flag.paired_consistency_both_right
    return [
        interval_cell(flag.paired_accuracy, digits),
        gap_cell(flag.paired_consistency, digits),
        f"{gap_cell(both_right, digits)} ({both_right.n})",
        p_figure(flag.p_value),
    ]


def gap_cell(gap: PairedGap, digits: int) -> str:
    """Return a difference of rationale consistency with its interval."""
    return spread((gap.least, gap.most), gap.low, gap.high, digits)
