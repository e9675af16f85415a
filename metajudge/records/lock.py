"""One writer per results file: the system's lock, or a lock file if the file system has none."""

import contextlib
import fcntl
import logging
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from metajudge.errors import UsageError
from metajudge.records.atomic import side_file

log = logging.getLogger("metajudge")


@contextlib.contextmanager
def locked(fd: int, path: Path) -> Iterator[None]:
    """Hold the right to write `path`, open as `fd`, which the system's lock keeps until the descriptor is closed.

    Raises `UsageError` if another run holds it.
    """
    being_written = f"`output_file` {path} is being written by another run; wait for it"
    lock = None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise UsageError(f"{being_written} or name another file") from None
    except OSError as error:
        log.info("%s cannot be locked (%s): a lock file is used instead", path, error.strerror)
        lock = side_file(path, ".lock")
        try:
            with lock.open("x") as file:
                file.write(f"process {os.getpid()} on {socket.gethostname()}\n")
        except FileExistsError:  # it survives a kill; only the user can say whether a run on another host lives
            raise UsageError(f"{being_written}, or remove {lock} if the process in it is gone") from None
        except OSError as refused:
            raise UsageError(f"{lock} cannot be written: {refused.strerror}; name another `output_file`") from None
    try:
        yield
    finally:
        if lock is not None:
            lock.unlink(missing_ok=True)


def check_unlocked(path: Path) -> None:
    """Raise `UsageError` if a run is writing `path`."""
    being_written = f"{path} is being written by a run; wait for its end"
    lock = side_file(path, ".lock")
    if lock.exists():
        raise UsageError(f"{being_written}, or remove {lock} if the process in it is gone")
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)  # until the file is closed
        except BlockingIOError:
            raise UsageError(being_written) from None
        except OSError:  # a file system without locks, where a run has a lock file
            return
