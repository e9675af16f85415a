"""A judge with almost no work, for measuring clients: `python -m tests.bench.lean_server [--latency S]`.

One asyncio protocol without a framework takes about 40 µs per request. `POST` returns the block of four human items.
`GET /log` returns the time of the first request (monotonic clock) and the seconds from there to each reply.
"""

import argparse
import asyncio
import json
import time
from typing import ClassVar

BLOCK = "\n".join(["<RESULT_START>", *(f"- R{n}@S{n}: 0.5" for n in range(1, 5)), "<RESULT_END>"])
COMPLETION = {
    "id": "x",
    "object": "chat.completion",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": BLOCK}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 100, "completion_tokens": 40, "total_tokens": 140},
}


def answer(data: object) -> bytes:
    body = json.dumps(data).encode()
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


REPLY = answer(COMPLETION)


class Lean(asyncio.Protocol):
    """One connection. Requests follow each other, never overlap."""

    latency = 0.0
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
            self._transport.write(REPLY)
            Lean.replied.append(time.monotonic())


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    Lean.latency = parser.parse_args().latency
    server = await asyncio.get_running_loop().create_server(Lean, "127.0.0.1", 0, backlog=2048)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
