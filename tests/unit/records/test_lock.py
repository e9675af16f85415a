"""One writer per file, also on a file system without locks."""

import errno
import fcntl
import os
import socket
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import UsageError
from metajudge.records.lock import locked


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def opened(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT)


def test_the_systems_lock_leaves_no_file(path: Path) -> None:
    """A second writer is refused until the first descriptor is closed."""
    first, second = opened(path), opened(path)
    with locked(first, path):
        with pytest.raises(UsageError, match="by another run; wait for it or name another file"), locked(second, path):
            pass
        os.close(first)
    with locked(second, path):
        pass
    os.close(second)
    assert list(path.parent.iterdir()) == [path]


def test_without_locks_a_lock_file_holds_process_and_host(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file refuses a second run and is removed by the first one only."""

    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    fd, file = opened(path), path.with_name("out.jsonl.lock")
    with locked(fd, path):
        with pytest.raises(UsageError, match=r"or remove .*\.lock if the process in it is gone"), locked(fd, path):
            pass
        assert file.read_text() == f"process {os.getpid()} on {socket.gethostname()}\n"
    os.close(fd)
    assert list(path.parent.iterdir()) == [path]
