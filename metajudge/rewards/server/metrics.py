"""Counts of a reward server. Pure: the caller has the clock."""

import math
from collections import Counter, deque
from dataclasses import dataclass, field

QUANTILES = (0.5, 0.9, 0.99)
LAST = 1000
"""Number of the latest requests whose quantiles are shown."""


@dataclass(slots=True)
class Served:
    """Counts of the answers of a server."""

    responses: Counter[int] = field(default_factory=Counter)
    """Requests for rewards by HTTP status."""
    in_progress: int = 0
    """Generations that are being scored."""
    seconds: float = 0.0
    """Sum of the latencies of requests that were answered with rewards."""
    latencies: deque[float] = field(default_factory=lambda: deque(maxlen=LAST))
    """Seconds that the latest of these requests took."""

    def add(self, seconds: float) -> None:
        """Count a request that was answered with rewards."""
        self.responses[200] += 1
        self.seconds += seconds
        self.latencies.append(seconds)

    def quantiles(self) -> dict[float, float]:
        """Return the `QUANTILES` of the latest latencies by nearest rank; NaN if there are none."""
        known = sorted(self.latencies)
        return {q: known[math.ceil(q * len(known)) - 1] if known else math.nan for q in QUANTILES}
