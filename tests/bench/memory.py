"""Memory for 1,000 and 20,000 rows of 17 KB, 50 in flight: `python -m tests.bench.memory`."""

import sys

from tests.bench.measure import best_of, measure

MOST_MB, MOST_GROWTH_MB = 130, 30


def attempt() -> bool:
    """Measure both and print. Return true within the bounds."""
    few, many = (measure(rows, 17_000, 0.0, 50).process.peak_mb for rows in (1000, 20_000))
    print(f"peak {few:.0f} MB at 1,000 rows, {many:.0f} MB at 20,000", flush=True)
    return max(few, many) <= MOST_MB and many - few <= MOST_GROWTH_MB


if __name__ == "__main__":
    sys.exit(best_of(attempt))
