"""How near the client comes to the ideal rate, side by side with others: `python -m tests.bench.throughput`.

Three settings of requests in flight, seconds a reply and rows; in each the project's own command, a bare aiohttp loop
(the floor) and a plain semaphore loop over the SDK, one after the other against the same kind of server. Efficiency is
ideal time / time between the server's first request and last reply, and the same with the start counted. `--quick`
measures the first setting only, `--no-sdk` leaves the slow one out, `--repeat N` takes the best of N runs of each.

Exits 1 when our rate is below 0.98 of the bare loop's, efficiency with start below 0.80, CPU a request at
(256, 0.2 s) above 0.9 ms, or memory above 150 MB.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from tests.bench.measure import Measured, measure

SETTINGS = ((50, 0.2, 1000), (256, 0.2, 5000), (500, 1.0, 5000))
LEAST_OF_BARE, LEAST_WITH_START, MOST_CPU_MS, MOST_MB = 0.98, 0.80, 0.9, 150
RESPONSE_BYTES = 3000


def best(clients: Sequence[str], setting: tuple[int, float, int], repeat: int) -> dict[str, Measured]:
    """The run of the shortest window of each client, which take turns: others disturb, none helps."""
    in_flight, latency, rows = setting
    rounds = [
        {client: measure(rows, RESPONSE_BYTES, latency, in_flight, client=client) for client in clients}
        for _ in range(repeat)
    ]
    return {client: min((one[client] for one in rounds), key=lambda run: run.window) for client in clients}


def line(client: str, found: Measured, ideal: float, rows: int) -> str:
    """The figures of one client."""
    return (
        f"  {client:<10} efficiency {ideal / found.window:.3f}, with start {ideal / found.seconds:.3f}, "
        f"{rows / found.window:6.0f} requests/s, CPU {found.cpu / rows * 1000:.2f} ms a request, {found.peak_mb:.0f} MB"
    )


def main() -> int:
    """Measure and print; 0 when every bound holds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--no-sdk", action="store_true")
    parser.add_argument("--repeat", type=int, default=1)
    args = parser.parse_args()
    held = True
    for setting in SETTINGS[:1] if args.quick else SETTINGS:
        in_flight, latency, rows = setting
        ideal = rows * latency / in_flight
        print(f"{in_flight} in flight, {latency:g} s a reply, {rows} rows: ideal {ideal:.2f} s", flush=True)
        clients = ["metajudge", "bare"] + ([] if args.no_sdk else ["sdk"])
        found = best(clients, setting, args.repeat)
        for client, one in found.items():
            print(line(client, one, ideal, rows), flush=True)
        ours, bare = found["metajudge"], found["bare"]
        share, cpu = bare.window / ours.window, ours.cpu / rows * 1000
        print(f"  of the bare loop's rate: {share:.3f} (at least {LEAST_OF_BARE})")
        held &= share >= LEAST_OF_BARE and ideal / ours.seconds >= LEAST_WITH_START and ours.peak_mb <= MOST_MB
        held &= in_flight != 256 or cpu <= MOST_CPU_MS
    print("all bounds hold" if held else "a bound does not hold")
    return 0 if held else 1


if __name__ == "__main__":
    sys.exit(main())
