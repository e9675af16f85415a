"""A shard: every N-th line of an input, which one of N runs takes."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from metajudge.data.rows import InvalidRow, Row
from metajudge.data.samples import RowIds
from metajudge.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shard:
    """The lines of an input whose number, from 1, leaves the remainder `number` when divided by `count`."""

    number: int = 0
    """0 to `count` - 1."""
    count: int = 1
    """Number of shards; 1 = the whole input."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `K/N`. Raises `UsageError`."""
        found = re.fullmatch(r"\s*(\d{1,9})/(\d{1,9})\s*", text, re.ASCII)
        if found is None:
            raise UsageError(f"`shard` {text} is not K/N, such as 0/16")
        number, count = map(int, found.groups())
        if number >= count:
            allowed = f"the first shard is 0/{count}, the last one {count - 1}/{count}" if count else "N is 1 or more"
            raise UsageError(f"`shard` {number}/{count} does not exist: {allowed}")
        return cls(number, count)

    def __str__(self) -> str:
        return f"{self.number}/{self.count}"

    @property
    def is_whole(self) -> bool:
        """True if the shard is the whole input."""
        return self.count == 1

    def holds(self, line: int) -> bool:
        """Return whether a line is in this shard."""
        return line % self.count == self.number

    def rows(self, rows: Iterable[Row | InvalidRow], numbers: RowIds) -> Iterator[Row | InvalidRow]:
        """Yield the rows of this shard, lazily; give ids to the others, so that repetitions count in the whole input.

        The caller takes the id of each row from `numbers` before it asks for the next one.
        """
        for row in rows:
            if self.holds(row.line):
                yield row
            elif isinstance(row, Row):
                numbers.id_of(row.data)

    def path(self, output: Path) -> Path:
        """Return the output of this shard, `<stem>.K-of-N<suffix>`; that of the whole input is `output`."""
        if self.is_whole:
            return output
        return output.with_name(f"{output.stem}.{self.number}-of-{self.count}{output.suffix}")
