"""Small file systems for tests that need one to be full or read-only."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

needs_mounting = pytest.mark.skipif(
    os.geteuid() != 0 or sys.platform != "linux", reason="mounting a small file system needs root"
)


@contextlib.contextmanager
def mounted(where: Path, options: str) -> Iterator[Callable[[str], None]]:
    """Mount a file system in memory and yield a function that remounts it with other options."""
    where.mkdir()

    def mount(options: str) -> None:
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(where)]
        if subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("this machine does not let us mount")

    mount(options)
    try:
        yield lambda options: mount(f"remount,{options}")
    finally:
        subprocess.run(["umount", str(where)], check=False)
