"""The judge of a run: its client within the stack of layers."""

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

from metajudge.engine.budget import Budget, Prices
from metajudge.engine.cache import ResponseCache
from metajudge.engine.circuit_breaker import CircuitBreaker
from metajudge.engine.clock import StoppableClock
from metajudge.engine.concurrency import AdaptiveConcurrency, ConcurrencyLimiter
from metajudge.engine.config import JudgeConfig
from metajudge.engine.question import ChatClient, Question, RequestResult
from metajudge.engine.rate_limit import RateLimiter
from metajudge.engine.retry import RetryingClient
from metajudge.engine.stats import RunStats
from metajudge.errors import UsageError
from metajudge.llm import DEFAULT_BASE_URL, EMBEDDED, NO_KEY, ClientConfig, JudgeClient
from metajudge.options import sent_parameters

log = logging.getLogger("metajudge")


def check_key(options: JudgeConfig, *, matching: bool = True) -> None:
    """Raise `UsageError` if a needed key is missing, or cannot be sent; `matching`: the embedded judge can be used."""
    if not options.api_key.isascii() or not options.api_key.isprintable():
        raise UsageError("the key has a line break or a letter that no key has; copy it again (OPENAI_API_KEY)")
    if options.model != EMBEDDED and options.api_base == DEFAULT_BASE_URL and not options.api_key:
        raise UsageError(
            f"no API key for the {'judge' if matching else 'model'}: set OPENAI_API_KEY, "
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


def stack_layers(client: ChatClient, config: JudgeConfig, stats: RunStats, clock: StoppableClock) -> JudgeSession:
    """Wrap the client in its layers, the innermost first."""
    budget = Budget(client, stats, clock, Prices(*config.prices) if config.prices else None, config.max_cost)
    rate_limiter = RateLimiter(
        budget,
        clock,
        delay=config.rate_limit_delay,
        requests_per_minute=config.requests_per_minute,
        tokens_per_minute=config.tokens_per_minute,
    )
    circuit_breaker = CircuitBreaker(rate_limiter, timeout=config.outage_timeout, clock=clock)
    timeout = config.outage_timeout
    concurrency = (
        ConcurrencyLimiter(circuit_breaker, config.concurrent_requests, clock, outage_timeout=timeout)
        if config.concurrent_requests
        else AdaptiveConcurrency(circuit_breaker, clock, outage_timeout=timeout, idle=lambda: rate_limiter.queued)
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
            parameters=sent_parameters(config),
            timeout=config.timeout,
            extra_body=config.extra_body,
            connections=config.connections,
        )
        client = await stack.enter_async_context(JudgeClient(settings))
        yield stack_layers(client, config, stats, StoppableClock())
