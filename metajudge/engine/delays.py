"""Exponential backoff with full jitter."""

from __future__ import annotations

import random

FIRST_BACKOFF = 0.5
LONGEST_BACKOFF = 30.0


def backoff(tries: int, rng: random.Random) -> float:
    """Seconds to wait after `tries` failed tries (from 1): exponential with full jitter, at most 30."""
    return rng.uniform(0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0 ** min(tries, 16)))
