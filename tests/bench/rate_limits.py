"""Default flags against judges with a rate limit: `python -m tests.bench.rate_limits`.

Three limits: 80 requests in a window of 20 s, 4 a second after a burst of 16, and 8 at once. A refused client is asked
to wait a second. No row may be lost. At most 1.3 requests per row, and at least 0.9 of the rate that the limit allows.
"""

import sys
import tempfile
from pathlib import Path

from tests.bench.measure import best_of, inference, run, write_rows
from tests.e2e.driver import log
from tests.servers import running
from tests.servers.limiters import LIMITERS

LATENCY, RESPONSE_BYTES = 0.3, 300
ROWS = {"window": 320, "bucket": 160, "at-once": 400}
MOST_REQUESTS, LEAST_RATE = 1.3, 0.9


def attempt(name: str) -> bool:
    """Judge the rows once. Return true within the bounds; a lost row ends the benchmark."""
    rows, flags = ROWS[name], ("--profile", "limited", "--limiter", name, "--latency", str(LATENCY))
    with tempfile.TemporaryDirectory() as folder, running("tests.servers.faulty", *flags) as url:
        source, out = Path(folder, "in.jsonl"), Path(folder, "out.jsonl")
        write_rows(source, rows, RESPONSE_BYTES)
        run(*inference(source, out, url))
        served = log(url)
    per_row, seconds = served["requests"] / rows, served["last"] - served["first"]
    share = LIMITERS[name]().seconds(rows, LATENCY) / seconds
    print(
        f"{name:<8} {rows} rows, none lost, {per_row:.2f} requests a row, {share:.2f} of the rate ({seconds:.0f} s)",
        flush=True,
    )
    return per_row <= MOST_REQUESTS and share >= LEAST_RATE


def main() -> int:
    return max([best_of(lambda name=name: attempt(name)) for name in ROWS])  # type: ignore[misc]


if __name__ == "__main__":
    sys.exit(main())
