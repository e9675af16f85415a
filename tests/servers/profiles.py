"""How well-known servers answer, as far as it differs: each profile gives the response that is due, or None."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from tests.servers.limiters import LIMITERS, Limiter

Answer = Callable[[dict[str, Any], str, int], Awaitable[web.Response | None]]
"""Gets the request's body, the right result block and how often this question was asked (from 1)."""


def completion(
    content: object, finish: str | None = "stop", prompt_tokens: int = 100, **message: object
) -> web.Response:
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 10, "total_tokens": prompt_tokens + 10}
    choice = {"index": 0, "message": {"role": "assistant", "content": content, **message}, "finish_reason": finish}
    return web.json_response({"object": "chat.completion", "choices": [choice], "usage": usage})


def failure(status: int, body: object, **headers: str) -> web.Response:
    return web.json_response(body, status=status, headers=headers)


def wants(body: dict[str, Any], word: str) -> bool:
    """Return whether an item of the question has this word."""
    return word in json.dumps(body["messages"][-1])


async def openai(body: dict[str, Any], block: str, times: int) -> web.Response | None:
    """A reasoning model: no `max_tokens`, no temperature; a rate limit in milliseconds."""
    for name, text in (("max_tokens", "Use 'max_completion_tokens' instead."), ("temperature", "Only 1 is supported.")):
        if name in body:
            error = {
                "message": f"Unsupported parameter: '{name}'. {text}",
                "param": name,
                "code": "unsupported_parameter",
            }
            return failure(400, {"error": error})
    if times == 1 and len(block) % 3 == 0:
        return failure(
            429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, **{"retry-after-ms": "50"}
        )
    return None


async def azure_filter(body: dict[str, Any], block: str, times: int) -> web.Response | None:
    """A content filter before the model, and one behind it; headers longer than most clients read."""
    if wants(body, "violence"):
        inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"violence": {"filtered": True}}}
        message = "The response was filtered due to the prompt triggering Azure OpenAI's content management policy."
        return failure(400, {"error": {"message": message, "code": "content_filter", "innererror": inner}})
    if wants(body, "hate"):
        results = {"hate": {"filtered": True, "severity": "high"}}
        return web.json_response({"choices": [{"finish_reason": "content_filter", "content_filter_results": results}]})
    response = completion(block)
    response.headers["x-ms-policy"] = "p" * 20_000
    return response


async def gemini(body: dict[str, Any], block: str, times: int) -> web.Response | None:
    """Errors in a list, the wait among their details, finish reasons in capitals."""
    if wants(body, "violence"):
        return completion(None, "PROHIBITED_CONTENT")
    if times == 1:
        details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "0.2s"}]
        error = {
            "code": 429,
            "message": "You exceeded your current quota.",
            "status": "RESOURCE_EXHAUSTED",
            "details": details,
        }
        return failure(429, [{"error": error}])
    if times == 2:
        return completion(block[: block.rindex(":") + 3], "MAX_TOKENS")
    return completion(block, "STOP")


async def litellm(body: dict[str, Any], block: str, times: int) -> web.Response | None:
    """A proxy: refused parameters in its words, failures of the provider inside a response with status 200."""
    if "temperature" in body:
        message = "litellm.UnsupportedParamsError: o3 does not support parameters: ['temperature'], for model=o3."
        return failure(400, {"error": {"message": message, "type": "None", "param": "None", "code": "400"}})
    if times == 1:
        error = {"message": "litellm.APIConnectionError: upstream went away", "code": 502}
        choice = {"index": 0, "message": {"role": "assistant", "content": block[:20]}, "finish_reason": "error"}
        return web.json_response({"choices": [{**choice, "error": error}]})
    if times == 2:
        return web.json_response({"choices": None, "base_resp": {"status_code": 1002, "status_msg": "rate limit"}})
    return None


async def ollama(body: dict[str, Any], block: str, times: int) -> web.Response | None:
    """A small context that cuts long questions without a word; thoughts in the text."""
    draft = re.sub(r": [\d.]+", ": 0", block)
    if times == 1:
        return completion(f"<think>{draft}", "length", prompt_tokens=600)
    return completion(f"<think>\n{draft}\n</think>\n\n{block}", prompt_tokens=600)


async def vllm_reasoning(body: dict[str, Any], block: str, times: int) -> web.Response | None:
    """Thoughts beside the text, a limit of tokens above the context, replies without content."""
    if body.get("max_tokens", body.get("max_completion_tokens")):
        message = "'max_tokens' is too large: 8192. This model's maximum context length is 8192 tokens and your request has 99."
        return failure(
            400, {"error": {"message": message, "type": "BadRequestError", "param": "max_tokens", "code": 400}}
        )
    draft = re.sub(r": [\d.]+", ": 0", block)
    if times == 1:
        return completion(None, "length", reasoning=draft)
    parts = [{"type": "reasoning", "text": draft}, {"type": "text", "text": block}]
    return completion(parts, reasoning_content=draft)


def limited(name: str, latency: float) -> Answer:
    """Return the profile of a server with a rate limit, which asks every refused client to wait a second."""
    limiter: Limiter = LIMITERS[name]()

    async def answer(body: dict[str, Any], block: str, times: int) -> web.Response | None:
        if not limiter.admits():
            return failure(
                429, {"error": {"message": "rate limit", "code": "rate_limit_exceeded"}}, **{"Retry-After": "1"}
            )
        try:
            await asyncio.sleep(latency)
        finally:
            limiter.done()
        return completion(block)

    return answer


PROFILES: dict[str, Answer] = {
    "openai": openai,
    "azure-filter": azure_filter,
    "gemini": gemini,
    "litellm": litellm,
    "ollama": ollama,
    "vllm-reasoning": vllm_reasoning,
}
