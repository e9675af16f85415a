"""Opening a results file for appending: checks of its content, and repair of a torn last line."""

import collections
import logging
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from metajudge.data import Row, parse_row
from metajudge.errors import DiskFull, UsageError
from metajudge.records.atomic import side_file

log = logging.getLogger("metajudge")

_CHUNK = 1 << 20
_BEGIN = b'{"id": "'
_BLANK = b"\0 \t\r\n"  # a power loss may leave zeros


def open_results_file(path: Path) -> int:
    """Open a file for reading and appending; make it if it is missing. Raises `UsageError`."""
    try:
        if path.is_dir():
            raise UsageError(f"`output_file` {path} is a directory; name a file in it")
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError as error:
        raise UsageError(f"`output_file` {path} cannot be written: {error.strerror}") from None
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise UsageError(f"`output_file` {path} is no ordinary file; results are appended and resumed, name a file")
    return fd


def lines_of(fd: int) -> Iterator[bytes]:
    """Yield the lines of an open file from its start."""
    with open(os.dup(fd), "rb", buffering=_CHUNK) as file:
        file.seek(0)
        yield from file


def check_content(fd: int, path: Path) -> None:
    """Raise `UsageError` if no line of the file begins like a record, so that another program's file stays."""
    lines = (line for line in lines_of(fd) if line.strip(_BLANK))
    first = next(lines, None)
    if first is None or _may_be_record(first) or any(map(_may_be_record, lines)):
        return
    raise UsageError(f"`output_file` {path} holds something other than this program's records; name another file")


def repair_tail(fd: int, path: Path) -> None:
    """Give a whole last line its missing newline; set a torn one aside in `<output>.torn`. Raises `DiskFull`."""
    (tail,) = collections.deque(lines_of(fd), maxlen=1) or [b""]
    if not tail or tail.endswith(b"\n"):
        return
    start = os.fstat(fd).st_size - len(tail)
    whole = tail.rstrip(b"\0")  # a power loss may leave zeros in place of the newline
    try:
        if _is_object(whole):
            os.ftruncate(fd, start + len(whole))
            os.write(fd, b"\n")
            return
        torn = side_file(path, ".torn")
        with torn.open("ab") as aside:
            aside.write(tail + b"\n")
            aside.flush()
            os.fsync(aside.fileno())
    except OSError as error:
        raise DiskFull(f"{path} ends in a torn line that cannot be repaired: {error.strerror}") from None
    os.ftruncate(fd, start)
    log.warning("%s ended in a torn line: set aside in %s, its row is asked again", path, torn)


def _may_be_record(line: bytes) -> bool:
    """Return True for the beginning of a record, however short, and for any object, which is checked later."""
    return line.startswith(_BEGIN) or _BEGIN.startswith(line.rstrip(_BLANK)) or _is_object(line)


def _is_object(line: bytes) -> bool:
    return isinstance(parse_row(0, line), Row)
