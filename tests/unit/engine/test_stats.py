"""Sums of the counts of several runs."""

from collections import Counter

from metajudge.engine import RunStats
from metajudge.llm import Usage


def test_the_counts_of_several_runs_are_added() -> None:
    """The total is open while one of them is not counted."""
    one = RunStats(total=3, success=2, failed=Counter(error=1), requests=4, usage=Usage(1, 2, 3), cost=0.5)
    two = RunStats(total=4, resumed=4, failed=Counter(error=2), usage=Usage(1, 1, 2, 1), cost=0.25)
    both = RunStats(
        total=7, success=2, resumed=4, failed=Counter(error=3), requests=4, usage=Usage(2, 3, 5, 1), cost=0.75
    )
    assert RunStats.sum([one, two]) == both
    assert RunStats.sum([one, RunStats()]).total is None and RunStats.sum([]) == RunStats(total=0)


def test_what_another_run_spent_on_the_same_rows_adds_no_rows() -> None:
    stats = RunStats(total=3, resumed=2, success=1, requests=1, cost=0.25)
    stats.add_spent(RunStats(total=3, success=2, requests=3, retries=Counter(timeout=1), usage=Usage(1, 1, 2), cost=1))
    expected = RunStats(total=3, resumed=2, success=1, requests=4, cost=1.25)
    expected.retries["timeout"], expected.usage = 1, Usage(1, 1, 2)
    assert stats == expected
