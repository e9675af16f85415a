"""How a request travels: straight over aiohttp, or through the SDK where only the SDK knows the way.

The SDK decides base URL, authentication, headers and TLS in both ways; it is asked for them by its public names. What
the straight way leaves out is the SDK's own work around each request, which costs more than the request itself: with
256 in flight on one core 2.5 ms against 0.6 ms (building a request object and its URL, merging options and headers,
parsing the response into objects nobody looks at).
"""

from __future__ import annotations

import asyncio
import ssl
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import httpx2
from yarl import URL

from metajudge.failures import JudgeFailure, NoConnection, StopRun, TryAgain, Unreachable, without_key
from metajudge.sdk import openai

CONNECT_SECONDS = 10.0
PATH = "chat/completions"
_AUTOMATIC = ("accept", "accept-encoding", "user-agent")
"""Headers that aiohttp adds by itself; leaving them out takes its time for every request."""
# A server's alerts and breaks that tell of its state, not of the address: OpenSSL's names.
_PASSING = {
    "TLSV1_ALERT_INTERNAL_ERROR", "SSLV3_ALERT_BAD_RECORD_MAC", "TLSV1_ALERT_DECODE_ERROR",
    "UNEXPECTED_EOF_WHILE_READING", "DECRYPTION_FAILED_OR_BAD_RECORD_MAC", "TLSV1_ALERT_USER_CANCELLED",
    "SSLV3_ALERT_CLOSE_NOTIFY",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer of the server, of whatever status."""

    status: int
    headers: Mapping[str, str]
    content: bytes


class Wire(Protocol):
    """A way to the judge."""

    async def post(self, content: bytes) -> Response:
        """Send the JSON `content`; raises a `JudgeFailure` when no whole answer comes back."""

    async def close(self) -> None:
        """Close the connections."""


class SdkWire:
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
            ours = next((cause for cause in _causes(error) if isinstance(cause, JudgeFailure)), None)
            raise ours or connection_failure(
                error, str(self._client.base_url), self._client.api_key, self._timeout
            ) from None
        return Response(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """As `Wire.close`."""
        await self._client.close()


class StraightWire:
    """Requests over an aiohttp session, with what the SDK's client says about address and headers.

    A redirection on the same host is left to the SDK, for this request and all later ones: only then is it made ready
    to send.
    """

    def __init__(self, told: Told, sdk: Callable[[], SdkWire], timeout: float, connections: int) -> None:
        self._told = told
        self._make_sdk = sdk
        self._sdk: SdkWire | None = None
        self._timeout = timeout
        self._connections = connections
        # Joined as addresses, not as texts: behind a base URL without a path, PATH would become part of the host.
        self._url = URL(str(told.base_url.join(PATH)), encoded=True)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, content: bytes) -> Response:
        """As `Wire.post`."""
        if self._sdk is not None:
            return await self._sdk.post(content)
        session = self._session or self._open()
        try:
            async with session.post(self._url, data=content, allow_redirects=False) as answer:
                response = Response(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise connection_failure(error, str(self._told.base_url), self._told.api_key, self._timeout) from None
        if 300 <= response.status < 400:
            self._sdk = self._sdk or self._make_sdk()
            return await self._sdk.post(content)
        return response

    def _open(self) -> aiohttp.ClientSession:
        context = httpx2.create_ssl_context() if self._url.scheme == "https" else True
        self._session = aiohttp.ClientSession(
            headers=self._told.headers,  # as the session's own they are made ready once, not for every request
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=context),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=[name for name in _AUTOMATIC if name not in self._told.headers] or None,
        )
        return self._session

    async def close(self) -> None:
        """As `Wire.close`."""
        if self._session is not None:
            await self._session.close()
        if self._sdk is not None:
            await self._sdk.close()


@dataclass(frozen=True, slots=True)
class Told:
    """What the SDK's client says about requests."""

    base_url: httpx2.URL
    api_key: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """Of a first try; the SDK adds some of them for each request."""


def told_by(client: openai.AsyncOpenAI, transport: httpx2.AsyncClient, timeout: float) -> Told:
    """What `client`, which sends over `transport` with this time-out, says."""
    headers = {name.lower(): value for name, value in transport.headers.items()}
    own: dict[str, object] = {**client.default_headers, **client.auth_headers}
    headers |= {name.lower(): value for name, value in own.items() if isinstance(value, str)}
    headers |= {
        "content-type": "application/json",
        "x-stainless-retry-count": "0",
        "x-stainless-read-timeout": str(timeout),
    }
    return Told(client.base_url, client.api_key, headers)


def stays_at(base_url: str) -> Callable[[httpx2.Request], Awaitable[None]]:
    """A hook for each request of an httpx client: rows go to the host that the user named and to no other.

    It raises `StopRun` where a redirection leads elsewhere.
    """
    named = httpx2.URL(base_url).host

    async def check(request: httpx2.Request) -> None:
        if request.url.host != named:
            there = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}"
            raise StopRun(
                "redirected", f"{base_url} redirects to {there}; if your rows may go there, name it with --api-base"
            )

    return check


def needs_proxy(url: str) -> bool:
    """Whether the environment names a proxy for `url`."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies()
    named = parts.scheme in proxies or "all" in proxies
    return named and not urllib.request.proxy_bypass(parts.netloc)


def connection_failure(error: BaseException, url: str, key: str, timeout: float) -> JudgeFailure:
    """The class of failure of a request that got no whole answer."""
    # Through the SDK a refused connection and a reset look like time-outs: aiohttp's own error, further down the
    # chain of causes, says what it was.
    causes = _causes(error)
    said = without_key(str(causes[-1]) or type(causes[-1]).__name__, key)

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if caused_by(ssl.SSLError, aiohttp.ClientSSLError):
        message = f"no secure connection to {url}: {said}"
        if any(getattr(cause, "reason", None) in _PASSING for cause in causes):
            return TryAgain("tls", message)
        return StopRun("tls", f"{message}; check --api-base")
    if caused_by(httpx2.UnsupportedProtocol, aiohttp.InvalidURL):
        return StopRun("url", f"{url} is no usable address; check --api-base")
    if caused_by(aiohttp.ConnectionTimeoutError):
        return NoConnection("timeout", f"no connection to {url} within {CONNECT_SECONDS:g} s")
    if caused_by(aiohttp.ClientConnectorError):
        return Unreachable("unreachable", f"{url} cannot be reached: {said}")
    if caused_by(TimeoutError):
        return TryAgain("timeout", f"no whole reply within {timeout:g} s")
    return TryAgain("connection", f"the connection broke: {said}")


def _causes(error: BaseException | None) -> list[BaseException]:
    chain: list[BaseException] = []
    while error is not None and len(chain) < 10:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
