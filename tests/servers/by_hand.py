"""A judge that replies with the example's marks, which were given by hand: `python -m tests.servers.by_hand`.

Every line of `tests/data/rubric_by_hand.jsonl` is about one row and evaluated model: the input file, its line, the
model, and for each model item the scores above 0 by human item. It answers questions of granularity `item`.
"""

import asyncio
import json
import re
from collections.abc import Mapping

from aiohttp import web

from tests.servers import ROOT
from tests.servers.faulty import serve

EXAMPLE = ROOT / "example"
MARKS = ROOT / "tests" / "data" / "rubric_by_hand.jsonl"
Pair = tuple[str, str]
"""A human item and a model item."""
_ITEM = re.compile(r"^([SR])(\d+): (.*)$", re.MULTILINE)


def scores() -> dict[Pair, float]:
    """Return the score of every pair of items. Raises `ValueError` for lists and marks of different lengths."""
    found: dict[Pair, float] = {}
    for line in MARKS.read_text(encoding="utf-8").splitlines():
        marked = json.loads(line)
        rows = (EXAMPLE / marked["file"]).read_text(encoding="utf-8").splitlines()
        row = json.loads(rows[marked["line"] - 1])
        for item, marks in zip(row[f"{marked['model']}-checklist"], marked["marks"], strict=True):
            for number, human in enumerate(row["human-checklist"], 1):
                found[human, item] = marks.get(str(number), 0)
    return found


def reply(message: str, known: Mapping[Pair, float]) -> str:
    """Return the result block for a question about one model item."""
    items = _ITEM.findall(message)
    ((number, model_item),) = [(number, text) for letter, number, text in items if letter == "S"]
    humans = [(number, text) for letter, number, text in items if letter == "R"]
    marks = [f"- R{place}@S{number}: {known[human, model_item]:g}" for place, human in humans]
    return "\n".join(["<RESULT_START>", *marks, "<RESULT_END>"])


def main() -> None:
    known = scores()

    async def chat(request: web.Request) -> web.Response:
        content = reply((await request.json())["messages"][-1]["content"], known)
        choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
        usage = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), 0)
        return web.json_response({"object": "chat.completion", "choices": [choice], "usage": usage})

    app = web.Application()
    app.router.add_post("/v1/chat/completions", chat)
    asyncio.run(serve(app))


if __name__ == "__main__":
    main()
