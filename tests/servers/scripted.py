"""A model for every step of the chain: `python -m tests.servers.scripted [--latency S]`.

A decomposer gets the sentences of the annotators' texts as points, and one that cuts out reasons those of the critique.
A critic gets one reason per response and the longer one as the better; one that is called `critic-…` says its name. A
judge compares texts. `GET /log` counts requests per question, and has the times of each request by model and question.

A judge of reasons takes what the reason says of itself, as in "EG F4"; its quotes are the beginnings of the texts. It
invents the quotes of a reason that says "false", and of one that says "false once", in its first reply.
"""

import argparse
import asyncio
import hashlib
import re
import time
from collections import Counter
from typing import Any

from aiohttp import web

from tests.servers.faulty import block, completion, serve

_TEXT = re.compile(r"<QUOTED_(?P<name>[A-Z_0-9]+)[^>\n]*>\n(?P<text>.*?)\n</QUOTED_(?P=name)>", re.DOTALL)


def frames(message: str) -> dict[str, str]:
    """Return the quoted texts of a question by name."""
    return {found["name"]: found["text"] for found in _TEXT.finditer(message)}


def claims(texts: dict[str, str]) -> str:
    """Return every different sentence of the annotators, or of a judge's critique, as a point."""
    said = [text for name, text in texts.items() if name.startswith(("ANNOTATOR", "CRITIQUE"))]
    parts = [part.strip("-* \n") for text in said for part in re.split(r"(?<=[.。])\s+|\n+", text)]
    sentences = [part for part in parts if len(part) > 12 and not part.endswith(":")]
    points = list(dict.fromkeys(sentences))[:5]
    lines = [f"- C{number}: {point}" for number, point in enumerate(points, 1)]
    rest = [] if points else ["- all of it (Reason: nothing concrete)"]
    head = ["<RESULT_START>", f"CLAIM_COUNT={len(points)}", "CLAIMS:"]
    return "\n".join([*head, *lines, "IGNORED_SUMMARY:", *rest, "<RESULT_END>"])


def critique(texts: dict[str, str], model: str) -> str:
    """Return a critique that prefers the longer response."""
    first, second = texts["RESPONSE_A"], texts["RESPONSE_B"]
    verdict = "A>B" if len(first) > len(second) else "B>A" if len(first) < len(second) else "A=B"
    by = f", as {model} sees it" if model.startswith("critic-") else ""
    reasons = [f"- Response {letter} has {len(text)} characters{by}." for letter, text in (("A", first), ("B", second))]
    lines = ["<RESULT_START>", "List of reasons:", *reasons, rf"Final assessment result: \boxed{{{verdict}}}"]
    return "\n".join([*lines, "<RESULT_END>"])


_ASKED = re.compile(r"<QUOTED_(REASON_\d+)>; its name")
_INVENTED = "words that no text has anywhere"


def classified(texts: dict[str, str], name: str, asked: int) -> str:
    """Return the class and the flaws that a reason names; its quotes are invented if it says so."""
    reason = texts[name]
    is_false = "false" in reason and (asked == 1 or "false once" not in reason)

    def quote(tag: str, place: str, text: str) -> str:
        return f"- {tag}@{place}: {_INVENTED if is_false else ' '.join(text.split()[:6])}"

    kind = next((one for one in ("EG", "CG", "GS") if one in reason), "GS")
    flaws = re.findall(r"F[1-7]", reason)
    lines = [f"CLASS={kind}", *([quote("EG", "B", texts["RESPONSE_B"])] if kind == "EG" else [])]
    lines += [f"FLAWS={', '.join(flaws) or 'none'}", *(quote(flaw, "REASON", reason) for flaw in flaws)]
    lines += [quote(flaw, "VERDICT", texts["VERDICT"]) for flaw in flaws if flaw in ("F6", "F7")]
    return "\n".join(["<RESULT_START>", *lines, "<RESULT_END>"])


def answer(message: str, model: str = "", asked: int = 1) -> str:
    """Return the right reply to a question of any kind, which is asked for the `asked`-th time."""
    texts = frames(message)
    if found := _ASKED.search(message):
        return classified(texts, found[1], asked)
    if any(name.startswith(("ANNOTATOR", "CRITIQUE")) for name in texts):
        return claims(texts)
    return critique(texts, model) if "RESPONSE_A" in texts else block(message)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    latency = parser.parse_args().latency
    asked: Counter[str] = Counter()
    history: dict[str, list[dict[str, Any]]] = {}

    async def chat(request: web.Request) -> web.Response:
        body = await request.json()
        message, model = body["messages"][-1]["content"], body["model"]
        name = hashlib.sha256(message.encode()).hexdigest()
        # `replied` stays null if the client is gone before the reply.
        event = {"run": body.get("user"), "asked": time.monotonic(), "replied": None}
        history.setdefault(f"{model} {name}", []).append(event)
        await asyncio.sleep(latency)
        asked[name] += 1
        event["replied"] = time.monotonic()
        return completion(answer(message, model, asked[name]))

    async def log(request: web.Request) -> web.Response:
        return web.json_response({"asked": dict(asked), "history": history})

    app = web.Application(client_max_size=50_000_000)
    app.router.add_post("/v1/chat/completions", chat)
    app.router.add_get("/log", log)
    asyncio.run(serve(app))


if __name__ == "__main__":
    main()
