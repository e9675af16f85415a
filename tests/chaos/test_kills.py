"""Killed at random moments, a run loses only what was in flight and finishes all the same."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.chaos.storm import Storm, faults

GRANULARITIES = {"row": 1, "item": 5}
"""Granularities with their questions per row."""


@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_five_kills_repeat_only_what_was_in_flight(tmp_path: Path, granularity: str) -> None:
    """Every row ends with one finished record; no written reply is requested again."""
    storm = Storm(tmp_path / "run", granularity, 100 // GRANULARITIES[granularity], kills=5, slow=1.0)
    end = storm.rage()
    assert end.returncode == 0, end.stdout + end.stderr
    assert not faults(storm)


@pytest.mark.slow
def test_two_hundred_kills_repeat_only_what_was_in_flight(tmp_path: Path) -> None:
    """Each granularity has 1,000 questions and 100 kills; both run at once to save time."""
    storms = [
        Storm(tmp_path / name, name, 1000 // questions, kills=100, slow=3.0, seed=questions)
        for name, questions in GRANULARITIES.items()
    ]
    with ThreadPoolExecutor(len(storms)) as pool:
        ends = list(pool.map(Storm.rage, storms))
    for storm, end in zip(storms, ends, strict=True):
        assert end.returncode == 0, end.stdout + end.stderr
        assert not faults(storm)
