"""Carry requests to the judge: over an aiohttp session, or through an OpenAI client of the user's own.

The OpenAI client decides the address and the headers (`openai_request`): key, organization, project, custom headers.
The requests do not go through it: its work takes more CPU than the rest of a request (2.6 ms against 0.6 ms with 256
in flight).
"""

import asyncio
import contextlib
import ipaddress
import os
import re
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai
from yarl import URL

from metajudge.errors import UsageError
from metajudge.llm.errors import ConnectError, ConnectTimeout, FatalError, JudgeError, TransientError, without_key

CONNECT_SECONDS = 10.0
_HEADER_BYTES, _HEADER_COUNT = 1 << 20, 10_000
"""Limits of a response's headers: gateways send more than the 128 of 8 kB that aiohttp allows."""
_VARIABLES = {"openai-organization": "OPENAI_ORG_ID", "openai-project": "OPENAI_PROJECT_ID"}
"""Environment variables that become headers; other headers are from `OPENAI_CUSTOM_HEADERS`."""
_PATH = "chat/completions"
_REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response of the server, of any status."""

    status: int
    headers: Mapping[str, str]
    """Looked up without regard to case."""
    content: bytes


class AiohttpTransport:
    """Requests over one aiohttp session.

    A redirection is not followed: rows and key go to the address that the user named, and to no other.
    """

    def __init__(self, base_url: str, api_key: str, *, timeout: float, connections: int) -> None:
        """`timeout`: seconds from connecting to the last byte. `connections`: open at the same time, at most."""
        self._url, self._headers = openai_request(base_url, api_key)
        self._api_key, self._timeout, self._connections = api_key, timeout, connections
        # Not aiohttp's `trust_env`: it reads the environment in a thread for every request, and a password in ~/.netrc
        # for the judge's host makes each one fail.
        self._proxy = find_proxy(self._url)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, content: bytes) -> Response:
        """Send the JSON `content`; raises a `JudgeError` if no complete response arrives."""
        session = self._session or self._open()
        url = URL(self._url, encoded=True)
        try:
            async with session.post(
                url, data=content, headers=self._headers, proxy=self._proxy, allow_redirects=False
            ) as response:
                whole = Response(response.status, response.headers, await response.read())
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            raise connection_error(error, _base_url(self._url), self._api_key, self._timeout) from None
        location = whole.headers.get("location")
        if whole.status in _REDIRECTS and location is not None:
            raise FatalError("redirected", f"{_base_url(self._url)} redirects to {self._target(location)}")
        return whole

    def _target(self, location: str) -> str:
        """Name the address that a redirection leads to."""
        try:
            target = URL(self._url).join(URL(location))
            there = _base_url(f"{target.origin()}{target.path}")
        except ValueError:
            return "something that is no address; check `api_base`"
        return f"{without_key(there, self._api_key)}; if your rows may go there, name it as `api_base`"

    def _open(self) -> aiohttp.ClientSession:
        is_secure = self._url.startswith("https:")
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._connections, ssl=ssl_context() if is_secure else True),
            timeout=aiohttp.ClientTimeout(total=self._timeout, sock_connect=CONNECT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
            max_line_size=_HEADER_BYTES,
            max_field_size=_HEADER_BYTES,
            max_headers=_HEADER_COUNT,
        )
        return self._session

    async def close(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def openai_request(base_url: str, api_key: str) -> tuple[str, Mapping[str, str]]:
    """Return the URL and the headers of an OpenAI client's chat completions.

    The client also reads `OPENAI_ORG_ID`, `OPENAI_PROJECT_ID` and `OPENAI_CUSTOM_HEADERS`. Raises `UsageError` for a
    value that no header can have.
    """
    # Nothing is sent through this client. One that can send would first read certificates, which takes 50 ms.
    idle = httpx2.AsyncClient(transport=httpx2.AsyncBaseTransport(), trust_env=False)
    client = openai.AsyncOpenAI(api_key=api_key, base_url=base_url, http_client=idle)
    headers = {
        name.lower(): value
        for name, value in {**client.auth_headers, **client.default_headers}.items()
        if isinstance(value, str)  # omitted headers are none
    }
    for name, value in headers.items():
        if not re.fullmatch(r"[\t -~\x80-\xff]*", value) or not re.fullmatch(r"[!-9;-~]+", name):
            variable = _VARIABLES.get(name, "OPENAI_CUSTOM_HEADERS")
            raise UsageError(f"{variable} has a line break or another character that no header can have; set it again")
    # Joined as URLs: behind a base URL without a path, the text would become part of the host. Header names are in
    # lower case, so that a custom `authorization` replaces `Authorization`.
    return str(client.base_url.join(_PATH)), headers


def _base_url(url: str) -> str:
    return url.removesuffix(f"/{_PATH}")


def find_proxy(url: str) -> str | None:
    """Return the URL of the proxy that the environment names for `url`; this machine is never asked through one.

    Raises `UsageError` for a kind of proxy that cannot be used.
    """
    parts, proxies = urlsplit(url), urllib.request.getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or _is_loopback(url) or _is_excluded(parts.netloc, parts.hostname or "", proxies.get("no", "")):
        return None
    try:
        address = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        is_address = bool(address.hostname) and address.port != 0 and not re.search(r"\s", proxy)
    except ValueError:
        is_address = False
    if not is_address:
        raise UsageError(
            f"the proxy for {url} in the environment is no address; correct {parts.scheme}_proxy or all_proxy"
        )
    if address.scheme not in ("http", "https"):
        raise UsageError(
            f"the proxy for {url} is a {address.scheme} proxy, which is not supported; name an http proxy in "
            f"{parts.scheme}_proxy, or unset it and all_proxy"
        )
    return address.geturl()


def _is_loopback(url: str) -> bool:
    """Return whether `url` names this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_excluded(netloc: str, host: str, no_proxy: str) -> bool:
    """Return whether NO_PROXY covers the host, as a name or in a network such as 10.0.0.0/8."""
    if urllib.request.proxy_bypass(netloc):
        return True
    for entry in no_proxy.split(","):  # urllib knows no networks
        with contextlib.suppress(ValueError):
            if ipaddress.ip_address(host) in ipaddress.ip_network(entry.strip(), strict=False):
                return True
    return False


def ssl_context() -> ssl.SSLContext:
    """Return the context of secure connections. Raises `FatalError` if its certificates cannot be read."""
    try:
        return httpx2.create_ssl_context()
    except OSError as error:
        reason = error.strerror or error
        raise FatalError(
            "tls", f"the certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {reason}"
        ) from None


class OpenAITransport:
    """Requests through a user's own OpenAI client, with its redirections, proxies and retries."""

    def __init__(self, client: openai.AsyncOpenAI, timeout: float) -> None:
        """`timeout`: seconds for a whole request."""
        self._client = client
        self._timeout = timeout

    async def post(self, content: bytes) -> Response:
        """Send the JSON `content`; raises a `JudgeError` if no complete response arrives."""
        options: Any = {"headers": {"Content-Type": "application/json"}}
        try:
            # The client's own read time-out starts anew with every chunk: a trickle would never end.
            async with asyncio.timeout(self._timeout):
                response = await self._client.post(
                    f"/{_PATH}", cast_to=httpx2.Response, content=content, options=options
                )
        except openai.APIStatusError as error:
            response = error.response
        except (openai.APIConnectionError, httpx2.TransportError, aiohttp.ClientError, OSError, TimeoutError) as error:
            raise connection_error(error, str(self._client.base_url), self._client.api_key, self._timeout) from None
        return Response(response.status_code, response.headers, response.content)

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()


Transport = AiohttpTransport | OpenAITransport


def connection_error(error: BaseException, url: str, key: str, timeout: float) -> JudgeError:
    """Return the exception for a request that got no complete response."""
    # Through the OpenAI client a refused connection and a reset look like time-outs: aiohttp's own error, further down
    # the chain of causes, says what it was.
    causes = _causes(error)
    # Deeper than these are errors by which a library found its way, such as that no event loop runs in a thread.
    first = next((cause for cause in reversed(causes) if isinstance(cause, OSError | aiohttp.ClientError)), causes[-1])
    said = os.strerror(first.errno) if isinstance(first, ConnectionError) and first.errno else str(first)
    reason = without_key(said or type(first).__name__, key)

    def caused_by(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if caused_by(ssl.SSLCertVerificationError, aiohttp.ClientConnectorCertificateError):
        return FatalError("tls", f"no secure connection to {url}: {reason}; check `api_base`")
    if caused_by(ssl.SSLError, aiohttp.ClientSSLError):
        return TransientError("tls", f"no secure connection to {url}: {reason}; check `api_base`")
    if caused_by(aiohttp.InvalidURL, httpx2.UnsupportedProtocol):
        return FatalError("url", f"{url} is no usable address; check `api_base`")
    if caused_by(aiohttp.ConnectionTimeoutError):
        return ConnectTimeout("timeout", f"no connection to {url} within {CONNECT_SECONDS:g} s")
    if caused_by(aiohttp.ClientConnectorError):
        return ConnectError("unreachable", f"{url} cannot be reached: {reason}")
    if caused_by(TimeoutError):
        return TransientError("timeout", f"no complete reply within {timeout:g} s")
    return TransientError("connection", f"the connection broke: {reason}")


def _causes(error: BaseException | None) -> list[BaseException]:
    """Return the error and its chain of causes, the first cause last."""
    chain: list[BaseException] = []
    while error is not None and len(chain) < 10:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return chain
