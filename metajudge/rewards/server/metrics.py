"""Counts of what a reward server did. Pure: the clock is its caller's."""

import math
from collections import Counter, deque
from dataclasses import dataclass, field

QUANTILES = (0.5, 0.9, 0.99)
LAST = 1000
"""Requests whose latencies the quantiles are of."""


@dataclass(slots=True)
class Latencies:
    """Seconds that requests took."""

    last: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))
    count: int = 0
    total: float = 0.0

    def add(self, seconds: float) -> None:
        """Take note of one."""
        self.last.append(seconds)
        self.count += 1
        self.total += seconds

    def quantiles(self) -> dict[float, float]:
        """Return the `QUANTILES` of the last ones by nearest rank; NaN without any."""
        known = sorted(self.last)
        return {q: known[math.ceil(q * len(known)) - 1] if known else math.nan for q in QUANTILES}


@dataclass(slots=True)
class Served:
    """Counts of the answers of a server."""

    responses: Counter[int] = field(default_factory=Counter)
    """Requests for rewards by HTTP status."""
    in_progress: int = 0
    """Generations that are being scored."""
    rewarded: Latencies = field(default_factory=Latencies)
    """Latencies of requests that were answered with rewards."""
