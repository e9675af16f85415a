"""The child process of a shard: `python -m metajudge.cli.shard_process COMMAND …`.

It runs one command. The counts go to stdout as lines. When stdin is closed, because the worker that started it is
gone, it stops as at Ctrl-C.
"""

import contextlib
import os
import signal
import sys
import threading

from metajudge.cli import main
from metajudge.engine import report_progress_to
from metajudge.engine.progress import InFlight
from metajudge.engine.stats import RunStats
from metajudge.integrations.shard_worker import State


def _write_counts(stats: RunStats, in_flight: InFlight) -> None:
    with contextlib.suppress(OSError):  # the worker is gone
        print(State(stats, in_flight.sent, in_flight.limit).to_line(), flush=True)


def _stop_without_worker() -> None:
    os.read(sys.stdin.fileno(), 1)
    os.kill(os.getpid(), signal.SIGINT)


if __name__ == "__main__":
    # Ray's own processes block or ignore SIGINT, and children inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(target=_stop_without_worker, daemon=True).start()
    report_progress_to(_write_counts)
    sys.exit(main(sys.argv[1:]))
