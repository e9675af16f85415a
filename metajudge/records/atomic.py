"""Files that are never half written: replaced as a whole, or grown by whole lines."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from metajudge.errors import DiskFull


def side_file(path: Path, suffix: str) -> Path:
    """Return `path` with `suffix` behind its whole name."""
    return path.with_name(path.name + suffix)


@contextlib.contextmanager
def replacing(path: Path, suffix: str = ".building") -> Iterator[BinaryIO]:
    """Open a side file that replaces `path` atomically when the block ends; on any error it is removed."""
    building = side_file(path, suffix)
    try:
        with building.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        building.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            building.unlink(missing_ok=True)
        raise


def append_line(fd: int, line: bytes, path: Path) -> None:
    """Append a line by one write to `path`, open as `fd`; leave no half of it. Raises `DiskFull`."""
    try:
        written = os.write(fd, line)
    except OSError as error:
        raise unwritable(path, error) from None
    if written < len(line):
        os.ftruncate(fd, os.fstat(fd).st_size - written)  # a torn record would be asked again
        raise DiskFull(f"{path} cannot be written: no space left on the device")


def force_to_disk(fd: int, path: Path) -> None:
    """Force what was written to `path`, open as `fd`, onto the disk. Raises `DiskFull`."""
    try:
        os.fsync(fd)
    except OSError as error:
        raise unwritable(path, error) from None


def unwritable(path: Path, error: OSError) -> DiskFull:
    """Return the error to raise when the system refuses a write to `path`."""
    return DiskFull(f"{path} cannot be written: {error.strerror}")
