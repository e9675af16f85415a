"""A provider with OpenAI's Files and Batches API: `python -m tests.servers.batches [--expire N] [--queue TOKENS] …`.

Its model answers like `tests.servers.scripted`, in chat completions as well as in batches, with the faults that an
item's text holds (`tests.servers.faulty`). A batch moves on each time it is looked at. `GET /log` shows what was sent
and how often each question was asked.
"""

import argparse
import asyncio
import hashlib
import json
import random
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.servers.faulty import _FAULT, _SIMPLE, completion, error, serve
from tests.servers.scripted import answer

URL = "/v1/chat/completions"
HOLDS = ("files-before", "files-after", "batches-before", "batches-after")
ENDED = ("completed", "failed", "expired", "cancelled")


@dataclass
class Batch:
    """One batch; `looks` counts how often its state was asked for."""

    id: str
    number: int
    file_id: str
    metadata: dict[str, str] | None
    lines: list[dict[str, Any]]
    status: str = "validating"
    looks: int = 0
    errors: list[dict[str, Any]] = field(default_factory=list)
    output_file_id: str | None = None
    error_file_id: str | None = None
    done: int = 0

    @property
    def tokens(self) -> int:
        return sum(len(json.dumps(line["body"]["messages"])) // 4 for line in self.lines)

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.id, "object": "batch", "endpoint": URL, "input_file_id": self.file_id, "status": self.status,
            "completion_window": "24h", "created_at": int(time.time()), "metadata": self.metadata,
            "output_file_id": self.output_file_id, "error_file_id": self.error_file_id,
            "errors": {"object": "list", "data": self.errors} if self.errors else None,
            "request_counts": {"total": len(self.lines), "completed": self.done, "failed": 0},
        }  # fmt: skip


class Provider:
    """Files, batches and the log."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.held = False
        self.files: dict[str, tuple[str, bytes]] = {}
        self.batches: list[Batch] = []
        self.asked: Counter[str] = Counter()
        self.executed: list[str] = []
        """Ids of the requests that were answered, batch by batch."""
        self.keys: set[str] = set()

    # ------------------------------------------------------------------ the model

    def reply(self, body: dict[str, Any]) -> web.Response:
        message = body["messages"][-1]["content"]
        for name in self.options.refuse:
            if name in body:
                text = f"Unsupported parameter: '{name}' is not supported with this model."
                return error(400, text, param=name, code="unsupported_parameter")
        question = hashlib.sha256(message.encode()).hexdigest()[:16]
        self.asked[question] += 1
        for fault, times in _FAULT.findall(message):
            if not times or self.asked[question] <= int(times):
                return _SIMPLE[fault](message)
        return completion(answer(message))

    async def chat(self, request: web.Request) -> web.Response:
        return self.reply(await request.json())

    # ------------------------------------------------------------------ files

    async def upload(self, request: web.Request) -> web.Response:
        await self.hold("files-before")
        if self.options.key and request.headers.get("Authorization") != f"Bearer {self.options.key}":
            return error(401, "Incorrect API key provided", code="invalid_api_key")
        self.keys.add(request.headers.get("Authorization", ""))
        name, content, purpose = "", b"", ""
        async for part in await request.multipart():
            if part.name == "file":
                name, content = part.filename, bytes(await part.read())
            else:
                purpose = await part.text()
        if purpose != "batch":
            return error(400, "purpose is not batch")
        file_id = self.store(name, content)
        await self.hold("files-after")
        return web.json_response(self.file_json(file_id))

    def store(self, name: str, content: bytes) -> str:
        file_id = f"file-{len(self.files) + 1}"
        self.files[file_id] = (name, content)
        return file_id

    def file_json(self, file_id: str) -> dict[str, Any]:
        name, content = self.files[file_id]
        size = len(content)
        fixed = {"object": "file", "purpose": "batch", "created_at": 1, "status": "processed"}
        return {"id": file_id, "filename": name, "bytes": size, **fixed}

    async def list_files(self, request: web.Request) -> web.Response:
        return page([self.file_json(name) for name in reversed(self.files)], request)

    async def content(self, request: web.Request) -> web.Response:
        file = self.files.get(request.match_info["id"])
        if file is None or self.options.lose in file[0].split("_"):
            return error(404, "No such File object")
        return web.Response(body=file[1], content_type="application/octet-stream")

    # ------------------------------------------------------------------ batches

    async def create(self, request: web.Request) -> web.Response:
        await self.hold("batches-before")
        asked = await request.json()
        if self.options.no_metadata and "metadata" in asked:
            return error(400, "Unknown parameter: 'metadata'", param="metadata", code="unknown_parameter")
        if asked["input_file_id"] not in self.files:
            return error(400, "No such File object", param="input_file_id")
        lines = self.files[asked["input_file_id"]][1].splitlines()
        number = len(self.batches) + 1
        batch = Batch(f"batch_{number}", number, asked["input_file_id"], asked.get("metadata"), [])
        self.validate(batch, lines, asked["endpoint"])
        self.batches.append(batch)
        await self.hold("batches-after")
        return web.json_response(batch.to_json())

    def validate(self, batch: Batch, lines: list[bytes], endpoint: str) -> None:
        """Read the lines; the faults show when the batch is looked at."""
        try:
            batch.lines = [json.loads(line) for line in lines]
        except ValueError:
            batch.errors = [{"code": "invalid_json_line", "message": "a line is not JSON", "line": 1}]
            return
        ids = [line["custom_id"] for line in batch.lines]
        if len(set(ids)) < len(ids):
            batch.errors = [{"code": "duplicate_custom_id", "message": "custom_id is not unique"}]
        elif len({line["body"]["model"] for line in batch.lines}) != 1:
            batch.errors = [{"code": "mismatched_model", "message": "one model per file"}]
        elif any(line["url"] != endpoint or line["method"] != "POST" for line in batch.lines):
            batch.errors = [{"code": "invalid_url", "message": f"every url must be {endpoint}"}]
        elif len(lines) > 50_000 or any(len(name) > 64 for name in ids):
            batch.errors = [{"code": "too_large", "message": "too many lines or too long an id"}]

    async def list_batches(self, request: web.Request) -> web.Response:
        return page([batch.to_json() for batch in reversed(self.batches)], request)

    async def look(self, request: web.Request) -> web.Response:
        batch = self.find(request)
        if batch is None:
            return error(404, "No such batch")
        self.advance(batch)
        return web.json_response(batch.to_json())

    async def cancel(self, request: web.Request) -> web.Response:
        batch = self.find(request)
        if batch is None:
            return error(404, "No such batch")
        if batch.status not in ENDED:
            batch.status = "cancelling"
        return web.json_response(batch.to_json())

    def find(self, request: web.Request) -> Batch | None:
        return next((batch for batch in self.batches if batch.id == request.match_info["id"]), None)

    def advance(self, batch: Batch) -> None:
        """Move a batch to its next state."""
        batch.looks += 1
        if batch.status == "validating":
            self.admit(batch)
            if self.options.looks:
                return
        if batch.status == "cancelling":
            self.end(batch, "cancelled", 0.5)
        elif batch.status == "in_progress" and batch.looks > self.options.looks:
            if batch.number in self.options.expire:
                self.end(batch, "expired", self.options.share)
            else:
                self.end(batch, "completed", 1.0)

    def admit(self, batch: Batch) -> None:
        running = sum(one.tokens for one in self.batches if one.status == "in_progress")
        if self.options.queue and running + batch.tokens > self.options.queue and not batch.errors:
            text = f"Enqueued token limit reached for judge. Limit: {self.options.queue} enqueued tokens."
            batch.errors = [{"code": "token_limit_exceeded", "message": text}]
        batch.status = "failed" if batch.errors else "in_progress"

    def end(self, batch: Batch, status: str, share: float) -> None:
        """Answer this share of the lines, and write both files, each in any order."""
        output, errors = [], []
        lines = list(batch.lines)
        random.Random(batch.number).shuffle(lines)
        answered = round(share * len(lines))
        for place, line in enumerate(lines):
            result: dict[str, Any] = {"id": f"r{place}", "custom_id": line["custom_id"], "response": None}
            if place >= answered:
                code = "batch_expired" if status == "expired" else "batch_cancelled"
                errors.append({**result, "error": {"code": code, "message": "This request could not be executed."}})
                continue
            self.executed.append(line["custom_id"])
            reply = self.reply(line["body"])
            assert isinstance(reply.body, bytes)
            response = {"status_code": reply.status, "request_id": f"q{place}", "body": json.loads(reply.body)}
            (output if reply.status == 200 else errors).append({**result, "response": response, "error": None})
        batch.status, batch.done = status, answered
        batch.output_file_id = self.results(batch, "output", output)
        batch.error_file_id = self.results(batch, "error", errors)

    def results(self, batch: Batch, kind: str, lines: list[dict[str, Any]]) -> str | None:
        """Store a file of results; like the real API, there is none without a line."""
        if not lines:
            return None
        return self.store(f"{batch.id}_{kind}.jsonl", b"".join(json.dumps(line).encode() + b"\n" for line in lines))

    # ------------------------------------------------------------------ tests

    async def hold(self, step: str) -> None:
        """Let the first request hang, or fail, at the step that is named."""
        if step in (self.options.hold, self.options.fail) and not self.held:
            self.held = True
            if step == self.options.fail:
                raise web.HTTPInternalServerError(text="no")
            await asyncio.sleep(3600)

    async def log(self, request: web.Request) -> web.Response:
        return web.json_response({
            "asked": self.asked,
            "executed": self.executed,
            "held": self.held,
            "uploads": [name for name, _ in self.files.values() if name.startswith("metajudge-")],
            "batches": [batch.to_json() for batch in self.batches],
            "keys": sorted(self.keys),
        })  # fmt: skip


def page(objects: list[dict[str, Any]], request: web.Request) -> web.Response:
    """Return the objects behind `after`, at most `limit`; two if the client names no limit, so that it must page."""
    after, limit = request.query.get("after"), min(int(request.query.get("limit", 2)), 2)
    start = next((place + 1 for place, one in enumerate(objects) if one["id"] == after), 0)
    data = objects[start : start + limit]
    return web.json_response({"object": "list", "data": data, "has_more": start + limit < len(objects)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--looks", type=int, default=2, help="a batch ends after more looks than this")
    parser.add_argument("--expire", type=int, nargs="*", default=[], metavar="N", help="these batches expire")
    parser.add_argument("--share", type=float, default=0.5, help="answered share of an expired batch")
    parser.add_argument("--queue", type=int, default=0, metavar="TOKENS", help="tokens in progress, at most")
    parser.add_argument("--refuse", nargs="*", default=[], metavar="NAME", help="parameters that are refused")
    parser.add_argument("--hold", choices=HOLDS, help="the first request hangs here")
    parser.add_argument("--fail", choices=HOLDS, help="the first request is answered with 500 here")
    parser.add_argument("--no-metadata", action="store_true", help="a batch may have no metadata")
    parser.add_argument("--key", help="the only key that is accepted")
    parser.add_argument("--lose", default="-", metavar="KIND", help="files of this kind cannot be fetched: error.jsonl")
    options = parser.parse_args()
    provider, app = Provider(options), web.Application(client_max_size=250_000_000)
    app.router.add_post("/v1/chat/completions", provider.chat)
    app.router.add_post("/v1/files", provider.upload)
    app.router.add_get("/v1/files", provider.list_files)
    app.router.add_get("/v1/files/{id}/content", provider.content)
    app.router.add_post("/v1/batches", provider.create)
    app.router.add_get("/v1/batches", provider.list_batches)
    app.router.add_get("/v1/batches/{id}", provider.look)
    app.router.add_post("/v1/batches/{id}/cancel", provider.cancel)
    app.router.add_get("/log", provider.log)
    asyncio.run(serve(app))


if __name__ == "__main__":
    main()
