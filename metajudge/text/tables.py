"""Rows of text as a table, CSV or any format of tabulate."""

import csv
import io
from collections.abc import Sequence

TABLE, CSV = "table", "csv"


def formats() -> list[str]:
    """Return every format of `render_rows`."""
    from tabulate import tabulate_formats  # type: ignore[import-untyped, unused-ignore]

    return [TABLE, CSV, *(name for name in tabulate_formats if name not in (TABLE, CSV))]


def render_rows(rows: Sequence[Sequence[str]], headings: Sequence[str], style: str) -> str:
    """Render rows of text in one of `formats()`; a figure is text, so that no format rounds it again."""
    if style == CSV:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([headings, *rows])
        return text.getvalue()
    from tabulate import tabulate  # type: ignore[import-untyped, unused-ignore]

    return str(tabulate(rows, headings, tablefmt="simple" if style == TABLE else style, disable_numparse=True)) + "\n"
