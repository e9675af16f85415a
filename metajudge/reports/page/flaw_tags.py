"""Classes and flaws of reasons as the page shows them beside the reasons."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from metajudge.reports.flaws.tables import FlawRow, read_flaw_tables
from metajudge.reports.page.row_texts import Limits
from metajudge.reports.row_scores import ScoringConfig
from metajudge.tasks.flaws import CLASSES, FLAWS

NAMES = {"classes": CLASSES, "flaws": FLAWS}
"""Names of all tags, for the page."""


class FlawTags:
    """The flaws of several files, by evaluated model and row."""

    def __init__(self, paths: Sequence[Path], options: ScoringConfig | None = None) -> None:
        """Read the files. Raises `UsageError` for one that holds no flaws."""
        self._rows: dict[tuple[str, str], list[tuple[str, FlawRow]]] = defaultdict(list)
        for table in read_flaw_tables(paths, options):
            for row in table.rows:
                self._rows[table.model_be_evaluated.lower(), row.id].append((table.judge, row))

    def of(self, model: str, row_id: str, reasons: Sequence[str], limits: Limits) -> list[dict[str, Any]]:
        """Return what each judge has found in these reasons of a row; nothing about another list of reasons."""
        found = self._rows.get((model.lower(), row_id), ())
        return [
            {"judge": judge, "items": [_shown(item.as_json(), limits) for item in row.items]}
            for judge, row in found
            if row.reasons in (None, tuple(reasons))
        ]


def _shown(entry: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Return an entry; a page without whole texts has the beginnings of its quotes."""
    most = limits.body if limits.body is None else max(limits.body, 100)
    quotes = [{**quote, "text": quote["text"][:most]} for quote in entry["quotes"]]
    return {**entry, "quotes": quotes}
