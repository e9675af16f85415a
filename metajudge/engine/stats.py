"""Counts of a run, and the layer that counts requests."""

from collections import Counter
from dataclasses import dataclass, field

from metajudge.engine.clock import StoppableClock
from metajudge.engine.question import ChatClient, Request
from metajudge.llm import Reply, Usage


@dataclass(slots=True)
class RunStats:
    """Counts of one run; written by the run, read by progress and summary."""

    total: int | None = None
    """Rows asked for (usable ones, over all evaluated models); None when not counted."""
    success: int = 0
    empty: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    """Rows by `error` and `format_error`."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Failed rows by cause."""
    unusable: int = 0
    resumed: int = 0
    """Rows that had a finished record before the run."""
    skipped_failed: int = 0
    """Rows skipped because their earlier record is a failure (`skip_failed`)."""
    requests: int = 0
    """Requests sent, retries included."""
    cache_hits: int = 0
    """Questions answered by the reply to an equal one."""
    restored: int = 0
    """Questions answered from the journal of an earlier run."""
    retries: Counter[str] = field(default_factory=Counter)
    """Requests sent again, by cause."""
    usage: Usage = field(default_factory=Usage)
    cost: float = 0.0
    """Money spent; 0 without prices."""

    @property
    def failures(self) -> int:
        """Rows that ended in a failure."""
        return self.failed.total()

    @property
    def done(self) -> int:
        """Rows that need nothing more in this run."""
        return self.success + self.empty + self.failures + self.resumed + self.skipped_failed


class CountingClient:
    """The innermost layer: counts requests, retries and tokens; sends nothing once the run is stopped."""

    def __init__(self, client: ChatClient, stats: RunStats, clock: StoppableClock) -> None:
        self._client, self._stats, self._clock = client, stats, clock

    async def ask(self, request: Request) -> Reply:
        """Send the request. Raises a `JudgeError`, or `Stopped`."""
        self._clock.check()
        self._stats.requests += 1
        if request.retry_cause:
            self._stats.retries[request.retry_cause] += 1
        reply = await self._client.ask(request.messages)
        self._stats.usage += reply.usage
        return reply
