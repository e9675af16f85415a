"""Whether memory grows with the rows: `python -m tests.bench.memory`.

1,000 and 20,000 rows of 17 KB, 50 in flight. Exits 1 above 150 MB, or when the larger run needs over 30 MB more.
"""

from __future__ import annotations

import sys

from tests.bench.measure import measure

MOST_MB = 150
MOST_GROWTH_MB = 30


def main() -> int:
    """Measure both and print."""
    peaks = []
    for rows in (1000, 20_000):
        found = measure(rows, 17_000, 0.0, 50)
        peaks.append(found.peak_mb)
        print(f"{rows:6} rows of 17 KB: peak {found.peak_mb:.0f} MB, {found.seconds:.1f} s", flush=True)
    return 0 if max(peaks) <= MOST_MB and peaks[1] - peaks[0] <= MOST_GROWTH_MB else 1


if __name__ == "__main__":
    sys.exit(main())
