"""One writer per file, also on a file system without locks."""

import errno
import fcntl
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.records.lock import Lock


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


@pytest.fixture
def fd(path: Path) -> Iterator[int]:
    number = opened(path)
    yield number
    os.close(number)


def dead_process() -> int:
    """Return the number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_systems_lock_leaves_no_file(path: Path) -> None:
    """A second writer is refused until the first descriptor is closed."""
    first, second = opened(path), opened(path)
    Lock(first, path)
    with pytest.raises(UsageError, match="is being written by another run"):
        Lock(second, path)
    os.close(first)
    Lock(second, path).release()
    os.close(second)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("no_locks")
def test_our_own_number_in_a_lock_file_that_we_did_not_write_is_a_dead_process(path: Path, fd: int) -> None:
    """A restarted container has the same host name and often the same process numbers."""
    path.with_name("out.jsonl.lock").write_text(f"{socket.gethostname()} {os.getpid()}\n")
    Lock(fd, path).release()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_lock_file_holds_host_and_process(path: Path, fd: int) -> None:
    """The file refuses a second run, names the first, and is removed by it."""
    lock = Lock(fd, path)
    assert path.with_name("out.jsonl.lock").read_text().split() == [socket.gethostname(), str(os.getpid())]
    with pytest.raises(UsageError, match=rf"by process {os.getpid()} on .*remove .*out\.jsonl\.lock"):
        Lock(fd, path)
    lock.release()
    Lock(fd, path).release()
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.usefixtures("no_locks")
def test_the_lock_of_a_dead_process_of_this_host_is_taken_over(path: Path, fd: int) -> None:
    """A run after a kill needs nobody to remove the lock."""
    file = path.with_name("out.jsonl.lock")
    file.write_text(f"{socket.gethostname()} {dead_process()}\n")
    lock = Lock(fd, path)
    assert file.read_text().split()[1] == str(os.getpid())
    lock.release()


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("content", ["elsewhere {pid}\n", "", "nonsense\n"])
def test_the_lock_of_another_host_or_of_nobody_known_is_kept(path: Path, fd: int, content: str) -> None:
    """Another host's processes cannot be seen from here."""
    path.with_name("out.jsonl.lock").write_text(content.format(pid=dead_process()))
    with pytest.raises(UsageError, match=r"remove .* if that run is gone"):
        Lock(fd, path)
