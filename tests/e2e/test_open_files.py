"""More requests in flight than files may be open. The default limit of macOS is 256."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.e2e.driver import KEY, command, rows, run
from tests.servers import running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")


def limited(kind: str, tmp_path: Path) -> tuple[int, str, str]:
    """Run with 200 requests in flight where 100 files may be open."""
    source = rows(tmp_path / "in.jsonl", [""] * 200)
    with running("tests.servers.faulty") as url:
        line = command(source, tmp_path / "out.jsonl", url, "--concurrent-requests", "200")
        found = run("bash", "-c", f'ulimit {kind} 100; exec "$@"', "bash", *line, OPENAI_API_KEY=KEY)
    return found.returncode, found.stdout, found.stderr


def test_a_run_opens_as_many_files_as_the_system_lets_it(tmp_path: Path) -> None:
    """The soft limit is raised: every request succeeds at once and nothing is reported."""
    code, shown, errors = limited("-Sn", tmp_path)
    assert code == 0 and "200 judged" in shown
    assert "Requests  200, of them 0 tries again\n" in shown and "open" not in errors


def test_where_the_system_allows_no_more_the_run_says_so_and_ends_whole(tmp_path: Path) -> None:
    """Requests that find no free file are sent later."""
    code, shown, errors = limited("-n", tmp_path)
    assert code == 0 and "200 judged" in shown
    assert "200 connections need as many open files, but only 100 may be open: raise the limit (ulimit -n)" in errors
