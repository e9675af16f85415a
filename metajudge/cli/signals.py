"""SIGINT and SIGTERM stop a run: the first lets replies in flight arrive, the second does not."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on each of the signals; a `StopHook` for a run in the main thread."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)  # which restores the system's own: it ends the process without a message
            if handler is not None:
                signal.signal(number, handler)
