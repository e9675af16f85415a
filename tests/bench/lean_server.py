"""A judge with almost no work, for measuring clients: `python -m tests.bench.lean_server [--latency S] [--varied]`.

One asyncio protocol without a framework takes about 40 µs per request. `POST` returns the block of four human items,
with `--varied` each time another one of five.
`GET /log` returns the time of the first request (monotonic clock) and the seconds from there to each reply.
"""

import argparse
import asyncio
import itertools
import json
import time
from collections.abc import Iterable
from typing import ClassVar


def block(scores: Iterable[float]) -> str:
    marks = (f"- R{n}@S{n}: {score}" for n, score in enumerate(scores, 1))
    return "\n".join(["<RESULT_START>", *marks, "<RESULT_END>"])


def completion(text: str) -> dict[str, object]:
    return {
        "id": "x",
        "object": "chat.completion",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140},
    }


BLOCK = block([0.5] * 4)


def answer(data: object) -> bytes:
    body = json.dumps(data).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


REPLY = answer(completion(BLOCK))
VARIED = [answer(completion(block((number + 3 * n) % 5 / 4 for n in range(4)))) for number in range(5)]


class Lean(asyncio.Protocol):
    """One connection. Requests follow each other, never overlap."""

    latency = 0.0
    replies = itertools.cycle([REPLY])
    first: float | None = None
    replied: ClassVar[list[float]] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._buffer = transport, bytearray()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end]).lower()
        if head.startswith(b"get"):
            self._buffer.clear()
            replied = [at - (Lean.first or 0) for at in Lean.replied]
            self._transport.write(answer({"first": Lean.first, "replied": replied}))
            return
        length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
        if len(self._buffer) < end + 4 + length:
            return
        self._buffer.clear()
        Lean.first = Lean.first or time.monotonic()
        asyncio.get_running_loop().call_later(Lean.latency, self._reply)

    def _reply(self) -> None:
        if not self._transport.is_closing():
            self._transport.write(next(self.replies))
            Lean.replied.append(time.monotonic())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--varied", action="store_true")
    args = parser.parse_args()
    Lean.latency = args.latency
    if args.varied:
        Lean.replies = itertools.cycle(VARIED)
    server = await asyncio.get_running_loop().create_server(Lean, "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
