"""Tables of the kinds of reasons: shares by model, differences of models, and the credit of each class."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from metajudge.reports.flaws.figures import TAGS, FlawDifference, FlawFigures, ModelFlaws, Share
from metajudge.reports.overview.compact import Names, fitted, interval_cell, signed_spread, spread, table
from metajudge.tasks.flaws import CLASSES, FLAWS
from metajudge.text import CSV, TABLE, plural, printable, render_rows, wrapped

TITLE = "Kinds of reasons"
_NAMES = CLASSES | FLAWS
_COLUMN, _LABEL = 27, 6
"""Columns that a model and the shortest label need."""
_CAPTION = "{title}, as {judge} names them: shares of reasons, to be compared within one judge and prompt only."
_RANGE = "A range .10–.20: what is unread counted as 0 and as 1."
_CREDIT = (
    "What the reasons of each class are worth: the mean score of a reason in the matching with the human points, and "
    "the part of RC that the class brings."
)


T = TypeVar("T")
_Layout = tuple[int, bool]
"""Digits, and true if the kinds have their names."""


def render_flaws(figures: FlawFigures, style: str = TABLE, width: int = 100) -> str:
    """Return the tables, one judge after the other; empty without figures and as CSV.

    The default style explains them and fits into `width` columns, if names of 8 columns are enough for that.
    """
    if not figures.models or style == CSV:
        return ""
    blocks: list[str] = []
    for judged_by in dict.fromkeys(one.table.judged_by for one in figures.models):
        own = [one for one in figures.models if one.table.judged_by == judged_by]
        caption = _CAPTION.format(title=TITLE, judge=printable(judged_by[0]))
        caption += f" {_RANGE}" if any(one.unread for one in own) else ""
        blocks.append("\n".join(wrapped(caption, width)))
        blocks += [_shares(part, style, width) for part in _parts(own, style, width)]
        names = [one.table.model for one in own]
        pairs = [one for one in figures.differences if one.judge == judged_by[0] and one.models[0] == names[0]]
        pairs = [one for one in pairs if one.models[1] in names]
        blocks += [_differences(part, style, width) for part in _parts(pairs, style, width)]
        if any(one.credits for one in own):
            blocks += ["\n".join(wrapped(_CREDIT, width)), _credits(own, style, width)]
    return "\n\n".join(block.rstrip("\n") for block in blocks) + "\n"


def flaw_notes(figures: FlawFigures) -> list[str]:
    """Return remarks on rows that failed, on what is unread, and on few rows in common."""
    notes = []
    for one in figures.models:
        where = f"{printable(one.table.model)}, flaws by {printable(one.table.judge)}"
        if one.table.unreadable.count:
            notes.append(printable(f"{one.table.path.name}: {one.table.unreadable}"))
        if one.table.failed:
            notes.append(f"{where}: {plural(one.table.failed, 'row')} without any reason read; run flaws again")
        if one.unread:
            counts = ", ".join(f"{name} {count}" for name, count in one.unread.items())
            notes.append(f"{where}: of {plural(one.reasons, 'reason')} unread: {counts}")
    notes += [
        f"{printable(pair.models[0])} and {printable(pair.models[1])} have no row with flaws in common"
        for pair in figures.differences
        if not pair.rows
    ]
    return notes


def _parts(own: Sequence[T], style: str, width: int) -> list[Sequence[T]]:
    """Return the models, or pairs of them, of each table."""
    count = max(1, (width - _LABEL) // _COLUMN) if style == TABLE else max(1, len(own))
    return [own[first : first + count] for first in range(0, len(own), count)]


def _label(tag: str) -> str:
    return f"{tag} {_NAMES[tag]}"


def _drawn(cells: Sequence[Sequence[str]], headings: Sequence[str], style: str) -> str:
    return table(cells, headings) if style == TABLE else render_rows(cells, headings, style)


def _shares(own: Sequence[ModelFlaws], style: str, width: int) -> str:
    def draw(layout: _Layout, names: Names) -> str:
        digits, has_words = layout
        labels = {tag: _label(tag) if has_words else tag for tag in TAGS}
        lines = [[labels[tag], *(_share(one.shares[tag], digits) for one in own)] for tag in TAGS]
        counts = [["reasons", *(str(one.reasons) for one in own)], ["rows", *(str(len(one.table.rows)) for one in own)]]
        return _drawn([*lines, *counts], ["", *(names[one.table.model] for one in own)], style)

    return _fitted(draw, [one.table.model for one in own], style, width)


def _share(share: Share, digits: int) -> str:
    return spread(share.ends, share.low.low, share.high.high, digits)


def _difference(share: Share, digits: int) -> str:
    return signed_spread(share.ends, share.low.low, share.high.high, digits)


def _differences(pairs: Sequence[FlawDifference], style: str, width: int) -> str:
    def draw(layout: _Layout, names: Names) -> str:
        digits, has_words = layout
        labels = {tag: _label(tag) if has_words else tag for tag in TAGS}
        lines = [[labels[tag], *(_difference(one.shares[tag], digits) for one in pairs)] for tag in TAGS]
        counts = ["rows in common", *(str(one.rows) for one in pairs)]
        return _drawn([*lines, counts], ["", *(f"minus {names[one.models[1]]}" for one in pairs)], style)

    first = printable(pairs[0].models[0])
    names = [one.models[1] for one in pairs]
    caption = f"Shares of {first}, over the rows in common:"
    return "\n".join([*wrapped(caption, width), "", _fitted(draw, names, style, width)])


def _credits(own: Sequence[ModelFlaws], style: str, width: int) -> str:
    kinds = [*dict.fromkeys([*CLASSES, *(name for one in own for got in one.credits.values() for name in got)])]
    several = len({judge for one in own for judge in one.credits}) > 1

    def draw(layout: _Layout, names: Names) -> str:
        lines = []
        for one in own:
            for judge, credit in one.credits.items():
                model = f"{names[one.table.model]}, {printable(judge)}" if several else names[one.table.model]
                found = [credit.get(name) for name in kinds]
                lines.append(
                    [model, "a reason", *(interval_cell(got.per_reason, layout[0]) if got else "" for got in found)]
                )
                lines.append(
                    [model, "part of RC", *(interval_cell(got.part_of_rc, layout[0]) if got else "" for got in found)]
                )
        return _drawn(lines, ["Model", "", *kinds], style)

    return _fitted(draw, [one.table.model for one in own], style, width)


def _fitted(draw: Callable[[_Layout, Names], str], names: Sequence[str], style: str, width: int) -> str:
    if style != TABLE:
        return draw((4, True), {name: printable(name) for name in names})
    return fitted(draw, ((3, True), (2, True), (2, False), (2, False)), names, width)[0]
