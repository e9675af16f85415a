"""How a request travels: straight over aiohttp, or through the SDK (`sdk_wire`) where only the SDK knows the way.

The SDK decides base URL, authentication, headers and TLS in both ways; it is asked for them by its public names. What
the straight way leaves out is the SDK's own work around each request, which costs more than the request itself: with
256 in flight on one core 2.5 ms against 0.6 ms (building a request object and its URL, merging options and headers,
parsing the response into objects nobody looks at).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import aiohttp
from yarl import URL

from metajudge.llm.errors import ConnectError, ConnectTimeout, FatalError, JudgeError, TransientError, without_key
from metajudge.llm.told import CONNECT_SECONDS, ClientSettings, Told

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


class Transport(Protocol):
    """A way to the judge."""

    async def post(self, content: bytes) -> Response:
        """Send the JSON `content`; raises a `JudgeError` when no whole answer comes back."""

    async def close(self) -> None:
        """Close the connections."""


class AiohttpTransport:
    """Requests over an aiohttp session, with what the SDK's client says about address and headers.

    A redirection on the same host is left to the SDK, for this request and all later ones: only then is it made ready
    to send.
    """

    def __init__(self, told: Told, settings: ClientSettings, sdk: Callable[[], Transport], connections: int) -> None:
        self._told = told
        self._settings = settings
        self._make_sdk = sdk
        self._sdk: Transport | None = None
        self._connections = connections
        self._url = URL(told.url, encoded=True)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, content: bytes) -> Response:
        """As `Transport.post`."""
        if self._sdk is not None:
            return await self._sdk.post(content)
        session = self._session or self._open()
        try:
            async with session.post(self._url, data=content, allow_redirects=False) as answer:
                response = Response(answer.status, answer.headers, await answer.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise self._failure(error) from None
        if 300 <= response.status < 400:
            self._sdk = self._sdk or self._make_sdk()
            return await self._sdk.post(content)
        return response

    def _failure(self, error: BaseException) -> JudgeError:
        settings = self._settings
        return connection_failure(error, settings.base_url, settings.api_key, settings.timeout)

    def _open(self) -> aiohttp.ClientSession:
        context: bool | ssl.SSLContext = True
        if self._url.scheme == "https":
            import httpx2  # only where it is used

            try:
                context = httpx2.create_ssl_context()
            except OSError as error:
                raise no_certificates(error) from None
        self._session = aiohttp.ClientSession(
            headers=self._told.headers,  # as the session's own they are made ready once, not for every request
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=context),
            timeout=aiohttp.ClientTimeout(total=self._settings.timeout, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=[name for name in _AUTOMATIC if name not in self._told.headers] or None,
        )
        return self._session

    async def close(self) -> None:
        """As `Transport.close`."""
        if self._session is not None:
            await self._session.close()
        if self._sdk is not None:
            await self._sdk.close()


def connection_failure(error: BaseException, url: str, key: str, timeout: float) -> JudgeError:
    """The class of failure of a request that got no whole answer."""
    # Through the SDK a refused connection and a reset look like time-outs: aiohttp's own error, further down the
    # chain of causes, says what it was.
    causes = causes_of(error)
    said = without_key(str(causes[-1]) or type(causes[-1]).__name__, key)

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if caused_by(ssl.SSLError, aiohttp.ClientSSLError):
        message = f"no secure connection to {url}: {said}"
        if any(getattr(cause, "reason", None) in _PASSING for cause in causes):
            return TransientError("tls", message)
        return FatalError("tls", f"{message}; check --api-base")
    if caused_by(aiohttp.InvalidURL):
        return unusable(url)
    if caused_by(aiohttp.ConnectionTimeoutError):
        return ConnectTimeout("timeout", f"no connection to {url} within {CONNECT_SECONDS:g} s")
    if caused_by(aiohttp.ClientConnectorError):
        return ConnectError("unreachable", f"{url} cannot be reached: {said}")
    if caused_by(TimeoutError):
        return TransientError("timeout", f"no whole reply within {timeout:g} s")
    return TransientError("connection", f"the connection broke: {said}")


def no_certificates(error: OSError) -> FatalError:
    """Of certificates that cannot be read, whatever the address."""
    said = error.strerror or error
    return FatalError("tls", f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {said}")


def unusable(url: str) -> FatalError:
    """Of an address to which nothing can be sent."""
    return FatalError("url", f"{url} is no usable address; check --api-base")


def causes_of(error: BaseException | None) -> list[BaseException]:
    """The error and what lies behind it, the first cause last."""
    chain: list[BaseException] = []
    while error is not None and len(chain) < 10:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
