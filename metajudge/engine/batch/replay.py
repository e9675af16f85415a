"""A judge that answers a run from result files, and leaves the rows open that have no usable reply there."""

import contextlib
import json
import logging
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metajudge.data import Status
from metajudge.engine.batch.recording import custom_id, file_session, make_dialect, request_body
from metajudge.engine.batch.results import Result, Results
from metajudge.engine.budget import Prices, Spending
from metajudge.engine.cache import ResponseCache
from metajudge.engine.clock import Pending
from metajudge.engine.config import JudgeConfig
from metajudge.engine.question import Answer, Failed, Question, RequestResult
from metajudge.engine.session import JudgeOpener, JudgeSession
from metajudge.engine.stats import RunStats
from metajudge.llm import (
    Dialect,
    JudgeError,
    ParameterRefused,
    Reply,
    RequestRejected,
    TransientError,
    reported_error,
)
from metajudge.text import ParseFailure, printable

log = logging.getLogger("metajudge")

MISSING = "without a result"
_JSON = {"content-type": "application/json"}
_SHOWN, _SHOWN_CHARACTERS = 3, 200


@dataclass(slots=True)
class Replayed:
    """Counts of the questions that a run could not answer from the results."""

    used: int = 0
    """Results that were read."""
    open: Counter[str] = field(default_factory=Counter)
    """Questions that stay open, by cause."""
    refused: list[str] = field(default_factory=list)
    """Parameters that the provider refuses."""


class _Replayer:
    """Answers each question with the first usable result of its request."""

    def __init__(
        self, results: Results, forms: Sequence[Dialect], config: JudgeConfig, stats: RunStats, counts: Replayed,
        discount: float,
    ) -> None:  # fmt: skip
        self._results, self._forms, self._key, self._stats, self._counts = results, forms, config.api_key, stats, counts
        self._prices = Prices(*config.prices) if config.prices else None
        self._discount = discount
        self._shown = 0

    async def ask(self, question: Question) -> RequestResult:
        """Return the reply, or the refusal of this question. Raises `Pending` if there is neither."""
        cause, rejected = MISSING, None
        for body, form, result in self._found(question):
            try:
                reply = self._read(result, form, body)
            except ParameterRefused as refused:
                self._note_refused(refused.parameters)
                cause = "refused parameter"
            except RequestRejected as error:
                rejected = error
            except JudgeError as error:
                cause = error.cause
                self._show(str(error))
            else:
                value = question.value_of(reply)
                if isinstance(value, ParseFailure) and question.read_part is not None and reply.text is not None:
                    value = question.read_part(reply)  # no second reply comes in this batch
                if not isinstance(value, ParseFailure):
                    return Answer(reply, value)
                cause = "length" if reply.is_cut else "malformed"
                begin = printable((reply.text or "")[:_SHOWN_CHARACTERS])
                self._show(f"malformed reply: {value.reason}; it begins: {begin}")
        if rejected is not None:
            return Failed(Status.ERROR, rejected.cause, str(rejected), 1, question=question.name)
        self._counts.open[cause] += 1
        raise Pending

    def _found(self, question: Question) -> Iterator[tuple[Mapping[str, Any], Dialect, Result]]:
        for form in self._forms:
            body = request_body(form, question)
            for result in self._results.of(custom_id(body, question)):
                yield body, form, result

    def _read(self, result: Result, form: Dialect, body: Mapping[str, Any]) -> Reply:
        self._stats.requests += 1
        self._counts.used += 1
        if not result.status:
            raise self._failure(result.content)
        content = result.content if isinstance(result.content, str) else json.dumps(result.content)
        reply = form.read(result.status, _JSON, content.encode("utf-8", "replace"), 0.0, body)
        self._stats.usage += reply.usage
        if self._prices is not None:
            self._stats.cost += self._prices.of(reply.usage) * self._discount
        return reply

    def _failure(self, error: object) -> JudgeError:
        """Return the failure of a request without a response; such a request may succeed in another batch."""
        failure = reported_error(error, self._key, whole="no response").failure("the batch", answered=True)
        code = error.get("code") if isinstance(error, Mapping) else None
        if isinstance(failure, RequestRejected) or not isinstance(code, str) or not code:
            return failure
        return TransientError(code, str(failure))

    def _note_refused(self, parameters: Sequence[str]) -> None:
        self._counts.refused += [one for one in parameters if one not in self._counts.refused]

    def _show(self, problem: str) -> None:
        """Log the first problems."""
        if self._shown < _SHOWN:
            self._shown += 1
            log.warning("%s", problem)


def replaying(
    results: Results, counts: Replayed, *, forms: Collection[tuple[str, ...]], dropped: Sequence[str], discount: float
) -> JudgeOpener:
    """Return the opener of a judge that answers from `results`.

    `forms`: the parameters that the requests of each part leave out. `dropped`: those that records name as adapted.
    """

    @contextlib.asynccontextmanager
    async def opener(
        config: JudgeConfig, stats: RunStats, spending: Spending | None = None
    ) -> AsyncIterator[JudgeSession]:
        dialects = [make_dialect(config, form) for form in dict.fromkeys(forms)]
        replayer = _Replayer(results, dialects, config, stats, counts, discount)
        yield file_session(ResponseCache(replayer, stats), make_dialect(config, dropped), stats)

    return opener
