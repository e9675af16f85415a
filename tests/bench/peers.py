"""What the client is measured against: `python -m tests.bench.peers bare|sdk URL FILE IN_FLIGHT`.

`bare`: an aiohttp session and as many workers as may be in flight, which send ready bodies and parse the replies: the
floor. `sdk`: a task a row behind a semaphore, each awaiting the SDK's `chat.completions.create`: what people write.
Both read the rows of FILE and ask our own question about each, and keep nothing.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from metajudge.tasks.match.prompt import ROW, Prompt


def questions(path: Path) -> Iterator[list[dict[str, str]]]:
    """The messages of every row."""
    prompt = Prompt(ROW)
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield [dict(message) for message in prompt.messages(row["human-checklist"], row["M-checklist"])]


def body(messages: list[dict[str, str]]) -> dict[str, Any]:
    """A request."""
    return {"model": "gpt-4o", "messages": messages, "max_tokens": 8192, "temperature": 0.6}


async def bare(url: str, path: Path, in_flight: int) -> None:
    """Workers over one aiohttp session."""
    import aiohttp

    todo = questions(path)
    headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=in_flight)
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:

        async def work() -> None:
            for messages in todo:
                data = json.dumps(body(messages)).encode()
                async with session.post(f"{url}/chat/completions", data=data) as response:
                    reply = json.loads(await response.read())
                assert reply["choices"][0]["message"]["content"]

        await asyncio.gather(*(work() for _ in range(in_flight)))


async def sdk(url: str, path: Path, in_flight: int) -> None:
    """A semaphore and a task a row."""
    import openai

    slots = asyncio.Semaphore(in_flight)
    client = openai.AsyncOpenAI(
        api_key="x", base_url=url, max_retries=0, http_client=openai.DefaultAioHttpClient(limits=_limits(in_flight))
    )

    async def ask(messages: Any) -> None:
        async with slots:
            reply = await client.chat.completions.create(**body(messages))
        assert reply.choices[0].message.content

    await asyncio.gather(*(ask(messages) for messages in questions(path)))
    await client.close()


def _limits(in_flight: int) -> Any:
    import httpx2

    return httpx2.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)


if __name__ == "__main__":
    kind, address, source, flight = sys.argv[1:]
    asyncio.run({"bare": bare, "sdk": sdk}[kind](address, Path(source), int(flight)))
