"""Entries of a benchmark's file: one object per row, with errors that name file and line."""

import gzip
import json
import math
import zlib
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data.rows import InputFile, InvalidRow, Row, json_kind
from metajudge.errors import UsageError

JUDGEBENCH, RM_BENCH, REWARDBENCH2, R_ALIGN = "judgebench", "rm-bench", "rewardbench2", "r-align"
TITLES = {JUDGEBENCH: "JudgeBench", RM_BENCH: "RM-Bench", REWARDBENCH2: "RewardBench 2", R_ALIGN: "R-Align"}
"""Benchmarks by the name that the command line uses."""
MADE_KEY = "benchmark"
"""Key of a made row with its place in the benchmark."""
_HEAD = 1 << 16
_GZIP = b"\x1f\x8b"
_SUMMARY_KEYS = {"Factuality", "Precise IF", "Focus", "Ties", "hard_acc", "normal_acc", "easy_acc"}


Seen = dict[Hashable, tuple[Path, int]]
"""File and line of each row by what must not come twice."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a benchmark's file."""

    path: Path
    line: int
    """Line number, or number of the element of a JSON array, from 1."""
    data: Mapping[str, Any]

    def error(self, problem: str) -> UsageError:
        """Return the error of this row, with file and line; `problem`: what follows, such as `has no "label"`."""
        return UsageError(f"{self.path}: line {self.line} {problem}")

    def get(self, key: str, kind: type | tuple[type, ...], meaning: str) -> Any:
        """Return the value of a key. Raises `UsageError` if it is missing or of another type than `kind`."""
        value = self.data.get(key)
        if isinstance(value, kind) and not isinstance(value, bool):
            return value
        if key not in self.data:
            raise self.error(f'has no "{key}" ({meaning})')
        raise self.error(f'has a "{key}" that is {json_kind(value)}, not {meaning}')

    def text(self, key: str) -> str:
        """Return the value of a key that must be text."""
        return str(self.get(key, str, "a text"))

    def id(self, key: str = "id") -> str:
        """Return an id, a text or a number, as text."""
        return str(self.get(key, (str, int), "a text or a number"))


def read_entries(path: Path, benchmark: str) -> Iterator[Entry]:
    """Yield the rows of a file of `benchmark`.

    The file is JSONL, a JSON array, Parquet, or one JSON object of columns. Raises `UsageError` for a line that cannot
    be read, an empty file, and the file of another benchmark.
    """
    line = 0
    for row in _column_rows(path) or InputFile(path, "").rows():
        if isinstance(row, InvalidRow):
            raise UsageError(f"{path}: line {row.line} {row.reason}; copy or download the file again")
        if not line:
            _check_kind(path, row.data, benchmark)
        line = row.line
        yield Entry(path, row.line, row.data)
    if not line:
        raise UsageError(f"{path} is empty; name a file with the output of {TITLES[benchmark]}")


def refuse_repeated(entry: Entry, key: Hashable, name: str, seen: Seen) -> None:
    """Raise `UsageError` if an earlier row has this key; else add file and line of the row to `seen`.

    `name`: the row in the message, such as `pair 7`.
    """
    if key in seen:
        path, line = seen[key]
        file = "" if path == entry.path else f" of {path}"
        raise entry.error(f"repeats the {name} of line {line}{file}; keep one of them")
    seen[key] = entry.path, entry.line


def number(value: object) -> float | None:
    """Return a score, also from a list that holds it alone; None for anything else, NaN included.

    Infinite scores are kept: a model in half precision gives them, and official scripts compare them.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return None if math.isnan(found) else found


def opening_question(messages: object) -> str | None:
    """Return the text of the first of some chat messages; None if `messages` holds none."""
    if isinstance(messages, list) and messages and isinstance(messages[0], dict):
        content = messages[0].get("content")
        return content if isinstance(content, str) else None
    return None


def _column_rows(path: Path) -> list[Row] | None:
    """Return the rows of a file that is one object of equally long columns; None for a file of several values.

    A value that is no column belongs to every row. An object without columns is one row.
    """
    try:
        with path.open("rb") as file:
            is_packed = file.read(len(_GZIP)) == _GZIP
        with gzip.open(path) if is_packed else path.open("rb") as file:
            head = file.read(_HEAD).lstrip()
            if not head.startswith(b"{") or _is_object(head.partition(b"\n")[0]):
                return None
            file.seek(0)
            data = json.load(file)
    except (OSError, EOFError, zlib.error, ValueError, RecursionError):
        return None
    ids = data.get("id")
    if not isinstance(ids, list) or not ids:
        return [Row(1, data)]
    count = len(ids)
    columns = {key for key, value in data.items() if isinstance(value, list) and len(value) == count}
    return [
        Row(place + 1, {key: value[place] if key in columns else value for key, value in data.items()})
        for place in range(count)
    ]


def _is_object(line: bytes) -> bool:
    """Return True if a line is an object by itself that holds no columns, as in JSONL."""
    try:
        data = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return not isinstance(data.get("id"), list)


def _check_kind(path: Path, row: Mapping[str, Any], benchmark: str) -> None:
    kind = kind_of(row)
    if kind == benchmark:
        return
    title = TITLES[benchmark]
    if kind:
        command = f"python3 -m metajudge benchmark {kind} {path}"
        raise UsageError(f"{path} holds {TITLES[kind]}, not {title}; score it with: {command}")
    if _SUMMARY_KEYS & row.keys():
        raise UsageError(f"{path} holds a summary without rows; name the file with the scores of each row")
    if "derived" in row:
        raise UsageError(f"{path} holds the replies of critic; name the file of its rows, whose name lacks .records")
    if "samples" in row:
        raise UsageError(f"{path} holds records of infer; name the output of critic, or one of {title}'s own outputs")
    there = ", ".join(map(str, row)) or "nothing"
    raise UsageError(f"{path} is no output of {title} (line 1 has: {there}); name one of its outputs")


def kind_of(row: Mapping[str, Any]) -> str:
    """Return the benchmark that a row belongs to; empty if it belongs to none of `TITLES`."""
    made = row.get(MADE_KEY)
    if isinstance(made, dict):
        return str(made.get("name")) if made.get("name") in TITLES else ""
    keys = row.keys()
    if "metarm_verdict" in keys or {"gt_label", "gt_judgment"} <= keys:
        return R_ALIGN
    if {"pair_id", "source"} <= keys:
        return JUDGEBENCH
    if "num_correct" in keys or ("subset" in keys and {"scores", "results", "winner"} & keys):
        return REWARDBENCH2
    if {"chosen", "rejected"} <= keys or {"score_chosen", "score_rejected"} & keys or "acc_matrix" in keys:
        return RM_BENCH
    return ""
