"""One request to an OpenAI-compatible endpoint.

`client` sends messages and returns a `Reply`; `transport` carries the bytes; `errors` sorts what went wrong by what
to do next; `base_url` reads addresses. `serving` is what our own HTTP servers share.
"""

from metajudge.llm.base_url import DEFAULT_BASE_URL, EMBEDDED, parse_base_url, uses_proxy
from metajudge.llm.client import ClientConfig, JudgeClient, Reply, Usage
from metajudge.llm.errors import (
    ConnectError,
    ConnectTimeout,
    FatalError,
    JudgeError,
    RequestRejected,
    TransientError,
    retry_after,
    without_key,
)
from metajudge.llm.serving import is_this_machine, server_log
from metajudge.llm.told import NO_KEY, ClientSettings, ask_early

__all__ = [
    "DEFAULT_BASE_URL",
    "EMBEDDED",
    "NO_KEY",
    "ClientConfig",
    "ClientSettings",
    "ConnectError",
    "ConnectTimeout",
    "FatalError",
    "JudgeClient",
    "JudgeError",
    "Reply",
    "RequestRejected",
    "TransientError",
    "Usage",
    "ask_early",
    "is_this_machine",
    "parse_base_url",
    "retry_after",
    "server_log",
    "uses_proxy",
    "without_key",
]
