"""A scorer in a thread with its own event loop, for trainers that call from several loops and threads."""

import asyncio
import atexit
import functools
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

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
    """A scorer on an event loop in its own thread, for any number of loops and threads that call it.

    The thread begins with the first call; a process that was forked later begins another.
    """

    def __init__(self, make: Callable[[], RewardScorer]) -> None:
        """Make the scorer at once, so that a missing key is an error before the training begins."""
        self._make = make
        self._first: RewardScorer | None = make()
        self._starting = threading.Lock()
        self._host: _Host | None = None
        atexit.register(self.close)

    def __reduce__(self) -> tuple[type["BackgroundScorer"], tuple[Callable[[], RewardScorer]]]:
        return BackgroundScorer, (self._make,)  # another process starts its own thread

    async def score(self, generations: Sequence[str], golds: Sequence[Gold]) -> list[Reward]:
        """Return rewards, see `RewardScorer.score`."""
        return await asyncio.wrap_future(self._begin(generations, golds))

    def score_sync(self, generations: Sequence[str], golds: Sequence[Gold]) -> list[Reward]:
        """Return rewards to a thread without an event loop; blocks."""
        return self._begin(generations, golds).result()

    def close(self) -> None:
        """Close the connections and end the thread; done at the end of the process, too. A later call begins anew."""
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


def background_scorer(
    judge: JudgeConfig, options: RewardConfig | None, granularity: str, unscored_timeout: float
) -> BackgroundScorer:
    """Return a background scorer for one judge and reward, see `RewardScorer`."""
    return BackgroundScorer(
        functools.partial(RewardScorer, judge, options, granularity=granularity, unscored_timeout=unscored_timeout)
    )
