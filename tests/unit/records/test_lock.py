"""One writer a file, also on a file system without locks."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import subprocess
import sys
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


def opened(path: Path) -> int:
    """A descriptor of the file."""
    return os.open(path, os.O_RDWR | os.O_CREAT)


def dead_process() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_systems_lock_leaves_no_file(tmp_path: Path) -> None:
    """It is held by the descriptor; a second writer is refused until it is closed."""
    path = tmp_path / "out.jsonl"
    first, second = opened(path), opened(path)
    Lock(first, path)
    with pytest.raises(UsageError, match="is being written by another run"):
        Lock(second, path)
    os.close(first)
    Lock(second, path).release()
    os.close(second)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_locks")
def test_our_own_number_in_a_lock_file_that_we_did_not_write_is_a_dead_process(tmp_path: Path) -> None:
    """A container that is started again has the same host name and often the same numbers."""
    path = tmp_path / "out.jsonl"
    (tmp_path / "out.jsonl.lock").write_text(f"{socket.gethostname()} {os.getpid()}\n")
    fd = opened(path)
    Lock(fd, path).release()
    os.close(fd)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_locks")
def test_without_locks_a_file_with_host_and_process_stands_beside(tmp_path: Path) -> None:
    """It refuses a second run, names the first, and goes with it."""
    path = tmp_path / "out.jsonl"
    fd = opened(path)
    lock = Lock(fd, path)
    assert (tmp_path / "out.jsonl.lock").read_text().split() == [socket.gethostname(), str(os.getpid())]
    with pytest.raises(UsageError, match=rf"by process {os.getpid()} on .*remove .*out\.jsonl\.lock"):
        Lock(fd, path)
    lock.release()
    Lock(fd, path).release()
    os.close(fd)
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.usefixtures("no_locks")
def test_the_lock_of_a_dead_process_of_this_host_is_taken_over(tmp_path: Path) -> None:
    """A kill must not need a hand."""
    path = tmp_path / "out.jsonl"
    fd = opened(path)
    (tmp_path / "out.jsonl.lock").write_text(f"{socket.gethostname()} {dead_process()}\n")
    lock = Lock(fd, path)
    assert (tmp_path / "out.jsonl.lock").read_text().split()[1] == str(os.getpid())
    lock.release()
    os.close(fd)


@pytest.mark.usefixtures("no_locks")
@pytest.mark.parametrize("content", ["elsewhere {pid}\n", "", "nonsense\n"])
def test_the_lock_of_another_host_or_of_nobody_known_stands(tmp_path: Path, content: str) -> None:
    """Whether that process lives cannot be seen from here."""
    path = tmp_path / "out.jsonl"
    fd = opened(path)
    (tmp_path / "out.jsonl.lock").write_text(content.format(pid=dead_process()))
    with pytest.raises(UsageError, match=r"remove .* if that run is gone"):
        Lock(fd, path)
    os.close(fd)
