"""Progress on a terminal and in a file."""

import asyncio
import io
from typing import Any

import pytest

from metajudge.engine import progress as progress_module
from metajudge.engine.concurrency import ConcurrencyLimiter
from metajudge.engine.progress import Progress, report_progress_to, show_progress
from metajudge.engine.stats import RunStats
from tests.unit.fakes import FakeClock, FakeLayer


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def progress(**counts: Any) -> tuple[Progress, RunStats]:
    """Return the progress of a run with three requests in flight."""
    concurrency = ConcurrencyLimiter(FakeLayer(), 8, FakeClock())
    concurrency.sent = 3
    stats = RunStats(total=10, **counts)
    return Progress(stats, concurrency), stats


def test_a_terminal_gets_a_bar_and_a_file_gets_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both name what is in flight; the money and the refusals only if there are any."""
    terminal, plain = Terminal(), io.StringIO()
    monkeypatch.setattr("sys.stderr", terminal)
    shown, stats = progress(success=3, resumed=1)
    stats.failed["error"] = 2
    shown.close()
    bar = terminal.getvalue()
    assert all(part in bar for part in ("6/10", "failed=2", "tokens=0", "in_flight=3/8"))
    assert "429" not in bar and "cost" not in bar
    monkeypatch.setattr("sys.stderr", plain)
    shown, stats = progress(success=3, resumed=1)
    stats.failed["error"] = 2
    assert shown._line().startswith("6/10 rows, 2 failed, 0 tokens, ") and ", 3 of 8 in flight, about" in shown._line()
    shown.close()
    assert plain.getvalue() == ""


def test_refusals_and_cost_are_shown_while_they_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    shown, stats = progress(cost=1.5)
    stats.retries.update({"429": 4, "503": 1, "timeout": 7})
    shown.close()
    assert "429=4, 503=1, cost=1.50" in terminal.getvalue()
    assert ", 0 tokens, cost 1.50, " in shown._line() and ", 4 times 429, 1 times 503" in shown._line()


def test_another_program_gets_the_counts_in_place_of_a_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the beginning, and at the end."""
    terminal, seen = Terminal(), list[tuple[int, int]]()
    monkeypatch.setattr("sys.stderr", terminal)
    monkeypatch.setattr(progress_module, "_reporters", [])
    report_progress_to(lambda stats, in_flight: seen.append((stats.done, in_flight.sent)))
    concurrency, stats = ConcurrencyLimiter(FakeLayer(), 8, FakeClock()), RunStats(total=10)

    async def run() -> None:
        async with show_progress(stats, concurrency):
            await asyncio.sleep(0)
            stats.success = 10

    asyncio.run(run())
    assert seen == [(0, 0), (10, 0)] and terminal.getvalue() == ""
