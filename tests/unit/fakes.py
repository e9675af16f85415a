"""Fakes for time and for a scripted judge."""

import asyncio
import functools
import heapq
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from metajudge.engine.question import Request
from metajudge.llm.completion import Reply, Usage
from metajudge.llm.errors import JudgeError


def in_event_loop(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run an asynchronous test in a new event loop."""

    @functools.wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        asyncio.run(test(*args, **kwargs))

    return run


class FakeClock:
    """A clock whose time passes only while somebody sleeps, in the order of the wake-ups."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        wake = self.time + seconds
        await asyncio.sleep(0)
        self.time = max(self.time, wake)


class VirtualClock(FakeClock):
    """A clock for many sleepers at once: its time jumps to the next wake-up when nobody can go on without it."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + seconds, len(self.slept), woken))
        self.slept.append(seconds)
        await woken

    async def run_until(self, asking: Sequence[asyncio.Future[Any]]) -> list[Any]:
        """Let time pass until all are done; return their results."""
        while not all(one.done() for one in asking):
            for _ in range(20):  # whatever can go on without time passing
                await asyncio.sleep(0)
            if self._sleepers and not all(one.done() for one in asking):
                self.time, _, woken = heapq.heappop(self._sleepers)
                if not woken.done():
                    woken.set_result(None)
        return [one.result() for one in asking]


Turn = str | None | JudgeError | Reply


class ScriptedJudge:
    """A judge that answers with `script` of the user message and the number of times it was asked."""

    def __init__(self, script: Callable[[str, int], Turn]) -> None:
        self.script = script
        self.asked: list[str] = []
        self.in_flight = self.most_in_flight = 0
        self.dropped_params: list[str] = []

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        text = messages[-1]["content"]
        self.asked.append(text)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        await asyncio.sleep(0)
        self.in_flight -= 1
        turn = self.script(text, self.asked.count(text))
        if isinstance(turn, JudgeError):
            raise turn
        if isinstance(turn, Reply):
            return turn
        return Reply(turn, "stop", Usage(10, 5, 15), 0.1)


REQUEST = Request([{"role": "user", "content": "S1: x"}], 0)


def reply(prompt: int = 0, completion: int = 10, seconds: float = 1.0) -> Reply:
    """Return a reply with this number of tokens and seconds."""
    return Reply("x", "stop", Usage(prompt, completion, prompt + completion), seconds)


class FakeLayer:
    """An inner layer for the one under test: it calls `act` and returns its reply or raises its error."""

    def __init__(self, act: Callable[[Request], Reply | Exception | None] = lambda _: None) -> None:
        self.act = act
        self.asked: list[Request] = []

    async def ask(self, request: Request) -> Reply:
        self.asked.append(request)
        await asyncio.sleep(0)
        result = self.act(request)
        if isinstance(result, Exception):
            raise result
        return result or reply()
