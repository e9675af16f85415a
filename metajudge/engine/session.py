"""A run with its judge, for every kind of question: the stack of layers, and exit codes."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeVar

from metajudge.data import InvalidRow
from metajudge.engine.budget import Budget, Prices
from metajudge.engine.cache import ResponseCache
from metajudge.engine.circuit_breaker import CircuitBreaker
from metajudge.engine.clock import StoppableClock
from metajudge.engine.concurrency import AdaptiveConcurrency, ConcurrencyLimiter
from metajudge.engine.config import JudgeConfig
from metajudge.engine.open_files import raise_open_file_limit
from metajudge.engine.progress import show_progress
from metajudge.engine.question import ChatClient, Question, RequestResult
from metajudge.engine.rate_limit import RateLimiter
from metajudge.engine.retry import RetryingClient
from metajudge.engine.row_writer import Item, OutputFiles, RowWriter
from metajudge.engine.runner import Runner, Task
from metajudge.engine.stats import CountingClient, RunStats
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, NO_KEY, ClientConfig, FatalError, JudgeClient

log = logging.getLogger("metajudge")

T = TypeVar("T")
StopHook = Callable[[Callable[[], None]], AbstractContextManager[object]]
"""Gets a function that stops the run from any thread; its context is open while the run can be stopped."""

OK, INCOMPLETE, USER_ERROR, INTERRUPTED = 0, 1, 2, 130


def check_key(options: JudgeConfig, *, matching: bool = True) -> None:
    """Raise `UsageError` if a needed key is missing, or cannot be sent; `matching`: the embedded judge can be used."""
    if not options.api_key.isascii() or not options.api_key.isprintable():
        raise UsageError("the key has a line break or a letter that no key has; copy it again (OPENAI_API_KEY)")
    if options.model != EMBEDDED and options.api_base == DEFAULT_BASE_URL and not options.api_key:
        raise UsageError(
            f"no key for the {'judge' if matching else 'model'}: set OPENAI_API_KEY, "
            "or `api_base` for a server of your own"
            + (", or `model` embedded for the judge that needs no key" if matching else "")
        )


@dataclass(frozen=True, slots=True)
class JudgeSession:
    """The layers between a question and the judge."""

    stats: RunStats
    clock: StoppableClock
    client: ChatClient
    circuit_breaker: CircuitBreaker
    concurrency: ConcurrencyLimiter
    cache: ResponseCache
    """The outermost layer."""

    async def ask(self, question: Question) -> RequestResult:
        """Ask through all layers. Raises a `MetaJudgeError` that ends the run, or `Stopped`."""
        return await self.cache.ask(question)

    @property
    def dropped_params(self) -> Sequence[str]:
        """Parameters that the judge did not support so far."""
        return self.client.dropped_params


def stack_layers(client: ChatClient, config: JudgeConfig, stats: RunStats, clock: StoppableClock) -> JudgeSession:
    """Wrap the client in its layers, the innermost first."""
    counting = CountingClient(client, stats, clock)
    budget = Budget(counting, stats, Prices(*config.prices) if config.prices else None, config.max_cost)
    rate_limiter = RateLimiter(
        budget,
        clock,
        delay=config.rate_limit_delay,
        requests_per_minute=config.requests_per_minute,
        tokens_per_minute=config.tokens_per_minute,
    )
    circuit_breaker = CircuitBreaker(rate_limiter, timeout=config.outage_timeout, clock=clock)
    concurrency = (
        ConcurrencyLimiter(circuit_breaker, config.concurrent_requests)
        if config.concurrent_requests
        else AdaptiveConcurrency(circuit_breaker, clock, idle=lambda: rate_limiter.queued)
    )
    retrying = RetryingClient(concurrency, max_retries=config.max_retries, max_tokens=config.max_tokens, clock=clock)
    return JudgeSession(stats, clock, client, circuit_breaker, concurrency, ResponseCache(retrying, stats))


@contextlib.asynccontextmanager
async def open_judge(config: JudgeConfig, stats: RunStats) -> AsyncIterator[JudgeSession]:
    """Open the judge of `config` within its limits, and close its connections at the end."""
    async with contextlib.AsyncExitStack() as stack:
        base_url = config.api_base
        if config.model == EMBEDDED and base_url == DEFAULT_BASE_URL:
            from metajudge.embedded import serving  # only where it is used

            base_url = await stack.enter_async_context(serving())
            log.warning(
                "judge: embedded, a lexical matcher; its figures are for trying things out, not for comparing models"
            )
        settings = ClientConfig(
            model=config.model,
            base_url=base_url,
            api_key=config.api_key or NO_KEY,
            max_tokens=config.max_tokens,
            temperature=config.temperature,
            timeout=config.timeout,
            extra_body=config.extra_body,
            connections=config.connections,
        )
        client = await stack.enter_async_context(JudgeClient(settings))
        yield stack_layers(client, config, stats, StoppableClock())


async def run_rows(
    config: JudgeConfig,
    task: Task,
    items: Iterable[Item | InvalidRow],
    outputs: Mapping[str, OutputFiles],
    stats: RunStats,
    stop_hook: StopHook = nullcontext,
) -> Runner:
    """Judge the rows until all are done or the run is stopped; `outputs` are named by evaluated model."""
    raise_open_file_limit(config.sockets)
    async with open_judge(config, stats) as judge:
        runner = new_runner(config, task, outputs, judge)
        loop = asyncio.get_running_loop()

        def stop() -> None:
            loop.call_soon_threadsafe(runner.stop)

        async with show_progress(stats, judge.concurrency if config.concurrent_requests is None else None):
            with stop_hook(stop):
                await runner.run(items)
        return runner


def new_runner(config: JudgeConfig, task: Task, outputs: Mapping[str, OutputFiles], judge: JudgeSession) -> Runner:
    """Put a run together."""
    writer = RowWriter(
        outputs, judge.stats, skip_failed=config.skip_failed, max_consecutive_failures=config.max_consecutive_failures
    )
    # Twice the requests in flight, because a row that waits for its next try leaves its place to others.
    return Runner(
        task, judge, writer, judge.clock, open_rows=lambda: 2 * judge.concurrency.limit, grace=config.shutdown_timeout
    )


def run_to_end(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end, also in a thread whose event loop is running (a notebook)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(coroutine)
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def exit_code(runner: Runner, stats: RunStats) -> int:
    """Return 0 if all is done, 1 if rows failed or are left, 2 if a setting has to be changed, 130 if interrupted."""
    if runner.interrupted:
        return INTERRUPTED
    if runner.stop_reason is not None:
        return USER_ERROR if isinstance(runner.stop_reason, FatalError | UsageError) else INCOMPLETE
    return INCOMPLETE if stats.failures or stats.unusable or stats.skipped_failed else OK
