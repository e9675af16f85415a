"""Seconds that `--help` takes: `python -m tests.bench.start`. Exits 1 above 0.3 s for one of the commands."""

import sys

from tests.bench.measure import best_of, run

COMMANDS = (["metajudge_infer.py"], ["metajudge_analysis.py"], ["-m", "metajudge"])
MOST_SECONDS = 0.3


def attempt() -> bool:
    """Measure each command once. Return true within the bound."""
    taken = [run(*command, "--help").seconds for command in COMMANDS]
    print(", ".join(f"{command[-1]} {seconds:.2f} s" for command, seconds in zip(COMMANDS, taken, strict=True)))
    return max(taken) <= MOST_SECONDS


if __name__ == "__main__":
    sys.exit(best_of(attempt))
