"""The record file: append-only, one writer, resumable.

A finished row is one line, appended by one write. The file is locked while a run writes it; the
path must still be the open file at each write.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from metajudge.data import Row, parse_row
from metajudge.errors import DiskFull, OutputLost, UsageError
from metajudge.records.lock import Lock
from metajudge.records.record import Judges, read_head

log = logging.getLogger("metajudge")

FINISHED = frozenset({"success", "empty"})
SAME_JUDGE = ("model", "instructions", "granularity", "samples", "top_k", "guard")
"""Fields of the `judge` object that are the same in all records of a file."""
_CHUNK = 1 << 20
_BEGIN = b'{"id": "'
_BLANK = b"\0 \t\r\n"  # a power loss may leave zeros
json_text = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode
"""A value as JSON, non-ASCII text as it is."""


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What every record of one file has in common."""

    model: str
    """The evaluated model."""
    judge: Mapping[str, Any]
    """The records' `judge` object."""


def encode(record: Mapping[str, Any]) -> bytes:
    """A record as one line."""
    return line_bytes(json_text(record))


def line_bytes(text: str) -> bytes:
    """JSON text as one line; what UTF-8 cannot hold (lone surrogates, only found within strings) as JSON's escape."""
    return f"{text}\n".encode("utf-8", "backslashreplace")


def row_key(record_id: str, question_id: str) -> int:
    """A 64-bit key of one row's question, small enough to keep for every row."""
    return hash((record_id, question_id))


class RecordFile:
    """The open results file of a run. Use as a context manager.

    Raises `UsageError` when the path cannot be written, another run writes it, or its records are not of
    this judge; `OutputLost` and `DiskFull` from `append`.
    """

    def __init__(self, path: Path, expected: FileIdentity, *, allow_mixed: bool = False) -> None:
        self.path = path
        self._name = str(path)
        self.finished: set[int] = set()
        """Keys (`row_key`) of the rows that have a finished record."""
        self.failed: set[int] = set()
        """Keys of the rows whose records all tell of a failure."""
        self._fd = _open(path)
        self._lock: Lock | None = None
        self._rescue: Path | None = None
        """Where records go since the file was lost."""
        self.on_append: Callable[[Mapping[str, Any]], None] | None = None
        """Called with each record once it is in the file."""
        try:
            self._lock = Lock(self._fd, path)
            self._check_content()
            self._repair_tail()
            self._index(expected, allow_mixed)
            self._end = os.lseek(self._fd, 0, os.SEEK_END)
        except BaseException:
            self._let_go()
            raise
        self._unsynced = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def append(self, record: Mapping[str, Any]) -> None:
        """Write one record by one write; where the file was lost, to its rescue."""
        data = encode(record)
        try:
            self.ensure_same_file()
        except OutputLost:
            self._to_rescue(data)
            raise
        if self._rescue is not None:
            self._to_rescue(data)
            return
        try:
            written = os.write(self._fd, data)
        except OSError as error:
            raise _unwritable(self.path, error) from None
        if written < len(data):
            os.ftruncate(self._fd, self._end)  # a torn record would be asked again; so leave no half
            raise DiskFull(f"{self.path} cannot be written: no space left on the device")
        self._end += written
        self._unsynced = True
        key = row_key(record["id"], record["question_id"])
        (self.finished if record["status"] in FINISHED else self.failed).add(key)
        if self.on_append is not None:
            self.on_append(record)

    @property
    def is_lost(self) -> bool:
        """Whether the path was found to be no longer the open file."""
        return self._rescue is not None

    def ensure_same_file(self) -> None:
        """Raise `OutputLost`, once, when the path is no longer the open file; its content is saved beside it first."""
        mine = os.fstat(self._fd)
        try:
            there = os.stat(self._name)  # noqa: PTH116  (once a record: a Path takes twice the time)
            same, what = (there.st_dev, there.st_ino) == (mine.st_dev, mine.st_ino), "was replaced"
        except (FileNotFoundError, NotADirectoryError):
            same, what = False, "was deleted"
        except OSError as error:
            same, what = False, f"got out of reach ({error.strerror})"
        if same or self._rescue is not None:
            return
        what = f"{self.path} {what} during the run"
        self._rescue = _free_name(side_file(self.path, ".rescued"))
        try:
            self._rescue.parent.mkdir(parents=True, exist_ok=True)
            with self._rescue.open("xb") as copy:
                for chunk in _chunks(self._fd):
                    copy.write(chunk)
        except OSError as error:
            raise OutputLost(f"{what} and cannot be saved to {self._rescue}: {error.strerror}") from None
        raise OutputLost(f"{what}; everything written so far is in {self._rescue}", str(self._rescue))

    def _to_rescue(self, data: bytes) -> None:
        assert self._rescue is not None
        try:
            with self._rescue.open("ab") as copy:
                copy.write(data)
        except OSError as error:
            log.warning("a record cannot be saved to %s: %s", self._rescue, error.strerror)

    def sync(self) -> None:
        """Force what was written onto the disk; raises `DiskFull` when the disk reports an error."""
        if self._unsynced:
            self._unsynced = False
            try:
                os.fsync(self._fd)
            except OSError as error:
                raise _unwritable(self.path, error) from None

    def close(self) -> None:
        """Sync and close; the lock goes with it."""
        try:
            self.sync()
        finally:
            self._let_go()

    def _let_go(self) -> None:
        os.close(self._fd)
        if self._lock is not None:
            self._lock.release()

    # -------------------------------------------------------------- opening

    def _check_content(self) -> None:
        """Raise `UsageError` when no line of the file begins as a record does: it is somebody else's, hands off."""
        lines = (line for line in _lines_of(self._fd) if line.strip(_BLANK))
        first = next(lines, None)
        if first is None or _may_be_record(first) or any(map(_may_be_record, lines)):
            return
        raise UsageError(
            f"--output-file {self.path} holds something else than this program's records; name another file"
        )

    def _repair_tail(self) -> None:
        """Give a whole last line its missing newline; set a torn one aside in `<output>.torn`. Raises `DiskFull`."""
        size = os.fstat(self._fd).st_size
        start = self._last_line_start(size)
        if start == size:
            return
        tail = os.pread(self._fd, size - start, start)
        whole = tail.rstrip(b"\0")  # a power loss may leave zeros where the newline was to stand
        try:
            if _is_object(whole):
                os.ftruncate(self._fd, start + len(whole))
                os.write(self._fd, b"\n")
                return
            torn = side_file(self.path, ".torn")
            with torn.open("ab") as aside:
                aside.write(tail + b"\n")
                aside.flush()
                os.fsync(aside.fileno())
        except OSError as error:
            raise DiskFull(f"{self.path} ends in a torn line that cannot be mended: {error.strerror}") from None
        os.ftruncate(self._fd, start)
        log.warning("%s ended in a torn line: set aside in %s, its row is asked again", self.path, torn)

    def _last_line_start(self, size: int) -> int:
        position = size
        while position > 0:
            step = min(_CHUNK, position)
            position -= step
            newline = os.pread(self._fd, step, position).rfind(b"\n")
            if newline >= 0:
                return position + newline + 1
        return 0

    def _index(self, expected: FileIdentity, allow_mixed: bool) -> None:
        unreadable, judges = 0, Judges()
        same: set[tuple[int, str]] = set()
        for number, line in enumerate(_lines_of(self._fd), 1):
            head = read_head(line)
            judge = judges.of(line, head) if head is not None else None
            if head is None or judge is None:
                unreadable += not self._index_whole(number, line, expected, allow_mixed)
                continue
            # The same object for the same text: each judge and model is compared once.
            if not allow_mixed and (id(judge), head.model) not in same:
                _check_same(self.path, number, {"judge": judge, "model_be_evaluated": head.model}, expected)
                same.add((id(judge), head.model))
            self._count(head.id, head.question_id, head.status)
        self.failed -= self.finished
        if unreadable:
            log.warning("%s has %d unreadable lines; they are left as they are", self.path, unreadable)

    def _index_whole(self, number: int, line: bytes, expected: FileIdentity, allow_mixed: bool) -> bool:
        """Index a line by parsing it; whether it is blank or a record."""
        if line.isspace():
            return True
        record = _object(line)
        if record is None:
            return False
        if "id" not in record or "question_id" not in record:
            raise UsageError(
                f"--output-file {self.path} holds something else than this program's records "
                f"(line {number} has no id); name another file"
            )
        if not allow_mixed:
            _check_same(self.path, number, record, expected)
        self._count(str(record["id"]), str(record["question_id"]), record.get("status"))
        return True

    def _count(self, record_id: str, question_id: str, status: object) -> None:
        finished = isinstance(status, str) and status in FINISHED
        (self.finished if finished else self.failed).add(row_key(record_id, question_id))


def _unwritable(path: Path, error: OSError) -> DiskFull:
    return DiskFull(f"{path} cannot be written: {error.strerror}")


def _free_name(path: Path) -> Path:
    """`path`, or with `-2`, `-3`, … behind it where that is taken."""
    names = itertools.chain([path], (path.with_name(f"{path.name}-{number}") for number in itertools.count(2)))
    return next(name for name in names if not name.exists())


def side_file(path: Path, suffix: str) -> Path:
    """`path` with `suffix` behind its whole name."""
    return path.with_name(path.name + suffix)


def _open(path: Path) -> int:
    try:
        if path.is_dir():
            raise UsageError(f"--output-file {path} is a directory; name a file in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"--output-file {path} cannot be written: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UsageError(f"--output-file {path} is no ordinary file; results are appended and resumed, name a file")
    return fd


def _chunks(fd: int) -> Iterator[bytes]:
    position = 0
    while chunk := os.pread(fd, _CHUNK, position):
        yield chunk
        position += len(chunk)


def _lines_of(fd: int) -> Iterator[bytes]:
    with open(os.dup(fd), "rb", buffering=_CHUNK) as file:
        file.seek(0)
        yield from file


def _may_be_record(line: bytes) -> bool:
    """Whether a line is a record's beginning, however short it was cut, or an object, which is looked at later."""
    return line.startswith(_BEGIN) or _BEGIN.startswith(line.rstrip(_BLANK)) or _is_object(line)


def _object(line: bytes) -> dict[str, Any] | None:
    """A line as whoever reads the file will read it: what they cannot read is not finished."""
    row = parse_row(0, line)
    return row.data if isinstance(row, Row) else None


def _is_object(line: bytes) -> bool:
    return _object(line) is not None


def _check_same(path: Path, number: int, record: Mapping[str, Any], expected: FileIdentity) -> None:
    judge = record.get("judge")
    theirs = judge if isinstance(judge, dict) else {}
    differences = [
        f"{key} {theirs.get(key)!r}, not {expected.judge.get(key)!r}"
        for key in SAME_JUDGE
        if theirs.get(key) != expected.judge.get(key)
    ]
    names = [_critic_name(judge) for judge in (theirs, expected.judge)]
    if names[0] != names[1]:
        differences.append(f"critic's name {names[0]!r}, not {names[1]!r}")
    if str(record.get("model_be_evaluated", "")).lower() != expected.model.lower():
        differences.append(f"evaluated model {record.get('model_be_evaluated')!r}, not {expected.model!r}")
    if differences:
        raise UsageError(
            f"--output-file {path} holds another judge's records (line {number}: {'; '.join(differences)}); "
            f"name another file (for metajudge_infer.sh another OUTPUT_DIR), or go on with --allow-mixed"
        )


def _critic_name(judge: Mapping[str, Any]) -> str:
    """Whose lists a critic's records give the rows: those of another name would replace them in the output."""
    settings = judge.get("settings")
    name = settings.get("model_name") if isinstance(settings, dict) else None
    return name.lower() if isinstance(name, str) else ""
