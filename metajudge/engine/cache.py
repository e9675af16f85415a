"""The cache layer: equal questions are asked once."""

import asyncio
import hashlib
import json
from collections import OrderedDict
from dataclasses import replace

from metajudge.engine.question import Answer, Failed, Question, QuestionLayer, RequestResult
from metajudge.engine.stats import RunStats
from metajudge.llm import Usage

ANSWERS = 10_000
CHARACTERS = 32_000_000

_Result = tuple[str, RequestResult]
"""A result, with the id of the record that it was asked for."""


class ResponseCache:
    """Asks equal questions once: those in flight together and those among the last ones answered.

    A copied answer has no tokens and names the record that it comes from.
    """

    def __init__(
        self, inner: QuestionLayer, stats: RunStats, *, answers: int = ANSWERS, characters: int = CHARACTERS
    ) -> None:
        """Keep at most this many answers, and this many characters of their replies."""
        self._inner, self._stats = inner, stats
        self._in_flight: dict[bytes, asyncio.Future[_Result]] = {}
        self._answered: OrderedDict[bytes, tuple[str, Answer]] = OrderedDict()
        self._limit, self._characters_left = answers, characters

    async def ask(self, question: Question) -> RequestResult:
        """Copy the result of an equal question, or ask. Raises what the inner layer raises."""
        if not question.shared:
            return await self._inner.ask(question)
        key = _key(question)
        while (first := self._in_flight.get(key)) is not None:
            await asyncio.wait([first])
            if not first.cancelled():  # else the first task was cancelled, and this one asks
                return self._copy(*first.result())
        if key in self._answered:
            self._answered.move_to_end(key)
            return self._copy(*self._answered[key])
        return await self._ask_first(key, question)

    async def _ask_first(self, key: bytes, question: Question) -> RequestResult:
        future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._in_flight[key] = future
        try:
            result = await self._inner.ask(question)
        except asyncio.CancelledError:
            future.cancel()
            raise
        except BaseException as error:
            future.set_exception(error)
            future.exception()  # marked as seen: no other task may be waiting
            raise
        finally:
            del self._in_flight[key]
        future.set_result((question.record_id, result))
        if isinstance(result, Answer):
            self._keep(key, question.record_id, result)
        return result

    def _keep(self, key: bytes, record_id: str, answer: Answer) -> None:
        self._answered[key] = (record_id, answer)
        self._characters_left -= len(answer.reply.text or "")
        while self._answered and (len(self._answered) > self._limit or self._characters_left < 0):
            _, (_, oldest) = self._answered.popitem(last=False)
            self._characters_left += len(oldest.reply.text or "")

    def _copy(self, asked_for: str, result: RequestResult) -> RequestResult:
        if isinstance(result, Failed):
            return replace(result, copied=True)
        self._stats.cache_hits += 1
        return replace(result, reply=replace(result.reply, usage=Usage()), attempts=0, copied_from=asked_for)


def _key(question: Question) -> bytes:
    """Return a 128-bit hash of the messages."""
    messages = [(message["role"], message["content"]) for message in question.messages]
    return hashlib.blake2b(json.dumps(messages).encode(), digest_size=16).digest()
