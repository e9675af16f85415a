"""Killed at random moments, a run loses only what was in flight and finishes all the same."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chaos.storm import Storm, check

GRANULARITIES = {"row": 1, "item": 5}
"""With the questions that a row asks."""


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_eight_kills_repeat_only_what_was_in_flight(tmp_path: Path, granularity: str) -> None:
    """Every row ends with one finished record; no reply that was written is asked for again."""
    storm = Storm(tmp_path / "run", granularity, 160 // GRANULARITIES[granularity], kills=8, slow=1.0)
    storm.rage()
    check(storm)


@pytest.mark.slow
def test_two_hundred_kills_repeat_only_what_was_in_flight(tmp_path: Path) -> None:
    """The same for 2,000 questions of each granularity, both runs at the same time to save time."""
    storms = [
        Storm(tmp_path / name, name, 2000 // questions, kills=200, slow=3.0, seed=questions)
        for name, questions in GRANULARITIES.items()
    ]
    began = time.monotonic()
    with ThreadPoolExecutor(len(storms)) as pool:
        list(pool.map(Storm.rage, storms))
    for storm in storms:
        print(storm.granularity, check(storm), f"{time.monotonic() - began:.0f} s")
