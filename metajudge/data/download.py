"""Published files, fetched from the Hugging Face hub: resumed where a connection broke, checked before they get a name.

`huggingface_hub` brings the connection: proxies, certificates, offline mode. Its own download is not used: interrupted,
it throws away what has arrived, and it leaves caches in the user's home.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import random
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import TYPE_CHECKING

from metajudge import __version__
from metajudge.engine.delays import backoff
from metajudge.errors import MetaJudgeError, UsageError
from metajudge.llm.errors import retry_after
from metajudge.text import printable

if TYPE_CHECKING:
    import httpx2

ENDPOINT = "https://huggingface.co"
DATA_SET = "Qwen/RationaleRM"
PARTIAL = ".partial"
TRIES = 5
"""Connections in a row that bring nothing new, before the download is given up."""
_INSTALL = "pip install 'metajudge[data]' (or pip install 'huggingface_hub>=2.4')"
_VARIABLES = "check the proxy variables of the environment, SSL_CERT_FILE, and those that begin with HF_"
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_REFUSALS = {  # what it means, and whether the user must change something first
    401: ("HF_TOKEN, or the saved token, is missing or refused; set, renew or unset it", UsageError),
    407: (f"the proxy wants a password; {_VARIABLES}", UsageError),
}


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """A file of the data set."""

    source: str
    """Its path in the data set."""
    target: str
    """Its path below the root directory here."""
    size: int
    """In bytes."""
    sha256: str

    def address(self, endpoint: str) -> str:
        """Where it is downloaded from."""
        return f"{endpoint}/datasets/{DATA_SET}/resolve/main/{self.source}"


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the files are, and who asks for them."""

    endpoint: str = ENDPOINT
    """Without a slash at its end."""
    token: str | None = field(default=None, repr=False)

    @property
    def shown(self) -> str:
        """The endpoint without a user's name and password."""
        return re.sub(r"//[^/]*@", "//", self.endpoint)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file in its place, with the published size and sum."""

    path: Path
    was_there: bool
    """Nothing had to be fetched."""
    set_aside: Path | None = None
    """Where the other file is now that had its name."""


class NotFetched(MetaJudgeError):
    """A file could not be had, for reasons outside; the message has its address and its place."""


Progress = Callable[[PublishedFile, int], object]
"""Is told how many bytes of a file are here."""
Pause = Callable[[float, str], object]
"""Waits some seconds, for the reason given."""


def fetch(
    files: Sequence[PublishedFile],
    root: Path,
    hub: Hub | None = None,
    progress: Progress = lambda file, done: None,
    pause: Pause = lambda seconds, reason: time.sleep(seconds),
) -> Iterator[Fetched]:
    """Each of `files` in its place below `root`, those first that are there already.

    What has arrived stays beside the file's place, with `PARTIAL` after its name, until the file is whole and right.
    Raises `NotFetched`, `UsageError` (without the package, too, if something must be fetched) and `OSError`.
    """
    hub = hub or Hub()
    wanted = [file for file in files if not _is_right(root / file.target, file)]
    for file in files:
        if file not in wanted:
            yield Fetched(root / file.target, was_there=True)
    for number, file in enumerate(wanted):
        try:
            done = _fetch_one(file, root / file.target, hub, progress, pause)
        except (NotFetched, UsageError) as error:
            places = [f"{left.address(hub.shown)} and save it as {root / left.target}" for left in wanted[number:]]
            raise type(error)(f"{error}; to fetch by hand: open {'; open '.join(places)}") from None
        yield done


# ------------------------------------------------------------------ files


def _is_right(path: Path, file: PublishedFile) -> bool:
    if not path.exists() or path.stat().st_size != file.size:
        return False
    with path.open("rb") as there:
        return hashlib.file_digest(there, "sha256").hexdigest() == file.sha256


def _fetch_one(file: PublishedFile, path: Path, hub: Hub, progress: Progress, pause: Pause) -> Fetched:
    partial = path.with_name(path.name + PARTIAL)
    with _alone(partial) as out:
        kept = _have(out)
        _receive(out, file, hub, progress, pause)
        if kept and not _is_right(partial, file):  # what was kept may be the fault: once more, from nothing
            out.truncate(0)
            _receive(out, file, hub, progress, pause)
        if not _is_right(partial, file):
            out.truncate(0)
            raise NotFetched(f"{hub.shown} sends other content than published (sha256 differs): thrown away")
        os.fsync(out.fileno())
        aside = _set_aside(path)
        partial.replace(path)
    return Fetched(path, was_there=False, set_aside=aside)


@contextmanager
def _alone(partial: Path) -> Iterator[FileIO]:
    """The partial file, which no other run writes meanwhile; it goes when nothing is in it."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    with partial.open("a+b", buffering=0) as out:
        try:
            fcntl.flock(out.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BlockingIOError(errno.EAGAIN, "another run is writing it", str(partial)) from None
        except OSError:
            pass  # a file system without locks
        if not (partial.exists() and os.path.samestat(os.fstat(out.fileno()), partial.stat())):
            raise BlockingIOError(errno.EAGAIN, "another run has just finished it", str(partial))
        try:
            yield out
        finally:
            if not _have(out):
                partial.unlink(missing_ok=True)


def _have(out: FileIO) -> int:
    """Bytes that are in it."""
    return out.seek(0, os.SEEK_END)


def _set_aside(path: Path) -> Path | None:
    """Move away what has the name of a fetched file: it may be somebody's work."""
    if not os.path.lexists(path):
        return None
    names = (path.with_name(f"{path.name}.set-aside{number}") for number in ("", *range(2, 1000)))
    return path.rename(next(name for name in names if not os.path.lexists(name)))


# ------------------------------------------------------------------ the connection


class _Passing(Exception):
    """The connection broke or was put off; after a while (`wait` seconds, if it is known) it may be better."""

    def __init__(self, reason: str, wait: float | None = None, connected: bool = True) -> None:
        super().__init__(reason)
        self.wait, self.connected = wait, connected


def _receive(out: FileIO, file: PublishedFile, hub: Hub, progress: Progress, pause: Pause) -> None:
    """All bytes, over as many connections as that takes."""
    if _have(out) > file.size:
        out.truncate(0)
    started = most = _have(out)
    free = shutil.disk_usage(Path(out.name).parent).free
    if free < file.size - started:
        raise OSError(errno.ENOSPC, f"{file.size - started:,} bytes more are needed, {free:,} are free", str(out.name))
    tries = 0
    while (have := _have(out)) < file.size:
        client = _client()
        progress(file, have)
        try:
            _stream(client, out, file, hub, progress)
        except _Passing as trouble:
            have = _have(out)
            tries, most = (1, have) if have > most else (tries + 1, most)
            if tries == TRIES or (most == started and not trouble.connected):
                kept = (
                    f"; {have:,} of {file.size:,} bytes are kept, the same command goes on from there" if have else ""
                )
                raise NotFetched(f"{hub.shown}: {trouble}{kept}") from None
            pause(backoff(tries, random.Random()) if trouble.wait is None else trouble.wait, str(trouble))


def _client() -> httpx2.Client:
    """The library's own client, so that proxies, certificates and offline mode are as everywhere with it."""
    missing = UsageError(f"download needs huggingface_hub, 2.4 or newer; install it with: {_INSTALL}")
    try:
        import httpx2
        import huggingface_hub
    except ImportError:
        raise missing from None
    try:
        client: object = huggingface_hub.get_session()
    except Exception as error:  # whatever the variables lead to; its text might show the password of a proxy
        raise UsageError(f"no connection can be set up ({type(error).__name__}); {_VARIABLES}") from None
    if not isinstance(client, httpx2.Client):  # of an older version, which stands on another library
        raise missing
    return client


def _stream(client: httpx2.Client, out: FileIO, file: PublishedFile, hub: Hub, progress: Progress) -> None:
    """Append what one connection brings."""
    import httpx2
    from huggingface_hub import constants, errors

    headers = {"user-agent": f"metajudge/{__version__}", "accept-encoding": "identity"}
    headers |= {"authorization": f"Bearer {hub.token}"} if hub.token else {}
    headers |= {"range": f"bytes={_have(out)}-"} if _have(out) else {}
    address, timeout = file.address(hub.endpoint), constants.HF_HUB_DOWNLOAD_TIMEOUT
    try:
        with client.stream("GET", address, headers=headers, timeout=timeout) as response:
            _check(response, _have(out), file, hub)
            _append(response, out, file, progress)
    except errors.OfflineModeIsEnabled:
        raise UsageError("HF_HUB_OFFLINE is set, so nothing is fetched; unset it") from None
    except (httpx2.ProxyError, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
        raise UsageError(f"{hub.shown}: {_said(error)}; {_VARIABLES}") from None
    except (httpx2.ConnectError, httpx2.ConnectTimeout) as error:
        raise _Passing(f"no connection ({_said(error)})", connected=False) from None
    except httpx2.TransportError as error:
        raise _Passing(f"the connection broke ({_said(error)})") from None
    except httpx2.RequestError as error:
        raise NotFetched(f"{hub.shown}: {_said(error)}") from None


def _said(error: Exception) -> str:
    return printable(" ".join(str(error).split()))[:200] or type(error).__name__


def _check(response: httpx2.Response, have: int, file: PublishedFile, hub: Hub) -> None:
    """Refuse what cannot be the file, before anything of it is kept."""
    status, headers = response.status_code, response.headers
    if status in _PASSING:
        raise _Passing(f"answer {status}", retry_after(headers))
    if status not in (200, 206):
        meaning, error = _REFUSALS.get(status, ("not there, or refused on the way", NotFetched))
        raise error(f"{hub.shown} answers {status}: {meaning}")
    total = headers.get("content-length", "*") if "content-encoding" not in headers else "*"
    if status == 206:
        part = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", headers.get("content-range", ""))
        total = part[2] if part and int(part[1]) == have else "unknown"
    if total not in ("*", str(file.size)) or headers.get("content-type", "").startswith("text/html"):
        raise NotFetched(f"{hub.shown} sends something else ({total} bytes of {file.size:,}): a page, or a pointer")
    sums = [part.headers.get("x-linked-etag", "").strip('"') for part in (*response.history, response)]
    if any(re.fullmatch("[0-9a-f]{64}", sha256) and sha256 != file.sha256 for sha256 in sums):
        raise NotFetched(f"{hub.shown} has another version of the file than the published one (sha256 differs)")


def _append(response: httpx2.Response, out: FileIO, file: PublishedFile, progress: Progress) -> None:
    if response.status_code == 200:  # the file from its beginning, whatever part was asked for
        out.truncate(0)
    for chunk in response.iter_bytes():
        if _have(out) + len(chunk) > file.size:
            out.truncate(0)
            raise NotFetched(f"more than the published {file.size:,} bytes came: thrown away")
        left = memoryview(chunk)
        while left:
            left = left[out.write(left) :]
        progress(file, _have(out))
    if _have(out) < file.size:
        raise _Passing("the connection ended early")
