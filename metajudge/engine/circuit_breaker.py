"""Backoff, and waiting for a judge that is away."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from metajudge.engine.clock import Clock
from metajudge.engine.delays import FIRST_BACKOFF, LONGEST_BACKOFF
from metajudge.llm import ConnectError, ConnectTimeout, JudgeError

log = logging.getLogger("metajudge")
T = TypeVar("T")

OUTAGE = "outage"


class OutageTooLong(JudgeError):
    """The judge stayed unreachable for longer than the run waits."""


class Turns:
    """Has few of the replies that arrived together handled in a round of the event loop, the next questions between.

    Without it the next questions of a batch all go out behind its last record, so that their replies come together
    again: at 50 in flight that took 2 to 3 % of the rate. A round costs some 50 µs: so it is not for one reply alone.
    """

    def __init__(self, a_round: int = 2) -> None:
        self._a_round = self._left = a_round
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a turn; it lasts until the caller awaits something else."""
        loop = asyncio.get_running_loop()
        if self._left == self._a_round:
            loop.call_soon(self._next_round)
        if self._left:
            self._left -= 1
            return
        turn = loop.create_future()
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._hand_out(1)  # the turn was given in the same moment
            raise

    def _next_round(self) -> None:
        self._left = self._a_round - self._hand_out(self._a_round)
        if self._left < self._a_round:
            asyncio.get_running_loop().call_soon(self._next_round)

    def _hand_out(self, turns: int) -> int:
        """Give so many turns to those who wait longest; returns how many were taken."""
        given = 0
        while self._waiting and given < turns:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                given += 1
        return given


class CircuitBreaker:
    """Holds new questions while the judge is unreachable; one probe at a time asks whether it is back."""

    def __init__(self, patience: float, clock: Clock) -> None:
        """Give up after `patience` seconds without a connection."""
        self._patience = patience
        self._clock = clock
        self._probe = asyncio.Lock()
        self._since: float | None = None
        self._probes = 0

    @property
    def is_open(self) -> bool:
        """Whether the judge is away, so that what is sent only asks whether it is back."""
        return self._since is not None

    async def attempt(self, send: Callable[[], Awaitable[T]], turn: Callable[[], Awaitable[None]] | None = None) -> T:
        """The result of `send`, sent again for as long as the judge is away; no try is used up by waiting.

        `turn` waits for a turn by the minute: who has waited for the judge has lost the one that it came with. Raises
        `OutageTooLong` after the patience, and whatever else `send` raises.
        """
        has_turn = True
        while True:
            if self._since is None:
                if not has_turn and turn is not None:
                    has_turn = True
                    await turn()
                    continue
                try:
                    return await send()
                except ConnectError as failure:
                    self._begin(failure)
                    continue
            has_turn = False
            async with self._probe:
                if self._since is None:
                    continue  # back while this one waited for its turn
                await self._wait_before_probe()
                try:
                    result = await send()
                except (ConnectError, ConnectTimeout) as failure:
                    self._check_patience(failure)
                except JudgeError:
                    self._end()  # any answer, also a bad one, means that something listens
                    raise
                else:
                    self._end()
                    return result

    def _begin(self, failure: ConnectError) -> None:
        if self._since is None:
            self._since, self._probes = self._clock.now(), 0
            log.warning("%s; holding new questions, trying again for up to %g s", failure, self._patience)
        self._check_patience(failure)

    def _end(self) -> None:
        self._since = None
        log.warning("the judge answers again")

    async def _wait_before_probe(self) -> None:
        assert self._since is not None
        remaining = self._since + self._patience - self._clock.now()
        await self._clock.sleep(max(0.0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2**self._probes, remaining)))
        self._probes = min(self._probes + 1, 16)

    def _check_patience(self, failure: JudgeError) -> None:
        if self._since is not None and self._clock.now() - self._since >= self._patience:
            raise OutageTooLong(OUTAGE, f"{failure}, for {self._patience:g} s; check --api-base, is it running?")
