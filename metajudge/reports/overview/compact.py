"""Figures and names in few columns, and the richest layout of a table that fits a width."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from metajudge.metrics.statistics.intervals import Interval
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.render import BOUNDS_DIFFER
from metajudge.reports.score_table import RC
from metajudge.text import columns, printable, render_rows

Layout = TypeVar("Layout")
Names = Mapping[str, str]
"""Text to show for each name."""
_LEAST_NAME = 8
"""Columns below which names are not cut."""


def figure(value: float | None, digits: int) -> str:
    """Return a figure without its leading zero: `.72`, `-.05`, `1.00`; `n/a` for None."""
    if value is None:
        return "n/a"
    text = f"{round(value, digits) + 0.0:.{digits}f}"  # + 0.0: a rounded -0.001 is 0
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def p_figure(p_value: float | None) -> str:
    """Return a p value, never as 0."""
    return "<.001" if p_value is not None and p_value < 0.001 else figure(p_value, 3)


def spread(ends: tuple[float | None, float | None], low: float | None, high: float | None, digits: int) -> str:
    """Return `.72 [.65, .79]`, with a range in place of the value if its two ends differ: `.43–.54 [.41, .56]`."""
    if ends[0] is None:
        return "n/a"
    texts = dict.fromkeys(figure(end, digits) for end in ends)
    return f"{'–'.join(texts)} {_brackets(low, high, digits)}"


def signed_spread(ends: tuple[float | None, float | None], low: float | None, high: float | None, digits: int) -> str:
    """Return a difference as `+.54 [.48, .59]`, or `-.10 to +.25 [-.14, .30]` if its two ends differ."""
    if ends[0] is None:
        return "n/a"
    texts = dict.fromkeys(figure(end, digits) for end in ends)
    signed = (text if text.startswith("-") else f"+{text}" for text in texts)
    return f"{' to '.join(signed)} {_brackets(low, high, digits)}"


def _brackets(low: float | None, high: float | None, digits: int) -> str:
    return "[n/a]" if low is None or high is None else f"[{figure(low, digits)}, {figure(high, digits)}]"


def interval_cell(one: Interval, digits: int) -> str:
    """Return a value with its interval."""
    return spread((one.value, one.value), one.low, one.high, digits)


def lower_bound_cell(one: Interval, digits: int, *, has_interval: bool) -> str:
    """Return a lower bound, with the low end of its interval if wanted: `≥.39 [≥.36]`."""
    value = f"≥{figure(one.value, digits)}"
    if not has_interval:
        return value
    return f"{value} [{'n/a' if one.low is None else f'≥{figure(one.low, digits)}'}]"


def consistency(row: ReportRow) -> tuple[tuple[float | None, float | None], float | None, float | None]:
    """Return both bounds of rationale consistency, equal if it is exact, and the ends of their interval."""
    one = row.metrics[RC]
    if row.bounds is None or row.bounds[1] - row.bounds[0] < BOUNDS_DIFFER:
        return (one.value, one.value), one.low, one.high
    return row.bounds, one.low, row.upper.high


def consistency_cell(row: ReportRow, digits: int) -> str:
    """Return rationale consistency with its interval."""
    return spread(*consistency(row), digits)


# ------------------------------------------------------------------ widths


def table(cells: Sequence[Sequence[str]], headings: Sequence[str]) -> str:
    """Return a table whose headings are underlined."""
    # Headings are a line like the others: tabulate makes a column of headings two wider than they are.
    first, *others = render_rows([headings, *cells], (), "plain").splitlines()
    return "\n".join([first, "-" * max(map(columns, [first, *others])), *others])


def fitted(
    draw: Callable[[Layout, Names], str], layouts: Sequence[Layout], names: Sequence[str], width: int
) -> tuple[str, Layout]:
    """Return the first drawing of at most `width` columns, and its layout.

    The last layout is tried only after names are cut in the middle, as far as it goes, in the one before.
    """
    full = {name: printable(name) for name in names}
    for layout in layouts[:-1]:
        text = draw(layout, full)
        if width_of(text) <= width:
            return text, layout
    for layout in layouts[-2:]:
        size = max(_LEAST_NAME, min(width, max(map(columns, full.values()))))
        text = draw(layout, shortened(names, size))
        while (excess := width_of(text) - width) > 0 and size > _LEAST_NAME:
            size = max(_LEAST_NAME, size - math.ceil(excess / 2))  # two columns may hold names
            text = draw(layout, shortened(names, size))
        if excess <= 0:
            break
    return text, layout


def width_of(text: str) -> int:
    """Return the columns of the widest line of a text."""
    return max(map(columns, text.split("\n")))


def shortened(names: Sequence[str], width: int) -> dict[str, str]:
    """Cut names in the middle to at most `width` columns; different names stay different."""
    unique = [*dict.fromkeys(names)]
    for share in (1 / 2, 1 / 3, 2 / 3, 1 / 6, 5 / 6):
        cut = [_cut(printable(name), width, share) for name in unique]
        if len({*cut}) == len(cut):
            return dict(zip(unique, cut, strict=True))
    long = (name for name in unique if columns(printable(name)) > width)
    numbered = ((name, f" #{number}") for number, name in enumerate(long, 1))
    cut_names = {name: _cut(printable(name), width - len(mark), 1 / 2) + mark for name, mark in numbered}
    return {name: printable(name) for name in unique} | cut_names


def _cut(text: str, width: int, share: float) -> str:
    """Cut a text in the middle; `share`: part of the columns that its beginning keeps."""
    if columns(text) <= width:
        return text
    before = max(1, round((width - 1) * share))
    head, tail = text[:before], text[before + 1 - width :]
    while columns(head) > before:
        head = head[:-1]
    while columns(tail) > width - 1 - before:
        tail = tail[1:]
    return f"{head}…{tail}"
