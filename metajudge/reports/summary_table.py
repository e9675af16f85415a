"""Summaries as text: the reference's table, byte for byte, and other formats."""

import math
from collections.abc import Sequence

from metajudge.reports.scan import Summary
from metajudge.text import TABLE, printable, render_rows

SORT_FIELDS = ("recall", "precision", "f1", "average_precision")
_HEADINGS = ("Model", "Precision", "Recall", "F1", "AP", "Valid")
_WIDTHS = (45, 12, 12, 12, 12, 8)
_RULE = 100
_PAPER_COLUMNS = ("rationale_consistency", "average_precision", "average_precision_soft", "precision", "f1")
_PAPER_HEADINGS = ("RC", "AP", "AP soft", "One-to-one precision", "One-to-one F1")
_HEADINGS_BESIDE_PAPER = ("Model", "Reference precision", "Reference recall", "Reference F1", "Reference AP", "Valid")
_PAPER_WIDTH = 12


def render_summaries(summaries: Sequence[Summary], sort_by: str, style: str = TABLE) -> str:
    """Return the summaries in one of `formats()`, the highest of a field in `SORT_FIELDS` first, ties in order.

    Summaries without a valid record come last, as `n/a`.
    """
    with_paper = any(summary.paper is not None for summary in summaries)
    ranked = sorted(summaries, key=lambda one: math.inf if one.metrics is None else -getattr(one.metrics.mean, sort_by))
    rows = [_cells(summary) + (_paper_cells(summary) if with_paper else ()) for summary in ranked]
    headings = _HEADINGS_BESIDE_PAPER + _PAPER_HEADINGS if with_paper else _HEADINGS
    if style == TABLE:
        return _reference_table(rows, headings, sort_by)
    return render_rows(rows, headings, style)


def _cells(summary: Summary) -> tuple[str, ...]:
    mean = None if summary.metrics is None else summary.metrics.mean
    values = (None,) * 4 if mean is None else (mean.precision, mean.recall, mean.f1, mean.average_precision)
    return (
        printable(summary.model),
        *map(_figure, values),
        str(summary.valid) + ("*" if summary.not_common else ""),
    )


def _paper_cells(summary: Summary) -> tuple[str, ...]:
    paper, lower = summary.paper or {}, summary.paper_lower_bounds
    return tuple(("≥" if name in lower else "") + _figure(paper.get(name)) for name in _PAPER_COLUMNS)


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.4f}"


def _reference_table(rows: Sequence[Sequence[str]], headings: Sequence[str], sort_by: str) -> str:
    titles = [_line(headings)] if len(headings) == len(_HEADINGS) else _two_lines(headings)
    width = _RULE if len(headings) == len(_HEADINGS) else len(titles[0])
    double, single = "=" * width, "-" * width
    lines = ["", double, f"Results Sorted by {sort_by.upper()}", double, *titles, single]
    return "\n".join([*lines, *map(_line, rows), double, "", ""])


def _two_lines(headings: Sequence[str]) -> list[str]:
    """Return the headings in two lines: the first word of a long one is above."""
    parts = [heading.partition(" ") if len(heading) > _PAPER_WIDTH - 1 else ("", "", heading) for heading in headings]
    return [_line([above for above, _, _ in parts]), _line([below for _, _, below in parts])]


def _line(cells: Sequence[str]) -> str:
    widths = (*_WIDTHS, *[_PAPER_WIDTH] * (len(cells) - len(_WIDTHS)))
    return " ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True))
