"""Client of an OpenAI-compatible server: messages in, one reply out."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from metajudge.errors import UsageError
from metajudge.llm.completion import Reply, parse_completion
from metajudge.llm.errors import FatalError, parse_error

if TYPE_CHECKING:
    import openai

    from metajudge.llm.transport import Transport

log = logging.getLogger("metajudge")

NO_KEY = "none"
"""Sent to a judge that needs no key: the OpenAI client takes no empty one."""


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """A judge and the parameters of its requests."""

    model: str
    base_url: str
    api_key: str = field(repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Sent with every request, such as `temperature`; None is not sent. A request is repeated without a refused one."""
    timeout: float = 600.0
    """Seconds for one request, from connecting to the last byte."""
    extra_body: Mapping[str, Any] = field(default_factory=dict)
    connections: int = 10
    """Open at the same time, at most."""


class JudgeClient:
    """A chat-completions endpoint. Use it as an async context manager, so that its connections are closed."""

    def __init__(self, config: ClientConfig, client: openai.AsyncOpenAI | None = None) -> None:
        """Make a client; nothing is sent yet.

        `client`: an OpenAI client of your own (a token provider, a transport with its own rules) through which every
        request is to go.
        """
        self.config = config
        self.dropped_params: list[str] = []
        """Parameters that the server refuses, in the order of its errors."""
        self._has_answered = False
        self._transport = _make_transport(config, client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._transport.close()

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """Send one request and return its reply.

        Raises a `JudgeError`. The request is sent again at once without a parameter that the server refuses. If that
        helps, the parameter is left out for the rest of the run.
        """
        where = f"{self.config.base_url} with model {self.config.model}"
        dropped = list(self.dropped_params)
        while True:
            body = self._body(messages, dropped)
            started = time.monotonic()
            response = await self._transport.post(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
            seconds = time.monotonic() - started
            if response.status < 300:
                kind = response.headers.get("content-type", "")
                key, answered = self.config.api_key, self._has_answered
                reply = parse_completion(response.content, kind, seconds, key=key, where=where, answered=answered)
                self._has_answered = True
                self._keep_dropped(dropped)
                return reply
            error = parse_error(response.status, response.headers, response.content, self.config.api_key)
            parameter = error.refused_parameter([name for name in body if name not in ("messages", "model")])
            is_users = parameter in self.config.extra_body
            if parameter is None or (is_users and self._has_answered):
                raise error.failure(where, answered=self._has_answered)
            if is_users:
                raise FatalError("extra body", f"the judge refuses {parameter} of `extra_body`: {error.message}")
            dropped.append(parameter)
            if parameter == "max_tokens" and error.refuses_value:
                dropped.append("max_completion_tokens")  # the same value under another name

    def _body(self, messages: Sequence[Mapping[str, str]], dropped: Collection[str]) -> dict[str, Any]:
        values = {**self.config.parameters, "stream": False}
        if "max_tokens" in dropped:
            values["max_completion_tokens"] = values["max_tokens"]
        sent = {name: value for name, value in values.items() if value is not None and name not in dropped}
        return {"messages": messages, "model": self.config.model, **sent, **self.config.extra_body}

    def _keep_dropped(self, dropped: Sequence[str]) -> None:
        for parameter in dropped:
            if parameter in self.dropped_params:
                continue
            self.dropped_params.append(parameter)
            is_renamed = parameter == "max_tokens" and "max_completion_tokens" not in dropped
            change = "sending max_completion_tokens instead" if is_renamed else "leaving it out"
            log.warning("the judge refuses %s: %s for the rest of the run", parameter, change)


def _make_transport(config: ClientConfig, client: openai.AsyncOpenAI | None) -> Transport:
    # Imported where a client is made: openai and aiohttp take most of a second, and commands that only read results
    # (their `Reply`, `Usage` and errors are in this room, too) need neither.
    try:
        from metajudge.llm.transport import AiohttpTransport, OpenAITransport
    except (ImportError, SyntaxError) as error:
        raise UsageError(f"the package openai cannot be used: {error}; install it again") from None

    if client is not None:
        return OpenAITransport(client, config.timeout)
    return AiohttpTransport(config.base_url, config.api_key, timeout=config.timeout, connections=config.connections)
