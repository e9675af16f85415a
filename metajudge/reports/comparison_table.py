"""Differences and ranks of models as text: the richest table that fits a width."""

from collections.abc import Callable, Mapping, Sequence

from metajudge.reports.comparison import Difference
from metajudge.reports.overview.compact import (
    Names,
    figure,
    fitted,
    p_figure,
    shortened,
    signed_spread,
    table,
    width_of,
)
from metajudge.reports.ranks import RankedModel, Ranking
from metajudge.reports.render import UNDETERMINED, difference_cells, p_cell
from metajudge.reports.score_table import METRIC_GROUPS
from metajudge.text import CSV, TABLE, columns, plural, printable, render_rows, wrapped

DETECTABLE = "Detectable"
"""Heading of the detectable difference."""
_DIGITS = 2

# ------------------------------------------------------------------ differences


def render_differences(
    found: Mapping[str, Sequence[Difference]], style: str, width: int | None
) -> tuple[str, list[str]]:
    """Return the differences by judge in one of `formats()`, and the headings of their columns.

    Only a plain table heeds `width`: if the full one is wider, each pair of models is a block of lines below the names
    of both, with the same figures or, if these are too wide as well, with fewer and shorter ones, which need about 75
    columns. None: the full table.
    """
    full = _full_tables(found, style)
    if style != TABLE or width is None or width_of(full) <= width:
        return full, _FULL
    for headings, cells in (_PAIR, _COMPACT, _NARROW):
        blocks = _pair_blocks(found, headings, cells, width)
        if width_of(blocks) <= width:
            break
    return blocks, headings


def _full_tables(found: Mapping[str, Sequence[Difference]], style: str) -> str:
    """Return a table for each judge, or one for all as CSV; with a column of judges if there are several."""
    lines = {judge: [_full_cells(one) for one in own] for judge, own in found.items()}
    if len(found) == 1:
        return render_rows([cells for own in lines.values() for cells in own], _FULL, style)
    tables = [[[judge, *cells] for cells in own] for judge, own in lines.items()]
    if style == CSV:
        tables = [[cells for own in tables for cells in own]]
    return "\n".join(render_rows(cells, ["Judge", *_FULL], style) for cells in tables)


def _pair_blocks(
    found: Mapping[str, Sequence[Difference]],
    headings: Sequence[str],
    cells: Callable[[Difference], list[str]],
    width: int,
) -> str:
    """Return a table with one line per metric for each pair of models, below the names of judge and models."""
    blocks = []
    for judge, own in found.items():
        blocks += wrapped(f"Judge: {judge}", width) if len(found) > 1 else []
        pairs: dict[tuple[str, str], list[Difference]] = {}
        for one in own:
            pairs.setdefault((one.first, one.second), []).append(one)
        for pair, differences in pairs.items():
            blocks.append(f"{_pair_names(pair, width)}\n\n{table([cells(one) for one in differences], headings)}")
    return "\n\n".join(blocks) + "\n"


def _pair_names(pair: tuple[str, str], width: int) -> str:
    """Return the names of both models in one line if they fit, else in two."""
    names = shortened(pair, width - len("A: "))
    parts = [f"{letter}: {names[name]}" for letter, name in zip("AB", pair, strict=True)]
    line = ", ".join(parts)
    return line if columns(line) <= width else "\n".join(parts)


def _pair_cells(one: Difference) -> list[str]:
    return [
        _heading(one),
        str(one.n),
        *difference_cells(one),
        p_cell(one.p_value),
        p_cell(one.p_holm),
        _wins(one),
        "n/a" if one.detectable is None else f"{one.detectable:.4f}",
    ]


def _full_cells(one: Difference) -> list[str]:
    metric, *others = _pair_cells(one)
    return [metric, printable(one.first), printable(one.second), *others]


def _compact_cells(one: Difference) -> list[str]:
    return [*_narrow_cells(one), _wins(one)]


def _narrow_cells(one: Difference) -> list[str]:
    return [_heading(one), str(one.n), *_short_difference(one), p_figure(one.p_holm)]


def _heading(one: Difference) -> str:
    return METRIC_GROUPS[one.metric[0]][one.metric[1]]


def _wins(one: Difference) -> str:
    return f"{one.wins}/{one.ties}/{one.losses}" if one.is_determined else "n/a"


def _short_difference(one: Difference) -> list[str]:
    """Return both values and their difference in few columns."""
    if not one.is_determined:
        return ["", "", UNDETERMINED]
    low, high = one.difference.low, one.difference.high
    if one.bounds is None:
        ends = (one.difference.value, one.difference.value)
        return [*(figure(value, _DIGITS) for value in one.values), signed_spread(ends, low, high, _DIGITS)]
    first, second, ends = one.bounds
    return [*(_range(bounds) for bounds in (first, second)), signed_spread(ends, low, high, _DIGITS)]


def _range(ends: tuple[float, float]) -> str:
    return "–".join(dict.fromkeys(figure(end, _DIGITS) for end in ends))


_FIGURES = ["n", "Value A", "Value B", "A - B", "p", "Holm", "Win/tie/loss", DETECTABLE]
_FULL = ["Metric", "A", "B", *_FIGURES]
_PAIR = (["Metric", *_FIGURES], _pair_cells)
_COMPACT = (["Metric", "n", "A", "B", "A - B", "p Holm", "Win/tie/loss"], _compact_cells)
_NARROW = (_COMPACT[0][:-1], _narrow_cells)

# ------------------------------------------------------------------ ranks


def render_ranks(rankings: Mapping[str, Ranking], style: str, width: int | None) -> str:
    """Return a table of possible ranks for each judge; none as CSV, which has one table.

    Names are cut if a plain table would be wider than `width`.
    """
    parts = []
    for judge, ranking in {} if style == CSV else rankings.items():
        title = f"Ranks by RC on the {plural(ranking.n, 'row')} scored for every model"
        title += f", judge {judge}" if len(rankings) > 1 else ""
        parts.append(f"\n{title}\n\n{_rank_table(ranking, style, width)}")
    return "".join(parts)


def _rank_table(ranking: Ranking, style: str, width: int | None) -> str:
    models = sorted(ranking.models, key=lambda one: (one.ranks.best, one.ranks.worst, -(one.bounds or (0,))[0]))

    def draw(_: object, names: Names) -> str:
        cells = [[names[one.model], _bounds(one), str(one.ranks)] for one in models]
        return render_rows(cells, ["Model", "RC", "Rank"], style)

    names = [one.model for one in models]
    if style != TABLE or width is None:
        return draw(None, {name: printable(name) for name in names})
    return fitted(draw, (None, None), names, width)[0]


def _bounds(one: RankedModel) -> str:
    if one.bounds is None:
        return "n/a"
    low, high = (f"{value:.4f}" for value in one.bounds)
    return low if low == high else f"{low}–{high}"
