"""Requests as they leave, redirections, proxies and broken connections, against raw servers on loopback."""

import asyncio
import base64
import json
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import openai
import pytest

from metajudge.errors import UsageError
from metajudge.llm import ClientConfig, JudgeClient
from metajudge.llm.errors import ConnectError, FatalError, JudgeError, TransientError
from metajudge.llm.transport import find_proxy
from tests.e2e.driver import command, environment, rows
from tests.servers import ROOT

REPLY = json.dumps({"choices": [{"message": {"content": "hi"}, "finish_reason": "stop"}]}).encode()
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(REPLY), REPLY)
MESSAGES = [{"role": "user", "content": "S1: ü \u2028 \ud800"}]
OWN = pytest.mark.parametrize("own", [False, True], ids=["ours", "own client"])


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@asynccontextmanager
async def raw_server(*answers: bytes) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that gives these answers in turn, the last one for ever; its base URL and what it received.

    HOST in an answer is the server's own. It closes the connection behind an answer without a length.
    """
    received: list[bytes] = []
    host = ""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answer = b"Content-Length"
        try:
            while b"Content-Length" in answer:
                head = await reader.readuntil(b"\r\n\r\n")
                (length,) = re.findall(rb"(?i)content-length: *(\d+)", head)
                received.append(head + await reader.readexactly(int(length)))
                answer = answers[min(len(received), len(answers)) - 1].replace(b"HOST", host.encode())
                writer.write(answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        host = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        yield f"http://{host}/v1", received


def redirection(target: str, status: int = 307) -> bytes:
    return f"HTTP/1.1 {status} Moved\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode()


def client(url: str, *, own: bool = False, timeout: float = 5.0) -> JudgeClient:
    """A client of ours, or one with an OpenAI client that a user would make."""
    config = ClientConfig("m", url, "sk-key", extra_body={"seed": 1}, timeout=timeout)
    if not own:
        return JudgeClient(config)
    http_client = openai.DefaultAioHttpClient()
    theirs = openai.AsyncOpenAI(api_key="sk-key", base_url=url, max_retries=0, timeout=5.0, http_client=http_client)
    return JudgeClient(config, client=theirs)


async def failure(url: str, *, own: bool = False, timeout: float = 5.0) -> JudgeError:
    """The error of one question."""
    async with client(url, own=own, timeout=timeout) as judge:
        with pytest.raises(JudgeError) as caught:
            await judge.ask(MESSAGES)
        return caught.value


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
        ("OPENAI_CUSTOM_HEADERS", "authorization: Token t", "authorization", "Token t"),
    ],
)
def test_requests_are_those_of_the_openai_client(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, header: str, sent: str | None
) -> None:
    """Request line, key, body, and what the OpenAI client reads from the environment."""
    if variable:
        monkeypatch.setenv(variable, value)

    async def go() -> list[bytes]:
        async with raw_server(OK) as (url, received):
            for own in (False, True):
                async with client(url, own=own) as judge:
                    assert (await judge.ask(MESSAGES)).text == "hi"
            return received

    ours, theirs = map(parsed, asyncio.run(go()))
    assert ours[0] == theirs[0] == "POST /v1/chat/completions HTTP/1.1"
    for name in ("host", "authorization", "content-type", "accept", "user-agent", header):
        assert ours[1].get(name) == theirs[1].get(name)
    assert ours[1].get(header) == sent
    assert ours[1]["authorization"] == ("Bearer sk-key" if header != "authorization" else sent)
    assert ours[2] == theirs[2]
    assert json.loads(ours[2])["seed"] == 1 and json.loads(ours[2])["messages"][0]["content"] == "S1: ü \u2028 ?"


@pytest.mark.parametrize("path", ["", "/", "/v1/", "/a%20b"])
def test_the_base_url_may_have_any_path_or_none(path: str) -> None:
    """Without a path nothing may become part of the host, which would get the key and the rows."""

    async def go() -> bytes:
        async with raw_server(OK) as (url, received):
            async with client(url.removesuffix("/v1") + path) as judge:
                await judge.ask(MESSAGES)
            return received[0]

    assert parsed(asyncio.run(go()))[0] == f"POST {path.rstrip('/')}/chat/completions HTTP/1.1"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "there"),
    [
        ("/v2/chat/completions", "http://HOST/v2; if your rows may go there, name it as `api_base`"),
        ("//HOST/v2/chat/completions", "http://HOST/v2; if your rows may go there, name it as `api_base`"),
        ("https://u:p@elsewhere.invalid/v1/chat/completions?sk-key", "https://elsewhere.invalid/v1; if your rows"),
        ("ftp://127.0.0.1/", "ftp://127.0.0.1/; if your rows may go there"),
        ("http://127.0.0.1/sk-key/chat/completions", "http://127.0.0.1/[key]; if your rows may go there"),
        ("http://[/", "something that is no address; check `api_base`"),
        ("mailto:a@b", "something that is no address; check `api_base`"),
    ],
)
def test_rows_go_to_no_address_that_the_user_did_not_name(status: int, location: str, there: str) -> None:
    """A redirection stops the run; the message names its target without key and password."""

    async def go() -> None:
        async with raw_server(redirection(location, status), OK) as (url, received):
            error = await failure(url)
        assert isinstance(error, FatalError) and error.cause == "redirected" and len(received) == 1
        assert f"{url} redirects to {there.replace('http://HOST/v2', url.replace('v1', 'v2'))}" in str(error)

    asyncio.run(go())


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, "https://api.example/v1", None),
        ({"https_proxy": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1"}, "https://api.example/v1", "http://p:1"),
        ({"https_proxy": "p:1"}, "https://api.example/v1", "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://api.example/v1", None),
        ({"all_proxy": "http://p:1"}, "http://api.example/v1", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "api.example"}, "https://api.example/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "other.example,*"}, "https://api.example/v1", "http://p:1"),
        ({"https_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, "https://10.1.2.3:8000/v1", None),
        ({"https_proxy": "http://p:1", "no_proxy": "10.0.0.0/8"}, "https://11.1.2.3:8000/v1", "http://p:1"),
        ({"http_proxy": "http://p:1"}, "http://127.0.0.9:8000/v1", None),
        ({"all_proxy": "http://p:1"}, "http://[::1]:8000/v1", None),
        ({"all_proxy": "http://p:1"}, "http://localhost:1/v1", None),
        ({"all_proxy": "http://p:1"}, "http://127.example.org.evil/v1", "http://p:1"),
    ],
)
def test_the_proxy_is_that_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, expected: str | None
) -> None:
    """A judge on this machine is never asked through one."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert find_proxy(url) == expected


def test_requests_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The name and password of the proxy's address go to the proxy only."""

    async def go() -> bytes:
        async with raw_server(OK) as (proxy, received):
            monkeypatch.setenv("http_proxy", proxy.removesuffix("/v1").replace("//", "//user:pw@"))
            async with client("http://judge.invalid/v1") as judge:
                assert (await judge.ask(MESSAGES)).text == "hi"
            return received[0]

    line, headers, _ = parsed(asyncio.run(go()))
    assert line == "POST http://judge.invalid/v1/chat/completions HTTP/1.1"
    assert headers["authorization"] == "Bearer sk-key"
    assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'user:pw').decode()}"


def test_a_proxy_that_does_not_listen_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message does not hold its password."""
    monkeypatch.setenv("https_proxy", "http://user:secret@127.0.0.1:9")
    error = asyncio.run(failure("https://judge.invalid/v1"))
    assert isinstance(error, ConnectError) and "secret" not in str(error)


def test_a_proxy_of_another_kind_is_refused_before_anything_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message does not hold its password."""
    monkeypatch.setenv("all_proxy", "socks5://user:secret@p:1")
    with pytest.raises(UsageError, match="is a socks5 proxy, which is not supported; name an http") as caught:
        client("https://judge.invalid/v1")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("proxy", ["http://:::", "foo bar", "http://host:port", "http://"])
def test_a_proxy_that_is_no_address_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, proxy: str
) -> None:
    monkeypatch.setenv("all_proxy", proxy)
    with pytest.raises(UsageError, match="is no address; correct https_proxy or all_proxy"):
        client("https://judge.invalid/v1")


@pytest.mark.parametrize(
    ("variable", "value"),
    [("OPENAI_ORG_ID", "org\r"), ("OPENAI_PROJECT_ID", "p\u20ac"), ("OPENAI_CUSTOM_HEADERS", "X-A: b\x01c")],
)
def test_what_no_header_can_have_is_refused_before_anything_is_asked(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    """The message names the variable."""
    monkeypatch.setenv(variable, value)
    with pytest.raises(UsageError, match=f"^{variable} has a line break or another character that no header can have"):
        client("https://judge.invalid/v1")


def test_long_and_many_headers_of_a_response_are_read() -> None:
    """Gateways send whole policies in their headers."""
    lines = b"".join(b"X-%d: 1\r\n" % number for number in range(500)) + b"X-Long: " + b"x" * 100_000 + b"\r\n"

    async def go() -> str | None:
        answer = OK.replace(b"\r\n", b"\r\n" + lines, 1)
        async with raw_server(answer) as (url, _), client(url) as judge:
            return (await judge.ask(MESSAGES)).text

    assert asyncio.run(go()) == "hi"


@OWN
@pytest.mark.parametrize(
    "answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\nConnection: close\r\n\r\n{", b"nonsense\r\n\r\n"]
)
def test_a_broken_connection_is_tried_again(own: bool, answer: bytes) -> None:
    """Closed before, during and instead of an answer."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def go() -> JudgeError:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await failure(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", own=own)

    error = asyncio.run(go())
    assert isinstance(error, TransientError) and error.cause == "connection"


@OWN
def test_a_slow_reply_is_tried_again_and_a_refused_connection_is_an_outage(own: bool) -> None:
    async def go() -> tuple[JudgeError, JudgeError]:
        async with await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0) as server:
            url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
            slow = await failure(url, own=own, timeout=0.2)
        return slow, await failure(url, own=own)

    slow, refused = asyncio.run(go())
    assert isinstance(slow, TransientError) and str(slow) == "no complete reply within 0.2 s"
    assert isinstance(refused, ConnectError)


ALERT = b"\x15\x03\x03\x00\x02\x02\x50"  # fatal: internal_error


@OWN
@pytest.mark.parametrize("answer", [ALERT, b"HTTP/1.1 400 Bad Request\r\n\r\n"], ids=["alert", "no TLS"])
def test_a_fault_in_the_handshake_is_tried_again(own: bool, answer: bytes) -> None:
    """The message hints at the address, for those that will never do better."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(10)
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def go() -> JudgeError:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            return await failure(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", own=own)

    error = asyncio.run(go())
    assert isinstance(error, TransientError) and error.cause == "tls"
    assert re.search(r"no secure connection to https://127\.0\.0\.1:\d+/v1/?: .*; check `api_base`$", str(error))


@pytest.mark.skipif(shutil.which("openssl") is None, reason="makes the certificate")
@OWN
def test_a_certificate_that_is_not_trusted_stops_the_run(own: bool, tmp_path: Path) -> None:
    """Nothing is sent to who cannot prove to be the judge."""
    key, certificate = tmp_path / "key", tmp_path / "certificate"
    make = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -days 2 -keyout"
    subprocess.run([*make.split(), key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)

    async def go() -> JudgeError:
        async with await asyncio.start_server(lambda r, w: None, "127.0.0.1", 0, ssl=context) as server:
            return await failure(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", own=own)

    error = asyncio.run(go())
    assert isinstance(error, FatalError) and error.cause == "tls" and "certificate" in str(error)


def test_certificates_that_cannot_be_read_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure is neither a connection error, which would be tried again, nor one of the output."""
    monkeypatch.setenv("SSL_CERT_FILE", "/nonexistent.pem")
    error = asyncio.run(failure("https://judge.invalid/v1"))
    assert isinstance(error, FatalError)
    assert str(error).endswith("SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: No such file or directory")


def test_a_broken_openai_package_is_named_in_one_line(tmp_path: Path) -> None:
    """The run ends before anything is asked."""
    (tmp_path / "openai.py").write_text("import a_module_that_is_not_there\n")
    flags = command(rows(tmp_path / "in.jsonl", [""]), tmp_path / "out.jsonl", "http://127.0.0.1:9/v1")
    ended = subprocess.run(
        flags, env=environment(PYTHONPATH=f"{tmp_path}:{ROOT}"), capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "metajudge: error: the package openai cannot be used: No module named 'a_module_that_is_not_there'; "
        "install it again"
    ]


def test_the_room_is_imported_without_what_only_a_client_needs() -> None:
    """Commands that read results start without it."""
    code = "import sys, metajudge.llm; print({'openai', 'aiohttp', 'httpx2'} & set(sys.modules))"
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout == "set()\n"
