"""What real servers answer, in their own words: failures by status, failures inside a 200, refused parameters."""

import json
from typing import Any

import pytest

from metajudge.llm.completion import Reply, Usage, parse_completion
from metajudge.llm.errors import (
    FatalError,
    JudgeError,
    OverloadError,
    RequestRejected,
    TransientError,
    parse_error,
)

WHERE = "http://judge/v1 with model m"
PAGE = "<html><head><style>b{}</style></head><body><h1>{}</h1></body></html>"


def openai(message: str, **fields: Any) -> str:
    return json.dumps({"error": {"message": message, **fields}})


def failure(status: int, body: str, answered: bool = False) -> JudgeError:
    headers = {"content-type": "text/html" if body.startswith("<") else "application/json"}
    return parse_error(status, headers, body.encode(), "sk-key").failure(WHERE, answered=answered)


# status, body, kind and cause before the judge has answered anything, and after it has
FILTER, FATAL = (RequestRejected, "content filter"), FatalError
STATUSES: list[tuple[int, str, tuple[type, str], tuple[type, str]]] = [
    (403, PAGE.replace("{}", "Blocked"), (RequestRejected, "403"), (RequestRejected, "403")),
    (403, openai("no"), (FATAL, "403"), (RequestRejected, "403")),
    (403, openai("Your input was flagged by our moderation system"), FILTER, FILTER),
    (403, openai("Request blocked by guardrail"), FILTER, FILTER),
    (403, openai("Content violates our usage policies"), FILTER, FILTER),
    (403, openai("Invalid API key"), (FATAL, "403"), (FATAL, "403")),
    (404, openai("The model `m` does not exist"), (FATAL, "404"), (RequestRejected, "404")),
    (404, PAGE.replace("{}", "Not Found"), (FATAL, "404"), (RequestRejected, "404")),
    (405, openai("Method Not Allowed"), (FATAL, "405"), (RequestRejected, "405")),
    (401, openai("no"), (FATAL, "401"), (FATAL, "401")),
    (
        400,
        '{"code": "invalid argument", "error": "Incorrect API key provided: sk***."}',
        (FATAL, "400"),
        (FATAL, "400"),
    ),
    (400, openai("API key not valid. Please pass a valid API key."), (FATAL, "400"), (FATAL, "400")),
    (400, openai("API key expired. Please renew", status="INVALID_ARGUMENT"), (FATAL, "400"), (FATAL, "400")),
    (400, openai("filtered", code="content_filter"), FILTER, FILTER),
    (400, openai("The response was filtered due to the prompt triggering content management policy"), FILTER, FILTER),
    (400, openai("Input data may contain inappropriate content.", code="data_inspection_failed"), FILTER, FILTER),
    (400, openai("prompt is too long: 9 tokens > 8 maximum"), (RequestRejected, "context length"), None),  # type: ignore[list-item]
    (400, openai("input exceeds the context window"), (RequestRejected, "context length"), None),  # type: ignore[list-item]
    (400, openai("The request was rejected because it was considered high risk"), FILTER, FILTER),
    (400, openai("Request contains prohibited words"), FILTER, FILTER),
    (403, openai("cyber_policy_violation"), FILTER, FILTER),
    (400, openai("No auth credentials found"), (FATAL, "400"), (FATAL, "400")),
    (400, openai("invalid x-api-key"), (FATAL, "400"), (FATAL, "400")),
    (400, openai("Unauthorized"), (FATAL, "400"), (FATAL, "400")),
    (400, openai("x is not a valid model ID"), (FATAL, "400"), (RequestRejected, "400")),
    (400, openai("The model `x` has been decommissioned."), (FATAL, "400"), (RequestRejected, "400")),
    (403, openai("Billing hard limit reached"), (FATAL, "quota"), (FATAL, "quota")),
    (402, openai("pay"), (FATAL, "quota"), (FATAL, "quota")),
    (400, openai("Your credit balance is too low"), (FATAL, "quota"), (FATAL, "quota")),
    (429, openai("no", code="insufficient_quota"), (FATAL, "quota"), (FATAL, "quota")),
    (429, openai("slow down"), (OverloadError, "429"), (OverloadError, "429")),
    (503, PAGE.replace("{}", "busy"), (OverloadError, "503"), (OverloadError, "503")),
    (529, openai("Overloaded", type="overloaded_error"), (OverloadError, "529"), (OverloadError, "529")),
    (500, openai("oops"), (TransientError, "500"), (TransientError, "500")),
    (500, openai("the filter service is down: content filter"), (TransientError, "500"), (TransientError, "500")),
]


@pytest.mark.parametrize(("status", "body", "before", "after"), STATUSES)
def test_a_refusal_is_the_runs_or_the_questions(
    status: int, body: str, before: tuple[type, str], after: tuple[type, str] | None
) -> None:
    """Once the judge has answered, key, address and model are right, unless the words say otherwise."""
    for answered, expected in ((False, before), (True, after or before)):
        found = failure(status, body, answered)
        assert (type(found), found.cause) == expected, str(found)
        assert "<" not in str(found)


WAITS = [
    ("Please try again in 26s.", 26.0),
    ("Please retry in 26.5 s", 26.5),
    ("Rate limit reached. Try again in 1m30.5s. Visit us", 90.5),
    ("try again in 120ms", 0.12),
    ("Retry after 12 seconds", 12.0),
    ("please wait 2 minutes", 120.0),
    ("try again in 1 hour", 120.0),
    ('{"retry_after": 12}', 12.0),
    ("retry_after_seconds: 3.5", 3.5),
    ("limit 40 per 60 s", None),
    ("rate limit", None),
]


@pytest.mark.parametrize(("words", "seconds"), WAITS)
def test_the_wait_is_read_from_words_too(words: str, seconds: float | None) -> None:
    """A header wins; the wait is at most two minutes."""
    assert parse_error(429, {}, openai(words).encode(), "").wait == seconds
    assert parse_error(429, {"retry-after": "7"}, openai(words).encode(), "").wait == 7


def test_the_wait_is_read_from_the_details_of_an_error() -> None:
    """Gemini's form."""
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "33s"}]
    found = failure(429, openai("Resource exhausted", details=details))
    assert isinstance(found, OverloadError) and found.retry_after == 33.0


SENT = ("max_tokens", "temperature", "stream", "top_p")
REFUSALS = [
    (400, openai("temperature is deprecated for this model."), "temperature"),
    (400, openai("litellm.UnsupportedParamsError: openai does not support parameters: ['temperature']"), "temperature"),
    (400, openai("Unsupported value: 'temperature' does not support 0.6; only 1 is supported"), "temperature"),
    (400, openai("invalid temperature: only 1 is allowed for this model"), "temperature"),
    (400, openai("Unrecognized request argument supplied: max_tokens"), "max_tokens"),
    (422, '{"detail": [{"type": "extra_forbidden", "loc": ["body", "stream"], "msg": "Extra inputs are not permitted"}]}',
     "stream"),
    (422, '{"detail": [{"loc": ["body", "max_tokens"], "msg": "ensure this value is less than or equal to 4096"}]}',
     "max_tokens"),
    (400, openai("no", param="max_tokens", code="unsupported_parameter"), "max_tokens"),
    (400, openai("maxOutputTokens must be at most 8192"), "max_tokens"),
    (400, openai("'max_tokens' is too large: 8192. This model's maximum context length is 8192 tokens"), "max_tokens"),
    (400, openai("Unknown parameter: 'top_p'"), "top_p"),
    (400, openai("`temperature` may only be set to 1 when thinking is enabled."), "temperature"),
    (400, openai("`temperature` and `top_p` cannot both be specified for this model."), "temperature"),
    (400, openai("Setting temperature is disabled for this model"), "temperature"),
    (400, openai("temperature is not an allowed field"), "temperature"),
    (400, openai("This model's maximum context length is 4096 tokens. However, you requested 8300 tokens (108 in the "
                 "messages, 8192 in the completion)."), "max_tokens"),
    (400, openai("num_predict too high"), "max_tokens"),
    (400, openai("This model's maximum context length is 8192 tokens, your messages have 9000"), None),
    (400, openai("the oven temperature in the text is high"), None),
    (500, openai("temperature is not supported"), None),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "parameter"), REFUSALS)
def test_a_refused_parameter_is_recognised_in_any_words(status: int, body: str, parameter: str | None) -> None:
    """It is one that was sent, and the words read like a refusal."""
    assert parse_error(status, {}, body.encode(), "").refused_parameter(SENT) == parameter


def reply(data: object, answered: bool = False) -> Reply | JudgeError:
    content = data.encode() if isinstance(data, str) else json.dumps(data).encode()
    try:
        return parse_completion(content, "application/json", 1.0, key="sk-key", where=WHERE, answered=answered)
    except JudgeError as error:
        return error


def choice(content: object = "hi", finish: object = "stop", **more: Any) -> dict[str, Any]:
    return {"choices": [{"message": {"role": "assistant", "content": content}, "finish_reason": finish, **more}]}


INSIDE: list[tuple[object, type, str, str]] = [
    (choice("<RESULT", error={"code": 502, "message": "upstream went away"}), TransientError, "502", "upstream went away"),
    (choice("", "error", error={"code": 429, "message": "provider is rate limited"}), OverloadError, "429", "rate limited"),
    (choice("", error={"code": 403, "message": "flagged"}), RequestRejected, "content filter", "flagged"),
    ({"error": {"message": "Rate limit reached, try again in 5s"}}, OverloadError, "429", "try again in 5s"),
    ({"error": "Insufficient credits"}, FatalError, "quota", "Insufficient credits"),
    ({"error": {"code": 401, "message": "bad"}}, FatalError, "401", "bad"),
    ({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, OverloadError, "429", "rate limit"),
    ({"choices": None, "base_resp": {"status_code": 1027, "status_msg": "output sensitive content"}}, RequestRejected,
     "content filter", "sensitive content"),
    ({"code": 500, "msg": "worker died", "data": None}, TransientError, "500", "worker died"),
    ({"choices": [], "prompt_feedback": {"block_reason": "PROHIBITED_CONTENT"}}, RequestRejected, "content filter",
     "(PROHIBITED_CONTENT)"),
    ({"choices": [{"index": 0, "finish_reason": "content_filter", "content_filter_results": {
        "violence": {"filtered": True}, "hate": {"filtered": False}}}]}, RequestRejected, "content filter", "(violence)"),
    (choice("par", "SAFETY"), RequestRejected, "content filter", "(SAFETY)"),
    (choice(None, "content-filter"), RequestRejected, "content filter", "(content-filter)"),
    (choice("x", "RECITATION"), RequestRejected, "content filter", "(RECITATION)"),
    ({"choices": [{"message": {"content": None, "refusal": "I cannot help"}, "finish_reason": "stop"}]}, RequestRejected,
     "refusal", "I cannot help"),
    ({"choices": [{"message": {"content": [{"type": "refusal", "refusal": "I cannot"}]}}]}, RequestRejected, "refusal",
     "I cannot"),
    ({"choices": [{"message": {"content": "par", "error": {"code": 502, "message": "gone"}}}]}, TransientError, "502",
     "gone"),
    ({"base_resp": {"status_code": 1026, "status_msg": "new_sensitive"}}, RequestRejected, "content filter", "new_sens"),
    ({"base_resp": {"status_code": 1004, "status_msg": "login fail: invalid api key"}}, FatalError, "401",
     "refused the key: login fail"),
    ({"error_code": 18, "error_msg": "Open api qps request limit reached"}, OverloadError, "429", "limit reached"),
    ({"error": True, "message": "the worker died"}, TransientError, "no completion", "the worker died"),
    ({"choices": [{"text": "x", "finish_reason": "stop"}]}, TransientError, "no completion", "200 without a message"),
    ({"choices": []}, TransientError, "no completion", "200 without a choice"),
    ([], TransientError, "no completion", "200 without a choice"),
    ('data: {"choices": [{"delta": {"content": "x"}}]}\n\ndata: [DONE]\n', FatalError, "stream", "turn streaming off"),
    ("event: message\ndata: {}\n\n", FatalError, "stream", "turn streaming off"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "kind", "cause", "words"), INSIDE)
def test_a_failure_inside_a_200_is_sorted_as_by_its_status(data: object, kind: type, cause: str, words: str) -> None:
    """The provider's words are in the message."""
    found = reply(data)
    assert isinstance(found, JudgeError), found
    assert (type(found), found.cause) == (kind, cause) and words in str(found)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            [{"type": "reasoning", "text": "no"}, {"type": "text", "text": "a"}, {"type": "output_text", "text": "b"}],
            "ab",
        ),
        ([{"type": "thinking", "thinking": "no", "text": "no"}, {"text": "a"}], "a"),
        ([{"type": "text", "thought": True, "text": "no"}, {"type": "text", "text": {"value": "a"}}], "a"),
        ([{"type": "summary_text", "text": "no"}, {"type": "text", "text": "a"}], "a"),
        (["a", "b"], "ab"),
        ([{"type": "reasoning", "text": "no"}], None),
        ({"text": "a"}, None),
        (None, None),
    ],
)
def test_reasoning_among_the_parts_of_a_content_is_no_answer(content: object, text: str | None) -> None:
    found = reply(choice(content))
    assert isinstance(found, Reply) and found.text == text


@pytest.mark.parametrize(
    ("finish", "complete", "cut"),
    [
        *[(name, True, False) for name in ("stop", "STOP", "eos_token", "end_turn", "stop_sequence", "COMPLETE")],
        *[(name, True, False) for name in ("FINISH_REASON_STOP", "FinishReason.STOP", " stop\n")],
        *[(name, False, True) for name in ("FinishReason.MAX_TOKENS", "max_new_tokens")],
        *[(name, False, True) for name in ("length", "MAX_TOKENS", "max_tokens", "model_length")],
        *[(name, False, False) for name in (None, "error", "abort", "network_error", "OTHER", "tool_calls", "")],
    ],
)
def test_finish_reasons_say_whether_a_reply_is_complete(finish: str | None, complete: bool, cut: bool) -> None:
    """Nothing but a known word for the model's own end counts as complete."""
    found = Reply("x", finish, Usage(), 1.0)
    assert (found.is_complete, found.is_cut) == (complete, cut)
