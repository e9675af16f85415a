"""The embedded judge's server under hostile requests."""

import asyncio
import gzip
import ipaddress
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from metajudge.embedded.server import LARGEST_BODY, MODEL, answer, read_question, serving
from metajudge.errors import UsageError
from metajudge.tasks.match.reply import ParsedReply
from tests.attacks.checklists import ATTACKS, Attack
from tests.attacks.setting import SIDES, read, sample_of, tasks

LARGE = 10 * 1024 * 1024


def post(data: Any, headers: dict[str, str] | None = None) -> tuple[int, Any]:
    """Return status and JSON body of one request to a fresh server."""

    async def go() -> tuple[int, Any]:
        async with (
            serving() as url,
            aiohttp.ClientSession() as session,
            session.post(f"{url}/chat/completions", data=data, headers=headers) as response,
        ):
            return response.status, await response.json()

    return asyncio.run(go())


async def opened(host: str) -> str:
    async with serving(0, host) as url:
        return url


def question(size: int) -> bytes:
    """Return a well-formed request of exactly `size` bytes."""
    body = json.dumps({"model": MODEL, "messages": [{"role": "user", "content": "S1: a\n\nR1: b"}], "user": ""})
    return body.replace('"user": ""', f'"user": "{"x" * (size - len(body))}"').encode()


async def in_chunks(data: bytes) -> AsyncIterator[bytes]:
    for start_at in range(0, len(data), 1 << 20):
        yield data[start_at : start_at + (1 << 20)]


def test_a_body_of_ten_megabytes_is_served_and_one_byte_more_is_not() -> None:
    """One byte more gets a 413 in OpenAI's shape."""
    assert LARGEST_BODY == LARGE
    assert post(question(LARGE))[0] == 200
    status, body = post(question(LARGE + 1))
    assert status == 413 and set(body["error"]) == {"message", "type", "param", "code"}
    assert body["error"]["type"] == "invalid_request_error" and body["error"]["message"]


@pytest.mark.parametrize("compressed", [False, True])
def test_a_large_body_without_its_length_is_refused_as_well(compressed: bool) -> None:
    """Chunked and compressed bodies are measured, too."""
    data, headers = question(LARGE + 1), {"Content-Encoding": "gzip"} if compressed else None
    status, body = post(gzip.compress(data) if compressed else in_chunks(data), headers)
    assert status == 413 and body["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_it_listens_on_loopback_only(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bound addresses are loopback addresses."""
    bound: list[str] = []

    class Watched(web.AppRunner):
        async def cleanup(self) -> None:
            bound.extend(address[0] for address in self.addresses)
            await super().cleanup()

    monkeypatch.setattr(web, "AppRunner", Watched)
    assert asyncio.run(opened(host)).startswith(f"http://{host}:")
    assert bound and all(ipaddress.ip_address(address).is_loopback for address in bound)


@pytest.mark.parametrize("host", ["", "0", "0.0.0.0", "::", "::ffff:0.0.0.0", "192.0.2.1", "255.255.255.255", "a b"])
def test_any_other_address_is_refused_before_listening(host: str) -> None:
    """Every spelling that means all addresses is refused."""
    with pytest.raises(UsageError, match="is not this machine"):
        asyncio.run(opened(host))


def test_a_number_that_is_none_is_no_item() -> None:
    """A line of thousands of digits is text and no server error."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": f"S{'9' * 5000}: x\nS1: a\n\nR1: b"}]}
    assert post(json.dumps(body))[0] == 200


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_the_embedded_judge_answers_hostile_lists(attack: Attack) -> None:
    """The server reads both lists and its answer is accepted."""
    for side in SIDES:
        sample = sample_of(attack, side)
        for granularity in ("row", "item"):
            (asked, *_) = tasks(granularity)[0].questions(sample)
            lists = read_question(asked.messages[-1]["content"])
            assert (len(lists.human), len(lists.model)) == (len(sample.human), 4 if granularity == "row" else 1)
            assert isinstance(read(asked, answer(lists)), ParsedReply)
