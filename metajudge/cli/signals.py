"""Handlers of SIGINT and SIGTERM for a run or a server."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


@contextlib.contextmanager
def stop_on_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` at each of these signals; a `StopHook`. A run stops at the first, and at once at the second.

    Outside of the main thread, where Python sets no handler, the signals keep theirs.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
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
