"""A client of the OpenAI SDK and what it says about requests. Importing this imports the SDK."""

from __future__ import annotations

import httpx2

from metajudge.llm.sdk import openai
from metajudge.llm.told import CONNECT_SECONDS, PATH, ClientSettings, Told


def made(settings: ClientSettings, transport: httpx2.AsyncClient) -> openai.AsyncOpenAI:
    """The SDK's client, which sends over `transport`."""
    return openai.AsyncOpenAI(
        api_key=settings.api_key,
        base_url=settings.base_url,
        max_retries=0,
        timeout=httpx2.Timeout(settings.timeout, connect=CONNECT_SECONDS),
        http_client=transport,
    )


def told(settings: ClientSettings) -> Told:
    """What the SDK says about the requests of such a client."""
    # Only asked what it would send: a transport that can send reads certificates, which takes 50 ms.
    silent = openai.DefaultAsyncHttpxClient(transport=httpx2.AsyncBaseTransport(), trust_env=False)
    sdk = made(settings, silent)
    headers = {name.lower(): value for name, value in silent.headers.items()}
    own: dict[str, object] = {**sdk.auth_headers, **sdk.default_headers}  # as it does: a custom one has its way
    headers |= {name.lower(): value for name, value in own.items() if isinstance(value, str)}
    headers |= {
        "content-type": "application/json",
        "x-stainless-retry-count": "0",
        "x-stainless-read-timeout": str(settings.timeout),
    }
    # Joined as addresses, not as texts: behind a base URL without a path, PATH would become part of the host.
    return Told(str(sdk.base_url.join(PATH)), headers)
