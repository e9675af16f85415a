"""Classes of failure of a question, and how error responses sort into them.

JudgeError
├── TransientError        the same request may succeed later (time-out, reset, 408, 409, 429, 5xx, no completion)
│   └── ConnectTimeout    no connection was made in time
├── ConnectError          nothing listens at the base URL: an outage of the judge, not a fault of the question
├── RequestRejected       this question cannot be answered (content filter, context length, 413, other 4xx)
└── FatalError            no question will be answered until the user changes something (key, model, quota)
"""

import functools
import json
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from metajudge.errors import MetaJudgeError

LONGEST_RETRY_AFTER = 120.0
_LEAST_SECRET, _LONGEST_MESSAGE = 8, 500
_CONTEXT_WORDS = re.compile(
    r"context.?length|maximum context|too many tokens|prompt is too long|exceeds? the .*context", re.I
)
_FILTER_WORDS = re.compile(r"content.?(filter|policy|management)|inappropriate content|data_inspection", re.I)
_MODEL_WORDS = re.compile(r"model.{0,80}(not found|does not exist|not exist|unknown)|(unknown|invalid) model", re.I)
_UNSUPPORTED_WORDS = re.compile(r"unsupported|not supported|does not support|instead", re.I)


class JudgeError(MetaJudgeError):
    """A question got no reply. `cause` is the short name under which it is counted."""

    def __init__(self, cause: str, message: str) -> None:
        super().__init__(message)
        self.cause = cause


class TransientError(JudgeError):
    """A failure after which the same request may succeed; `retry_after`: seconds that the server asks to wait."""

    def __init__(self, cause: str, message: str, retry_after: float | None = None) -> None:
        super().__init__(cause, message)
        self.retry_after = retry_after


class ConnectTimeout(TransientError):
    """A connection that was not made in time."""


class ConnectError(JudgeError):
    """The connection was refused or the host not found."""


class RequestRejected(JudgeError):
    """A refusal of this question; others can be answered."""


class FatalError(JudgeError):
    """A failure of every question until the user changes something."""


@dataclass(frozen=True, slots=True)
class ErrorResponse:
    """A response of the judge that is no completion: its status is 300 or more."""

    status: int
    message: str
    """The server's own message, as one line without the key."""
    code: str
    kind: str
    """The error's `type`."""
    parameter: str
    """The request's parameter that the server names."""
    wait: float | None
    """Seconds that the server asks to wait."""

    def unsupported(self, names: tuple[str, ...]) -> str | None:
        """Return the parameter among `names` that a 400 calls unsupported; None if there is none."""
        codes = ("unsupported_parameter", "unsupported_value")
        if self.status != 400 or not (self.code in codes or _UNSUPPORTED_WORDS.search(self.message)):
            return None
        named = (name for name in names if self.parameter == name or re.search(rf"['\"`]{name}['\"`]", self.message))
        return next(named, None)

    def failure(self, where: str) -> JudgeError:
        """Return the exception to raise; `where` names base URL and model."""
        status, message = self.status, self.message
        if status == 402 or (status == 429 and "insufficient_quota" in (self.code, self.kind)):
            return FatalError("quota", f"the judge says that the quota is used up: {message}")
        if status in (408, 409, 429) or status >= 500:
            return TransientError(str(status), f"the judge answered {status}: {message}", self.wait)
        if status in (400, 403) and self.code == "content_filter":
            return RequestRejected("content filter", f"the judge's content filter refused the question: {message}")
        if status in (401, 403):
            return FatalError(str(status), f"the judge refused the key ({status}): {message}; check OPENAI_API_KEY")
        if status == 404 or self.code == "model_not_found" or (status == 400 and _MODEL_WORDS.search(message)):
            return FatalError(str(status), f"nothing at {where} ({status}): {message}; check `api_base` and `model`")
        if self.code == "context_length_exceeded" or _CONTEXT_WORDS.search(message):
            return RequestRejected("context length", f"the question is too long for the judge: {message}")
        if _FILTER_WORDS.search(message):
            return RequestRejected("content filter", f"the judge's content filter refused the question: {message}")
        return RequestRejected(str(status), f"the judge rejected the question ({status}): {message}")


def parse_error(status: int, headers: Mapping[str, str], content: bytes, key: str) -> ErrorResponse:
    """Read an error in OpenAI's shape; the text of any other is its message. `key` is masked."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    error = data.get("error", data) if isinstance(data, Mapping) else None
    fields: Mapping[str, object] = error if isinstance(error, Mapping) else {}
    text = error if isinstance(error, str) else fields.get("message") or content.decode("utf-8", "replace")
    return ErrorResponse(
        status=status,
        message=without_key(str(text) or "no message", key)[:_LONGEST_MESSAGE],
        code=str(fields.get("code") or ""),
        kind=str(fields.get("type") or ""),
        parameter=str(fields.get("param") or ""),
        wait=retry_after(headers),
    )


def error_message(data: object, key: str) -> str:
    """Return the message of an error object in a completion's place, `key` masked; empty where there is none."""
    error = data.get("error") if isinstance(data, Mapping) else None
    message = error.get("message") if isinstance(error, Mapping) else error
    return without_key(message, key)[:_LONGEST_MESSAGE] if isinstance(message, str) else ""


def without_key(text: str, key: str) -> str:
    """Return `text` as one line, the key masked: some servers echo it in their messages."""
    line = " ".join(text.split())
    return _replaced(line, key) if len(key) > 3 else line


def masked(reply: str, key: str) -> str:
    """Return `reply` with `[key]` in place of the key, unless it is a word as short as "EMPTY"."""
    return _replaced(reply, key) if len(key) >= _LEAST_SECRET else reply


def _replaced(text: str, key: str) -> str:
    for form in _forms(key):
        text = text.replace(form, "[key]")
    return text


@functools.lru_cache(maxsize=16)
def _forms(key: str) -> tuple[str, ...]:
    """Return the key as written in a text, in JSON and in a URL, the longest first; most keys have one form only."""
    in_json = json.dumps(key)[1:-1]
    in_url = [quote(key, safe=""), quote(key)]
    lower = [re.sub("%..", lambda found: found[0].lower(), form) for form in in_url]
    forms = {key, in_json, in_json.replace("/", r"\/"), *in_url, *lower}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds to wait by `retry-after-ms` or `retry-after` (seconds or HTTP date), 0 to 120; else None."""
    text = headers.get("retry-after-ms")
    try:
        if text is not None:
            seconds = float(text) / 1000
        elif (text := headers.get("retry-after")) is None:
            return None
        elif re.fullmatch(r"\s*[-+]?[\d.]+\s*", text):
            seconds = float(text)
        else:
            seconds = parsedate_to_datetime(text).timestamp() - (time.time() if now is None else now)
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_RETRY_AFTER) if math.isfinite(seconds) else None
