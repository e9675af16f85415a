"""A hub on loopback for downloads: a file's size and sum by HEAD, its bytes by GET."""

import hashlib
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PREFIX = "/datasets/Qwen/RationaleRM/resolve/main/"


@dataclass
class LocalHub:
    """A server of `files`. It answers every request with `refusal` if that is set."""

    files: dict[str, bytes]
    url: str = ""
    refusal: int | None = None
    stalls: bool = False
    """Send half of a file, then nothing more."""
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    """Method and path of each request, and its authorization."""
    stopped: threading.Event = field(default_factory=threading.Event)


def _handler(hub: LocalHub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            self.answer(b"")

        def do_GET(self) -> None:
            data = hub.files.get(self.path.removeprefix(PREFIX), b"")
            self.answer(data[: len(data) // 2] if hub.stalls else data)
            if hub.stalls:
                hub.stopped.wait()

        def answer(self, body: bytes) -> None:
            hub.asked.append((f"{self.command} {self.path}", self.headers.get("Authorization")))
            data = hub.files.get(self.path.removeprefix(PREFIX))
            status = hub.refusal or (404 if data is None else 200)
            self.send_response(status)
            self.send_header("Content-Length", str(len(data or b"") if status == 200 else 0))
            self.send_header("X-Repo-Commit", "c" * 40)
            self.send_header("ETag", f'"{hashlib.sha256(data or b"").hexdigest()}"')
            self.end_headers()
            if status == 200:
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            pass

    return Handler


@contextmanager
def serving(files: Mapping[str, bytes]) -> Iterator[LocalHub]:
    """Start a hub with `files`, by their paths in the data set."""
    hub = LocalHub(dict(files))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield hub
    finally:
        hub.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()
