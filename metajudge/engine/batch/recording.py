"""A judge that writes the requests of a run to the parts of a batch, and leaves every row open."""

import contextlib
import hashlib
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metajudge.engine.budget import Spending
from metajudge.engine.clock import Pending, StoppableClock
from metajudge.engine.config import JudgeConfig
from metajudge.engine.question import Question, QuestionLayer, RequestResult
from metajudge.engine.session import JudgeOpener, JudgeSession, client_config
from metajudge.engine.stats import RunStats
from metajudge.llm import Dialect, request_content
from metajudge.records import PartWriter
from metajudge.text import estimate_tokens

ROWS_AT_ONCE = 64
_LINE_ENDS = {"\u2028": "\\u2028", "\u2029": "\\u2029", "\x85": "\\u0085"}
"""Characters at which some readers end a line, and their escapes in JSON."""


@dataclass(slots=True)
class Recording:
    """Counts of the requests that a run has written."""

    in_other_parts: set[int] = field(default_factory=set)
    """Keys (`id_key`) of requests that are in parts whose results are not collected."""
    requests: int = 0
    prompt_tokens: int = 0
    """Estimated."""
    left_out: int = 0
    """Requests left out because they are in such a part."""


class _Recorder:
    """Writes each question once."""

    def __init__(self, dialect: Dialect, writer: PartWriter, recording: Recording, url: str) -> None:
        self._dialect, self._writer, self._recording, self._url = dialect, writer, recording, url
        self._written: set[int] = set()

    async def ask(self, question: Question) -> RequestResult:
        """Write the request. Raises `Pending`, and what the writer raises."""
        body = request_body(self._dialect, question)
        name = custom_id(body, question)
        key = id_key(name)
        if key in self._recording.in_other_parts:
            self._recording.left_out += key not in self._written
            self._written.add(key)
        elif key not in self._written:
            self._written.add(key)
            tokens = estimate_tokens(question.messages)
            self._writer.add(_line(name, self._url, body), tokens)
            self._recording.requests += 1
            self._recording.prompt_tokens += tokens
        raise Pending


def recording(writer: PartWriter, counts: Recording, *, url: str, dropped: Sequence[str]) -> JudgeOpener:
    """Return the opener of a judge that writes requests to `writer`, without the parameters in `dropped`."""

    @contextlib.asynccontextmanager
    async def opener(
        config: JudgeConfig, stats: RunStats, spending: Spending | None = None
    ) -> AsyncIterator[JudgeSession]:
        dialect = make_dialect(config, dropped)
        yield file_session(_Recorder(dialect, writer, counts, url), dialect, stats)

    return opener


def make_dialect(config: JudgeConfig, dropped: Sequence[str]) -> Dialect:
    """Return the form of the requests of `config` without the parameters in `dropped`."""
    dialect = Dialect(client_config(config, config.base_urls[0]), answered=True)
    dialect.dropped_params += dropped
    return dialect


def file_session(layer: QuestionLayer, dialect: Dialect, stats: RunStats) -> JudgeSession:
    """Return the session of a run that sends nothing."""
    return JudgeSession(stats, StoppableClock(), _NoEndpoints(dialect.dropped_params), layer)


@dataclass(frozen=True, slots=True)
class _NoEndpoints:
    """Endpoints of a run that sends nothing."""

    dropped_params: Sequence[str]
    sent: int = 0
    limit: int = 0
    peak: int = ROWS_AT_ONCE
    is_down: bool = False


def request_body(dialect: Dialect, question: Question) -> dict[str, Any]:
    """Return the body of a question's request; nothing in a batch is streamed."""
    body = dialect.body(question.messages, dialect.dropped_params)
    body.pop("stream", None)
    return body


def custom_id(body: Mapping[str, Any], question: Question) -> str:
    """Return the id of a request: a hash of its body, and the number of its repetition within the row.

    A question that may not share a reply with an equal one of another row has the hash of body and row.
    """
    text = json.dumps(body, sort_keys=True) + ("" if question.shared else question.record_id)
    repetition = f"-{question.repetition}" if question.repetition > 1 else ""
    return f"mj-{hashlib.sha256(text.encode()).hexdigest()[:32]}{repetition}"


def id_key(name: str) -> int:
    """Return a 64-bit key of a request's id, small enough to keep for every request."""
    return hash(name)


def _line(name: str, url: str, body: Mapping[str, Any]) -> bytes:
    line = request_content({"custom_id": name, "method": "POST", "url": url, "body": body})
    text = line.decode()
    for character, escape in _LINE_ENDS.items():
        text = text.replace(character, escape)
    return text.encode() + b"\n"
