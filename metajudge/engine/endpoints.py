"""The endpoints layer: sends each request to the endpoint of the judge with the fewest requests for its limit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from metajudge.engine.circuit_breaker import CircuitBreaker, EndpointDown
from metajudge.engine.concurrency import ConcurrencyLimiter
from metajudge.engine.question import ChatClient, Request
from metajudge.llm import OverloadError, Reply, TransientError


@dataclass(slots=True)
class Endpoint:
    """One address of the judge, with limits for itself."""

    client: ChatClient
    circuit_breaker: CircuitBreaker
    concurrency: ConcurrencyLimiter
    """The outermost layer."""
    failures: int = 0
    """Failed requests since its last reply."""

    @property
    def is_free(self) -> bool:
        """True if it can be reached and would send a request at once."""
        return not self.circuit_breaker.is_open and self.concurrency.is_free

    @property
    def load(self) -> float:
        """Requests that it would have, or that would wait for it, with one more, as a share of its limit.

        A failure counts as a request: a question that is asked again goes to another endpoint if both are idle.
        """
        return (self.concurrency.load + 1 + self.failures) / self.concurrency.limit


class Endpoints:
    """All endpoints of the judge. One that cannot be reached is left out, and tried again now and then."""

    def __init__(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints

    async def ask(self, request: Request) -> Reply:
        """Send the request to the least busy endpoint that can be reached, and to the next one if it cannot.

        A request that one refuses for want of capacity (429) goes to another one that is free.
        """
        while True:
            endpoint = self._least_busy()
            try:
                reply = await endpoint.concurrency.ask(request)
            except EndpointDown as down:
                request = down.request
            except TransientError as error:
                endpoint.failures += 1
                if not isinstance(error, OverloadError) or not any(
                    one.is_free for one in self._endpoints if one is not endpoint
                ):
                    raise
                request = replace(request, retry_cause=error.cause)
            else:
                endpoint.failures = 0
                return reply

    def _least_busy(self) -> Endpoint:
        reachable = [one for one in self._endpoints if one.circuit_breaker.takes_requests]
        if any(one.is_free for one in reachable):
            reachable = [one for one in reachable if not one.concurrency.is_holding]
        return min(reachable or self._endpoints, key=lambda one: one.load)

    @property
    def is_down(self) -> bool:
        """True while no endpoint can be reached."""
        return all(one.circuit_breaker.is_open for one in self._endpoints)

    @property
    def sent(self) -> int:
        """Requests that the endpoints have."""
        return self._sum(lambda one: one.sent)

    @property
    def limit(self) -> int:
        """Requests that the endpoints may have now."""
        return self._sum(lambda one: one.limit)

    @property
    def peak(self) -> int:
        """Sum of the highest limits so far."""
        return self._sum(lambda one: one.peak)

    def _sum(self, count: Callable[[ConcurrencyLimiter], int]) -> int:
        return sum(count(one.concurrency) for one in self._endpoints)

    @property
    def dropped_params(self) -> list[str]:
        """Parameters that an endpoint has not supported so far."""
        return list(dict.fromkeys(name for one in self._endpoints for name in one.client.dropped_params))
