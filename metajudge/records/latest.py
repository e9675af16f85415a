"""The record that counts if a file has several of one row."""

from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from metajudge.data import InputFile, InvalidRow, UnreadableLines
from metajudge.records.opening import row_key
from metajudge.records.record import Record

_PARTS = 64


@dataclass(frozen=True, slots=True)
class Latest:
    """The records that count among those of a file."""

    numbers: "array[int]"
    """Numbers of these records, from 0 in the order of the file; they are in order of the rows' first appearance."""
    superseded: int
    """Records of a row that has a later or finished one."""
    changed: int
    """Records that count beside another one of the same row and evaluated model: a list of it has changed."""


class LatestRecords:
    """Finds the record that counts for each row: of one id and question the last finished one, else the last.

    A record without id is a separate row. Needs 25 bytes per record, and 8 more for the result.
    """

    def __init__(self) -> None:
        self._finished = bytearray()
        # Only one part at a time needs a dictionary, which takes several times the memory of these arrays.
        self._parts = [_Part() for _ in range(_PARTS)]

    def add(self, record: Record) -> None:
        """Take the next record of the file."""
        if record.id is not None:
            row = row_key(record.id, (record.model_be_evaluated or "").lower())
            part = self._parts[hash(record.id) % _PARTS]
            part.numbers.append(len(self._finished))
            part.questions.append(row_key(record.id, record.question_id))
            part.rows.append(row)
        self._finished.append(record.is_finished)

    def find(self) -> Latest:
        """Return the records that count among those added."""
        chosen = array("q", range(len(self._finished)))  # by first record of the row; -1 = not the first
        superseded = changed = 0
        for part in self._parts:
            first: dict[int, int] = {}
            rows: set[int] = set()
            for number, question, row in zip(part.numbers, part.questions, part.rows, strict=True):
                place = first.setdefault(question, number)
                if place == number:
                    changed += row in rows
                    rows.add(row)
                    continue
                superseded += 1
                chosen[number] = -1
                if self._finished[number] or not self._finished[chosen[place]]:
                    chosen[place] = number
        if superseded:
            chosen = array("q", (number for number in chosen if number >= 0))
        return Latest(chosen, superseded, changed)


@dataclass(frozen=True, slots=True)
class _Part:
    """Records whose ids have equal hashes modulo `_PARTS`, as columns."""

    numbers: "array[int]" = field(default_factory=lambda: array("q"))
    questions: "array[int]" = field(default_factory=lambda: array("q"))
    """Keys of id and question."""
    rows: "array[int]" = field(default_factory=lambda: array("q"))
    """Keys of id and evaluated model."""


def latest_records(path: Path, unreadable: UnreadableLines | None = None) -> Iterator[Record]:
    """Yield the records that count, in order of the rows' first appearance; count other lines in `unreadable`."""
    latest, offsets, source = LatestRecords(), array("q"), InputFile(path)
    for number, offset, line in source.lines():
        record = Record.from_line(line, number)
        if not isinstance(record, InvalidRow):
            latest.add(record)
            offsets.append(offset)
        elif unreadable is not None:
            unreadable.add(record)
    for line in source.lines_at(offsets[number] for number in latest.find().numbers):
        record = Record.from_line(line)
        if not isinstance(record, InvalidRow):  # else the file was changed meanwhile
            yield record
