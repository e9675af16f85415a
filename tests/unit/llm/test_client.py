"""The judge client against a real server on loopback, one behaviour of the server at a time."""

import asyncio
import json
import socket
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from aiohttp import web

from metajudge.llm import ClientConfig, JudgeClient, transport
from metajudge.llm.completion import Reply, Usage
from metajudge.llm.errors import FatalError, JudgeError, OverloadError, RequestRejected, TransientError, retry_after

KEY = "sk-secret-value"
SENT = {"max_tokens": 8192, "temperature": 0.6}
MESSAGES = [{"role": "user", "content": "S1: a\n\nR1: ü \u2028"}]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def completion(content: object = "hi", finish: str = "stop", **message: object) -> dict[str, Any]:
    return {
        "choices": [{"message": {"content": content, **message}, "finish_reason": finish}],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def ask(
    handler: Handler, times: int = 1, *, together: bool = False, **settings: Any
) -> tuple[list[Reply | JudgeError], JudgeClient]:
    """Return the outcomes of `times` questions to a server with this handler, one by one or `together`."""

    async def outcome(judge: JudgeClient) -> Reply | JudgeError:
        try:
            return await judge.ask(MESSAGES)
        except JudgeError as failure:
            return failure

    async def go() -> tuple[list[Reply | JudgeError], JudgeClient]:
        app = web.Application()
        app.router.add_post("/v1/chat/completions", handler)
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        results: list[Reply | JudgeError] = []
        try:
            chosen = ClientConfig(
                "m", f"http://127.0.0.1:{port}/v1", **{"api_key": KEY, "parameters": SENT, **settings}
            )
            async with JudgeClient(chosen) as judge:
                if together:
                    results += await asyncio.gather(*(outcome(judge) for _ in range(times)))
                for _ in range(0 if together else times):
                    results.append(await outcome(judge))
        finally:
            await runner.cleanup()
        return results, judge

    return asyncio.run(go())


def answer(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Handler:
    async def handler(request: web.Request) -> web.Response:
        return web.Response(
            text=json.dumps(body), status=status, content_type="application/json", headers=dict(headers or {})
        )

    return handler


def error(status: int, message: str = "no", headers: Mapping[str, str] | None = None, **fields: str) -> Handler:
    return answer({"error": {"message": message, **fields}}, status, headers)


def test_the_request_is_what_was_asked_and_the_reply_what_was_said() -> None:
    """Method, key, body and extra body arrive; text, finish reason and usage come back."""
    seen: dict[str, Any] = {}

    async def handler(request: web.Request) -> web.Response:
        seen.update(await request.json(), auth=request.headers["Authorization"])
        return web.json_response(completion(reasoning_content="never this"))

    results, _ = ask(
        handler,
        parameters={"max_tokens": 50, "temperature": 0.25, "top_p": None},
        extra_body={"enable_thinking": False},
    )
    (reply,) = results
    assert isinstance(reply, Reply)
    assert (reply.text, reply.finish_reason, reply.usage) == ("hi", "stop", Usage(7, 3, 10))
    assert reply.latency_s > 0
    assert seen == {
        "model": "m",
        "messages": MESSAGES,
        "max_tokens": 50,
        "temperature": 0.25,
        "stream": False,
        "enable_thinking": False,
        "auth": f"Bearer {KEY}",
    }


def test_a_key_that_comes_back_in_a_reply_is_masked() -> None:
    """Records hold no key; a key as short as a placeholder is an ordinary word."""
    for key, said in (("sk-0123456789", "Bearer [key]!"), ("EMPTY", "Bearer EMPTY!")):
        ((reply,), _) = ask(answer(completion(f"Bearer {key}!")), api_key=key)
        assert isinstance(reply, Reply) and reply.text == said


def test_a_key_is_masked_in_every_form_that_a_server_may_echo() -> None:
    key = "sk-a/b+c0123456789"
    for form in (key, key.replace("/", r"\/"), "sk-a%2Fb%2Bc0123456789", "sk-a%2fb%2bc0123456789"):

        async def raw(request: web.Request, form: str = form) -> web.Response:
            return web.Response(text=f'{{"detail": ["no {form}"]}}', status=400)

        for handler in (raw, error(400, f"no {form}"), error(500, f"no {form}")):
            ((failure,), _) = ask(handler, api_key=key)
            assert isinstance(failure, JudgeError) and "[key]" in str(failure) and "c0123456789" not in str(failure)
        ((reply,), _) = ask(answer(completion(f"Bearer {form}!")), api_key=key)
        assert isinstance(reply, Reply) and reply.text == "Bearer [key]!"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (completion(None, reasoning_content="thoughts"), None),
        (completion(None, reasoning="thoughts"), None),
        (completion([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]), "ab"),
        (completion(""), ""),
    ],
)
def test_reasoning_is_never_taken_for_the_answer(body: object, text: str | None) -> None:
    """A null content stays null; content in parts is joined."""
    (reply,), _ = ask(answer(body))
    assert isinstance(reply, Reply) and reply.text == text


FAILURES = [
    (error(408), TransientError, "408"),
    (error(409), TransientError, "409"),
    (error(429), OverloadError, "429"),
    (error(500), TransientError, "500"),
    (error(503), OverloadError, "503"),
    (error(429, "You exceeded your current quota", code="insufficient_quota"), FatalError, "quota"),
    (error(401, f"Incorrect API key: {KEY}"), FatalError, "401"),
    (error(403), FatalError, "403"),
    (error(404, "The model `m` does not exist", code="model_not_found"), FatalError, "404"),
    (error(400, "Invalid model name passed in model=m"), FatalError, "400"),
    (error(400, "maximum context length is 8192", code="context_length_exceeded"), RequestRejected, "context length"),
    (error(400, "This model's maximum context length is 4096 tokens"), RequestRejected, "context length"),
    (error(400, "filtered", code="content_filter"), RequestRejected, "content filter"),
    (error(403, "flagged", code="content_filter"), RequestRejected, "content filter"),
    (error(402, "Insufficient Balance"), FatalError, "quota"),
    (error(413), RequestRejected, "413"),
    (error(422, "no such field"), RequestRejected, "422"),
    (answer({"choices": []}), TransientError, "no completion"),
    (answer([1, 2]), TransientError, "no completion"),
    (answer({"choices": [{"message": None}]}), TransientError, "no completion"),
    (answer(completion("cut", "content_filter")), RequestRejected, "content filter"),
]


@pytest.mark.parametrize(("handler", "kind", "cause"), FAILURES)
def test_every_class_of_failure_has_its_kind_and_never_shows_the_key(
    handler: Handler, kind: type[JudgeError], cause: str
) -> None:
    (failure,), judge = ask(handler)
    assert type(failure) is kind and isinstance(failure, JudgeError)
    assert failure.cause == cause
    assert KEY not in str(failure) and "\n" not in str(failure)
    assert KEY not in repr(judge.config)


def test_html_with_status_200_is_tried_again_and_hints_at_the_base_url() -> None:
    """The commonest mistake is a base URL without /v1."""

    async def page(request: web.Request) -> web.Response:
        return web.Response(text="<html>hello</html>", content_type="text/html")

    (failure,), _ = ask(page)
    assert isinstance(failure, TransientError)
    assert (
        str(failure)
        == "the judge answered 200 with text/html; charset=utf-8 that is not JSON; does the base URL end in /v1?"
    )


def test_an_error_with_status_200_says_what_it_is() -> None:
    """Gateways hide the answer of the server behind them so."""
    for body in ({"message": f"The worker\nof {KEY} died"}, f"The worker of {KEY} died"):
        (failure,), _ = ask(answer({"error": body}))
        assert isinstance(failure, TransientError)
        assert str(failure) == "the judge answered: The worker of [key] died"


@pytest.mark.parametrize("trickle", [False, True])
def test_a_hang_and_a_trickle_end_at_the_timeout(trickle: bool) -> None:
    """Bytes that keep coming do not extend the time for the whole request."""

    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        if trickle:
            await response.prepare(request)
        for _ in range(100):
            await asyncio.sleep(0.02)
            if trickle:
                await response.write(b" ")
        return response

    (failure,), _ = ask(handler, timeout=0.2)
    assert isinstance(failure, TransientError) and failure.cause == "timeout"
    assert str(failure) == "no complete reply within 0.2 s"


def test_a_connection_that_does_not_come_about_ends_before_the_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    """10 s by default, however long a reply may take: here a host that drops what it has no place for."""
    assert transport.CONNECT_SECONDS == 10
    monkeypatch.setattr(transport, "CONNECT_SECONDS", 0.3)

    async def go(port: int) -> None:
        async with JudgeClient(ClientConfig("m", f"http://127.0.0.1:{port}/v1", KEY, timeout=60)) as judge:
            await judge.ask(MESSAGES)

    with socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        port = full.getsockname()[1]
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        with pytest.raises(TransientError, match=r"no connection to http://127.0.0.1:\d+/v1/? within 0.3 s") as caught:
            asyncio.run(go(port))
        for one in waiting:
            one.close()
    assert caught.value.cause == "timeout"


def test_unsupported_parameters_are_adapted_once_for_the_run() -> None:
    """max_tokens is renamed, temperature left out; later questions begin with that."""
    bodies: list[set[str]] = []

    async def handler(request: web.Request) -> web.Response:
        body = await request.json()
        bodies.append(set(body) - {"model", "messages", "stream"})
        if "max_tokens" in body:
            message = "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead."
            fault = {"message": message, "param": "max_tokens", "code": "unsupported_parameter"}
            return web.json_response({"error": fault}, status=400)
        if "temperature" in body:
            fault = {"message": "Only the default is supported", "param": "temperature", "code": "unsupported_value"}
            return web.json_response({"error": fault}, status=400)
        return web.json_response(completion())

    results, judge = ask(handler, times=2)
    assert all(isinstance(result, Reply) for result in results)
    assert judge.dropped_params == ["max_tokens", "temperature"]
    assert bodies == [
        {"max_tokens", "temperature"},
        {"max_completion_tokens", "temperature"},
        {"max_completion_tokens"},
        {"max_completion_tokens"},
    ]


@pytest.mark.parametrize(("answers_before", "kind"), [(0, FatalError), (1, RequestRejected)])
def test_a_refused_field_of_the_users_own_is_the_runs_before_the_first_answer(answers_before: int, kind: type) -> None:
    """It is never left out silently; after an answer the refusal can only be about the question."""
    seen = 0

    async def handler(request: web.Request) -> web.Response:
        nonlocal seen
        seen += 1
        if seen <= answers_before:
            return web.json_response(completion())
        return web.json_response({"error": {"message": "Unknown parameter: 'seed'"}}, status=400)

    results, judge = ask(handler, times=answers_before + 1, extra_body={"seed": 1})
    assert type(results[-1]) is kind and "seed" in str(results[-1]) and not judge.dropped_params


def test_questions_that_were_out_when_a_parameter_was_adapted_are_sent_again() -> None:
    """The second refusal names a parameter that the requests now being made no longer have."""
    waiting: list[asyncio.Event] = []

    async def handler(request: web.Request) -> web.Response:
        if "max_tokens" not in await request.json():
            return web.json_response(completion())
        waiting.append(asyncio.Event())
        if len(waiting) == 2:
            waiting[0].set()
        else:
            await waiting[0].wait()
            await asyncio.sleep(0.1)
        fault = {"message": "Unsupported parameter: 'max_tokens'", "param": "max_tokens"}
        return web.json_response({"error": fault}, status=400)

    results, judge = ask(handler, times=2, together=True)
    assert [type(result) for result in results] == [Reply, Reply] and judge.dropped_params == ["max_tokens"]


def test_a_server_that_rejects_whatever_is_adapted_fails_the_question() -> None:
    (failure,), _ = ask(error(400, "'max_tokens' is not supported", param="max_tokens"))
    assert isinstance(failure, RequestRejected)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "99999"}, 120),
        ({"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}, 40),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:40 GMT"}, 0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "1.2.3"}, None),
        ({"retry-after-ms": "nan"}, None),
        ({"retry-after-ms": "inf"}, None),
    ],
)
def test_retry_after_is_read_in_every_form_and_bounded(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, now=60.0) == seconds


def test_the_servers_retry_after_reaches_the_asker() -> None:
    (failure,), _ = ask(error(429, headers={"Retry-After": "3"}))
    assert isinstance(failure, TransientError) and failure.retry_after == 3


def test_usage_adds_up_and_survives_its_json() -> None:
    """Cached tokens are None only when nobody said anything of them."""
    one = Usage.from_json({"prompt_tokens": 5, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}})
    assert one == Usage(5, 2, 7, 4)
    assert one + Usage(1, 1, 2) == Usage(6, 3, 9, 4)
    assert Usage.from_json(one.to_json()) == one
    assert Usage.from_json(None) == Usage.from_json({"prompt_tokens": "x", "completion_tokens": -1}) == Usage()
    assert "cached_tokens" not in Usage(1, 1, 2).to_json()
