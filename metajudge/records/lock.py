"""One writer per results file: the system's lock, or a lock file if the file system has none."""

import contextlib
import fcntl
import logging
import os
import socket
from pathlib import Path

from metajudge.errors import UsageError

log = logging.getLogger("metajudge")


class Lock:
    """The right to write one file, until `release`. The system's lock ends with the descriptor."""

    def __init__(self, fd: int, path: Path) -> None:
        """Raise `UsageError` when another run writes `path`, open as `fd`."""
        self._file: Path | None = None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _taken(path) from None
        except OSError as error:
            log.info("%s cannot be locked (%s): a lock file is used instead", path, error.strerror)
            self._file = _lock_file(path)

    def release(self) -> None:
        """Give the right back."""
        if self._file is not None:
            self._file.unlink(missing_ok=True)
            _MINE.discard(self._file)


_MINE: set[Path] = set()
"""Lock files of this process."""


def _lock_file(path: Path) -> Path:
    """Make `<output>.lock` with this host and process; take it over from a dead process of this host."""
    lock = path.with_name(path.name + ".lock")
    mine = f"{socket.gethostname()} {os.getpid()}\n"
    for _ in range(2):
        try:
            with lock.open("x") as file:
                file.write(mine)
            _MINE.add(lock)
            return lock
        except FileExistsError:
            host, pid = _owner(lock)
            if host != socket.gethostname() or _is_held(lock, pid):
                raise UsageError(
                    f"`output_file` {path} is being written by process {pid} on {host or 'an unknown host'}; "
                    f"wait for it, or remove {lock} if that run is gone"
                ) from None
            lock.unlink(missing_ok=True)
        except OSError as error:
            raise UsageError(f"{lock} cannot be written: {error.strerror}; name another `output_file`") from None
    raise _taken(path)


def _taken(path: Path) -> UsageError:
    return UsageError(f"`output_file` {path} is being written by another run; wait for it or name another file")


def _owner(lock: Path) -> tuple[str, int]:
    """Return the host and process that a lock file names; empty and 0 if it is unreadable."""
    with contextlib.suppress(OSError, ValueError):
        host, pid = lock.read_text().split()
        return host, int(pid)
    return "", 0


def _is_held(lock: Path, pid: int) -> bool:
    """Return True if the process `pid` of this host still holds the lock file."""
    # In a restarted container, a dead process may have had our own number.
    if pid == os.getpid():
        return lock in _MINE
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return pid > 0
