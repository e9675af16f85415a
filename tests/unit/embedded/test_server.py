"""The embedded judge over HTTP."""

import asyncio
import json
import signal
import sys
import urllib.request
from typing import Any

import aiohttp
import openai
import pytest

from metajudge.embedded.matcher import score_matrix
from metajudge.embedded.server import PAIRS_RULE, BadRequest, Lists, read_question, serving
from metajudge.errors import UsageError
from metajudge.tasks.match.prompt import GRANULARITIES, Prompt, instructions
from metajudge.tasks.match.reply import ParsedReply, read_reply
from tests.e2e import driver

HUMAN = ["Response 1 uses a set and loses the order of the list.", "Response 2 returns None for an empty list."]
MODEL = ["A's set does not keep the list's order.", "B is nicer.", "Response B gives None when the list is empty."]


def post(body: object, path: str = "/chat/completions") -> tuple[int, Any]:
    async def go() -> tuple[int, Any]:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        async with (
            serving() as url,
            aiohttp.ClientSession() as session,
            session.post(url + path, data=data) as response,
        ):
            return response.status, await response.json()

    return asyncio.run(go())


@pytest.mark.parametrize("granularity", ["row", "pairs", "item"])
@pytest.mark.parametrize("system", [True, False])
def test_the_lists_of_every_form_of_question_are_read(granularity: str, system: bool) -> None:
    """The instructions' own examples are not taken for the lists."""
    text = Prompt(granularity, system_message=system).messages(HUMAN, MODEL, 2)[-1]["content"]
    expected = Lists(HUMAN, [MODEL[1]], 2) if granularity == "item" else Lists(HUMAN, MODEL)
    assert read_question(text) == expected


def test_lists_may_come_in_any_order() -> None:
    """A user's template decides it; one S line behind the R lines may be a question about one item."""
    assert read_question("R1: x\n\nS1: a\nS2: b") == read_question("S1: a\nS2: b\n\nR1: x") == Lists(["x"], ["a", "b"])
    assert read_question("R1: x\n\nS1: a") == Lists(["x"], ["a"], 1)
    assert read_question("R1: x\n\nS1: a", pairs=True) == Lists(["x"], ["a"], pairs=True)


def test_the_rule_of_pairs_is_in_their_instructions_alone() -> None:
    """The judge recognises the question by it."""
    assert [one for one in GRANULARITIES if PAIRS_RULE in instructions(one)] == ["pairs"]


@pytest.mark.parametrize("system", [True, False])
def test_the_reply_about_pairs_names_every_pair_above_0(system: bool) -> None:
    """The same scores as in the whole matrix."""
    human = [*HUMAN, "Response 1 has 12 lines."]
    messages = Prompt("pairs", system_message=system).messages(human, MODEL)
    status, reply = post({"model": "embedded", "messages": messages})
    text = reply["choices"][0]["message"]["content"]
    accepted = read_reply(text, 3, 3, pairs=True)
    assert status == 200 and isinstance(accepted, ParsedReply)
    assert [mark.score for mark in accepted.marks] == [score for row in score_matrix(human, MODEL) for score in row]
    assert "- R3@S0: 0\n" in text and text.count("- R") == 1 + sum(mark.score > 0 for mark in accepted.marks)


def test_empty_items_keep_their_place() -> None:
    """An item without words is an item."""
    assert read_question("S1: \nS2: b\n\nR1: \n") == Lists([""], ["", "b"])
    assert read_question("S1:\r\n\r\nR1: x\r\n") == Lists(["x"], [""])


@pytest.mark.parametrize("text", ["hello", "R1: only", "S2: a\n\nR1: b", "R2: a\n\nS1: b"])
def test_a_question_without_both_lists_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as caught:
        read_question(text)
    assert (caught.value.status, caught.value.param) == (400, "messages")


@pytest.mark.parametrize("granularity", ["row", "item"])
def test_the_sdk_gets_a_reply_that_the_grammar_accepts(granularity: str) -> None:
    """A whole question over a real socket, with usage."""

    async def go() -> Any:
        async with serving() as url, openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
            models = await client.models.list()
            assert [model.id for model in models.data] == ["embedded"]
            messages: Any = Prompt(granularity).messages(HUMAN, MODEL, 3)
            return await client.chat.completions.create(model="embedded", messages=messages, max_tokens=5)

    reply = asyncio.run(go())
    item = 3 if granularity == "item" else None
    accepted = read_reply(reply.choices[0].message.content, 2, 3, model_item=item)
    assert isinstance(accepted, ParsedReply)
    by_human = {mark.human_item: mark for mark in accepted.marks}
    assert by_human[2].model_item == 3 and by_human[2].score > 0
    assert reply.usage.total_tokens == reply.usage.prompt_tokens + reply.usage.completion_tokens > 20


QUESTION = [{"role": "user", "content": "S1: a\n\nR1: b"}]


@pytest.mark.parametrize(
    ("body", "status", "param", "code"),
    [
        (b"{", 400, None, None),
        ([], 400, None, None),
        ({"model": "gpt-4o", "messages": QUESTION}, 404, "model", "model_not_found"),
        ({"model": "embedded", "messages": QUESTION, "stream": True}, 400, "stream", "unsupported_parameter"),
        ({"model": "embedded", "messages": QUESTION, "n": 2}, 400, "n", "unsupported_value"),
        ({"model": "embedded", "messages": "hi"}, 400, "messages", None),
        ({"model": "embedded", "messages": [{"role": "system", "content": "x"}]}, 400, "messages", None),
        ({"model": "embedded", "messages": [{"role": "user", "content": 3}]}, 400, "messages", None),
        ({"model": "embedded", "messages": [{"role": "user", "content": "hi"}]}, 400, "messages", None),
    ],
)
def test_errors_have_openais_shape(body: object, status: int, param: str | None, code: str | None) -> None:
    """Status, message, type, parameter, code."""
    got, data = post(body)
    assert got == status
    assert set(data["error"]) == {"message", "type", "param", "code"}
    assert (data["error"]["param"], data["error"]["code"]) == (param, code)
    assert data["error"]["message"] and data["error"]["type"] == "invalid_request_error"


def test_unknown_paths_and_text_parts() -> None:
    """404 in the same shape; content as a list of parts is read."""
    assert post({}, "/nothing")[0] == 404
    parts = [{"role": "user", "content": [{"type": "text", "text": "S1: a\n\n"}, {"type": "text", "text": "R1: b"}]}]
    assert post({"model": "embedded", "messages": parts})[0] == 200


def test_a_port_in_use_is_one_clear_line() -> None:
    """The first server continues."""

    async def go() -> None:
        async with serving() as url:
            port = int(url.split(":")[2].split("/")[0])
            with pytest.raises(UsageError, match=f"`port` {port} at 127.0.0.1 cannot be used"):
                async with serving(port):
                    pass

    asyncio.run(go())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_serve_command_runs_until_a_signal(number: signal.Signals) -> None:
    """One line on stdout with the base URL; the exit code is 130."""
    with driver.start([sys.executable, "-m", "metajudge", "serve-judge", "--port", "0"]) as process:
        assert process.stdout is not None and process.stderr is not None
        url = process.stdout.readline().strip()
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(f"{url}/models") as response:
            assert json.loads(response.read())["data"][0]["id"] == "embedded"
        process.send_signal(number)
        assert process.wait(10) == 130
        assert f"--api-base {url} --model embedded" in process.stderr.read()
