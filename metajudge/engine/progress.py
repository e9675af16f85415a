"""Progress on stderr: a bar on a terminal, else a line now and then."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import time
from typing import NoReturn

from tqdm import tqdm

from metajudge.engine.rate_limit import ConcurrencyLimiter
from metajudge.engine.stats import RunStats

REFRESH_SECONDS = 0.5
LINE_SECONDS = 30.0


class Progress:
    """Shows a tally until `close`."""

    def __init__(self, tally: RunStats, flight: ConcurrencyLimiter | None = None) -> None:
        """`flight` is shown where its limit is found out."""
        self._tally = tally
        self._flight = flight
        self._bar = (
            tqdm(total=tally.total, unit="row", file=sys.stderr, dynamic_ncols=True) if sys.stderr.isatty() else None
        )
        self._started = self._last_line = time.monotonic()

    async def show(self) -> None:
        """Refresh until cancelled."""
        while True:
            await asyncio.sleep(REFRESH_SECONDS)
            with contextlib.suppress(OSError):  # nobody reads it any more: no reason to end a run
                if self._bar is not None:
                    self._refresh(self._bar)
                elif time.monotonic() - self._last_line >= LINE_SECONDS:
                    self._last_line = time.monotonic()
                    print(self._line(), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Leave the last state on the screen."""
        if self._bar is not None:
            self._refresh(self._bar)
            self._bar.close()

    def _refresh(self, bar: tqdm[NoReturn]) -> None:
        tally = self._tally
        bar.initial = tally.resumed  # the rate counts this run's rows only
        bar.n = tally.done
        shown: dict[str, object] = {"failed": tally.failures, "tokens": tally.usage.total_tokens}
        if self._flight is not None:
            shown["in_flight"] = f"{self._flight.busy}/{self._flight.limit}"
        bar.set_postfix(shown, refresh=False)
        bar.refresh()

    def _line(self) -> str:
        tally, seconds = self._tally, time.monotonic() - self._started
        fresh = tally.done - tally.resumed
        rate = fresh / seconds if seconds > 0 else 0.0
        total = "?" if tally.total is None else str(tally.total)
        eta = f", about {(tally.total - tally.done) / rate:.0f} s left" if tally.total is not None and rate > 0 else ""
        found = "" if self._flight is None else f", {self._flight.busy} of {self._flight.limit} in flight"
        return (
            f"{tally.done}/{total} rows, {tally.failures} failed, {tally.usage.total_tokens} tokens, "
            f"{rate:.1f} rows/s{found}{eta}"
        )
