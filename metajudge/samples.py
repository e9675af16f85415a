"""Rows of a JSONL file become samples: streaming, and what is wrong with a row and where.

A *row* is one line of input; a *sample* is a row seen for one evaluated model. Nothing is kept
but, per row, the 64-bit hash that numbers repetitions.
"""

from __future__ import annotations

import functools
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from metajudge.errors import UsageError

CHECKLIST_SUFFIX = "-checklist"
HUMAN_KEY = "human-checklist"
NAMED_LINES = 3
"""So many unreadable lines of a file are named; the rest are counted."""
_BOM = b"\xef\xbb\xbf"
_BUFFER = 1 << 20
_CANONICAL = json.JSONEncoder(check_circular=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Row:
    """One readable line of input."""

    line: int
    """Line number in the file, from 1."""
    data: dict[str, Any]
    offset: int = 0
    """Where the line begins in the file, in bytes (behind a BOM)."""


@dataclass(frozen=True, slots=True)
class Unusable:
    """A line that cannot be judged: it gets no record, is named by line and counted."""

    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A row seen for one evaluated model."""

    line: int
    id: str
    """Hash of context, responses and human checklist: the same for every evaluated model."""
    question_id: str
    """Hash of the evaluated model's name and both lists."""
    model: str
    """Name of the evaluated model, spelled as the user or the file spells it."""
    human: tuple[str, ...]
    """Human items R1..Rn."""
    model_items: tuple[str, ...]
    """Model items S1..Sm, before any top-k cut."""
    row: dict[str, Any]


@dataclass(slots=True)
class UnreadableLines:
    """Lines of a file that are no rows: how many, and the first few."""

    count: int = 0
    named: list[str] = field(default_factory=list)
    """As "line 3 is not JSON …"."""

    def add(self, row: Unusable) -> None:
        """Count one."""
        self.count += 1
        if self.count <= NAMED_LINES:
            self.named.append(f"line {row.line} {row.reason}")

    def __str__(self) -> str:
        more = self.count - len(self.named)
        lines = "; ".join(self.named) + (f"; and {more} more" if more else "")
        return f"{self.count} unreadable line{'' if self.count == 1 else 's'}: {lines}"


class InputFile:
    """A JSONL file that can be read more than once; a pipe is first copied to a temporary file."""

    def __init__(self, path: Path, flag: str = "--input-file ") -> None:
        """Open `path` for reading (`-` is standard input); raise `UsageError` when that fails.

        `flag` stands before the path in messages: how the user named it, "" for a path without a flag.
        """
        self.path = path
        self._spool: IO[bytes] | None = None
        if str(path) == "-":
            self._spool = _spool(sys.stdin.buffer)
            return
        try:
            if path.is_dir():
                raise UsageError(f"{flag}{path} is a directory; name a JSONL file in it")
            with path.open("rb") as file:
                if not path.is_file():
                    self._spool = _spool(file)
        except FileNotFoundError:
            raise UsageError(f"{flag}{path} does not exist (looked in {Path.cwd()}); check the path") from None
        except OSError as error:
            raise UsageError(f"{flag}{path} cannot be read: {error.strerror}; check its permissions") from None

    def rows(self) -> Iterator[Row | Unusable]:
        """Every line that is not blank, in order, from the start."""
        for number, offset, raw in self.lines():
            yield parse_row(number, raw, offset)

    def lines(self) -> Iterator[tuple[int, int, bytes]]:
        """Number, place in the file and bytes of every line that is not blank; a byte order mark is left out."""
        if self._spool is not None:
            self._spool.seek(0)
            yield from _lines(self._spool)
            return
        with self.path.open("rb", buffering=_BUFFER) as file:
            yield from _lines(file)


def _spool(pipe: IO[bytes]) -> IO[bytes]:
    spool = tempfile.TemporaryFile()  # noqa: SIM115  (lives as long as the InputFile)
    shutil.copyfileobj(pipe, spool)
    return spool


def _lines(file: IO[bytes]) -> Iterator[tuple[int, int, bytes]]:
    offset = 0
    for number, raw in enumerate(file, 1):
        if number == 1 and raw.startswith(_BOM):
            raw = raw[len(_BOM) :]
            offset = len(_BOM)
        if not raw.isspace() and raw:
            yield number, offset, raw
        offset += len(raw)


def parse_row(number: int, raw: bytes, offset: int = 0) -> Row | Unusable:
    """A line of a file as a row, or why it is none."""
    try:
        data = json.loads(raw.removeprefix(_BOM).decode("utf-8"))  # also where files were joined
    except UnicodeDecodeError as error:
        return Unusable(number, f"is not UTF-8 (byte 0x{raw[error.start]:02x} at position {error.start + 1})")
    except json.JSONDecodeError as error:
        return Unusable(number, f"is not JSON ({error.msg.removesuffix(' at')} at column {error.colno})")
    except (ValueError, RecursionError):
        return Unusable(number, "is JSON that cannot be read (a number too long, or nested too deep)")
    if not isinstance(data, dict):
        return Unusable(number, f"is a JSON {_kind(data)}, not an object")
    return Row(number, data, offset)


def _kind(value: object) -> str:
    if value is None:
        return "null"
    kinds = {bool: "true/false", str: "string", list: "list", dict: "object", int: "number", float: "number"}
    return kinds[type(value)]


# ------------------------------------------------------------------ evaluated models


def evaluated_models(row: dict[str, Any]) -> list[str]:
    """Names of the models that have a checklist in `row`, in its order, once each without regard to case."""
    names: dict[str, str] = {}
    for key in row:
        lower = key.lower()
        if lower.endswith(CHECKLIST_SUFFIX) and lower not in (HUMAN_KEY, CHECKLIST_SUFFIX):
            names.setdefault(lower, key[: -len(CHECKLIST_SUFFIX)])
    return list(names.values())


def find_checklist(row: dict[str, Any], name: str) -> tuple[bool, Any]:
    """Whether `row` has a key `{name}-checklist`, without regard to case, and the first such value."""
    key = _checklist_key(tuple(row), name)
    return (False, None) if key is None else (True, row[key])


@functools.lru_cache(maxsize=64)
def _checklist_key(keys: tuple[str, ...], name: str) -> str | None:
    """The first of `keys` that is `{name}-checklist` without regard to case; most rows of a file have the same keys."""
    exact = f"{name}{CHECKLIST_SUFFIX}".lower()
    return next((key for key in keys if key.lower() == exact), None)


# ------------------------------------------------------------------ samples


def _hash(*parts: object) -> str:
    """64 bits of SHA-256 over the canonical JSON of `parts`, as 16 hexadecimal digits."""
    return hashlib.sha256(_CANONICAL(parts).encode("ascii")).hexdigest()[:16]


@dataclass(slots=True)
class RowNumbers:
    """Gives every row its id: a repeated row gets `-2`, `-3`, … in file order."""

    _seen: set[int] = field(default_factory=set)
    _repeats: dict[int, int] = field(default_factory=dict)

    def id_of(self, row: dict[str, Any]) -> str:
        """The id of the next row of the file."""
        name = _hash(*(row.get(key) for key in ("context", "response1", "response2", HUMAN_KEY)))
        number = int(name, 16)
        if number not in self._seen:
            self._seen.add(number)
            return name
        self._repeats[number] = self._repeats.get(number, 1) + 1
        return f"{name}-{self._repeats[number]}"

    @property
    def repeated(self) -> int:
        """How many rows were repetitions of an earlier one."""
        return sum(count - 1 for count in self._repeats.values())


def _problem(name: str, found: bool, value: object) -> str | None:
    key = f"{name}{CHECKLIST_SUFFIX}"
    if not found:
        return f'has no "{key}"'
    if not isinstance(value, list):
        return f'has a "{key}" that is a {_kind(value)}, not a list of strings'
    for place, item in enumerate(value, 1):
        if not isinstance(item, str):
            return f'has a "{key}" whose item {place} is a {_kind(item)}, not a string'
    return None


def make_sample(row: Row, row_id: str, model: str) -> Sample | Unusable:
    """See `row` for the evaluated model `model`, or say what is wrong with it; without id no question id."""
    lists: list[tuple[str, ...]] = []
    for name in ("human", model):
        found, value = find_checklist(row.data, name)
        problem = _problem(name, found, value)
        if problem:
            return Unusable(row.line, problem)
        lists.append(tuple(value))
    human, items = lists
    question_id = _hash(model.lower(), human, items) if row_id else ""
    return Sample(row.line, row_id, question_id, model, human, items, row.data)


def read_samples(
    rows: Iterable[Row | Unusable], models: Sequence[str], *, named: bool = True
) -> Iterator[Sample | Unusable]:
    """The samples of `rows`: row after row, every model of `models` for each.

    `named` false leaves both ids empty, for a reading that only counts: they take half of its time.
    """
    numbers = RowNumbers()
    for row in rows:
        if isinstance(row, Unusable):
            yield row
            continue
        row_id = numbers.id_of(row.data) if named else ""
        for model in models:
            yield make_sample(row, row_id, model)
