"""Shared by our HTTP servers: one log line for a request that cannot be read, and a check for loopback hosts."""

import ipaddress
import logging
import re
import socket

from aiohttp import http, http_exceptions, web

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


def server_log() -> logging.Logger:
    """Return the logger to give to aiohttp's `AppRunner`."""
    log = logging.getLogger("metajudge.server")
    if not any(isinstance(one, _SendersFault) for one in log.filters):
        log.addFilter(_SendersFault())
    return log


def is_this_machine(host: str) -> bool:
    """Return whether only this machine can reach a server that listens at `host`."""
    try:
        addresses = {info[4][0] for info in socket.getaddrinfo(host, None)}
        return all(ipaddress.ip_address(address).is_loopback for address in addresses)
    except (OSError, ValueError):
        return False
