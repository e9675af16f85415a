"""The OpenAI-compatible client: one question in, one reply out. Its failures are in `failures`, its ways in `wire`."""

from __future__ import annotations

import functools
import json
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from metajudge.llm.base_url import uses_proxy
from metajudge.llm.errors import RequestRejected, TransientError, error_told, masked, parse_error, without_key
from metajudge.llm.told import ClientSettings, ask
from metajudge.llm.transport import AiohttpTransport, Response, Transport

if TYPE_CHECKING:
    import openai

log = logging.getLogger("metajudge")

_ADAPTABLE = ("max_tokens", "temperature")
_TEXT = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply, as the server counts them (0 when it does not say)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int | None = None
    """Prompt tokens served from the server's prefix cache; None when it does not say."""

    def __add__(self, other: Usage) -> Usage:
        cached = None
        if self.cached_tokens is not None or other.cached_tokens is not None:
            cached = (self.cached_tokens or 0) + (other.cached_tokens or 0)
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            cached,
        )

    def to_json(self) -> dict[str, int]:
        """The record's `usage` object."""
        data = {name: getattr(self, name) for name in ("prompt_tokens", "completion_tokens", "total_tokens")}
        return data if self.cached_tokens is None else {**data, "cached_tokens": self.cached_tokens}

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
    """What the judge said to one question."""

    text: str | None
    """The answer itself, never the reasoning beside it; None when the server sent no content."""
    finish_reason: str | None
    usage: Usage
    seconds: float
    """From sending the request to having the whole reply."""


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """Which judge, and how it is asked."""

    model: str
    base_url: str
    api_key: str = field(repr=False)
    max_tokens: int = 8192
    temperature: float = 0.6
    timeout: float = 600.0
    """Seconds for one request, from connecting to the last byte."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    connections: int = 10


class JudgeClient:
    """A chat-completions endpoint. Use as an async context manager, so that its connections are closed."""

    def __init__(
        self, settings: ClientConfig, adapted: list[str] | None = None, client: openai.AsyncOpenAI | None = None
    ) -> None:
        """`adapted` is filled with the parameters that the server did not support, as they are met.

        `client`: a client of your own (a token provider, a transport with its own rules); every request then goes
        through it.
        """
        self.settings = settings
        self.dropped_params: list[str] = [] if adapted is None else adapted
        self._form = self._new_form()
        self._wire = _own_wire(settings) if client is None else _through(client, settings.timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._wire.close()

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """Send one request and return its reply.

        Raises a `JudgeError`. A parameter that the server says it does not support is adapted for the rest of
        the run, and the request is sent again at once.
        """
        for _ in range(len(_ADAPTABLE) + 1):
            form = self._form  # another question may adapt it while this one is out
            started = time.monotonic()
            response = await self._wire.post(form.filled(messages))
            if response.status < 300:
                return _read_completion(response, time.monotonic() - started, self.settings.api_key)
            refusal = parse_error(response.status, response.headers, response.content, self.settings.api_key)
            parameter = refusal.unsupported(tuple(name for name in _ADAPTABLE if name in form.fields))
            if parameter is None:
                raise refusal.failure(f"{self.settings.base_url} with model {self.settings.model}")
            self._adapt(parameter)
        raise RequestRejected(
            "rejected", f"the judge rejects the request, also without {' and '.join(self.dropped_params)}"
        )

    def _new_form(self) -> _Form:
        fields: dict[str, Any] = {"model": self.settings.model}
        limit = "max_completion_tokens" if "max_tokens" in self.dropped_params else "max_tokens"
        fields[limit] = self.settings.max_tokens
        if "temperature" not in self.dropped_params:
            fields["temperature"] = self.settings.temperature
        return _Form({**fields, **self.settings.extra_body})

    def _adapt(self, parameter: str) -> None:
        if parameter in self.dropped_params:
            return  # another question in flight met the same answer first
        self.dropped_params.append(parameter)
        change = "sending max_completion_tokens instead" if parameter == "max_tokens" else "leaving it out"
        self._form = self._new_form()
        log.warning("the judge does not support %s: %s for the rest of the run", parameter, change)


class _Form:
    """A request without its messages, encoded once, not with every question."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self.fields = fields
        self._encoded = _utf8(_TEXT(fields))

    def filled(self, messages: Sequence[Mapping[str, str]]) -> bytes:
        """The request as JSON; messages that the user has set by an extra body stand."""
        if "messages" in self.fields:
            return self._encoded
        parts = [_encoded(one["role"], one["content"]) for one in messages]
        return b'{"messages": [%b], %b' % (b", ".join(parts), self._encoded[1:])


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _encoded(role: str, content: str) -> bytes:
    return _encoded_and_kept(role, content) if role == "system" else _message(role, content)


def _message(role: str, content: str) -> bytes:
    return _utf8(f'{{"role": {_TEXT(role)}, "content": {_TEXT(content)}}}')


_encoded_and_kept = functools.lru_cache(maxsize=16)(_message)


def _through(client: openai.AsyncOpenAI, timeout: float) -> Transport:
    from metajudge.llm.sdk_wire import OpenAITransport  # only where it is needed: it imports the SDK

    return OpenAITransport(client, timeout)


def _own_wire(settings: ClientConfig) -> Transport:
    """The straight way; through the SDK where a proxy stands between."""
    client = ClientSettings(settings.base_url, settings.api_key, settings.timeout)

    def sdk() -> Transport:
        from metajudge.llm.sdk_wire import sdk_wire  # only where it is needed: it imports the SDK

        return sdk_wire(client, settings.connections)

    if uses_proxy(settings.base_url):
        return sdk()
    return AiohttpTransport(ask(client), client, sdk, settings.connections)


def _read_completion(response: Response, seconds: float, key: str) -> Reply:
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
        said = error_told(data, key)
        raise TransientError(
            "no completion", f"the judge answered 200 without a choice{said and f': {said}'}"
        ) from None
    if isinstance(content, list):
        content = "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    text = masked(content, key) if isinstance(content, str) else None  # some servers echo what they were sent
    if finish == "content_filter":
        raise RequestRejected("content filter", "the judge's content filter cut the reply")
    return Reply(
        text, masked(finish, key) if isinstance(finish, str) else None, Usage.from_json(data.get("usage")), seconds
    )
