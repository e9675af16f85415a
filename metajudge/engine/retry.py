"""The retry layer: asks one question until it is answered or its retries are used up.

Transient errors (timeout, 5xx …) and malformed replies are counted apart. A refusal for want of capacity (429, 503,
529) is counted only if the judge has answered nothing meanwhile.
"""

import logging
import random

from metajudge.data import Status
from metajudge.engine.clock import Clock, backoff, overload_backoff
from metajudge.engine.question import Answer, Failed, Question, Request, RequestLayer, RequestResult
from metajudge.llm import FatalError, OverloadError, Reply, RequestRejected, TransientError
from metajudge.text import ParseFailure, estimate_tokens, printable

log = logging.getLogger("metajudge")

_NO_CONTENT = ParseFailure("the reply has no content")
_SHOWN, _SHOWN_CHARACTERS = 3, 200
MISREAD_QUESTIONS = 20
"""A run stops when its first questions, this many, all got malformed replies only."""


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
        tokens = estimate_tokens(question.messages)
        errors = refusals = malformed = cut = attempts = 0
        replies_before = self._replies
        cause = ""

        def failed(kind: Status, cause: str, message: str, last: Reply | None = None) -> Failed:
            return Failed(kind, cause, message, attempts, last, question=question.name)

        while True:
            attempts += 1
            try:
                reply = await self._inner.ask(Request(question.messages, tokens, cause))
            except TransientError as error:
                if isinstance(error, OverloadError):
                    refusals += 1
                    errors += self._replies == replies_before
                    replies_before, wait = self._replies, overload_backoff(refusals, error.retry_after, self._rng)
                else:
                    errors += 1
                    wait = max(backoff(errors, self._rng), error.retry_after or 0.0)
                if errors > self._max_retries:
                    return failed(Status.ERROR, error.cause, f"{error} (gave up after {attempts} tries)")
                cause = error.cause
                await self._clock.sleep(wait)
                continue
            except RequestRejected as error:
                return failed(Status.ERROR, error.cause, str(error))
            self._replies += 1
            value = _NO_CONTENT if reply.text is None else question.read(reply)
            if not isinstance(value, ParseFailure):
                self._accepted += 1
                return Answer(reply, value, attempts)
            malformed += 1
            cut += reply.is_cut
            cause = "length" if reply.is_cut else "malformed"
            self._note(reply, value, is_misread=malformed == min(2, self._max_retries + 1))
            # More tries would be cut at the same place.
            if cut > 1 or (reply.is_cut and malformed > self._max_retries):
                limit = "its limit" if self._max_tokens is None else f"{self._max_tokens} tokens"
                message = f"the reply was cut off at {limit}; raise `max_tokens` ({value.reason})"
                return failed(Status.FORMAT_ERROR, cause, message, reply)
            if malformed > self._max_retries:
                message = f"no acceptable reply in {malformed}: {value.reason}"
                return failed(Status.FORMAT_ERROR, cause, message, reply)

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
