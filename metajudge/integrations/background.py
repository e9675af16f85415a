"""A scorer in a thread with its own event loop, for trainers that call from several loops and threads."""

import asyncio
import atexit
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from metajudge.engine import JudgeConfig
from metajudge.rewards import Gold, Reward, RewardConfig, RewardScorer

_CLOSING_SECONDS = 5.0


@dataclass(slots=True)
class _Host:
    """A scorer with its own loop and thread."""

    scorer: RewardScorer
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    closing: asyncio.Event = field(default_factory=asyncio.Event)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.thread = threading.Thread(target=self._serve, name="metajudge-rewards", daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self.loop) as runner:
            runner.run(self._until_closing())

    async def _until_closing(self) -> None:
        async with self.scorer:
            await self.closing.wait()
            calls = asyncio.all_tasks() - {asyncio.current_task()}
            for call in calls:
                call.cancel()  # its caller gets a CancelledError
            await asyncio.gather(*calls, return_exceptions=True)

    def close(self) -> None:
        """Cancel the calls in flight, close the connections and end the thread."""
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.closing.set)
            self.thread.join(_CLOSING_SECONDS)


class BackgroundScorer:
    """A scorer on an event loop in its own thread, for callers in any number of loops and threads.

    The first call starts the thread; a process that was forked later starts another one.
    """

    def __init__(
        self, judge: JudgeConfig, options: RewardConfig | None, granularity: str, unscored_timeout: float
    ) -> None:
        """Make the `RewardScorer` at once, so that a missing key is an error before the training begins."""
        self._arguments = judge, options, granularity, unscored_timeout
        self._first: RewardScorer | None = self._make()
        self._starting = threading.Lock()
        self._host: _Host | None = None
        atexit.register(self.close)

    def __reduce__(self) -> tuple[Any, ...]:
        return BackgroundScorer, self._arguments  # another process starts its own thread

    def _make(self) -> RewardScorer:
        judge, options, granularity, unscored_timeout = self._arguments
        return RewardScorer(judge, options, granularity=granularity, unscored_timeout=unscored_timeout)

    async def score(self, generations: Sequence[str], golds: Sequence[Gold]) -> list[Reward]:
        """Return the rewards as `RewardScorer.score` does."""
        return await asyncio.wrap_future(self._begin(generations, golds))

    def score_sync(self, generations: Sequence[str], golds: Sequence[Gold]) -> list[Reward]:
        """Return the rewards to a thread without an event loop; blocks until they are there."""
        return self._begin(generations, golds).result()

    def close(self) -> None:
        """Close the connections and end the thread, also at the end of the process. A later call starts both again."""
        with self._starting:
            host, self._host = self._host, None
        if host is not None:
            host.close()

    def _begin(self, generations: Sequence[str], golds: Sequence[Gold]) -> Future[list[Reward]]:
        with self._starting:
            if self._host is None or not self._host.thread.is_alive():
                scorer, self._first = self._first or self._make(), None
                self._host = _Host(scorer)
            return asyncio.run_coroutine_threadsafe(self._host.scorer.score(generations, golds), self._host.loop)
