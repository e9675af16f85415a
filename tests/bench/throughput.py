"""Request rate, CPU and memory of the client beside others: `python -m tests.bench.throughput [--quick]`.

Each setting has a number of requests in flight, seconds per reply and rows. The project's command, a bare aiohttp loop
and lm-eval's client, if installed, run in turns against the same kind of server. `--quick`: the first setting only.
"""

import argparse
import sys

from tests.bench.measure import Measured, best_of, measure
from tests.bench.peers import HAS_LM_EVAL

SETTINGS = ((50, 0.2, 1000), (256, 0.2, 5000), (500, 1.0, 5000))
LEAST_OF_BARE, MOST_SECONDS_TO_FIRST, MOST_MB = 0.93, 2.0, 130
MOST_CPU_MS = {256: 1.3}
MOST_OF_LM_EVAL = {50: 1.1}
RESPONSE_BYTES = 3000
CLIENTS = ["metajudge", "bare", *(["lm-eval"] if HAS_LM_EVAL else [])]


def line(client: str, found: Measured, rows: int) -> str:
    process = found.process
    return (
        f"  {client:<10} {rows / found.window:6.0f} requests/s, first request after {found.first:.2f} s, whole process "
        f"{process.seconds:.2f} s, CPU {process.cpu / rows * 1000:.2f} ms a request, {process.peak_mb:.0f} MB"
    )


def attempt(in_flight: int, latency: float, rows: int) -> bool:
    """Measure every client once in one setting. Return true within the bounds."""
    found = {client: measure(rows, RESPONSE_BYTES, latency, in_flight, client=client) for client in CLIENTS}
    for client, one in found.items():
        print(line(client, one, rows), flush=True)
    ours, share = found["metajudge"], found["bare"].window / found["metajudge"].window
    cpu, most_cpu = ours.process.cpu / rows * 1000, MOST_CPU_MS.get(in_flight, float("inf"))
    print(f"  of the bare loop's rate: {share:.3f} (at least {LEAST_OF_BARE})")
    held = share >= LEAST_OF_BARE and cpu <= most_cpu
    held &= ours.first <= MOST_SECONDS_TO_FIRST and ours.process.peak_mb <= MOST_MB
    if theirs := found.get("lm-eval"):
        of_lm_eval, most = ours.process.seconds / theirs.process.seconds, MOST_OF_LM_EVAL.get(in_flight, 1.0)
        print(f"  of lm-eval's whole process: {of_lm_eval:.3f} (at most {most})")
        held &= of_lm_eval <= most
    return held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true")
    failed = 0
    for setting in SETTINGS[:1] if parser.parse_args().quick else SETTINGS:
        in_flight, latency, rows = setting
        print(f"{in_flight} in flight, {latency:g} s a reply, {rows} rows", flush=True)
        failed |= best_of(lambda setting=setting: attempt(*setting))  # type: ignore[misc]
    return failed


if __name__ == "__main__":
    sys.exit(main())
