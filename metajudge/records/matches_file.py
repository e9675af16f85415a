"""The per-item matches beside the records: `<output stem>.matches.jsonl`, one line a model item."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, Self

from metajudge.data import find_checklist
from metajudge.errors import DiskFull
from metajudge.records.latest import latest_records
from metajudge.records.results_file import RecordFile, json_text, line_bytes


def matches_path(results: Path) -> Path:
    """Where the matches of a results file go."""
    return results.with_name(f"{results.stem}.matches.jsonl")


class MatchesFile:
    """The matches of one run. Use as a context manager; `finish` afterwards.

    In a run that began without records they are written beside these, a record at a time; else they are rebuilt from
    all records at the end. The new file takes the old one's place at once, when it is whole.
    """

    def __init__(self, records: RecordFile) -> None:
        self.records = records
        self._path = matches_path(records.path)
        self._building = self._path.with_name(self._path.name + ".tmp")
        self._file: BinaryIO | None = None
        if not records.finished and not records.failed:
            with contextlib.suppress(OSError):
                self._file = self._building.open("wb")
                records.on_append = self._add

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *exc: object) -> None:
        if self._file is not None:
            self._try(self._file.close)
        if kind is not None:
            self._building.unlink(missing_ok=True)

    def _add(self, record: Mapping[str, Any]) -> None:
        if self._file is not None:
            self._try(self._file.writelines, item_lines(record))

    def _try(self, act: Callable[..., object], *args: object) -> None:
        try:
            act(*args)
        except OSError:
            self._file = None  # rebuilt at the end, when there may be room again

    def finish(self) -> None:
        """Put the file in its place; raises `DiskFull`, and `UsageError` where the records are gone."""
        if self._file is not None and not self.records.is_lost:
            with contextlib.suppress(OSError):
                self._building.replace(self._path)
                return
        write_matches(self.records.path)


def write_matches(results: Path) -> int:
    """Rebuild the matches file from the records; returns its number of lines. Raises `DiskFull`."""
    path = matches_path(results)
    building = path.with_name(path.name + ".tmp")
    count = 0
    try:
        with building.open("wb") as file:
            for record in latest_records(results):
                lines = item_lines(record)
                file.writelines(lines)
                count += len(lines)
        building.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            building.unlink(missing_ok=True)
        raise DiskFull(f"{path} cannot be written: {error.strerror}; the next run rebuilds it") from None
    return count


def item_lines(record: Mapping[str, Any]) -> list[bytes]:
    """One JSON line for each model item of a judged record, in the model's order; none for a record without scores."""
    if record.get("status") != "success":
        return []
    _, texts = find_checklist(record["metadata"], record["model_be_evaluated"])
    matrix = record.get("score_matrix")
    best = [(match["human_item"], match["model_item"], match["score"]) for match in record["matches"]]
    claims = dict.fromkeys(range(1, len(texts) + 1), (0.0, 0))
    for human, item, score in best:
        if item and score > claims[item][0]:  # of equal ones the first human item's
            claims[item] = (score, human)
    # Put together by hand: to encode a dictionary for each item takes 1.7 times as long.
    begin = f'{{"id": {json_text(record["id"])}, "model_be_evaluated": {json_text(record["model_be_evaluated"])}'
    lines = []
    for number, text in enumerate(texts, 1):
        if matrix is not None:
            scores = [row[number - 1] for row in matrix]
        else:
            # Granularity `row`: only the pair of a human item and its best model item was asked.
            scores = [score if item == number else None for _, item, score in best]
        score, human = claims[number]
        line = (
            f'{begin}, "model_item": {number}, "text": {json_text(text)}, '
            f'"scores": [{", ".join(map(_score, scores))}], "matched_human_item": {human}, "score": {score!r}}}'
        )
        lines.append(line_bytes(line))
    return lines


def _score(score: float | None) -> str:
    return "null" if score is None else repr(score)
