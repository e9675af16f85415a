"""The circuit breaker layer: holds requests while the judge is unreachable."""

import asyncio
import logging
from dataclasses import replace

from metajudge.engine.clock import FIRST_BACKOFF, LONGEST_BACKOFF, Clock
from metajudge.engine.question import Request, RequestLayer
from metajudge.llm import ConnectError, ConnectTimeout, JudgeError, Reply

log = logging.getLogger("metajudge")

OUTAGE = "outage"
UNREACHABLE = "unreachable"


class OutageTooLong(JudgeError):
    """The judge stayed unreachable for longer than the run waits."""


class CircuitBreaker:
    """Holds requests while nothing listens at the judge's address; one probe at a time tries it again.

    A request that is held, refused or sent as a probe uses none of the question's retries.
    """

    def __init__(self, inner: RequestLayer, *, timeout: float, clock: Clock) -> None:
        """`timeout`: seconds without a connection until `ask` raises `OutageTooLong`."""
        self._inner, self._timeout, self._clock = inner, timeout, clock
        self._probing = asyncio.Lock()
        self._since: float | None = None
        self._probes = 0

    @property
    def is_open(self) -> bool:
        """True while the judge is unreachable."""
        return self._since is not None

    async def ask(self, request: Request) -> Reply:
        """Send the request, and send it again until the judge is reachable. Raises `OutageTooLong`."""
        while True:
            if not self.is_open:
                try:
                    return await self._inner.ask(request)
                except ConnectError as error:
                    self._open(error)
                    request = replace(request, retry_cause=UNREACHABLE)
            async with self._probing:
                if self.is_open and (reply := await self._probe(request)) is not None:
                    return reply

    async def _probe(self, request: Request) -> Reply | None:
        """Wait, then try once; None while the judge is still unreachable."""
        assert self._since is not None
        remaining = self._since + self._timeout - self._clock.now()
        await self._clock.sleep(max(0.0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**self._probes, remaining)))
        self._probes = min(self._probes + 1, 16)
        try:
            reply = await self._inner.ask(replace(request, retry_cause=UNREACHABLE))
        except (ConnectError, ConnectTimeout) as error:
            self._check_timeout(error)
            return None
        except JudgeError:
            self._close()  # any answer, also a bad one, means that something listens
            raise
        self._close()
        return reply

    def _open(self, error: ConnectError) -> None:
        if self._since is None:
            self._since, self._probes = self._clock.now(), 0
            log.warning("%s; holding new questions, trying again for up to %g s", error, self._timeout)
        self._check_timeout(error)

    def _close(self) -> None:
        self._since = None
        log.warning("the judge answers again")

    def _check_timeout(self, error: JudgeError) -> None:
        if self._since is not None and self._clock.now() - self._since >= self._timeout:
            raise OutageTooLong(
                OUTAGE, f"{error}, for {self._timeout:g} s; check `api_base`, and that the judge is running"
            )
