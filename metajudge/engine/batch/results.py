"""Result files of batches: which line holds the result of which request.

A line is `{"custom_id", "response": {"status_code", "body"} | null, "error": object | string | null}`, in any order.
Providers write replies and errors to two files. `vllm run-batch` writes one, with the body of a failure as `error`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data import InputFile, InvalidRow, Row, parse_row
from metajudge.engine.batch.recording import id_key
from metajudge.errors import UsageError
from metajudge.records import BatchFolder, Part
from metajudge.text import plural

_OFFSET_BITS = 48


@dataclass(frozen=True, slots=True)
class Result:
    """The result of one request."""

    status: int
    """Status of the response; 0 if there was none."""
    content: Any
    """Body of the response, or else the error: JSON values."""


class Results:
    """Results of the requests of some parts. Only places in files are kept in memory."""

    def __init__(self, folder: BatchFolder, parts: Sequence[Part]) -> None:
        """Read the ids of the parts' requests. Raises `UsageError` if a part has changed."""
        self._parts = {id_key(name): part for part in parts for name in folder.custom_ids(part)}
        self._files: list[InputFile] = []
        self._first: dict[int, int] = {}
        self._more: dict[int, list[int]] = {}
        self.found: set[str] = set()
        """Names of the parts of which a result was found."""
        self.known = 0
        """Results of requests of the parts."""
        self.unknown = 0
        """Results whose id is of no request of the parts."""
        self.unreadable = 0
        """Lines that are no results."""

    def read(self, path: Path, parameter: str = "") -> None:
        """Add the results of a file. Raises `UsageError` if it cannot be read or all its results are unknown."""
        file, known, unknown = InputFile(path, parameter), 0, 0
        for number, offset, line in file.lines():
            row = parse_row(number, line)
            name = None if isinstance(row, InvalidRow) else row.data.get("custom_id")
            if not isinstance(name, str):
                self.unreadable += 1
                continue
            key = id_key(name)
            part = self._parts.get(key)
            if part is None:
                unknown += 1
                continue
            known += 1
            self.found.add(part.name)
            self._add(key, len(self._files) << _OFFSET_BITS | offset)
        if unknown and not known:
            raise UsageError(
                f"none of the {plural(unknown, 'result')} in {path} is of a request of this batch; "
                "name the results of its parts"
            )
        self.known, self.unknown = self.known + known, self.unknown + unknown
        self._files.append(file)

    def _add(self, key: int, place: int) -> None:
        if key in self._first:
            self._more.setdefault(key, []).append(place)
        else:
            self._first[key] = place

    def of(self, name: str) -> Iterator[Result]:
        """Yield the results of a request; more than one if it was asked in several rounds."""
        key = id_key(name)
        if key in self._first:
            for place in (self._first[key], *self._more.get(key, ())):
                file = self._files[place >> _OFFSET_BITS]
                row = parse_row(0, file.line_at(place & (1 << _OFFSET_BITS) - 1))
                if isinstance(row, Row):  # else the file has changed meanwhile
                    yield _result(row.data)


def _result(data: Mapping[str, Any]) -> Result:
    response, error = data.get("response"), data.get("error")
    if isinstance(error, Mapping) and isinstance(error.get("error"), Mapping):
        error = error["error"]  # vLLM puts the whole body of the failure here
    if not isinstance(response, Mapping):
        return Result(0, error)
    status, body = response.get("status_code"), response.get("body")
    status = int(status) if isinstance(status, int | str) and str(status).isdecimal() else 0
    if body is None or (error and status < 300):
        return Result(status if status >= 300 else 0, {"error": error} if status >= 300 else error)
    return Result(status, body)
