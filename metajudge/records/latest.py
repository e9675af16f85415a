"""Which record of a row stands, when a file holds several."""

from __future__ import annotations

import logging
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import Any

from metajudge.data import InputFile, Row, UnreadableLines, parse_row
from metajudge.records.record import Head, Key, read_key
from metajudge.records.results_file import FINISHED, row_key

log = logging.getLogger("metajudge")


class LatestRecords:
    """Which record of a row counts: of one id and question the last finished one, else the last.

    A record without id is a row of its own. Keeps one small value a row.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[bool, Any]] = {}
        self._rows: set[int] = set()
        self.superseded = 0
        self.changed = 0
        """Records that count beside another one of the same row and evaluated model: a list of it has changed."""

    def add(self, record: Mapping[str, Any], line: int, value: Any) -> None:
        """Offer `value` for the row of `record`, which stands in line `line`."""
        key: Hashable = ("line", line)
        if "id" in record:
            key = row_key(str(record["id"]), str(record.get("question_id")))
            self._see(key, str(record["id"]), str(record.get("model_be_evaluated")))
        status = record.get("status")
        self._offer(key, isinstance(status, str) and status in FINISHED, value)

    def add_head(self, head: Head | Key, value: Any) -> None:
        """The same for a record of which only the head was read."""
        key = row_key(head.id, head.question_id)
        if isinstance(head, Head):
            self._see(key, head.id, head.model)
        self._offer(key, head.status in FINISHED, value)

    def _see(self, key: Hashable, record_id: str, model: str) -> None:
        if key not in self._kept:
            row = row_key(record_id, model.lower())  # as files are chosen
            self.changed += row in self._rows
            self._rows.add(row)

    def _offer(self, key: Hashable, finished: bool, value: Any) -> None:
        earlier = self._kept.get(key)
        if earlier is not None:
            self.superseded += 1
        if earlier is None or finished or not earlier[0]:
            self._kept[key] = (finished, value)

    def values(self) -> list[Any]:
        """The values that count, in order of the rows' first appearance."""
        return [value for _, value in self._kept.values()]


def latest_records(path: Path, unreadable: UnreadableLines | None = None) -> Iterator[dict[str, Any]]:
    """The standing record of every row, one at a time, in order of the rows' first appearance.

    One whose head alone is whole is left out, with a warning; `unreadable` is told of lines that are no records.
    """
    latest = LatestRecords()
    for number, offset, line in InputFile(path).lines():
        key = read_key(line)
        if key is not None:
            latest.add_head(key, offset)
        elif isinstance(row := parse_row(number, line, offset), Row):
            latest.add(row.data, number, offset)
        elif unreadable is not None:
            unreadable.add(row)
    damaged = 0
    with path.open("rb") as file:
        for offset in latest.values():
            file.seek(offset)
            row = parse_row(0, file.readline())
            if isinstance(row, Row):
                yield row.data
            else:
                damaged += 1
    if damaged:
        log.warning("%s has %d damaged records; they are left out", path, damaged)
