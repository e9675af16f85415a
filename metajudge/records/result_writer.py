"""The results file of a run while it is written: append-only, one writer, resumable, one write per record."""

import contextlib
import itertools
import logging
import os
from pathlib import Path
from typing import Self

from metajudge.errors import OutputLost
from metajudge.records.atomic import append_line, force_to_disk, side_file
from metajudge.records.journal import Journal
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.lock import locked
from metajudge.records.opening import check_content, index_records, lines_of, open_results_file, repair_tail
from metajudge.records.record import Record

log = logging.getLogger("metajudge")


class ResultWriter:
    """Appends the records of a run to its results file. Use as a context manager.

    Raises `UsageError` if the path cannot be written, another run writes it, or its records are of another judge;
    `append` raises `OutputLost` and `DiskFull`.
    """

    def __init__(self, path: Path, model: str, judge: JudgeIdentity, *, allow_mixed: bool = False) -> None:
        """Open `path` for the records of one evaluated model and judge; `allow_mixed`: it may hold others, too."""
        self.path = path
        self._name = str(path)
        self._rescue: Path | None = None
        """File for the records since the output was lost."""
        self._unsynced = False
        with contextlib.ExitStack() as opened:
            self._fd = open_results_file(path)
            opened.callback(os.close, self._fd)
            opened.enter_context(locked(self._fd, path))
            check_content(self._fd, path)
            repair_tail(self._fd, path)
            with contextlib.closing(lines_of(self._fd)) as lines:  # an open line reader would keep the lock
                self._index = index_records(lines, path, model, judge, allow_mixed=allow_mixed)
            self.journal = opened.enter_context(contextlib.closing(Journal(path, judge)))
            self._opened = opened.pop_all()
        if others := self._index.other_sampling(judge):
            log.warning("resuming %s %s", path, others)

    @property
    def finished(self) -> set[int]:
        """Keys (`row_key`) of the rows that have a finished record."""
        return self._index.finished

    @property
    def failed(self) -> set[int]:
        """Keys of the rows whose records are all failures."""
        return self._index.failed

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def append(self, record: Record) -> None:
        """Write one record by one write; after a loss, to the rescue file."""
        line = record.to_line()
        try:
            self.ensure_same_file()
        except OutputLost:
            self._to_rescue(line)
            raise
        if self._rescue is not None:
            self._to_rescue(line)
            return
        append_line(self._fd, line, self.path)
        self._unsynced = True
        self._index.add(record)

    def ensure_same_file(self) -> None:
        """Raise `OutputLost`, once, if the path is no longer the open file; save its content beside it first."""
        opened = os.fstat(self._fd)
        try:
            found = os.stat(self._name)  # noqa: PTH116  (once per record: a Path takes twice the time)
            same, what = (found.st_dev, found.st_ino) == (opened.st_dev, opened.st_ino), "was replaced"
        except (FileNotFoundError, NotADirectoryError):
            same, what = False, "was deleted"
        except OSError as error:
            same, what = False, f"became unreachable ({error.strerror})"
        if same or self._rescue is not None:
            return
        what = f"{self.path} {what} during the run"
        self._rescue = _free_name(side_file(self.path, ".rescued"))
        try:
            self._rescue.parent.mkdir(parents=True, exist_ok=True)
            with self._rescue.open("xb") as copy:
                copy.writelines(lines_of(self._fd))
        except OSError as error:
            raise OutputLost(f"{what} and cannot be saved to {self._rescue}: {error.strerror}") from None
        raise OutputLost(f"{what}; everything written so far is in {self._rescue}", str(self._rescue))

    @property
    def is_lost(self) -> bool:
        """True once records go to a rescue file."""
        return self._rescue is not None

    def _to_rescue(self, line: bytes) -> None:
        assert self._rescue is not None
        try:
            with self._rescue.open("ab") as copy:
                copy.write(line)
        except OSError as error:
            log.warning("a record cannot be saved to %s: %s", self._rescue, error.strerror)

    def sync(self) -> None:
        """Force records and journal onto the disk. Raises `DiskFull`."""
        if self._unsynced:
            self._unsynced = False
            force_to_disk(self._fd, self.path)
        self.journal.sync()

    def close(self) -> None:
        """Sync, close and release the lock."""
        try:
            self.sync()
        finally:
            self._opened.close()


def _free_name(path: Path) -> Path:
    """Return `path`, with `-2`, `-3`, … behind it if it is taken."""
    names = itertools.chain([path], (path.with_name(f"{path.name}-{number}") for number in itertools.count(2)))
    return next(name for name in names if not name.exists())
