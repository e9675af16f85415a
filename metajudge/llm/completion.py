"""A response with status 200 becomes a reply, or the failure that it reports in its body."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from metajudge.llm.errors import (
    FatalError,
    RequestRejected,
    TransientError,
    masked,
    reported_error,
    without_key,
)

_COMPLETE = frozenset(
    ["stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "completed", "end", "finish", "finished"]
)
_CUT = frozenset(
    ["length", "max_tokens", "max_length", "model_length", "max_output_tokens", "max_new_tokens", "token_limit"]
)
_FILTERED = re.compile(
    r"content.?filter|safety|blocklist|prohibited|recitation|spii|sensitive|guardrail|moderation|refusal", re.IGNORECASE
)
_NO_TEXT = re.compile(r"reason|think|thought|summary|analysis|commentary", re.IGNORECASE)
# Words round a finish reason in some servers: FINISH_REASON_STOP, FinishReason.STOP
_AROUND_REASON = re.compile(r"\s|^finish_?reason[._]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one reply, as the server counts them (0 when it does not say)."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    cached_tokens: int | None = None
    """Prompt tokens served from the server's prefix cache; None when it does not say."""

    def __add__(self, other: "Usage") -> "Usage":
        cached = None
        if self.cached_tokens is not None or other.cached_tokens is not None:
            cached = (self.cached_tokens or 0) + (other.cached_tokens or 0)
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.total_tokens + other.total_tokens,
            cached,
        )

    def to_json(self) -> dict[str, int]:
        """Return the record's `usage` object."""
        return {name: count for name, count in asdict(self).items() if count is not None}

    @classmethod
    def from_json(cls, data: object) -> "Usage":
        """Read a server's `usage` (or our record's); anything unreadable counts 0."""
        if not isinstance(data, Mapping):
            return cls()
        details = data.get("prompt_tokens_details")
        cached = data.get("cached_tokens", details.get("cached_tokens") if isinstance(details, Mapping) else None)
        prompt, completion = _count(data.get("prompt_tokens")), _count(data.get("completion_tokens"))
        total = _count(data.get("total_tokens")) or prompt + completion
        return cls(prompt, completion, total, None if cached is None else _count(cached))


def _count(value: object) -> int:
    return int(value) if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e15 else 0


@dataclass(frozen=True, slots=True)
class Reply:
    """The judge's reply to one question."""

    text: str | None
    """The answer itself, never the reasoning beside it; None when the server sent no content."""
    finish_reason: str | None
    usage: Usage
    latency_s: float
    """Seconds from sending the request to having the whole reply."""

    @property
    def is_complete(self) -> bool:
        """True if the server says that the model ended its reply; False if it says something else or nothing."""
        return _reason(self.finish_reason) in _COMPLETE

    @property
    def is_cut(self) -> bool:
        """True if the reply ended at its limit of tokens."""
        return _reason(self.finish_reason) in _CUT


def _reason(finish_reason: str | None) -> str:
    return _AROUND_REASON.sub("", finish_reason or "").lower()


def parse_completion(
    content: bytes, content_type: str, latency_s: float, *, key: str, where: str, answered: bool
) -> Reply:
    """Read the body of a response with status 200. Raises a `JudgeError` where it reports a failure.

    `key` is masked; `where` names base URL and model; `answered`: the judge has answered another question of this run.
    """
    data = _parse(content, without_key(content_type, key))
    choices = data.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], Mapping) else {}
    message = choice.get("message")
    inside = message.get("error") if isinstance(message, Mapping) else None
    error = choice.get("error") or inside or data.get("error") or _other_error(data)
    if error:
        error = data if error is True else error  # the words are beside it
        raise reported_error(error, key, whole=json.dumps(error)).failure(where, answered=answered)
    finish = choice.get("finish_reason")
    finish = finish if isinstance(finish, str) else None
    filters = ", ".join(_filters(data))
    if (finish and _FILTERED.search(finish)) or (filters and not isinstance(message, Mapping)):
        names = filters or finish or ""
        raise RequestRejected("content filter", f"the judge's content filter stopped the reply ({names[:100]})")
    if not isinstance(message, Mapping):
        lack = "message" if choice else "choice"
        raise reported_error(None, key, whole=f"200 without a {lack}: {json.dumps(data)}").failure(
            where, answered=answered
        )
    parts = _parts(message.get("content"))
    text = _text(parts)
    refusal = message.get("refusal") or next((part["refusal"] for part in parts if part.get("refusal")), None)
    if not text and isinstance(refusal, str) and refusal:
        raise RequestRejected("refusal", f"the judge refused to answer: {without_key(refusal, key)[:500]}")
    return Reply(
        None if text is None else masked(text, key),  # some servers echo what they were sent
        None if finish is None else masked(finish, key),
        Usage.from_json(data.get("usage")),
        latency_s,
    )


def _parse(content: bytes, kind: str) -> Mapping[str, Any]:
    try:
        data = json.loads(content)
    except (ValueError, RecursionError):
        if "event-stream" in kind or content.lstrip()[:6] in (b"data: ", b"event:"):
            raise FatalError(
                "stream", "the judge answers with a stream, although the request has `stream: false`; turn streaming "
                "off in the server or the gateway before it"
            ) from None  # fmt: skip
        hint = "; does the base URL end in /v1?" if "html" in kind else ""
        kind = kind or "no content type"
        raise TransientError("no completion", f"the judge answered 200 with {kind} that is not JSON{hint}") from None
    return data if isinstance(data, Mapping) else {"answer": data}


def _other_error(data: Mapping[str, Any]) -> object:
    """Return the failure that a provider reports outside of `error`; None if there is none."""
    base = data.get("base_resp")
    if isinstance(base, Mapping) and base.get("status_code"):
        return base.get("status_msg") or base
    if not data.get("choices") and (data.get("msg") or data.get("message")):
        return data
    return None


def _filters(data: object) -> Iterator[str]:
    """Yield the names of the content filters that say in a response that they were hit."""
    if isinstance(data, Mapping):
        for name, value in data.items():
            if isinstance(value, Mapping) and value.get("filtered") is True:
                yield str(name)
            elif str(name).lower() in ("blockreason", "block_reason"):
                yield str(value)
            else:
                yield from _filters(value)
    elif isinstance(data, list):
        for value in data:
            yield from _filters(value)


def _parts(content: object) -> list[Mapping[str, Any]]:
    """Return the content of a message as parts; a text is one part."""
    parts = content if isinstance(content, list) else [content] if isinstance(content, str) else []
    return [part if isinstance(part, Mapping) else {"text": part} for part in parts]


def _text(parts: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the text of parts that are no reasoning; None if none has a text."""
    texts = [
        text.get("value") if isinstance(text := part.get("text"), Mapping) else text
        for part in parts
        if not _NO_TEXT.search(str(part.get("type"))) and part.get("thought") is not True
    ]
    found = [text for text in texts if isinstance(text, str)]
    return "".join(found) if found else None
