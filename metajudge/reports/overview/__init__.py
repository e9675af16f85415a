"""Report in one look: for each judge a table with one line per model, sentences, and the flag's paired differences.

`tables` has the tables and `words` the sentences and the legend. `compact` fits both into the width.
"""

from collections.abc import Sequence

from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.overview.tables import flag_table, model_table
from metajudge.reports.overview.words import flag_caption, legend, sentences
from metajudge.reports.scored_files import judge_names
from metajudge.text import printable, wrapped

MIN_WIDTH = 60
"""Least number of columns that a user of this module should ask for."""


def render_overview(rows: Sequence[ReportRow], rule: FlagRule, width: int) -> str:
    """Return the overview in at most `width` columns; its tables may be wider below 80, or 100 with groups."""
    names = judge_names([row.file for row in rows])
    blocks: list[str] = []
    headings: dict[str, None] = {}
    for judge in dict.fromkeys(names.values()):
        own = [row for row in rows if names[id(row.file)] == judge]
        table, shown = model_table(own, width)
        headings |= dict.fromkeys(shown)
        blocks += [_lines(f"Judge: {judge}", width), table, _lines(" ".join(sentences(own)), width)]
        if any(row.flag is not None for row in own):
            blocks += [_lines(flag_caption(own, rule), width), flag_table(own, width)]
    blocks.append(legend(rows, [*headings], width))
    return "\n\n".join(filter(None, blocks)) + "\n"


def _lines(text: str, width: int) -> str:
    return "\n".join(wrapped(printable(text), width))
