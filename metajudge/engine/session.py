"""The judge of a run: its client within the stack of layers."""

import contextlib
import logging
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from metajudge.engine.budget import Budget, Prices, Spending
from metajudge.engine.cache import ResponseCache
from metajudge.engine.circuit_breaker import CircuitBreaker
from metajudge.engine.clock import StoppableClock
from metajudge.engine.concurrency import AdaptiveConcurrency, ConcurrencyLimiter
from metajudge.engine.config import JudgeConfig
from metajudge.engine.endpoints import Endpoint, Endpoints
from metajudge.engine.question import ChatClient, Question, QuestionLayer, RequestResult
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
    if options.model != EMBEDDED and DEFAULT_BASE_URL in options.base_urls and not options.api_key:
        raise UsageError(
            f"no API key for the {'judge' if matching else 'model'}: set OPENAI_API_KEY, "
            "or `api_base` for a server of your own"
            + (", or `model` embedded for the judge that needs no key" if matching else "")
        )


class EndpointCounts(Protocol):
    """The judge's endpoints, as a run sees them."""

    @property
    def sent(self) -> int:
        """Requests that the endpoints have."""

    @property
    def limit(self) -> int:
        """Requests that the endpoints may have now."""

    @property
    def peak(self) -> int:
        """Sum of the highest limits so far."""

    @property
    def is_down(self) -> bool:
        """True while no endpoint can be reached."""

    @property
    def dropped_params(self) -> Sequence[str]:
        """Parameters that an endpoint has not supported so far."""


@dataclass(frozen=True, slots=True)
class JudgeSession:
    """The layers between a question and the judge."""

    stats: RunStats
    clock: StoppableClock
    endpoints: EndpointCounts
    cache: QuestionLayer
    """The outermost layer."""

    async def ask(self, question: Question) -> RequestResult:
        """Ask through all layers. Raises a `MetaJudgeError` that ends the run, or `Stopped`."""
        return await self.cache.ask(question)


@dataclass(frozen=True, slots=True)
class _Siblings:
    """The other endpoints of a judge, as one of them sees them."""

    endpoints: Sequence[Endpoint]
    """All endpoints; the list grows while they are made."""
    number: int
    """Place of the one that looks."""

    def _others(self) -> Iterator[Endpoint]:
        return (one for place, one in enumerate(self.endpoints) if place != self.number)

    def reachable_until(self) -> float:
        """Return the latest time at which one of them could be reached."""
        return max((one.circuit_breaker.reachable_until for one in self._others()), default=-math.inf)

    def is_one_free(self) -> bool:
        """Return whether one of them takes a question at once."""
        return any(one.is_free for one in self._others())

    def answered_at(self) -> float:
        """Return the latest time at which one of them has answered."""
        return max((one.concurrency.answered_at for one in self._others()), default=-math.inf)


def stack_layers(
    client: ChatClient,
    config: JudgeConfig,
    stats: RunStats,
    clock: StoppableClock,
    others: Sequence[ChatClient] = (),
    spending: Spending | None = None,
) -> JudgeSession:
    """Wrap the client in its layers, the innermost first; `others`: clients of further endpoints of the judge.

    Each endpoint has limits for itself. The cost is bounded over all of them; by `spending` over several runs.
    """
    spending = spending or Spending(config.max_cost, stats.cost)
    budget = Budget(client, stats, clock, Prices(*config.prices) if config.prices else None, spending)
    budgets = [budget, *map(budget.beside, others)]
    found: list[Endpoint] = []
    for number, (one, own_budget) in enumerate(zip([client, *others], budgets, strict=True)):
        siblings = _Siblings(found, number)
        rate_limiter = RateLimiter(
            own_budget,
            clock,
            delay=config.rate_limit_delay,
            requests_per_minute=config.requests_per_minute,
            tokens_per_minute=config.tokens_per_minute,
        )
        circuit_breaker = CircuitBreaker(
            rate_limiter,
            timeout=config.outage_timeout,
            clock=clock,
            name=config.base_urls[number] if others else "the judge",
            others=siblings.reachable_until,
        )
        concurrency = _concurrency(
            circuit_breaker,
            rate_limiter,
            config,
            clock,
            elsewhere=siblings.is_one_free if others else None,
            answered_elsewhere=siblings.answered_at,
        )
        found.append(Endpoint(one, circuit_breaker, concurrency))
    endpoints = Endpoints(found)
    retrying = RetryingClient(endpoints, max_retries=config.max_retries, max_tokens=config.max_tokens, clock=clock)
    return JudgeSession(stats, clock, endpoints, ResponseCache(retrying, stats))


def _concurrency(
    circuit_breaker: CircuitBreaker,
    rate_limiter: RateLimiter,
    config: JudgeConfig,
    clock: StoppableClock,
    elsewhere: Callable[[], bool] | None,
    answered_elsewhere: Callable[[], float],
) -> ConcurrencyLimiter:
    timeout = config.outage_timeout
    if config.concurrent_requests:
        return ConcurrencyLimiter(
            circuit_breaker,
            config.concurrent_requests,
            clock,
            outage_timeout=timeout,
            elsewhere=elsewhere,
            answered_elsewhere=answered_elsewhere,
        )
    return AdaptiveConcurrency(
        circuit_breaker,
        clock,
        outage_timeout=timeout,
        elsewhere=elsewhere,
        answered_elsewhere=answered_elsewhere,
        idle=lambda: rate_limiter.queued,
    )


JudgeOpener = Callable[[JudgeConfig, RunStats, Spending | None], AbstractAsyncContextManager[JudgeSession]]
"""Opens the judge of a run, and closes it at the end; `Spending` bounds the cost in place of `max_cost`."""


@contextlib.asynccontextmanager
async def open_judge(
    config: JudgeConfig, stats: RunStats, spending: Spending | None = None
) -> AsyncIterator[JudgeSession]:
    """Open the judge of `config` within its limits, and close its connections at the end.

    `spending`: bounds the cost in place of `max_cost`.
    """
    async with contextlib.AsyncExitStack() as stack:
        base_urls: Sequence[str] = config.base_urls
        if config.model == EMBEDDED and config.api_base == DEFAULT_BASE_URL:
            from metajudge.embedded import serving  # only where it is used

            base_urls = [await stack.enter_async_context(serving())]
            log.warning(
                "judge: embedded, a lexical matcher; its figures are for trying things out, not for comparing models"
            )
        first, *others = [
            await stack.enter_async_context(JudgeClient(client_config(config, base_url))) for base_url in base_urls
        ]
        yield stack_layers(first, config, stats, StoppableClock(), others, spending)


def client_config(config: JudgeConfig, base_url: str) -> ClientConfig:
    """Return the configuration of the requests to one endpoint."""
    return ClientConfig(
        model=config.model,
        base_url=base_url,
        api_key=config.api_key or NO_KEY,
        parameters=sent_parameters(config),
        timeout=config.timeout,
        extra_body=config.extra_body,
        connections=config.connections,
    )
