"""Rate limits as servers keep them."""

import time
from typing import Protocol


class Limiter(Protocol):
    """Decides which requests are refused."""

    def admits(self) -> bool:
        """Return whether a request that arrives now is answered."""

    def done(self) -> None:
        """Note the end of an answered request."""

    def seconds(self, requests: int, latency: float) -> float:
        """Return the least time in which a client gets `requests` answers that take `latency` seconds each."""


class FixedWindow:
    """So many requests in each window, counted from the first request."""

    def __init__(self, requests: int, window: float) -> None:
        self.requests, self.window = requests, window
        self.begin, self.count = float("-inf"), 0

    def admits(self) -> bool:
        now = time.monotonic()
        if now - self.begin >= self.window:
            elapsed = 0.0 if self.begin == float("-inf") else (now - self.begin) % self.window
            self.begin, self.count = now - elapsed, 0
        self.count += self.count < self.requests + 1
        return self.count <= self.requests

    def done(self) -> None: ...

    def seconds(self, requests: int, latency: float) -> float:
        return (requests - 1) // self.requests * self.window + latency


class TokenBucket:
    """A steady rate with a burst."""

    def __init__(self, rate: float, burst: int) -> None:
        self.rate, self.burst = rate, burst
        self.tokens, self.filled = float(burst), time.monotonic()

    def admits(self) -> bool:
        now = time.monotonic()
        self.tokens = min(self.burst, self.tokens + (now - self.filled) * self.rate)
        self.filled = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def done(self) -> None: ...

    def seconds(self, requests: int, latency: float) -> float:
        return max(0.0, requests - self.burst) / self.rate + latency


class AtOnce:
    """So many requests in flight."""

    def __init__(self, most: int) -> None:
        self.most, self.in_flight = most, 0

    def admits(self) -> bool:
        if self.in_flight >= self.most:
            return False
        self.in_flight += 1
        return True

    def done(self) -> None:
        self.in_flight -= 1

    def seconds(self, requests: int, latency: float) -> float:
        return -(-requests // self.most) * latency


LIMITERS = {
    "window": lambda: FixedWindow(80, 20.0),
    "bucket": lambda: TokenBucket(4.0, 16),
    "at-once": lambda: AtOnce(8),
}
