"""More requests in flight than files may be open. The default limit of macOS is 256."""

import sys
from pathlib import Path

import pytest

from tests.e2e.driver import KEY, command, rows, run
from tests.servers import running

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")


WARNING = "200 connections need as many open files, but only 100 may be open: raise the limit (ulimit -n)"


@pytest.mark.parametrize(("limit", "warned"), [("-Sn", False), ("-n", True)])
def test_more_requests_than_files_may_be_open_cost_no_row(tmp_path: Path, limit: str, warned: bool) -> None:
    """A soft limit is raised silently. A hard limit is reported, and requests that find no free file are sent later."""
    source = rows(tmp_path / "in.jsonl", [""] * 200)
    with running("tests.servers.faulty") as url:
        line = command(source, tmp_path / "out.jsonl", url, "--concurrent-requests", "200")
        found = run("bash", "-c", f'ulimit {limit} 100; exec "$@"', "bash", *line, OPENAI_API_KEY=KEY)
    assert found.returncode == 0 and "200 judged" in found.stdout
    assert (WARNING in found.stderr) is warned
    assert warned or ("Requests  200, including 0 retries\n" in found.stdout and "open" not in found.stderr)
