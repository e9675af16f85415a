"""What our HTTP servers log: a request that cannot be read is its sender's fault, and one line."""

from __future__ import annotations

import logging
import re

from aiohttp import http, http_exceptions, web

_QUOTED = re.compile(r"[:\n\"']")


class _SendersFault(logging.Filter):
    """Takes the traceback from what aiohttp says of a request that is no HTTP or whose body cannot be unpacked."""

    def filter(self, record: logging.LogRecord) -> bool:
        error = record.exc_info[1] if record.exc_info else None
        if isinstance(error, http.HttpProcessingError | web.RequestPayloadError):
            record.msg, record.args = "a request cannot be read: %s", (_reason(error),)
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


def _reason(error: Exception) -> str:
    """What aiohttp says, without the line of the request that it says it of: a token may stand there."""
    said = "" if isinstance(error, http_exceptions.InvalidURLError) else str(error).split("message:", 1)[-1].strip()
    return _QUOTED.split(said, maxsplit=1)[0].strip() or type(error).__name__


def server_log() -> logging.Logger:
    """The logger to give to aiohttp's `AppRunner`."""
    log = logging.getLogger("metajudge.server")
    if not any(isinstance(one, _SendersFault) for one in log.filters):
        log.addFilter(_SendersFault())
    return log
