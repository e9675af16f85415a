"""Client of an OpenAI-compatible server: messages in, one reply out."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Self

from metajudge.errors import UsageError
from metajudge.llm.errors import RequestRejected, TransientError, error_message, masked, parse_error, without_key

if TYPE_CHECKING:
    from metajudge.llm.transport import Response, Transport

log = logging.getLogger("metajudge")

NO_KEY = "none"
"""Sent to a judge that needs no key: the OpenAI client takes no empty one."""
_ADAPTABLE = ("max_tokens", "temperature")


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply, as the server counts them (0 when it does not say)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int | None = None
    """Prompt tokens served from the server's prefix cache; None when it does not say."""

    def __add__(self, other: Usage) -> Usage:
        cached = [count for count in (self.cached_tokens, other.cached_tokens) if count is not None]
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            sum(cached) if cached else None,
        )

    def to_json(self) -> dict[str, int]:
        """Return the record's `usage` object."""
        return {name: count for name, count in asdict(self).items() if count is not None}

    @classmethod
    def from_json(cls, data: object) -> Usage:
        """Read a server's `usage` (or our record's); anything unreadable counts 0."""
        if not isinstance(data, Mapping):
            return cls()
        details = data.get("prompt_tokens_details")
        cached = data.get("cached_tokens", details.get("cached_tokens") if isinstance(details, Mapping) else None)
        prompt, completion = _count(data.get("prompt_tokens")), _count(data.get("completion_tokens"))
        total = _count(data.get("total_tokens")) or prompt + completion
        return cls(prompt, completion, total, None if cached is None else _count(cached))


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15 else 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The judge's reply to one question."""

    text: str | None
    """The answer itself, never the reasoning beside it; None when the server sent no content."""
    finish_reason: str | None
    usage: Usage
    latency_s: float
    """Seconds from sending the request to having the whole reply."""


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A judge and the parameters of its requests."""

    model: str
    base_url: str
    api_key: str = field(repr=False)
    max_tokens: int = 8192
    temperature: float = 0.6
    timeout: float = 600.0
    """Seconds for one request, from connecting to the last byte."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    connections: int = 10
    """Open at the same time, at most."""


class JudgeClient:
    """A chat-completions endpoint. Use it as an async context manager, so that its connections are closed."""

    def __init__(self, config: ClientConfig) -> None:
        self.config = config
        self.dropped_params: list[str] = []
        """Parameters that the server does not support, in the order of its errors."""
        self._transport = _make_transport(config)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._transport.close()

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """Send one request and return its reply.

        Raises a `JudgeError`. A parameter that the server says it does not support is adapted for the rest of
        the run, and the request is sent again at once.
        """
        for _ in range(len(_ADAPTABLE) + 1):
            body = self._body(messages)
            started = time.monotonic()
            response = await self._transport.post(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
            if response.status < 300:
                return _parse_completion(response, time.monotonic() - started, self.config.api_key)
            error = parse_error(response.status, response.headers, response.content, self.config.api_key)
            # Looked for in this body: another question may have dropped the parameter while this one was in flight.
            parameter = error.unsupported(tuple(name for name in _ADAPTABLE if name in body))
            if parameter is None:
                raise error.failure(f"{self.config.base_url} with model {self.config.model}")
            self._drop(parameter)
        raise RequestRejected(
            "rejected", f"the judge rejects the request, also without {' and '.join(self.dropped_params)}"
        )

    def _body(self, messages: Sequence[Mapping[str, str]]) -> dict[str, Any]:
        limit = "max_completion_tokens" if "max_tokens" in self.dropped_params else "max_tokens"
        body = {"messages": messages, "model": self.config.model, limit: self.config.max_tokens}
        if "temperature" not in self.dropped_params:
            body["temperature"] = self.config.temperature
        return {**body, **self.config.extra_body}

    def _drop(self, parameter: str) -> None:
        if parameter in self.dropped_params:
            return
        self.dropped_params.append(parameter)
        change = "sending max_completion_tokens instead" if parameter == "max_tokens" else "leaving it out"
        log.warning("the judge does not support %s: %s for the rest of the run", parameter, change)


def _make_transport(config: ClientConfig) -> Transport:
    # Imported where a client is made: openai and aiohttp take most of a second, and commands that only read results
    # (their `Reply`, `Usage` and errors are in this room, too) need neither.
    try:
        from metajudge.llm.transport import Transport
    except (ImportError, SyntaxError) as error:
        raise UsageError(f"the package openai cannot be used: {error}; install it again") from None

    return Transport(config.base_url, config.api_key, timeout=config.timeout, connections=config.connections)


def _parse_completion(response: Response, latency_s: float, key: str) -> Reply:
    data: Any = None
    try:
        data = json.loads(response.content)
        choice = data["choices"][0]
        message = choice["message"]
        content, finish = message.get("content"), choice.get("finish_reason")
    except (ValueError, RecursionError):
        kind = without_key(response.headers.get("content-type", "no content type"), key)
        hint = "; does the base URL end in /v1?" if "html" in kind else ""
        raise TransientError("no completion", f"the judge answered 200 with {kind} that is not JSON{hint}") from None
    except (KeyError, IndexError, TypeError, AttributeError):
        reason = error_message(data, key)
        raise TransientError(
            "no completion", f"the judge answered 200 without a choice{reason and f': {reason}'}"
        ) from None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    text = masked(content, key) if isinstance(content, str) else None  # some servers echo what they were sent
    if finish == "content_filter":
        raise RequestRejected("content filter", "the judge's content filter cut the reply")
    return Reply(
        text, masked(finish, key) if isinstance(finish, str) else None, Usage.from_json(data.get("usage")), latency_s
    )
