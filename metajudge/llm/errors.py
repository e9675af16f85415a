"""Classes of failure of a question, and how error responses sort into them.

JudgeError
├── TransientError        the same request may succeed later (time-out, reset, 408, 409, 5xx, no completion)
│   ├── OverloadError     the judge has no capacity now (429, 503, 529)
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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from urllib.parse import quote

from metajudge.errors import MetaJudgeError

LONGEST_RETRY_AFTER = 120.0
_LEAST_SECRET, _LONGEST_MESSAGE = 8, 500


def _words(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


# Words by which servers say what is wrong; statuses and codes alone do not tell.
_CONTEXT_WORDS = _words(
    r"context.?(length|window|size)", "maximum context", "too many (input )?tokens", "(prompt|input) is too long",
    "exceeds? the .*context",
)  # fmt: skip
_FILTER_WORDS = _words(
    "content.?(filter|policy|management|moderation)", "inappropriate content", "data_?inspection", r"\bflagged\b",
    r"\bmoderation\b", r"\bblocked\b", "safety (system|settings|filter|polic)", "guardrail", "responsible.?ai",
    "prohibited.?(content|use|words?)", "sensitive (content|words?|information)", "(input|output|new)_sensitive",
    "(considered|deemed) high risk", "polic(y|ies).violation", "敏感|违规",
    r"violat\w+ .{0,40}(polic|terms|guidelines)",
)  # fmt: skip
_KEY_WORDS = _words(
    "(incorrect|invalid|wrong|expired|missing|unknown|no) api.?key", "api.?key (is )?(not|invalid|expired|missing)",
    "API_KEY_INVALID", "invalid x-api-key", r"(missing|no) auth(entication|orization)?\b",
    r"^unauthori[sz]ed\b", "token (has |is )?expired",
    r"\bsecurity token", "account .{0,30}(deactivated|suspended|disabled)",
    "invalid (authentication|credentials?|token)", "authentication (failed|error|fails)",
)  # fmt: skip
_QUOTA_WORDS = _words(
    "insufficient.{0,10}(quota|balance|credit|funds)", "credit balance", "(out of|no) credits?", "billing.{0,10}limit",
)  # fmt: skip
_OVERLOAD_WORDS = _words(
    "rate.?limit", "(request|qps|rpm|tpm|tokens?).{0,20}limit", "too many requests", "overload", "at capacity",
    "throttl", "resource.?exhausted",
)  # fmt: skip
_MODEL_WORDS = _words(
    "model.{0,80}(not found|does not exist|not exist|unknown)", "(unknown|invalid) model", "not a valid model",
    "decommissioned", r"model \S{1,60} is not supported",
)  # fmt: skip
_VALUE_WORDS = _words("too (large|high|big|long)", "at most", "exceed", "less than or equal", "maximum")
_REFUSAL_WORDS = _words(
    "unsupported", "(not|no longer) (supported|allowed|permitted|valid|accepted|available)", "does ?n[o']t support",
    "deprecated", "disabled", "restricted", "not an? (allowed|supported|valid|accepted|permitted)", "remove",
    "may only", "(may|must|can ?|should) ?not (both )?be (sent|used|set|specified|given)", "instead",
    r"only .{0,60}\b(allowed|supported|accepted|valid|permitted)", "unrecognized", "unknown",
    "unexpected", r"extra\w* (inputs?|fields?)", "extra_forbidden", r"\binvalid\b", "must be", "should be",
    "out of range", "greater than", _VALUE_WORDS.pattern,
)  # fmt: skip
_SPELLINGS = {
    "max_tokens": r"max_?(output_?|new_?)?tokens|num_?predict|\d+ in the completion",
    "max_completion_tokens": r"max_?(completion_?|output_?|new_?)?tokens|num_?predict|\d+ in the completion",
}
"""Patterns of parameters that servers spell in more than one way."""
_DURATION = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|milli|s|m|h)[a-z]*", re.IGNORECASE)
_WAIT_FIELD = re.compile(r"retry_?after(?:_?seconds)?\W{1,4}(\d+(?:\.\d+)?)(?![\w.])", re.IGNORECASE)
_WAIT_WORDS = re.compile(
    rf"(?:try again|retry|wait|reset)\w*\W[^.\d]{{0,40}}?((?:{_DURATION.pattern}[\s,]*)+)", re.IGNORECASE
)
_UNITS = {"ms": 0.001, "milli": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
OVERLOADED = (429, 503, 529)


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


class OverloadError(TransientError):
    """A refusal for want of capacity: too many requests, or an overloaded server."""


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
    """A failure that the judge reports: a status from 300 up, or an error inside a response with status 200."""

    status: int
    """0 if the server named none."""
    message: str
    """The server's own message, as one line without the key."""
    code: str = ""
    kind: str = ""
    """The error's `type`."""
    parameter: str = ""
    """The request's parameter that the server names."""
    wait: float | None = None
    """Seconds that the server asks to wait."""
    is_page: bool = False
    """The body is an HTML page, by a proxy or a firewall rather than by the judge."""

    def refused_parameter(self, names: Sequence[str]) -> str | None:
        """Return the parameter among `names` that the message refuses; None if there is none."""
        codes = ("unsupported_parameter", "unsupported_value")
        if self.status not in (400, 422) or not (self.code in codes or _REFUSAL_WORDS.search(self.message)):
            return None
        by_field = [name for name in names if self.parameter.rpartition(".")[2] == name]
        in_text = [name for name in names if _named(name).search(self.message)]
        return next(iter([*by_field, *in_text]), None)

    @property
    def refuses_value(self) -> bool:
        """True if the message is about the size of a value, not about the parameter itself."""
        return _VALUE_WORDS.search(self.message) is not None

    def failure(self, where: str, *, answered: bool = False) -> JudgeError:
        """Return the exception to raise.

        `where` names base URL and model. `answered`: the judge has answered another question of this run, so that key,
        address and model are right.
        """
        status, message = self.status, self.message
        reported = f"the judge answered {status}: {message}" if status else f"the judge answered: {message}"
        names = (self.code, self.kind)
        if status == 402 or "insufficient_quota" in names or (_QUOTA_WORDS.search(message) and self.wait is None):
            return FatalError("quota", f"the judge says that the quota is used up: {message}")
        if status in OVERLOADED or (not status and _OVERLOAD_WORDS.search(message)):
            return OverloadError(str(status or 429), reported, self.wait)
        if status in (408, 409) or status >= 500:
            return TransientError(str(status), reported, self.wait)
        if "content_filter" in names or (status != 401 and not self.is_page and _FILTER_WORDS.search(message)):
            return RequestRejected("content filter", f"the judge's content filter refused the question: {message}")
        if status == 401 or _KEY_WORDS.search(message):
            number = f" ({status})" if status else ""
            return FatalError(str(status or 401), f"the judge refused the key{number}: {message}; check OPENAI_API_KEY")
        if status == 403 and not (answered or self.is_page):
            return FatalError("403", f"the judge refused the key (403): {message}; check OPENAI_API_KEY")
        is_missing = status in (404, 405) or self.code == "model_not_found" or _MODEL_WORDS.search(message)
        if is_missing and not answered:
            hint = "" if re.search(r"/v\d", where) else "; most servers need /v1 at its end"
            advice = f"check `model` and `api_base`{hint}"
            return FatalError(str(status), f"nothing at {where} ({status}): {message}; {advice}")
        if self.code == "context_length_exceeded" or _CONTEXT_WORDS.search(message):
            return RequestRejected("context length", f"the question is too long for the judge: {message}")
        if not status:
            return TransientError("no completion", reported)
        return RequestRejected(str(status), f"the judge rejected the question ({status}): {message}")


def _named(parameter: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{_SPELLINGS.get(parameter, re.escape(parameter))})(?!\w)", re.IGNORECASE)


def parse_error(status: int, headers: Mapping[str, str], content: bytes, key: str) -> ErrorResponse:
    """Read an error in OpenAI's shape; the text of any other is its message. `key` is masked."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        data = None
    data = data[0] if isinstance(data, list) and data else data  # Gemini's errors are in a list
    error = data.get("error", data) if isinstance(data, Mapping) else data
    text = content.decode("utf-8", "replace")
    is_page = data is None and ("html" in headers.get("content-type", "").lower() or "<html" in text[:500].lower())
    found = reported_error(
        error if isinstance(error, Mapping | str) else None, key, whole=_page_text(text) if is_page else text
    )
    wait = retry_after(headers)
    return replace(found, status=status, wait=found.wait if wait is None else wait, is_page=is_page)


def reported_error(error: object, key: str, *, whole: str = "") -> ErrorResponse:
    """Read an error object, or a text in its place; `whole` is the message if it has none. `key` is masked."""
    fields: Mapping[str, object] = error if isinstance(error, Mapping) else {}
    text = error if isinstance(error, str) else fields.get("message") or fields.get("msg") or whole
    code = fields.get("code") or fields.get("status") or ""
    return ErrorResponse(
        status=code if isinstance(code, int) and 400 <= code < 600 else 0,
        message=without_key(str(text) or "no message", key)[:_LONGEST_MESSAGE],
        code=str(code),
        kind=str(fields.get("type") or ""),
        parameter=str(fields.get("param") or ""),
        wait=_wait_in(json.dumps(error) if fields else str(text)),
    )


def _page_text(page: str) -> str:
    """Return the words of an HTML page."""
    return re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", page, flags=re.DOTALL | re.IGNORECASE)


def _wait_in(text: str) -> float | None:
    """Return the seconds to wait that a message names ("try again in 26 s", `"retryDelay": "26s"`); else None."""
    found = _WAIT_WORDS.search(text)
    if found is None:
        field = _WAIT_FIELD.search(text)
        return None if field is None else min(float(field[1]), LONGEST_RETRY_AFTER)
    parts = [float(number) * _UNITS[unit.lower()] for number, unit in _DURATION.findall(found[1])]
    return min(sum(parts), LONGEST_RETRY_AFTER)


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
