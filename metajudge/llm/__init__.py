"""One request to an OpenAI-compatible endpoint.

`client` sends messages and returns a `Reply`; `dialect` makes the request and reads the response, `completion` its
content; `transport` carries the bytes; `errors` sorts failures by what to do next; `base_url` reads addresses. `batch`
(files and batches of a provider) and `serving` (what our own HTTP servers share) are imported by their own names: this
room imports neither aiohttp nor openai until a client is made.
"""

from metajudge.llm.base_url import DEFAULT_BASE_URL, EMBEDDED, parse_base_urls
from metajudge.llm.client import NO_KEY, JudgeClient
from metajudge.llm.completion import Reply, Usage
from metajudge.llm.dialect import ClientConfig, Dialect, ParameterRefused, request_content
from metajudge.llm.errors import (
    OVERLOADED,
    ConnectError,
    ConnectTimeout,
    FatalError,
    JudgeError,
    OverloadError,
    RequestRejected,
    TransientError,
    reported_error,
    retry_after,
    without_key,
)
