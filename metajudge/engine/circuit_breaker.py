"""The circuit breaker layer: holds requests while the judge is unreachable, or leaves one of its endpoints out."""

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import replace

from metajudge.engine.clock import FIRST_BACKOFF, LONGEST_BACKOFF, Clock
from metajudge.engine.question import Request, RequestLayer
from metajudge.llm import ConnectError, ConnectTimeout, JudgeError, OverloadError, Reply, TransientError

log = logging.getLogger("metajudge")

OUTAGE = "outage"
UNREACHABLE = "unreachable"
BROKEN_AFTER = 5
"""An endpoint that fails this number of requests in succession is left out if there is another one."""
LOOK_SECONDS = 1.0
"""A held request looks this often for another endpoint that answers again."""


class OutageTooLong(JudgeError):
    """The judge stayed unreachable for longer than the run waits."""


class EndpointDown(JudgeError):
    """Raised for an endpoint that is left out for now while another one can be asked."""

    def __init__(self, request: Request) -> None:
        """`request`: the one to send elsewhere."""
        super().__init__(UNREACHABLE, "the endpoint is left out")
        self.request = request


class CircuitBreaker:
    """Holds requests while nothing listens at the judge's address; one probe at a time tries it again.

    A request that is held, refused or sent as a probe uses none of the question's retries. If the judge has other
    endpoints that can be reached, no request is held: it gets `EndpointDown`, but for a probe now and then.
    """

    def __init__(
        self,
        inner: RequestLayer,
        *,
        timeout: float,
        clock: Clock,
        name: str = "the judge",
        others: Callable[[], float] = lambda: -math.inf,
    ) -> None:
        """`timeout`: seconds without a connection until `ask` raises `OutageTooLong`.

        `others`: returns the time until which another endpoint could be reached; infinite = one can be reached now.
        """
        self._inner, self._timeout, self._clock, self._name, self._others = inner, timeout, clock, name, others
        self._probing = asyncio.Lock()
        self._since: float | None = None
        self._probe_at = -math.inf
        self._probes = self._errors = 0

    @property
    def is_open(self) -> bool:
        """True while the judge is unreachable."""
        return self._since is not None

    @property
    def reachable_until(self) -> float:
        """Time until which the endpoint could be reached; infinite while it can be."""
        return math.inf if self._since is None else self._since

    @property
    def takes_requests(self) -> bool:
        """True if the endpoint can be reached, or a probe is due."""
        return not self.is_open or (not self._probing.locked() and self._is_probe_due())

    async def ask(self, request: Request) -> Reply:
        """Send the request, and send it again until the judge is reachable.

        Raises `OutageTooLong`, and `EndpointDown` if another endpoint is to be asked.
        """
        while True:
            if not self.is_open:
                try:
                    return await self._send(request)
                except ConnectError as error:
                    self._open(error)
                except ConnectTimeout as error:
                    if not self._has_others():
                        raise
                    self._open(error)
                request = replace(request, retry_cause=UNREACHABLE)
            if self._has_others() and not self.takes_requests:
                raise EndpointDown(request)
            async with self._probing:
                if self.is_open and (not self._has_others() or self._is_probe_due()):
                    reply = await self._probe(request)
                    if reply is not None:
                        return reply
                    request = replace(request, retry_cause=UNREACHABLE)

    async def _send(self, request: Request) -> Reply:
        try:
            reply = await self._inner.ask(request)
        except (OverloadError, ConnectTimeout):
            raise
        except TransientError as error:
            # A broken endpoint fails at once, so that it would get most of the questions.
            self._errors += 1
            if self._errors >= BROKEN_AFTER and self._has_others():
                self._open(error)
            raise
        self._errors = 0
        return reply

    async def _probe(self, request: Request) -> Reply | None:
        """Wait, then try once; None while the judge is still unreachable."""
        while (wait := self._seconds_until_probe()) > 0:
            await self._clock.sleep(wait if self._others() == -math.inf else min(wait, LOOK_SECONDS))
            if self._has_others():
                return None
        if not self._has_others():
            request = replace(request, retry_cause=UNREACHABLE)
        try:
            reply = await self._inner.ask(request)
        except (ConnectError, ConnectTimeout) as error:
            self._wait_longer()
            self._check_timeout(error)
            return None
        except JudgeError as error:
            is_broken = isinstance(error, TransientError) and not isinstance(error, OverloadError)
            if is_broken and self._has_others():
                self._wait_longer()
                raise EndpointDown(replace(request, retry_cause=error.cause)) from None
            self._close()  # any answer, also a bad one, means that something listens
            raise
        self._close()
        return reply

    def _seconds_until_probe(self) -> float:
        """Return the seconds until the next probe, or until the time to wait for the judge is over."""
        assert self._since is not None
        end = max(self._since, self._others()) + self._timeout
        return min(self._probe_at, end) - self._clock.now()

    def _has_others(self) -> bool:
        """Return whether another endpoint can be reached now."""
        return self._others() == math.inf

    def _is_probe_due(self) -> bool:
        return self._clock.now() >= self._probe_at

    def _open(self, error: JudgeError) -> None:
        if self._since is None:
            self._since, self._probes = self._clock.now(), 0
            self._probe_at = self._since + FIRST_BACKOFF
            if self._has_others():
                log.warning("%s; its questions go to the other endpoints, %s is tried again", error, self._name)
            else:
                log.warning("%s; holding new questions, trying again for up to %g s", error, self._timeout)
        self._check_timeout(error)

    def _wait_longer(self) -> None:
        self._probes = min(self._probes + 1, 16)
        self._probe_at = self._clock.now() + min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**self._probes)

    def _close(self) -> None:
        self._since, self._errors = None, 0
        log.warning("%s answers again", self._name)

    def _check_timeout(self, error: JudgeError) -> None:
        if self._since is None:
            return
        if self._clock.now() - max(self._since, self._others()) >= self._timeout:
            raise OutageTooLong(
                OUTAGE, f"{error}, for {self._timeout:g} s; check `api_base`, and that the judge is running"
            )
