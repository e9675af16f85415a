"""The record that counts if a file has several of one row."""

from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any

from metajudge.data import InputFile, InvalidRow, UnreadableLines
from metajudge.records.opening import row_key
from metajudge.records.record import Record


class LatestRecords:
    """The record that counts for each row: of one id and question the last finished one, else the last.

    A record without id is a separate row.
    """

    def __init__(self) -> None:
        self._kept: dict[Hashable, tuple[bool, Any]] = {}
        self._rows: set[int] = set()
        self.superseded = 0
        self.changed = 0
        """Records that count beside another one of the same row and evaluated model: a list of it has changed."""

    def add(self, record: Record, line: int, value: Any) -> None:
        """Offer `value` for the row of `record`, which is line `line` of its file."""
        key: Hashable = ("line", line)
        if record.id is not None:
            key = row_key(record.id, record.question_id)
            if key not in self._kept:
                row = row_key(record.id, (record.model_be_evaluated or "").lower())
                self.changed += row in self._rows
                self._rows.add(row)
        earlier, finished = self._kept.get(key), record.is_finished
        self.superseded += earlier is not None
        if earlier is None or finished or not earlier[0]:
            self._kept[key] = (finished, value)

    def values(self) -> list[Any]:
        """Return the values that count, in order of the rows' first appearance."""
        return [value for _, value in self._kept.values()]


def latest_records(path: Path, unreadable: UnreadableLines | None = None) -> Iterator[Record]:
    """Yield the records that count, in order of the rows' first appearance; count other lines in `unreadable`."""
    latest, source = LatestRecords(), InputFile(path)
    for number, offset, line in source.lines():
        record = Record.from_line(line, number)
        if not isinstance(record, InvalidRow):
            latest.add(record, number, offset)
        elif unreadable is not None:
            unreadable.add(record)
    for line in source.lines_at(latest.values()):
        record = Record.from_line(line)
        if not isinstance(record, InvalidRow):  # else the file was changed meanwhile
            yield record
