"""What the OpenAI SDK says about a request, asked of it by a second process while this one gets ready.

Importing the SDK is a third of a start, and all that the straight way needs of it are an address and some headers.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NoReturn

from metajudge.errors import UsageError

NO_KEY = "none"
"""Sent to a judge that needs no key: the SDK takes no empty one."""
CONNECT_SECONDS = 10.0
PATH = "chat/completions"
_LONGEST_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """What a client of the SDK is made with, as far as its requests tell."""

    base_url: str
    api_key: str = field(repr=False)
    timeout: float


@dataclass(frozen=True, slots=True)
class Told:
    """What the SDK's client says about requests."""

    url: str
    """Where a question is posted."""
    headers: Mapping[str, str] = field(repr=False)
    """Of a first try; the SDK adds some of them for each request."""


_begun: dict[ClientSettings, tuple[int, int]] = {}
"""By client, the process that asks and the pipe with its answer."""


def ask(settings: ClientSettings) -> Told:
    """What the SDK says: as `ask_early` has found out, else asked here. Raises what the SDK raises.

    Raises `UsageError` where the SDK cannot be imported.
    """
    found = _answer(*_begun.pop(settings)) if settings in _begun else None
    if found is not None:
        return found
    try:
        from metajudge.llm.sdk_client import told  # only where it is needed: it imports the SDK
    except (ImportError, SyntaxError) as error:
        raise UsageError(f"the package openai cannot be used: {error}; install it again") from None

    return told(settings)


def ask_early(settings: ClientSettings) -> None:
    """Let a second process ask the SDK, so that the answer is there when `ask` wants it.

    Only where a process can be doubled without harm: on Linux, with a single thread. The answer comes through a pipe;
    nothing is written, nor shown in a list of processes.
    """
    if sys.platform != "linux" or threading.active_count() > 1 or settings in _begun:
        return
    try:
        readable, writable = os.pipe()
    except OSError:  # too many open files: `ask` does without
        return
    # No signal finds the second process on its way out of here: it would go on as if it were the run.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    try:
        process = os.fork()
        if not process:
            _tell(settings, writable)
        _begun[settings] = process, readable
    except OSError:  # too many processes
        os.close(readable)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    os.close(writable)


def _tell(settings: ClientSettings, pipe: int) -> NoReturn:
    """The second process: what the SDK says, into the pipe. Where the SDK raises, nothing: it will in `ask`, too."""
    try:
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        # The SDK imports it where it finds it, which takes as long as all that is needed here; nothing is sent.
        sys.modules["aiohttp"] = None  # type: ignore[assignment]  # Python's way to say that a module is not there
        import asyncio

        from metajudge.llm.sdk_client import told

        async def answer() -> bytes:  # the SDK says which kind of event loop it is asked in
            return json.dumps(asdict(told(settings))).encode()

        os.write(pipe, asyncio.run(answer()))
    finally:
        os._exit(0)  # nothing that the first process has begun may end here, too


def _answer(process: int, pipe: int) -> Told | None:
    poll = select.poll()  # `select.select` bears no descriptor above 1023
    poll.register(pipe, select.POLLIN)
    with open(pipe, "rb") as file:
        is_ready = bool(poll.poll(_LONGEST_SECONDS * 1000))
        said = file.read() if is_ready else b""
    with contextlib.suppress(ChildProcessError):  # where SIGCHLD is ignored the system has waited for it
        if not is_ready:
            os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    return Told(**json.loads(said)) if said else None
