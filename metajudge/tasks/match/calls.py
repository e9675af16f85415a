"""Inference as a call with keywords: in scripts, in threads, and in notebooks, whose event loop is already running.

The run has its own thread and event loop and sets no signal handler. An interruption of the call stops the run, and the
call ends when the run has: replies in flight are still written.
"""

import asyncio
import contextlib
import contextvars
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from metajudge.options import takes_fields_of
from metajudge.tasks.match.infer import InferConfig, run_infer
from metajudge.tasks.pipeline import RunResult

_WAKE_SECONDS = 0.2
"""A notebook notices its stop button only when its event loop wakes up."""


@takes_fields_of(InferConfig)
def infer(**settings: Any) -> RunResult:
    """Judge the rows of one file, as `metajudge infer` does, and return counts, paths and exit code.

    The settings are the fields of `InferConfig`, which have the names of the command's flags; paths may be texts.
    `input_file`, `output_file` and `model_be_evaluated` (a name, a comma list, or `all`) are needed. Key and base URL
    come from `OPENAI_API_KEY` and `OPENAI_BASE_URL` unless they are given. An existing output is resumed.

        result = metajudge.infer(
            input_file="rows.jsonl", output_file="judged.jsonl", model_be_evaluated="my-model", model="embedded"
        )
        print(result)

    Works in any thread, and in a notebook. Interrupting it (Ctrl-C, or the notebook's stop button) lets the replies in
    flight arrive, then raises `KeyboardInterrupt`; a second time, it does not wait for them. Every finished row is in
    the file.

    Raises a `UsageError` before any request, and `ValueError` for a setting that cannot be meant. A run that stops
    later is no error: see `exit_code` and `stop_reason`.
    """
    run = _BackgroundRun(InferConfig.from_environment(**settings))
    interrupt: KeyboardInterrupt | None = None
    while True:
        try:
            result = run.future.result()
            break
        except KeyboardInterrupt as error:
            interrupt = error
            run.stop()
    if interrupt is not None:
        raise interrupt
    return result


@takes_fields_of(InferConfig)
async def infer_async(**settings: Any) -> RunResult:
    """Judge the rows of one file like `infer`, without blocking the event loop.

    Cancelling it stops the run: replies in flight arrive first; a second time, it does not wait for them.
    """
    run = _BackgroundRun(InferConfig.from_environment(**settings))
    future = asyncio.wrap_future(run.future)
    cancelled: asyncio.CancelledError | None = None
    while not future.done():
        try:
            await asyncio.wait([future], timeout=_WAKE_SECONDS)
        except asyncio.CancelledError as error:
            cancelled = error
            run.stop()
    result = future.result()
    if cancelled is not None:
        raise cancelled
    return result


class _BackgroundRun:
    """An inference in its own thread."""

    def __init__(self, config: InferConfig) -> None:
        self._lock = threading.Lock()
        self._stops = 0
        self._stop: Callable[[], None] | None = None
        with_context = contextvars.copy_context()  # a notebook shows the progress under the cell that its context names
        pool = ThreadPoolExecutor(1, "metajudge-infer")
        self.future: Future[RunResult] = pool.submit(with_context.run, run_infer, config, stop_hook=self._hook)
        pool.shutdown(wait=False)

    def stop(self) -> None:
        """Stop the run; a second call does not wait for replies in flight. Counts also before the first request."""
        with self._lock:
            self._stops += 1
            if self._stop is not None:
                self._stop()

    @contextlib.contextmanager
    def _hook(self, stop: Callable[[], None]) -> Iterator[None]:
        with self._lock:
            self._stop = stop
            for _ in range(self._stops):
                stop()
        try:
            yield
        finally:
            with self._lock:
                self._stop = None
