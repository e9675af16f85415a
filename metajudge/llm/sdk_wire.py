"""The way to the judge through the OpenAI SDK. Importing this imports the SDK."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import httpx2

from metajudge.llm.base_url import is_loopback
from metajudge.llm.errors import FatalError, JudgeError
from metajudge.llm.sdk import openai
from metajudge.llm.sdk_client import made
from metajudge.llm.told import PATH, ClientSettings
from metajudge.llm.transport import Response, causes_of, connection_failure, no_certificates, unusable


class OpenAITransport:
    """Every request through the SDK's client."""

    def __init__(self, client: openai.AsyncOpenAI, timeout: float) -> None:
        self._client = client
        self._timeout = timeout

    async def post(self, content: bytes) -> Response:
        """As `Wire.post`."""
        options: Any = {"headers": {"Content-Type": "application/json"}}
        try:
            # The transport's own read time-out starts anew with every chunk: a trickle would never end.
            async with asyncio.timeout(self._timeout):
                response = await self._client.post(
                    f"/{PATH}", cast_to=httpx2.Response, content=content, options=options
                )
        except openai.APIStatusError as error:
            response = error.response
        except (openai.APIConnectionError, httpx2.TransportError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._failure(error) from None
        return Response(response.status_code, response.headers, response.content)

    def _failure(self, error: BaseException) -> JudgeError:
        url, causes = str(self._client.base_url), causes_of(error)
        ours = next((cause for cause in causes if isinstance(cause, JudgeError)), None)
        if ours is None and any(isinstance(cause, httpx2.UnsupportedProtocol) for cause in causes):
            ours = unusable(url)
        return ours or connection_failure(error, url, self._client.api_key, self._timeout)

    async def close(self) -> None:
        """As `Wire.close`."""
        await self._client.close()


def sdk_wire(settings: ClientSettings, connections: int) -> OpenAITransport:
    """A way of our own through the SDK; `connections` at the same time, at most."""
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    # trust_env reads the proxy variables: a judge on this machine is never asked through a proxy.
    try:
        transport = openai.DefaultAioHttpClient(
            limits=limits,
            trust_env=not is_loopback(settings.base_url),
            event_hooks={"request": [_stays_at(settings.base_url)]},
        )
    except OSError as error:
        raise no_certificates(error) from None
    return OpenAITransport(made(settings, transport), settings.timeout)


def _stays_at(base_url: str) -> Callable[[httpx2.Request], Awaitable[None]]:
    """A hook for each request of an httpx client: rows go to the host that the user named and to no other.

    It raises `FatalError` where a redirection leads elsewhere.
    """
    named = httpx2.URL(base_url).host

    async def check(request: httpx2.Request) -> None:
        if request.url.host != named:
            there = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            raise FatalError(
                "redirected", f"{base_url} redirects to {there}; if your rows may go there, name it with --api-base"
            )

    return check
