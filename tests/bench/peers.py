"""Clients for comparison: `python -m tests.bench.peers bare|lm-eval URL[,URL] FILE IN_FLIGHT`.

`bare` is the floor: workers over one aiohttp session send ready bodies and parse the replies; several URLs get the same
number of workers each. `lm-eval` is the chat
model of lm-evaluation-harness, if `lm-eval[api]` is installed. Both ask our question about each row of FILE and keep
nothing.
"""

import asyncio
import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from metajudge.tasks.match.prompt import ROW, Prompt

HAS_LM_EVAL = importlib.util.find_spec("lm_eval") is not None
MAX_TOKENS, TEMPERATURE = 8192, 0.6


def questions(path: Path) -> Iterator[list[dict[str, str]]]:
    """Yield the messages of every row."""
    prompt = Prompt(ROW)
    with path.open(encoding="utf-8") as file:
        for line in file:
            row = json.loads(line)
            yield [dict(message) for message in prompt.messages(row["human-checklist"], row["M-checklist"])]


async def bare(url: str, path: Path, in_flight: int) -> None:
    """Ask with workers over one aiohttp session, this number in all."""
    import aiohttp

    todo, urls = questions(path), url.split(",")
    headers = {"Authorization": "Bearer x", "Content-Type": "application/json"}
    connector = aiohttp.TCPConnector(limit=in_flight)
    timeout = aiohttp.ClientTimeout(total=600)
    async with aiohttp.ClientSession(connector=connector, headers=headers, timeout=timeout) as session:

        async def work(url: str) -> None:
            for messages in todo:
                body = {"model": "gpt-4o", "messages": messages, "max_tokens": MAX_TOKENS, "temperature": TEMPERATURE}
                async with session.post(f"{url}/chat/completions", data=json.dumps(body).encode()) as response:
                    reply = json.loads(await response.read())
                assert reply["choices"][0]["message"]["content"]

        await asyncio.gather(*(work(urls[number % len(urls)]) for number in range(in_flight)))


def lm_eval(url: str, path: Path, in_flight: int) -> None:
    """Ask with the harness's own client and its own concurrency."""
    from lm_eval.api.instance import Instance
    from lm_eval.models.openai_completions import LocalChatCompletion

    model = LocalChatCompletion(base_url=f"{url}/chat/completions", model="gpt-4o", num_concurrent=in_flight)
    options = {"max_gen_toks": MAX_TOKENS, "temperature": TEMPERATURE}
    requests = [
        Instance("generate_until", {}, (model.apply_chat_template(messages), dict(options)), number)
        for number, messages in enumerate(questions(path))
    ]
    assert all(model.generate_until(requests, disable_tqdm=True))


if __name__ == "__main__":
    kind, address, source, flight = sys.argv[1:]
    if kind == "bare":
        asyncio.run(bare(address, Path(source), int(flight)))
    else:
        lm_eval(address, Path(source), int(flight))
