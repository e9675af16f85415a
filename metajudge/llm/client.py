"""Client of an OpenAI-compatible server: messages in, one reply out."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

from metajudge.errors import UsageError
from metajudge.llm.dialect import ClientConfig, Dialect, ParameterRefused, request_content

if TYPE_CHECKING:
    import openai

    from metajudge.llm.completion import Reply
    from metajudge.llm.transport import Transport

NO_KEY = "none"
"""Sent to a judge that needs no key: the OpenAI client takes no empty one."""


class JudgeClient:
    """A chat-completions endpoint. Use it as an async context manager, so that its connections are closed."""

    def __init__(self, config: ClientConfig, client: openai.AsyncOpenAI | None = None) -> None:
        """Make a client; nothing is sent yet.

        `client`: an OpenAI client of your own (a token provider, a transport with its own rules) through which every
        request is to go.
        """
        self.config = config
        self._dialect = Dialect(config)
        self._transport = _make_transport(config, client)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._transport.close()

    @property
    def dropped_params(self) -> Sequence[str]:
        """Parameters that the server refuses, in the order of its errors."""
        return self._dialect.dropped_params

    async def ask(self, messages: Sequence[Mapping[str, str]]) -> Reply:
        """Send one request and return its reply.

        Raises a `JudgeError`. The request is sent again at once without a parameter that the server refuses. If that
        helps, the parameter is left out for the rest of the run.
        """
        dropped = list(self.dropped_params)
        while True:
            body = self._dialect.body(messages, dropped)
            started = time.monotonic()
            response = await self._transport.post(request_content(body))
            seconds = time.monotonic() - started
            try:
                reply = self._dialect.read(response.status, response.headers, response.content, seconds, body)
            except ParameterRefused as refused:
                dropped += refused.parameters
                continue
            self._dialect.drop(dropped)
            return reply


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
