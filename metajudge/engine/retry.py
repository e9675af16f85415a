"""The retry layer: asks one question until it is answered or its retries are used up.

Transient errors (timeout, 429, 5xx …) and malformed replies are counted apart.
"""

import random

from metajudge.data import Status
from metajudge.engine.clock import Clock, backoff
from metajudge.engine.question import Answer, Failed, Question, Request, RequestLayer, RequestResult
from metajudge.llm import Reply, RequestRejected, TransientError
from metajudge.text import ParseFailure, estimate_tokens

_NO_CONTENT = ParseFailure("the reply has no content")


class RetryingClient:
    """Asks again after a transient error or a malformed reply."""

    def __init__(self, inner: RequestLayer, *, max_retries: int, max_tokens: int, clock: Clock) -> None:
        """Allow `max_retries` tries after the first, for errors and for malformed replies each."""
        self._inner, self._clock = inner, clock
        self._max_retries, self._max_tokens = max_retries, max_tokens
        self._rng = random.Random()

    async def ask(self, question: Question) -> RequestResult:
        """Ask until accepted or out of budget. Raises what ends the run: `FatalError`, `OutageTooLong`, `Stopped`."""
        tokens = estimate_tokens(question.messages)
        errors = malformed = cut = attempts = 0
        cause = ""

        def failed(kind: Status, cause: str, message: str, last: Reply | None = None) -> Failed:
            return Failed(kind, cause, message, attempts, last, question=question.name)

        while True:
            attempts += 1
            try:
                reply = await self._inner.ask(Request(question.messages, tokens, cause))
            except TransientError as error:
                errors += 1
                if errors > self._max_retries:
                    return failed(Status.ERROR, error.cause, f"{error} (gave up after {attempts} tries)")
                cause = error.cause
                await self._clock.sleep(backoff(errors, self._rng) if error.retry_after is None else error.retry_after)
                continue
            except RequestRejected as error:
                return failed(Status.ERROR, error.cause, str(error))
            value = _NO_CONTENT if reply.text is None else question.read(reply)
            if not isinstance(value, ParseFailure):
                return Answer(reply, value, attempts)
            malformed += 1
            cut += reply.finish_reason == "length"
            if cut > 1:  # more tries would be cut at the same place
                message = f"the reply was cut off at {self._max_tokens} tokens; raise `max_tokens` ({value.reason})"
                return failed(Status.FORMAT_ERROR, "length", message, reply)
            if malformed > self._max_retries:
                message = f"no acceptable reply in {malformed}: {value.reason}"
                return failed(Status.FORMAT_ERROR, "malformed", message, reply)
            cause = "length" if reply.finish_reason == "length" else "malformed"
