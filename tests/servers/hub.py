"""A hub on loopback, as far as a download sees it: an address that redirects to a store, which sends parts.

The hub itself answers with the headers that tell of the file; the store is another origin (another port), so that what
must not leave the hub can be seen not to arrive there.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/datasets/Qwen/RationaleRM/resolve/main/"
COMMIT = "c" * 40


@dataclass(frozen=True)
class Asked:
    """A request: `hub` or `store`, the file, and the headers with small letters."""

    of: str
    path: str
    headers: Mapping[str, str]


Fault = Callable[[BaseHTTPRequestHandler, bytes], None]
"""What the store does for one request in place of sending the file."""


@dataclass
class LocalHub:
    """Serves `files`; the next requests get `refusals` (at the hub), `faults` (at the store) until there are none."""

    files: dict[str, bytes]
    url: str = ""
    store_url: str = ""
    refusals: deque[tuple[int, dict[str, str]]] = field(default_factory=deque)
    faults: deque[Fault] = field(default_factory=deque)
    announced: dict[str, str] = field(default_factory=dict)
    """Sums that the hub tells of, where they are not the file's."""
    asked: list[Asked] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def ranges(self) -> list[str]:
        """The parts that the store was asked for, `-` for a whole file."""
        return [asked.headers.get("range", "-") for asked in self.asked if asked.of == "store"]


def answer(handler: BaseHTTPRequestHandler, status: int, headers: Mapping[str, str], body: bytes = b"") -> None:
    """A whole answer."""
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name, value)
    handler.end_headers()
    handler.wfile.write(body)


def send(handler: BaseHTTPRequestHandler, data: bytes, most: int | None = None) -> None:
    """The part asked for; its first `most` bytes only, and then the connection ends."""
    asked = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    start = int(asked[1]) if asked else 0
    part = data[start:]
    handler.send_response(206 if asked else 200)
    if asked:
        handler.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
    handler.send_header("Content-Length", str(len(part)))
    handler.send_header("Content-Type", "application/octet-stream")
    handler.end_headers()
    handler.wfile.write(part[:most])
    handler.close_connection = most is not None


def cut_after(count: int) -> Fault:
    """The connection breaks after `count` bytes of the part."""
    return lambda handler, data: send(handler, data, count)


def stall_after(count: int, hub: LocalHub) -> Fault:
    """Nothing more comes after `count` bytes of the part, for as long as `hub` serves."""

    def fault(handler: BaseHTTPRequestHandler, data: bytes) -> None:
        send(handler, data, count)
        hub.stopped.wait()

    return fault


def whole(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    """The whole file, whatever part was asked for."""
    answer(handler, 200, {}, data)


def other(data: bytes) -> Fault:
    """Other bytes."""
    return lambda handler, _: send(handler, data)


def without_length(data: bytes) -> Fault:
    """Other bytes, in chunks: nobody knows how many will come."""

    def fault(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for start in range(0, len(data), 50_000):
            piece = data[start : start + 50_000]
            handler.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        handler.wfile.write(b"0\r\n\r\n")

    return fault


def page(handler: BaseHTTPRequestHandler, data: bytes) -> None:
    """A page that somebody on the way puts there, as long as the file."""
    answer(handler, 200, {"Content-Type": "text/html; charset=utf-8"}, b" " * len(data))


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is what these tests are about."""


def _handler(hub: LocalHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = re.sub(r"^http://[^/]+", "", self.path)  # a proxy is asked with the whole address
            name = path.removeprefix(PREFIX).removeprefix("/store/")
            of = "hub" if path.startswith(PREFIX) else "store"
            hub.asked.append(Asked(of, name, {key.lower(): value for key, value in self.headers.items()}))
            if of == "hub":
                self.redirect(name)
            elif hub.faults:
                hub.faults.popleft()(self, hub.files[name])
            else:
                send(self, hub.files[name])

        def redirect(self, name: str) -> None:
            if hub.refusals:
                status, headers = hub.refusals.popleft()
                answer(self, status, headers, b"a text that nobody needs to see")
            elif name not in hub.files:
                answer(self, 404, {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"})
            else:
                sha256 = hub.announced.get(name) or hashlib.sha256(hub.files[name]).hexdigest()
                headers = {"X-Repo-Commit": COMMIT, "X-Linked-Size": str(len(hub.files[name]))}
                headers |= {"X-Linked-Etag": f'"{sha256}"', "Location": f"{hub.store_url}/store/{name}"}
                answer(self, 302, headers)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[LocalHub]:
    """A hub and its store with `files`, by their paths in the data set."""
    hub = LocalHub(dict(files))
    servers = [_Server(("127.0.0.1", 0), _handler(hub)) for _ in range(2)]
    hub.url, hub.store_url = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        hub.stopped.set()
        for server, thread in zip(servers, threads, strict=True):
            server.shutdown()
            thread.join()
            server.server_close()
