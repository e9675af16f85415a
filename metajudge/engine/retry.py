"""The retry layer: asks one question until it is answered or its retries are used up.

Transient errors (timeout, 5xx …) and malformed replies are counted apart. A refusal for want of capacity (429, 503,
529) is counted only if the judge has answered nothing meanwhile.
"""

import logging
import random
from dataclasses import dataclass
from typing import Any

from metajudge.data import Status
from metajudge.engine.clock import Clock, backoff, overload_backoff
from metajudge.engine.question import Answer, Failed, Question, Request, RequestLayer, RequestResult
from metajudge.llm import FatalError, OverloadError, Reply, RequestRejected, TransientError
from metajudge.text import ParseFailure, estimate_tokens, printable

log = logging.getLogger("metajudge")

_SHOWN, _SHOWN_CHARACTERS = 3, 200
MISREAD_QUESTIONS = 20
"""A run stops when this number of questions got malformed replies before any question got another."""


@dataclass(slots=True)
class _Tries:
    """Counts of one question."""

    replies_seen: int
    """Replies to all questions at its last refusal for want of capacity, or at its begin."""
    sent: int = 0
    errors: int = 0
    refusals: int = 0
    malformed: int = 0
    cut: int = 0
    """Malformed replies that ended at the limit of tokens."""
    part: tuple[Reply, Any] | None = None
    """The last reply of which a part can be accepted, with the part."""


class RetryingClient:
    """Asks again after a transient error or a malformed reply."""

    def __init__(self, inner: RequestLayer, *, max_retries: int, max_tokens: int | None, clock: Clock) -> None:
        """Allow `max_retries` tries after the first, for errors and for malformed replies each."""
        self._inner, self._clock = inner, clock
        self._max_retries, self._max_tokens = max_retries, max_tokens
        self._rng = random.Random()
        self._replies = self._accepted = self._misread = self._shown = 0

    async def ask(self, question: Question) -> RequestResult:
        """Ask until accepted or out of retries. Raises what ends the run: `FatalError`, `OutageTooLong`, `Stopped`."""
        tokens, tries, cause = estimate_tokens(question.messages), _Tries(self._replies), ""

        def failed(kind: Status, cause: str, message: str, last: Reply | None = None) -> Failed:
            return Failed(kind, cause, message, tries.sent, last, question=question.name)

        while True:
            tries.sent += 1
            try:
                reply = await self._inner.ask(Request(question.messages, tokens, cause))
            except TransientError as error:
                cause, wait = error.cause, self._count_error(tries, error)
                if tries.errors > self._max_retries:
                    return failed(Status.ERROR, cause, f"{error} (gave up after {tries.sent} tries)")
                await self._clock.sleep(wait)
                continue
            except RequestRejected as error:
                return failed(Status.ERROR, error.cause, str(error))
            self._replies += 1
            value = self._read(question, reply, tries)
            if not isinstance(value, ParseFailure):
                self._accepted += 1
                return Answer(reply, value, tries.sent)
            cause = "length" if reply.is_cut else "malformed"
            if message := self._count_malformed(tries, reply, value):
                if tries.part is not None:
                    self._accepted += 1
                    return Answer(*tries.part, tries.sent)
                return failed(Status.FORMAT_ERROR, cause, message, reply)

    def _read(self, question: Question, reply: Reply, tries: _Tries) -> Any:
        value = question.value_of(reply)
        if not isinstance(value, ParseFailure) or question.read_part is None or reply.text is None:
            return value
        part = question.read_part(reply)
        if isinstance(part, ParseFailure):
            return value
        is_repeated = tries.part is not None
        tries.part = reply, part
        return part if is_repeated else value

    def _count_error(self, tries: _Tries, error: TransientError) -> float:
        """Count a failed try; return the seconds until the next one."""
        if isinstance(error, OverloadError):
            tries.refusals += 1
            tries.errors += self._replies == tries.replies_seen
            tries.replies_seen = self._replies
            return overload_backoff(tries.refusals, error.retry_after, self._rng)
        tries.errors += 1
        return max(backoff(tries.errors, self._rng), error.retry_after or 0.0)

    def _count_malformed(self, tries: _Tries, reply: Reply, failure: ParseFailure) -> str:
        """Count a malformed reply; return why the question is given up, empty if it is asked again."""
        tries.malformed += 1
        tries.cut += reply.is_cut
        self._note(reply, failure, is_misread=tries.malformed == min(2, self._max_retries + 1))
        is_last = tries.malformed > self._max_retries
        if tries.cut > 1 or (reply.is_cut and is_last):  # more tries would be cut at the same place
            limit = "its limit" if self._max_tokens is None else f"{self._max_tokens} tokens"
            return f"the reply was cut off at {limit}; raise `max_tokens` ({failure.reason})"
        return f"no acceptable reply in {tries.malformed}: {failure.reason}" if is_last else ""

    def _note(self, reply: Reply, failure: ParseFailure, *, is_misread: bool) -> None:
        """Log the first malformed replies. Raise `FatalError` if no question so far has got another kind."""
        begin = printable((reply.text or "")[:_SHOWN_CHARACTERS])
        if self._shown < _SHOWN:
            self._shown += 1
            log.warning("malformed reply: %s; it begins: %s", failure.reason, begin)
        self._misread += is_misread
        if self._misread >= MISREAD_QUESTIONS and not self._accepted:
            raise FatalError(
                "misread",
                f"none of the first {MISREAD_QUESTIONS} questions got a readable reply; the last ({failure.reason}) "
                f"begins: {begin}; try another `model`, or raise `max_tokens` if replies are cut off",
            )
