"""Equal questions are asked once: those in flight together, and those among the last ones answered."""

from __future__ import annotations

import asyncio
import functools
import hashlib
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from metajudge.engine.retry import Answer, Failed, Question, RetryingClient, Stopped
from metajudge.llm import Usage

ANSWERS = 10_000
CHARACTERS = 32_000_000
Outcome = Answer | Failed


class ResponseCache:
    """Equal questions in flight together, or among the last ones answered, are asked once."""

    def __init__(self, answers: int = ANSWERS, characters: int = CHARACTERS) -> None:
        """Keep at most this many answers, and this many characters of their replies."""
        self._in_flight: dict[bytes, asyncio.Future[tuple[str, Outcome]]] = {}
        self._answered: OrderedDict[bytes, tuple[str, Answer]] = OrderedDict()
        self._limit, self._room = answers, characters
        self.waiting: set[asyncio.Task[Any]] = set()
        """Tasks that wait for the reply to an equal question."""

    async def ask(self, asker: RetryingClient, question: Question, record_id: str) -> Outcome:
        """The outcome; an answer to an equal question is a copy: no tokens, and the record it comes from."""
        key = _key(question)
        if key in self._answered:
            self._answered.move_to_end(key)
            return _copy(*self._answered[key])
        if key in self._in_flight:
            return _copy(*await self._wait(self._in_flight[key]))
        return await self._lead(key, asker, question, record_id)

    async def _wait(self, leader: asyncio.Future[tuple[str, Outcome]]) -> tuple[str, Outcome]:
        own: Any = asyncio.current_task()
        self.waiting.add(own)
        try:
            return await asyncio.shield(leader)
        finally:
            self.waiting.discard(own)

    async def _lead(self, key: bytes, asker: RetryingClient, question: Question, record_id: str) -> Outcome:
        future: asyncio.Future[tuple[str, Outcome]] = asyncio.get_running_loop().create_future()
        self._in_flight[key] = future
        try:
            outcome = await asker.ask(question)
        except BaseException as error:
            future.set_exception(Stopped() if isinstance(error, asyncio.CancelledError) else error)
            future.exception()  # marked as seen: there may be nobody else waiting
            raise
        finally:
            del self._in_flight[key]
        future.set_result((record_id, outcome))
        if isinstance(outcome, Answer):
            self._remember(key, record_id, outcome)
        return outcome

    def _remember(self, key: bytes, record_id: str, answer: Answer) -> None:
        self._answered[key] = (record_id, answer)
        self._room -= len(answer.reply.text or "")
        while self._answered and (len(self._answered) > self._limit or self._room < 0):
            _, (_, old) = self._answered.popitem(last=False)
            self._room += len(old.reply.text or "")


def _key(question: Question) -> bytes:
    """128 bits of a hash that tells different questions apart."""
    digest = hashlib.blake2b(digest_size=16)
    for message in question.messages:
        role, content = message["role"], message["content"]
        # The instructions are most of a question, and the same in all.
        digest.update(_hash_of_fixed(content) if role == "system" else _hash(content))
        digest.update(role.encode())
    return digest.digest()


def _hash(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


@functools.lru_cache(maxsize=16)
def _hash_of_fixed(text: str) -> bytes:
    return _hash(text)


def _copy(asked_by: str, outcome: Outcome) -> Outcome:
    if isinstance(outcome, Failed):
        return replace(outcome, copied=True)
    return replace(outcome, reply=replace(outcome.reply, usage=Usage()), attempts=0, copied_from=asked_by)
