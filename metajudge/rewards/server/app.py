"""The reward over HTTP, for trainers that ask a server: OpenRLHF's remote reward model.

The answer to `POST / {"query": […], "prompts": […], "labels": […]}` has `rewards`, `scores` and `extra_logs`. Trainers
have no None. If a generation cannot be scored now, the answer is 503, so that the trainer asks again; it is never 0.
"""

import asyncio
import hmac
import logging
import re
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Self

from aiohttp import web

from metajudge.engine import JudgeConfig, raise_open_file_limit
from metajudge.errors import MetaJudgeError, UsageError
from metajudge.llm import FatalError, without_key
from metajudge.llm.serving import is_this_machine, listening
from metajudge.options import check_options, option
from metajudge.rewards.reward import RewardConfig
from metajudge.rewards.scorer import UNSCORED_TIMEOUT, RewardScorer
from metajudge.rewards.server.metrics import Served
from metajudge.rewards.server.protocol import (
    A_PERSON_ACTS,
    SOME_TIME,
    SOON,
    Batch,
    HTTPError,
    answer,
    read_batch,
    refusal,
    try_again,
)
from metajudge.rewards.unscored import ERROR, StillUnscored, UnscoredPolicy
from metajudge.tasks import GRANULARITIES, ROW

log = logging.getLogger("metajudge")

LARGEST_BODY = 64 << 20
BODY_SECONDS = 60.0
"""Longest time for a request's body to arrive; until then it has a place in the queue."""
_LOG_AGAIN_SECONDS = 60.0
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]+")
"""Characters that need no escape in a header or a URL (RFC 6750)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Address, clients and reward of a server."""

    judge: JudgeConfig
    reward: RewardConfig = field(default_factory=RewardConfig)
    granularity: str = option(
        ROW, "row or pairs: one question per generation; item: one per reason", choices=GRANULARITIES
    )
    on_unscored: str | float = ERROR
    """Policy as in `metajudge.rewards.UnscoredPolicy`; `error` is a 503."""
    unscored_timeout: float = option(
        UNSCORED_TIMEOUT,
        "seconds that a generation waits for the judge; keep it below the trainer's own limit (OpenRLHF: 180)",
        least=0.001,
        metavar="SECONDS",
    )
    host: str = option("127.0.0.1", "address to listen at; any but this machine's needs a token", metavar="ADDRESS")
    port: int = option(0, "port to listen at; 0 = a free one", least=0, most=65535, metavar="N")
    token: str = field(default="", repr=False)
    """Token that a request must show; "" = none, on this machine only."""
    max_queue: int = option(
        4096,
        "generations in progress, at most; further requests are answered with 503 and Retry-After",
        least=1,
        metavar="N",
    )

    def __post_init__(self) -> None:
        check_options(self)


class RewardServer:
    """Serves rewards; an async context manager that belongs to one event loop."""

    def __init__(self, options: ServerConfig) -> None:
        """Raise `UsageError` if the judge's key or the server's token is missing, or if the token cannot be sent."""
        if not options.token and not is_this_machine(options.host):
            raise UsageError(
                f"`host` {options.host} lets other machines in, which needs a token: "
                "set METAJUDGE_TOKEN or `token_file`, or leave `host` at 127.0.0.1"
            )
        if options.token and not _TOKEN.fullmatch(options.token):
            raise UsageError("the token has other characters than letters, digits and -._~+/=; make one of these only")
        self._options = options
        self._scorer = RewardScorer(
            options.judge, options.reward, granularity=options.granularity, unscored_timeout=options.unscored_timeout
        )
        self._unscored = UnscoredPolicy(options.on_unscored)
        self._token = options.token.encode()
        self._served = Served()
        self._idle = asyncio.Event()
        self._stopping = False
        self._logged: dict[str, float] = {}
        """Time at which each refusal was last logged."""
        self._stack = AsyncExitStack()
        self.base_url = ""
        """URL of the server; "" before it listens."""

    async def __aenter__(self) -> Self:
        # Each incoming request has a connection, too.
        raise_open_file_limit(self._options.judge.connections + self._options.judge.sockets)
        await self._stack.enter_async_context(self._scorer)
        serving = listening(self._application(), self._options.host, self._options.port)
        try:
            self._site, self.base_url = await self._stack.enter_async_context(serving)
        except UsageError:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def drain(self, grace: float) -> bool:
        """Stop listening, refuse new requests, and wait `grace` seconds for open ones; true if all were answered."""
        self._stopping = True
        await self._site.stop()
        try:
            async with asyncio.timeout(grace):
                while self._served.in_progress:
                    self._idle.clear()
                    await self._idle.wait()
        except TimeoutError:
            return False
        return True

    def _application(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        for path in ("/", "/get_reward"):
            app.router.add_post(path, self._rewards)
        app.router.add_get("/healthz", self._health)
        app.router.add_get("/metrics", self._metrics)
        return app

    async def _rewards(self, request: web.Request) -> web.Response:
        started = time.monotonic()
        try:
            body = await self._answer(request)
        except HTTPError as refused:
            self._served.responses[refused.status] += 1
            return web.json_response({"error": refused.message}, status=refused.status, headers=refused.headers)
        self._served.add(time.monotonic() - started)
        return web.Response(body=body, content_type="application/json")

    async def _answer(self, request: web.Request) -> bytes:
        """Return the body with the rewards. Raises `HTTPError`."""
        _check_token(request, self._token)
        if self._stopping:
            raise try_again("the server is stopping", SOON, Connection="close")
        with self._places(1):  # before its size is known, so that the number of bodies in memory is bounded
            batch = read_batch(await _read_body(request))
            count, most = len(batch.texts), self._options.max_queue
            if count > most:
                raise HTTPError(413, f"{count} generations in one request; `max_queue` is {most}: send fewer at once")
            with self._places(max(0, count - 1)):
                return await self._score(batch)

    @contextmanager
    def _places(self, count: int) -> Iterator[None]:
        """Hold places in the queue for `count` generations. Raises `HTTPError`."""
        served, most = self._served, self._options.max_queue
        if served.in_progress + count > most:
            raise try_again(f"{served.in_progress} generations are in progress, `max_queue` is {most}", SOON)
        served.in_progress += count
        try:
            yield
        finally:
            served.in_progress -= count
            if not served.in_progress:
                self._idle.set()

    async def _score(self, batch: Batch) -> bytes:
        try:
            rewards = await self._scorer.score(batch.texts, batch.golds)
            return answer(self._unscored.values(rewards, batch.groups), rewards)
        except StillUnscored as error:
            refused = refusal(error, rewards)
        except MetaJudgeError as error:
            message = without_key(str(error), self._options.judge.api_key)
            refused = try_again(message, A_PERSON_ACTS if isinstance(error, FatalError) else SOME_TIME)
        self._log_refusal(refused.message)
        raise refused

    def _log_refusal(self, message: str) -> None:
        """Log a message. Equal messages are logged at most once a minute."""
        now = time.monotonic()
        if now - self._logged.get(message, -_LOG_AGAIN_SECONDS) >= _LOG_AGAIN_SECONDS:
            if len(self._logged) > 100:
                self._logged.clear()
            self._logged[message] = now
            log.warning("no rewards: %s", message)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(text="stopping\n", status=503) if self._stopping else web.Response(text="ok\n")

    async def _metrics(self, request: web.Request) -> web.Response:
        try:
            _check_token(request, self._token)
        except HTTPError as refused:
            return web.Response(text=refused.message, status=refused.status, headers=refused.headers)
        try:
            from metajudge.rewards.server.exposition import CONTENT_TYPE, prometheus_text
        except ImportError:
            missing = "/metrics needs prometheus_client; install it with: pip install '.[server]'"
            return web.Response(text=f"{missing} (or pip install prometheus_client)\n", status=501)
        text = prometheus_text(self._served, self._scorer.counts)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})


def _check_token(request: web.Request, token: bytes) -> None:
    """Raise `HTTPError` if a request does not show the token. An empty token allows every request."""
    if not token:
        return
    scheme, _, shown = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        shown = request.query.get("token", "").replace(" ", "+")  # a query reads + as a space
    if not hmac.compare_digest(shown.strip().encode("utf-8", "surrogateescape"), token):
        raise HTTPError(401, "the token is missing or wrong", WWW_Authenticate="Bearer")


async def _read_body(request: web.Request) -> bytes:
    """Return a request's body. Raises `HTTPError`."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await request.read()
    except TimeoutError:
        raise HTTPError(408, f"the body did not arrive within {BODY_SECONDS:g} s", Connection="close") from None
    except web.HTTPRequestEntityTooLarge:
        raise HTTPError(413, f"the body is larger than {LARGEST_BODY >> 20} MB: send fewer at once") from None
    except (OSError, web.RequestPayloadError):
        raise HTTPError(400, "the body did not arrive whole") from None
