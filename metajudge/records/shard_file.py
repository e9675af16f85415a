"""The rows of a shard, in the order of the input: `<output>.shard`, beside the records.

The first line names the shard and the input; each further line is a row: `[line number, id, question_id]`. `merge`
reads it. The records themselves are those of an ordinary run.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from metajudge.errors import DiskFull, UsageError
from metajudge.records.atomic import replacing, side_file
from metajudge.records.record import encode

AddRow = Callable[[int, str, str], None]
"""Adds a row by its line number, `id` and `question_id`; a row that is never asked about has no `question_id`."""


@dataclass(frozen=True, slots=True)
class ShardHead:
    """Names a shard and its input."""

    shard: int
    """Number of the shard, from 0."""
    of: int
    """Number of shards."""
    input: str
    """Hash of the whole input."""

    def __str__(self) -> str:
        return f"{self.shard}/{self.of}"


def shard_path(records: Path) -> Path:
    """Return the path of the rows of a shard whose records are in `records`."""
    return side_file(records, ".shard")


def check_shard(records: Path, head: ShardHead) -> None:
    """Raise `UsageError` if an earlier run has written `records` as another shard or from another input."""
    earlier = read_head(records)
    if earlier is None or earlier == head:
        return
    if str(earlier) != str(head):
        raise UsageError(f"`output_file` {records} is shard {earlier}, not {head}; name another file")
    raise UsageError(
        f"`input_file` has changed since shard {head} was begun in {records}; run all shards into other files, or "
        "continue with `allow_mixed`"
    )


def read_head(records: Path) -> ShardHead | None:
    """Return the head of a shard's file; None if there is no such file. Raises `UsageError`."""
    path = shard_path(records)
    try:
        with path.open("rb") as file:
            return ShardHead(**json.loads(file.readline()))
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError):
        raise UsageError(f"{path} is damaged; run the shard again, which writes it") from None


def read_shard(records: Path) -> Iterator[tuple[int, str, str]]:
    """Yield line number, `id` and `question_id` of each row, in order. Raises `UsageError`."""
    path = shard_path(records)
    try:
        with path.open("rb") as file:
            file.readline()
            for raw in file:
                line, row_id, question_id = json.loads(raw)
                yield line, row_id, question_id
    except (OSError, ValueError, TypeError):
        raise UsageError(f"{path} is damaged; run the shard again, which writes it") from None


@contextmanager
def writing_shard(records: Path, head: ShardHead) -> Iterator[AddRow]:
    """Replace the file of a shard as a whole by the rows that are added inside. Raises `DiskFull`."""
    path = shard_path(records)
    try:
        with replacing(path) as file:
            file.write(encode({"shard": head.shard, "of": head.of, "input": head.input}))
            yield _adder(file)
    except OSError as error:
        raise DiskFull(f"{path} cannot be written: {error.strerror}") from None


def _adder(file: BinaryIO) -> AddRow:
    line_before, added = 0, set[tuple[str, str]]()

    def add(line: int, row_id: str, question_id: str) -> None:
        nonlocal line_before
        if line != line_before:
            line_before = line
            added.clear()
        if (row_id, question_id) not in added:  # a line may ask the same question twice, with one record
            added.add((row_id, question_id))
            file.write(f"{json.dumps([line, row_id, question_id])}\n".encode())

    return add
