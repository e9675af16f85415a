"""The run with its judge: the parts put together, signals, exit codes. The same for every kind of question."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Iterable, Iterator, Mapping

from metajudge.data import InvalidRow
from metajudge.engine.budget import Budget
from metajudge.engine.circuit_breaker import CircuitBreaker
from metajudge.engine.clock import Clock, RealClock
from metajudge.engine.config import JudgeConfig
from metajudge.engine.open_files import raise_open_file_limit
from metajudge.engine.progress import Progress
from metajudge.engine.rate_limit import AdaptiveConcurrency, ConcurrencyLimiter, RateLimiter
from metajudge.engine.retry import RetryingClient
from metajudge.engine.runner import Item, OutputFiles, Runner, Task
from metajudge.engine.stats import RunStats
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, NO_KEY, ClientConfig, FatalError, JudgeClient

log = logging.getLogger("metajudge")

OK, INCOMPLETE, USER_ERROR, INTERRUPTED = 0, 1, 2, 130


def check_key(options: JudgeConfig, *, matching: bool = True) -> None:
    """Raise `UsageError` where a key is needed and there is none, or it cannot be sent.

    `matching`: the embedded judge could be asked as well, which can do nothing else.
    """
    if not options.api_key.isascii() or not options.api_key.isprintable():
        raise UsageError("the key has a line break or a letter that no key has; copy it again (OPENAI_API_KEY)")
    if options.model != EMBEDDED and options.api_base == DEFAULT_BASE_URL and not options.api_key:
        raise UsageError(
            f"no key for the {'judge' if matching else 'model'}: set OPENAI_API_KEY, "
            "or --api-base for a server of your own"
            + (", or --model embedded for the judge that needs no key" if matching else "")
        )


async def judge_rows(
    options: JudgeConfig,
    task: Task,
    samples: Iterable[Item | InvalidRow],
    sinks: Mapping[str, OutputFiles],
    tally: RunStats,
    adapted: list[str],
    budget: Budget,
) -> Runner:
    """Put the rows to the judge that `options` name until all are done or the run is stopped.

    `adapted` is filled with the parameters that the judge does not support; `tally` counts while the run goes.
    """
    clock = RealClock()
    raise_open_file_limit(options.sockets)
    async with contextlib.AsyncExitStack() as stack:
        asker = await open_asker(options, stack, tally, clock, adapted, budget)
        flight = asker.pace.flight
        run = Runner(
            task,
            asker,
            sinks,
            tally,
            clock,
            # Twice the requests in flight: a row that waits for its next try leaves its place to others.
            open_rows=lambda: 2 * flight.limit,
            skip_failed=options.skip_failed,
            grace=options.shutdown_timeout,
            max_consecutive_failures=options.max_consecutive_failures,
        )
        with _signals(run):
            progress = Progress(tally, flight if options.concurrent_requests is None else None)
            showing = asyncio.create_task(progress.show())
            try:
                await run.judge(samples)
            finally:
                showing.cancel()
                progress.close()
        return run


async def open_asker(
    options: JudgeConfig,
    stack: contextlib.AsyncExitStack,
    tally: RunStats,
    clock: Clock,
    adapted: list[str] | None = None,
    budget: Budget | None = None,
) -> RetryingClient:
    """What asks the judge that `options` name, within their limits; `stack` closes its connections."""
    base_url = options.api_base
    if options.model == EMBEDDED and base_url == DEFAULT_BASE_URL:
        base_url = await _serve_embedded(stack)
    flight = (
        ConcurrencyLimiter(options.concurrent_requests) if options.concurrent_requests else AdaptiveConcurrency(clock)
    )
    settings = ClientConfig(
        model=options.model,
        base_url=base_url,
        api_key=options.api_key or NO_KEY,
        max_tokens=options.max_tokens,
        temperature=options.temperature,
        timeout=options.timeout,
        extra_body=options.extra_body,
        connections=options.connections,
    )
    pace = RateLimiter(
        flight,
        clock,
        delay=options.rate_limit_delay,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
    )
    judge = await stack.enter_async_context(JudgeClient(settings))
    if adapted is not None:
        judge.dropped_params = adapted
    return RetryingClient(
        judge,
        pace=pace,
        budget=budget,
        outage=CircuitBreaker(options.outage_timeout, clock),
        max_retries=options.max_retries,
        tally=tally,
        clock=clock,
        max_tokens=options.max_tokens,
    )


async def _serve_embedded(stack: contextlib.AsyncExitStack) -> str:
    from metajudge.embedded import server  # only where it is used

    running = await server.start()
    stack.push_async_callback(running.close)
    log.warning("judge: embedded, a lexical matcher; its figures are for trying things out, not for comparing models")
    return running.base_url


@contextlib.contextmanager
def _signals(run: Runner) -> Iterator[None]:
    """SIGINT and SIGTERM stop the run: the first lets replies in flight arrive, the second does not."""
    loop = asyncio.get_running_loop()

    def on_signal() -> None:
        if not run.stopped:
            log.warning("stopping: waiting for the replies in flight; once more to stop at once")
        run.stop()

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        loop.add_signal_handler(number, on_signal)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)  # which leaves the system's own: it ends the process without a word
            if handler is not None:
                signal.signal(number, handler)


def exit_code(run: Runner, tally: RunStats) -> int:
    """0 all done, 1 rows failed or were left out, 2 something has to be changed first, 130 a signal."""
    if run.interrupted:
        return INTERRUPTED
    if run.stop_reason is not None:
        return USER_ERROR if isinstance(run.stop_reason, FatalError | UsageError) else INCOMPLETE
    return INCOMPLETE if tally.failures or tally.unusable or tally.skipped_failed else OK
