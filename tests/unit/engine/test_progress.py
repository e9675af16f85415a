"""Progress on a terminal and in a file."""

import io

import pytest

from metajudge.engine.concurrency import AdaptiveConcurrency
from metajudge.engine.progress import Progress
from metajudge.engine.stats import RunStats
from tests.unit.fakes import FakeClock, FakeLayer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    stats = RunStats(total=10, success=3, resumed=1)
    stats.failed["error"] = 2
    progress = Progress(stats)
    progress.close()
    assert "6/10" in terminal.getvalue() and "failed=2" in terminal.getvalue() and "tokens=0" in terminal.getvalue()
    plain = io.StringIO()
    monkeypatch.setattr("sys.stderr", plain)
    progress = Progress(stats)
    assert progress._line().startswith("6/10 rows, 2 failed, 0 tokens, ")
    progress.close()
    assert plain.getvalue() == ""


def test_the_number_in_flight_that_was_found_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar and the lines show it; a number that the user chose is not shown."""
    concurrency = AdaptiveConcurrency(FakeLayer(), FakeClock())
    concurrency.busy = 3
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    Progress(RunStats(total=10), concurrency).close()
    assert "in_flight=3/8" in terminal.getvalue()
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert ", 3 of 8 in flight" in Progress(RunStats(total=10), concurrency)._line()
    assert "in flight" not in Progress(RunStats(total=10))._line()
