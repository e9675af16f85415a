"""Progress: a bar on a terminal or in a notebook, else a line every 30 seconds on stderr; or to another program."""

import asyncio
import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from typing import NoReturn, Protocol

from tqdm.auto import tqdm  # in a notebook with ipywidgets: its bar

from metajudge.engine.stats import RunStats

REFRESH_SECONDS = 0.5
LINE_SECONDS = 30.0


class InFlight(Protocol):
    """Requests in flight."""

    @property
    def sent(self) -> int:
        """Requests that the judge has."""

    @property
    def limit(self) -> int:
        """Requests that it may have now."""


Reporter = Callable[[RunStats, InFlight], None]
_reporters: list[Reporter] = []


def report_progress_to(reporter: Reporter) -> None:
    """Give the counts of every run of this process to `reporter` in place of a bar, twice a second and at the end."""
    _reporters[:] = [reporter]


class Progress:
    """Shows the counts of a run until `close`."""

    def __init__(self, stats: RunStats, in_flight: InFlight, title: str = "") -> None:
        """Show the counts of `stats`, and the requests in flight, behind the title of the run."""
        self._stats, self._in_flight, self._title = stats, in_flight, title
        # `disable=None` makes no bar if stderr is no terminal; a notebook's own bar is always shown.
        self._bar: tqdm[NoReturn] = tqdm(
            total=stats.total,
            unit="row",
            file=sys.stderr,
            dynamic_ncols=True,
            disable=None,
            desc=title or None,
            leave=not title,  # one of several runs: the others' bars move up
        )
        self._started = self._last_line = time.monotonic()

    async def show(self) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            with contextlib.suppress(OSError):  # a closed stderr is no reason to end a run
                if not self._bar.disable:
                    self._refresh()
                elif time.monotonic() - self._last_line >= LINE_SECONDS:
                    self._last_line = time.monotonic()
                    print(self._line(), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the last state on the screen."""
        self._refresh()
        self._bar.close()

    def _refresh(self) -> None:
        stats, bar = self._stats, self._bar
        bar.initial = stats.resumed  # the rate counts this run's rows only
        bar.n = stats.done
        bar.total = stats.total  # of a run in shards it is known later
        shown: dict[str, object] = {
            "failed": stats.failures,
            "tokens": stats.usage.total_tokens,
            "in_flight": f"{self._in_flight.sent}/{self._in_flight.limit}",
            **{status: count for status, count in stats.refusals.items() if count},
        }
        if stats.cost:
            shown["cost"] = f"{stats.cost:.2f}"
        bar.set_postfix(shown, refresh=False)
        bar.refresh()

    def _line(self) -> str:
        stats, seconds = self._stats, time.monotonic() - self._started
        fresh = stats.done - stats.resumed
        rate = fresh / seconds if seconds > 0 else 0.0
        total = "?" if stats.total is None else str(stats.total)
        eta = f", about {(stats.total - stats.done) / rate:.0f} s left" if stats.total is not None and rate > 0 else ""
        refused = "".join(f", {count} times {status}" for status, count in stats.refusals.items() if count)
        cost = f", cost {stats.cost:.2f}" if stats.cost else ""
        title = f"{self._title}: " if self._title else ""
        return (
            f"{title}{stats.done}/{total} rows, {stats.failures} failed, {stats.usage.total_tokens} tokens{cost}, "
            f"{rate:.1f} rows/s, {self._in_flight.sent} of {self._in_flight.limit} in flight{refused}{eta}"
        )


class _Reports:
    """Gives the counts of a run to a reporter until `close`."""

    def __init__(self, stats: RunStats, in_flight: InFlight, reporter: Reporter) -> None:
        self._stats, self._in_flight, self._reporter = stats, in_flight, reporter

    async def show(self) -> None:
        """Report until cancelled."""
        while True:
            self.close()
            await asyncio.sleep(REFRESH_SECONDS)

    def close(self) -> None:
        """Report the last state."""
        self._reporter(self._stats, self._in_flight)


@contextlib.asynccontextmanager
async def show_progress(stats: RunStats, in_flight: InFlight, title: str = "") -> AsyncIterator[None]:
    """Show progress while the context is open."""
    progress = _Reports(stats, in_flight, *_reporters) if _reporters else Progress(stats, in_flight, title)
    showing = asyncio.create_task(progress.show())
    try:
        yield
    finally:
        showing.cancel()
        progress.close()
