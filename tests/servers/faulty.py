"""An OpenAI-compatible judge that fails on request: `python -m tests.servers.faulty [--port N] [--latency S] …`.

An item's text holds the question's fault: `[[429x2]]` fails the first two requests of this question, `[[malformed]]`
all. Every other reply is right and the same at every run. `--profile NAME` answers as a well-known server does.
`GET /log` counts the requests; `--log FILE` appends a line per question and per right reply, and outlives the server.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import re
import socket
import struct
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from tests.servers.limiters import LIMITERS
from tests.servers.profiles import PROFILES, limited

_FAULT = re.compile(r"\[\[([\w-]+?)(?:x(\d+))?\]\]")
_ITEM = re.compile(r"^([SR])(\d+): ?(.*)$", re.MULTILINE)
LIMITED = "limited"
STEPS = ("0", "0.25", "0.5", "0.75", "1")


def score(human: str, model: str) -> str:
    """Return a step that depends only on the two texts without their faults."""
    plain = [" ".join(_FAULT.sub("", text).split()) for text in (human, model)]
    return STEPS[hashlib.sha256("\0".join(plain).encode()).digest()[0] % len(STEPS)]


def block(message: str) -> str:
    """Return the right reply to a question of either granularity."""
    items = _ITEM.findall(message)
    model = {int(n): text for letter, n, text in items if letter == "S"}
    lines = []
    for letter, number, text in items:
        if letter == "R":
            best = max(model, key=lambda s: (float(score(text, model[s])), -s))
            lines.append(f"- R{number}@S{best}: {score(text, model[best])}")
    return "\n".join(["<RESULT_START>", *lines, "<RESULT_END>"])


def first_item(message: str) -> str:
    """Return the first S line of a question. No other question of these tests has the same."""
    return next((f"S{number}: {text}" for letter, number, text in _ITEM.findall(message) if letter == "S"), "")


def completion(content: object, finish: str = "stop", **message: object) -> web.Response:
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return web.json_response({"object": "chat.completion", "choices": [choice], "usage": usage})


def error(status: int, message: str = "no", headers: dict[str, str] | None = None, **fields: str) -> web.Response:
    """Return a failure in OpenAI's shape."""
    return web.json_response({"error": {"message": message, **fields}}, status=status, headers=headers)


async def _reset(request: web.Request, message: str) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def _torn(request: web.Request, message: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "5000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"choices": [{"message": {"content": "<RESULT')
    return await _reset(request, message)


async def _reset_after(request: web.Request, message: str) -> web.StreamResponse:
    response = completion(block(message))
    await response.prepare(request)
    await response.write_eof()
    assert request.transport is not None
    plug: socket.socket = request.transport.get_extra_info("socket")
    plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closing sends a reset
    return await _reset(request, message)


async def _garbage(request: web.Request, message: str) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.write(b"\x00\xff no HTTP\r\n\r\n")
    return await _reset(request, message)


async def _trickle(request: web.Request, message: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    body = completion(block(message)).body
    assert isinstance(body, bytes)
    for start in range(0, len(body), 40):
        await response.write(body[start : start + 40])
        await asyncio.sleep(0.02)
    await response.write_eof()
    return response


async def _drip(request: web.Request, message: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.1)


async def _hang(request: web.Request, message: str) -> web.StreamResponse:
    await asyncio.sleep(3600)
    return web.Response()


_SIMPLE: dict[str, Callable[[str], web.Response]] = {
    "429": lambda m: error(429, "slow down", {"Retry-After": "0"}),
    "429ms": lambda m: error(429, "slow down", {"retry-after-ms": "20"}),
    "429s": lambda m: error(429, "slow down", {"Retry-After": "1"}),
    "429date": lambda m: error(429, "slow down", {"Retry-After": formatdate(time.time() + 2, usegmt=True)}),
    "429past": lambda m: error(429, "slow down", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}),
    "429negative": lambda m: error(429, "slow down", {"Retry-After": "-5"}),
    "429words": lambda m: error(429, "slow down", {"Retry-After": "in a while"}),
    "429ms-words": lambda m: error(429, "slow down", {"retry-after-ms": "nan"}),
    "429huge": lambda m: error(429, "slow down", {"Retry-After": "1000000000"}),
    "500": lambda m: error(500),
    "plain": lambda m: web.Response(body=completion(block(m)).body, content_type="text/plain"),
    "no-body": lambda m: web.Response(),
    "surrogate": lambda m: completion(f"half a character: \ud83d\u2028\n{block(m)}"),
    "html": lambda m: web.Response(text="<html>busy</html>", content_type="text/html"),
    "broken-json": lambda m: web.Response(text='{"choices": [', content_type="application/json"),
    "no-choices": lambda m: web.json_response({"choices": []}),
    "null-content": lambda m: completion(None, reasoning_content=block(m)),
    "malformed": lambda m: completion("R1 is matched by S1, I would say."),
    "think": lambda m: completion(
        f"<think>- R1@S1: 1, or rather\n<RESULT_START>\n- R1@S0: 0\n<RESULT_END></think>\n{block(m)}"
    ),
    "bold": lambda m: completion(re.sub(r"- (R\d+@S\d+): ([\d.]+)", r"* **\1:** \2", block(m))),
    "truncated": lambda m: completion("<RESULT_START>\n- R1@S", "length"),
    "content-filter": lambda m: error(400, "filtered", code="content_filter"),
    "context-length": lambda m: error(400, "maximum context length is 10 tokens", code="context_length_exceeded"),
    "413": lambda m: error(413),
    "401": lambda m: error(401, "bad key"),
    "403": lambda m: error(403, "not yours"),
    "404": lambda m: error(404, "The model does not exist", code="model_not_found"),
    "quota": lambda m: error(429, "You exceeded your current quota", code="insufficient_quota"),
}
_TRANSPORT: dict[str, Callable[[web.Request, str], Awaitable[web.StreamResponse]]] = {
    "reset": _reset,
    "torn": _torn,
    "reset-after": _reset_after,
    "garbage": _garbage,
    "trickle": _trickle,
    "drip": _drip,
    "hang": _hang,
}


class Server:
    """The judge and its log of requests."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.rng = random.Random(options.seed)
        self.journal = os.open(options.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666) if options.log else None
        self.asked: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = self.requests = 0
        self.first = self.last = 0.0
        self.keys: set[str] = set()
        self.profile = PROFILES.get(options.profile)
        if options.profile == LIMITED:
            self.profile = limited(options.limiter, options.latency)

    async def chat(self, request: web.Request) -> web.StreamResponse:
        """Answer one question."""
        self.requests += 1
        self.first = self.first or time.monotonic()
        revoked = self.requests > self.options.revoke_after
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            body = json.loads(await request.read())
            request["number"] = self.requests
            self.note("asked", request, body)
            if revoked:
                return error(401, "this key was revoked")
            latency = self.options.slow if self.rng.random() < self.options.slow_share else self.options.latency
            if latency and self.options.profile != LIMITED:
                await asyncio.sleep(latency)
            return await self.answer(request, body)
        finally:
            self.in_flight -= 1
            self.last = time.monotonic()

    def note(self, event: str, request: web.Request, body: dict[str, Any]) -> None:
        """Append an event to the log file, if there is one."""
        if self.journal is not None:
            line = {"at": time.monotonic(), "event": event, "request": f"{os.getpid()}-{request['number']}"}
            line |= {"question": first_item(body["messages"][-1]["content"]), "run": body.get("user")}
            os.write(self.journal, json.dumps(line).encode() + b"\n")

    async def answer(self, request: web.Request, body: dict[str, Any]) -> web.StreamResponse:
        """Return the fault that is due, otherwise the right reply."""
        message = body["messages"][-1]["content"]
        self.keys.add(request.headers.get("Authorization", ""))
        name = hashlib.sha256(message.encode()).hexdigest()[:16]
        self.asked[name] += 1
        for fault, times in _FAULT.findall(f"[[{self.options.always}]]{message}"):
            if not times or self.asked[name] <= int(times):
                if fault in _TRANSPORT:
                    return await _TRANSPORT[fault](request, message)
                return _SIMPLE[fault](message)
        response = self.profile and await self.profile(body, block(message), self.asked[name])
        response = response or completion(block(message))
        await response.prepare(request)
        await response.write_eof()
        if request.transport is not None:  # otherwise the client has gone
            self.note("replied", request, body)
        return response

    async def log(self, request: web.Request) -> web.Response:
        """Return the counts of the requests."""
        counts = {
            "first": self.first,
            "last": self.last,
            "requests": self.requests,
            "asked": self.asked,
            "most_in_flight": self.most_in_flight,
        }
        return web.json_response(counts | {"keys": sorted(self.keys)})


async def serve(app: web.Application, port: int = 0) -> None:
    """Print the base URL and serve until killed."""
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=1024).start()
    print(f"http://127.0.0.1:{runner.addresses[0][1]}/v1", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each reply")
    parser.add_argument("--slow", type=float, default=0.0, metavar="S", help="seconds before a slow reply")
    parser.add_argument("--slow-share", type=float, default=0.0, metavar="P", help="how many replies are slow, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="which replies are slow")
    parser.add_argument("--always", default="", metavar="FAULT", help="of every question")
    parser.add_argument("--revoke-after", type=float, default=float("inf"), metavar="N", help="then answer 401")
    parser.add_argument("--profile", choices=(*PROFILES, LIMITED), help="answer as this server does")
    parser.add_argument("--limiter", choices=tuple(LIMITERS), default="window", help="of the profile limited")
    parser.add_argument("--log", metavar="FILE", help="append what is asked and replied, and when")
    options = parser.parse_args()
    server, app = Server(options), web.Application(client_max_size=100 << 20)
    app.router.add_post("/v1/chat/completions", server.chat)
    app.router.add_get("/log", server.log)
    asyncio.run(serve(app, options.port))


if __name__ == "__main__":
    main()
