"""Shared by our HTTP servers: listening, one log line for a request that cannot be read, a check for loopback hosts."""

import contextlib
import ipaddress
import logging
import re
import socket
from collections.abc import AsyncIterator

from aiohttp import http, http_exceptions, web

from metajudge.errors import UsageError

_QUOTED = re.compile(r"[:\n\"']")


class _SendersFault(logging.Filter):
    """Removes the traceback from aiohttp's message about a request that is no HTTP or cannot be unpacked."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, http.HttpProcessingError | web.RequestPayloadError):
            record.msg, record.args = "a request cannot be read: %s", (_reason(error),)
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


def _reason(error: Exception) -> str:
    """Return aiohttp's message without the request line that it quotes, which may hold a token."""
    reason = "" if isinstance(error, http_exceptions.InvalidURLError) else str(error).split("message:", 1)[-1].strip()
    return _QUOTED.split(reason, maxsplit=1)[0].strip() or type(error).__name__


def _server_log() -> logging.Logger:
    log = logging.getLogger("metajudge.server")
    if not any(isinstance(one, _SendersFault) for one in log.filters):
        log.addFilter(_SendersFault())
    return log


@contextlib.asynccontextmanager
async def listening(app: web.Application, host: str, port: int) -> AsyncIterator[tuple[web.TCPSite, str]]:
    """Serve an application; yield its site and its URL. Port 0 takes a free one. Raises `UsageError`."""
    runner = web.AppRunner(app, access_log=None, logger=_server_log(), shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, backlog=1024)
        try:
            await site.start()
        except OSError as error:
            why = f"{error.strerror or error}; name another, or 0 for a free one"
            raise UsageError(f"`port` {port} at {host} cannot be used: {why}") from None
        yield site, f"http://{f'[{host}]' if ':' in host else host}:{site.port}"
    finally:
        await runner.cleanup()


def is_this_machine(host: str) -> bool:
    """Return whether only this machine can reach a server that listens at `host`."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
        return all(ipaddress.ip_address(address).is_loopback for address in addresses)
    except (OSError, ValueError):
        return False
