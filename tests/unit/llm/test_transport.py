"""Both ways to the judge send the same; what the straight way does not know goes through the SDK."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import openai
import pytest

from metajudge.llm.base_url import uses_proxy
from metajudge.llm.client import ClientConfig, JudgeClient
from metajudge.llm.errors import ConnectError, FatalError, TransientError
from metajudge.llm.sdk_wire import OpenAITransport
from metajudge.llm.transport import AiohttpTransport

REPLY = json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(REPLY), REPLY)
MESSAGES = [{"role": "user", "content": "S1: ü \u2028 \ud800"}]


@asynccontextmanager
async def socket_server(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A raw server that gives these answers in turn, the last one for ever; its base URL and what it received."""
    received: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                (length,) = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                received.append(head + await reader.readexactly(int(length.split(b":")[1])))
                writer.write(answers[min(len(received), len(answers)) - 1])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", received


def settings(url: str) -> ClientConfig:
    """A judge there."""
    return ClientConfig("m", url, "sk-key", extra_body={"seed": 1}, timeout=5.0)


def own_client(url: str) -> openai.AsyncOpenAI:
    """What a user would make."""
    return openai.AsyncOpenAI(
        api_key="sk-key", base_url=url, max_retries=0, timeout=5.0, http_client=openai.DefaultAioHttpClient()
    )


def parsed(request: bytes) -> tuple[str, dict[str, str], bytes]:
    """Request line, headers by lower-case name, body."""
    head, body = request.split(b"\r\n\r\n", 1)
    line, *rest = head.decode("latin-1").split("\r\n")
    return line, {name.lower(): value.strip() for name, value in (part.split(":", 1) for part in rest)}, body


@pytest.mark.parametrize(
    ("variable", "value", "header", "sent"),
    [
        ("", "", "openai-organization", None),
        ("OPENAI_ORG_ID", "org-1", "openai-organization", "org-1"),
        ("OPENAI_PROJECT_ID", "proj-1", "openai-project", "proj-1"),
        ("OPENAI_CUSTOM_HEADERS", "X-Own: 1", "x-own", "1"),
        ("OPENAI_CUSTOM_HEADERS", "Authorization: Token t", "authorization", "Token t"),
    ],
)
def test_both_ways_send_the_same_request_to_the_byte(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, header: str, sent: str | None
) -> None:
    """Method, path, every header, body; also what the SDK takes from the environment."""
    if variable:
        monkeypatch.setenv(variable, value)

    async def go() -> list[bytes]:
        async with socket_server(OK) as (url, received):
            for client in (None, own_client(url)):
                async with JudgeClient(settings(url), client=client) as judge:
                    assert isinstance(judge._wire, AiohttpTransport if client is None else OpenAITransport)
                    assert (await judge.ask(MESSAGES)).text == "hi"
            return received

    straight, through_sdk = map(parsed, asyncio.run(go()))
    assert straight[0] == through_sdk[0] == "POST /v1/chat/completions HTTP/1.1"
    assert straight[1] == through_sdk[1]
    assert straight[1].get(header) == sent
    assert straight[1]["authorization"] == ("Bearer sk-key" if header != "authorization" else sent)
    assert straight[2] == through_sdk[2]
    assert json.loads(straight[2])["seed"] == 1


@pytest.mark.parametrize("path", ["", "/", "/v1/", "/a%20b"])
def test_the_address_is_the_sdks_whatever_path_the_base_url_has(path: str) -> None:
    """Without a path nothing may become part of the host, which would get the key and the rows."""

    async def go() -> list[bytes]:
        async with socket_server(OK) as (url, received):
            base = url.removesuffix("/v1") + path
            for client in (None, own_client(base)):
                async with JudgeClient(settings(base), client=client) as judge:
                    assert (await judge.ask(MESSAGES)).text == "hi"
            return received

    straight, through_sdk = (parsed(request)[0] for request in asyncio.run(go()))
    assert straight == through_sdk == f"POST {path.rstrip('/')}/chat/completions HTTP/1.1"


def test_a_redirection_is_followed_by_the_sdk_for_good() -> None:
    """307 keeps method and body; later requests do not try the straight way again."""

    async def go() -> tuple[int, int]:
        async with socket_server(OK) as (target, there):
            moved = f"HTTP/1.1 307 Moved\r\nLocation: {target}/chat/completions\r\nContent-Length: 0\r\n\r\n"
            async with socket_server(moved.encode()) as (url, here), JudgeClient(settings(url)) as judge:
                for _ in range(2):
                    assert (await judge.ask(MESSAGES)).text == "hi"
                return len(here), len(there)

    # The straight way once, then the SDK twice.
    assert asyncio.run(go()) == (3, 2)


@pytest.mark.parametrize("hops", [1, 2])
def test_rows_go_to_no_host_that_the_user_did_not_name(hops: int) -> None:
    """A redirection elsewhere stops the run, also one behind another; nothing is sent there."""

    async def go() -> list[bytes]:
        async with socket_server(OK) as (target, there):
            elsewhere = target.replace("127.0.0.1", "localhost")
            moved = f"HTTP/1.1 307 Moved\r\nLocation: {elsewhere}/chat/completions\r\nContent-Length: 0\r\n\r\n"
            async with socket_server(moved.encode()) as (url, _):
                first = f"HTTP/1.1 308 Moved\r\nLocation: {url}/chat/completions\r\nContent-Length: 0\r\n\r\n"
                async with socket_server(first.encode()) as (before, _):
                    async with JudgeClient(settings(url if hops == 1 else before)) as judge:
                        with pytest.raises(FatalError) as caught:
                            await judge.ask(MESSAGES)
                        assert f"redirects to {elsewhere.removesuffix('/v1')}; " in str(caught.value)
                        assert "sk-key" not in str(caught.value)
            return there

    assert asyncio.run(go()) == []


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, "https://api.example/v1", False),
        ({"https_proxy": "http://p:1"}, "https://api.example/v1", True),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.example/v1", True),
        ({"https_proxy": "http://p:1"}, "http://api.example/v1", False),
        ({"all_proxy": "socks5://p:1"}, "http://api.example/v1", True),
        ({"https_proxy": "http://p:1", "no_proxy": "api.example"}, "https://api.example/v1", False),
    ],
)
def test_a_proxy_in_the_environment_is_the_sdks_business(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, expected: bool
) -> None:
    """It knows every kind of them."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert uses_proxy(url) is expected
    judge = JudgeClient(ClientConfig("m", url, "k"))
    assert isinstance(judge._wire, OpenAITransport) is expected


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize(
    ("answer", "cause"),
    [
        (b"", "connection"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{", "connection"),
        (b"nonsense\r\n\r\n", "connection"),
    ],
)
def test_both_ways_tell_a_broken_connection_alike(own: bool, answer: bytes, cause: str) -> None:
    """Closed before, during and instead of an answer: worth another try."""

    async def go() -> str:
        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(answer)
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            async with JudgeClient(settings(url), client=own_client(url) if own else None) as judge:
                with pytest.raises(TransientError) as caught:
                    await judge.ask(MESSAGES)
                return caught.value.cause

    assert asyncio.run(go()) == cause


@pytest.mark.parametrize("own", [False, True])
def test_both_ways_tell_refused_connections_slow_replies_and_bad_tls_alike(own: bool) -> None:
    """An outage, a time-out, and something to change first."""

    async def outcome(url: str, timeout: float = 5.0) -> type[BaseException]:
        chosen = ClientConfig("m", url, "sk-key", timeout=timeout)
        async with JudgeClient(chosen, client=own_client(url) if own else None) as judge:
            with pytest.raises((TransientError, ConnectError, FatalError)) as caught:
                await judge.ask(MESSAGES)
            return caught.type

    def says_at_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n")

    async def go() -> None:
        server = await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            assert await outcome(f"http://127.0.0.1:{port}/v1", timeout=0.2) is TransientError
        plain = await asyncio.start_server(says_at_once, "127.0.0.1", 0)
        async with plain:
            assert await outcome(f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}/v1") is FatalError
        assert await outcome(f"http://127.0.0.1:{port}/v1") is ConnectError

    asyncio.run(go())


@pytest.mark.parametrize("through_proxy", [False, True])
def test_certificates_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch, through_proxy: bool) -> None:
    """Not as a fault of the connection, which would be tried again, nor of the output."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    if through_proxy:
        monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")

    async def go() -> None:
        async with JudgeClient(ClientConfig("m", "https://judge.invalid/v1", "k", timeout=5.0)) as judge:
            await judge.ask(MESSAGES)

    with pytest.raises(FatalError, match="SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: No such file"):
        asyncio.run(go())
