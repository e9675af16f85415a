"""Rows of an input file, one at a time; a line that is no row comes with the reason."""

import hashlib
import json
import math
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, Self

from jiter import from_json

from metajudge.data.formats import as_jsonl, chunks, spooled
from metajudge.errors import UsageError
from metajudge.text import plural

METADATA_KEY = "metajudge"
"""Key of the stamp that a step leaves in an output row."""
NAMED_LINES = 3
"""Maximum number of unreadable lines that are named; the rest are counted."""
SHOWN_PROBLEMS = 20
"""Maximum number of rows that cannot be judged and are named; the rest are counted."""
_BOM = b"\xef\xbb\xbf"
_BUFFER = 1 << 20


class Status(StrEnum):
    """Outcome of a row, in a record and in the stamp of a step's output; a step has further ones."""

    SUCCESS = "success"
    ERROR = "error"
    """No reply."""
    FORMAT_ERROR = "format_error"
    """No reply in the expected form."""
    EMPTY = "empty"
    """Nothing to ask about."""


@dataclass(frozen=True, slots=True)
class Row:
    """One readable line of input."""

    line: int
    """Line number in the file, from 1."""
    data: dict[str, Any]
    offset: int = 0
    """Offset of the line in the file, in bytes (behind a BOM)."""


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A line that cannot be judged and gets no record."""

    line: int
    reason: str


@dataclass(slots=True)
class UnreadableLines:
    """Number of lines of a file that are no rows, and the first few."""

    count: int = 0
    named: list[str] = field(default_factory=list)
    """Sentences such as "line 3 is not JSON …"."""

    def add(self, row: InvalidRow) -> None:
        """Count one."""
        self.count += 1
        if self.count <= NAMED_LINES:
            self.named.append(f"line {row.line} {row.reason}")

    def __str__(self) -> str:
        more = self.count - len(self.named)
        lines = "; ".join(self.named) + (f"; and {more} more" if more else "")
        return f"{plural(self.count, 'unreadable line')}: {lines}"


class InputFile:
    """A file of rows that can be read more than once.

    JSONL is read from its place. A pipe, a JSON array, Parquet and gzip are first copied to a temporary JSONL file: a
    line number is then the number of an element, and an offset is one in the copy.
    """

    def __init__(self, path: Path, parameter: str = "input_file") -> None:
        """Open `path` for reading (`-` is standard input); raise `UsageError` if that fails.

        `parameter`: name of the path in messages; empty for a bare path.
        """
        name = f"`{parameter}` {path}" if parameter else str(path)
        self.path, self._parameter = path, parameter
        self._spool: IO[bytes] | None = None
        if str(path) == "-":
            self._spool = _copied(sys.stdin.buffer, name)
            return
        try:
            if path.is_dir():
                raise UsageError(f"{name} is a directory; name a JSONL file in it")
            with path.open("rb") as file:
                self._spool = as_jsonl(file, name) if path.is_file() else _copied(file, name)
        except FileNotFoundError:
            raise UsageError(f"{name} does not exist (looked in {Path.cwd()}); check the path") from None
        except OSError as error:
            raise UsageError(f"{name} cannot be read: {error.strerror}; check its permissions") from None

    def __reduce__(self) -> tuple[type[Self], tuple[Path, str]]:
        """Open the file again in another process, which a pipe does not allow."""
        return type(self), (self.path, self._parameter)

    def rows(self) -> Iterator[Row | InvalidRow]:
        """Yield every line that is not blank, in order, from the start."""
        for number, offset, raw in self.lines():
            yield parse_row(number, raw, offset)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Yield number, offset and bytes of every line that is not blank, without a byte order mark."""
        with self._opened() as file:
            yield from _lines(file)

    def lines_at(self, offsets: Iterable[int]) -> Iterator[bytes]:
        """Yield the lines that begin at these offsets."""
        with self._opened() as file:
            for offset in offsets:
                file.seek(offset)
                yield file.readline()

    def line_at(self, offset: int) -> bytes:
        """Return the line that begins at `offset`; another reading may go on meanwhile."""
        if self._spool is None:
            with self.path.open("rb") as file:  # with a small buffer: what follows the line is not needed
                file.seek(offset)
                return file.readline()
        place = self._spool.tell()
        line = next(self.lines_at([offset]))
        self._spool.seek(place)
        return line

    def fingerprint(self) -> str:
        """Return a hash of all lines that are not blank, in their order."""
        found = hashlib.sha256()
        for _, _, line in self.lines():
            found.update(line.rstrip(b"\r\n") + b"\n")
        return found.hexdigest()

    def _opened(self) -> AbstractContextManager[IO[bytes]]:
        if self._spool is None:
            return self.path.open("rb", buffering=_BUFFER)
        self._spool.seek(0)
        return nullcontext(self._spool)


def _copied(pipe: IO[bytes], name: str) -> IO[bytes]:
    spool = spooled(chunks(pipe.read))
    return as_jsonl(spool, name) or spool


def _lines(file: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    for number, raw in enumerate(file, 1):
        if number == 1 and raw.startswith(_BOM):
            raw, offset = raw[len(_BOM) :], len(_BOM)
        if raw and not raw.isspace():
            yield number, offset, raw
        offset += len(raw)


def parse_row(number: int, raw: bytes, offset: int = 0) -> Row | InvalidRow:
    """Parse a line of a file; return the reason if it is no row."""
    try:
        data = _parse(raw.removeprefix(_BOM))  # also where files were joined
    except UnicodeDecodeError as error:
        return InvalidRow(number, f"is not UTF-8 (byte 0x{raw[error.start]:02x} at position {error.start + 1})")
    except json.JSONDecodeError as error:
        return InvalidRow(number, f"is not JSON ({error.msg.removesuffix(' at')} at column {error.colno})")
    except (ValueError, RecursionError):
        return InvalidRow(number, "is JSON that cannot be read (a number too long, or nested too deep)")
    if not isinstance(data, dict):
        return InvalidRow(number, f"is a JSON {json_kind(data)}, not an object")
    return Row(number, data, offset)


def _parse(raw: bytes) -> Any:
    try:
        return from_json(raw, cache_mode="keys")  # in a third of the time
    except ValueError:
        return json.loads(raw.decode("utf-8"))  # takes lone surrogates and deeper nesting; says what is wrong


def json_kind(value: object) -> str:
    """Return the name of a value's kind in JSON."""
    kinds = {bool: "true/false", str: "string", list: "list", dict: "object", int: "number", float: "number"}
    return kinds.get(type(value), "null")


def is_absent(value: object) -> bool:
    """Return True for null and for NaN, which pandas and Arrow write for a key that a row lacks."""
    return value is None or (type(value) is float and math.isnan(value))


def as_integer(value: Any) -> Any:
    """Return a whole float as an integer, which pandas and Arrow may have made a float."""
    return int(value) if type(value) is float and value.is_integer() else value


def is_skipped(row: Mapping[str, Any]) -> bool:
    """Return True if an earlier step marked a row as not fit for the next one."""
    stamp = row.get(METADATA_KEY)
    return isinstance(stamp, dict) and stamp.get("status") not in (None, Status.SUCCESS)


class EligibleRows(InputFile):
    """An input file without the rows that an earlier step left unfit."""

    skipped = 0
    """Number of counted lines that the last reading left out."""

    def __init__(
        self, path: Path, parameter: str = "input_file", counted: Callable[[int], bool] = lambda _: True
    ) -> None:
        """Take the arguments of `InputFile`; `skipped` counts the line numbers that `counted` accepts."""
        super().__init__(path, parameter)
        self._counted = counted

    def rows(self) -> Iterator[Row | InvalidRow]:
        """Yield every line that is fit or unreadable, in order, from the start."""
        self.skipped = 0
        for row in super().rows():
            if isinstance(row, Row) and is_skipped(row.data):
                self.skipped += self._counted(row.line)
            else:
                yield row
