"""The embedded judge as an OpenAI-compatible server on loopback.

It reads a question as any judge does and answers in the reply grammar, so a trial without a key runs the same code as
a paid run.
"""

import contextlib
import itertools
import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from metajudge.embedded.matcher import score_matrix
from metajudge.errors import UsageError
from metajudge.llm.serving import is_this_machine, listening
from metajudge.metrics import Match, best_matches
from metajudge.text import plain_block

MODEL = "embedded"
LARGEST_BODY = 10 * 1024 * 1024
PAIRS_RULE = "A pair that has no line scores 0."
"""Sentence of the instructions that asks for every pair: the lists look like those of other questions."""
_ITEM_LINE = re.compile(r"^([SR])(\d{1,9}):(?: (.*))?$")


class BadRequest(Exception):
    """A request that cannot be answered: HTTP status, message, parameter, code."""

    def __init__(self, status: int, message: str, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.param, self.code = status, message, param, code


@dataclass(frozen=True, slots=True)
class Lists:
    """The lists of one question."""

    human: list[str]
    model: list[str]
    only: int = 0
    """Number of the only model item (granularity `item`); 0 = a question about all of them."""
    pairs: bool = False
    """True: every pair is asked for, not the best match of each human item."""


def read_question(text: str, pairs: bool = False) -> Lists:
    """Return the lists at the end of a question, in any order; the instructions before them may hold other lists.

    Raises `BadRequest` when there are none.
    """
    found = [match.groups() for line in text.split("\n") if (match := _ITEM_LINE.match(line.rstrip("\r")))]
    items = [(letter, int(number), words or "") for letter, number, words in found]
    if not items:
        raise BadRequest(400, "the last user message has no lists of S and R items", "messages")
    last = items[-1][0]
    ending = [*itertools.takewhile(lambda item: item[0] == last, reversed(items))][::-1]
    before = items[: len(items) - len(ending)]
    if last == "R":
        return Lists(_last_list(ending, "R"), _last_list(before, "S"), pairs=pairs)
    human = _last_list(before, "R")
    if len(ending) > 1 or pairs:
        return Lists(human, _last_list(ending, "S"), pairs=pairs)
    return Lists(human, [ending[0][2]], only=ending[0][1])


def _last_list(items: Sequence[tuple[str, int, str]], letter: str) -> list[str]:
    starts = [place for place, (kind, number, _) in enumerate(items) if kind == letter and number == 1]
    if not starts:
        raise BadRequest(400, f"the last user message has no list that begins with {letter}1:", "messages")
    return [words for kind, _, words in items[starts[-1] :] if kind == letter]


def answer(lists: Lists) -> str:
    """Return the reply to a question: a result block."""
    matrix = score_matrix(lists.human, lists.model)
    best = best_matches([[*row] for row in matrix])
    if lists.only:
        return plain_block(Match(number, lists.only, row[0]) for number, row in enumerate(matrix, 1))
    return plain_block(_above_zero(matrix, best) if lists.pairs else best)


def _above_zero(matrix: Sequence[Sequence[float]], best: Sequence[Match]) -> Iterator[Match]:
    """Yield every pair with a score; S0 for a human item that has none."""
    for mark, row in zip(best, matrix, strict=True):
        if mark.model_item:
            yield from (Match(mark.human_item, number, score) for number, score in enumerate(row, 1) if score)
        else:
            yield mark


def complete(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the chat completion for a request body. Raises `BadRequest`."""
    if body.get("model") != MODEL:
        raise BadRequest(
            404, f"the model {body.get('model')!r} does not exist; there is {MODEL}", "model", "model_not_found"
        )
    if body.get("stream"):
        raise BadRequest(400, "streaming is not supported", "stream", "unsupported_parameter")
    if body.get("n") not in (None, 1):
        raise BadRequest(400, "only one choice is supported", "n", "unsupported_value")
    texts = _texts(body.get("messages"))
    prompt = _user_text(texts)
    text = answer(read_question(prompt, pairs=_asks_for_pairs(texts)))
    # The matcher has no tokenizer: four characters count as one token.
    usage = {"prompt_tokens": len(prompt) // 4 + 1, "completion_tokens": len(text) // 4 + 1}
    return {
        "id": "chatcmpl-embedded",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": MODEL,
        "choices": [
            {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop", "logprobs": None}
        ],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def _texts(messages: object) -> list[tuple[object, object]]:
    """Return the role and the text of each message, the text parts of one joined."""
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise BadRequest(400, "messages must be a list of objects", "messages")
    return [(message.get("role"), _text(message.get("content"))) for message in messages]


def _text(content: object) -> object:
    if not isinstance(content, list):
        return content
    texts = (part.get("text") for part in content if isinstance(part, dict))
    return "".join(text for text in texts if isinstance(text, str))


def _user_text(texts: Sequence[tuple[object, object]]) -> str:
    contents = [text for role, text in texts if role == "user"]
    if not contents:
        raise BadRequest(400, "messages must hold a user message", "messages")
    if not isinstance(contents[-1], str):
        raise BadRequest(400, "the content of a message must be text", "messages")
    return contents[-1]


def _asks_for_pairs(texts: Sequence[tuple[object, object]]) -> bool:
    return any(isinstance(text, str) and PAIRS_RULE in text for _, text in texts)


# ------------------------------------------------------------------ HTTP


def _error(status: int, message: str, param: str | None = None, code: str | None = None) -> web.Response:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return web.json_response({"error": error}, status=status)


async def _chat(request: web.Request) -> web.Response:
    try:
        body = json.loads(await request.read())
    except (ValueError, RecursionError):
        raise BadRequest(400, "the body is not JSON") from None
    except web.RequestPayloadError:
        raise BadRequest(400, "the body did not arrive whole") from None
    if not isinstance(body, dict):
        raise BadRequest(400, "the body is not a JSON object")
    return web.json_response(complete(body))


async def _models(request: web.Request) -> web.Response:
    model = {"id": MODEL, "object": "model", "created": 0, "owned_by": "metajudge"}
    return web.json_response({"object": "list", "data": [model]})


@web.middleware
async def _errors_in_openai_shape(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        response: web.StreamResponse = await handler(request)
    except BadRequest as error:
        return _error(error.status, error.message, error.param, error.code)
    except web.HTTPException as error:
        return _error(error.status, f"{request.method} {request.path}: {error.reason}")
    return response


def application() -> web.Application:
    """Return the application with its routes."""
    app = web.Application(client_max_size=LARGEST_BODY, middlewares=[_errors_in_openai_shape])
    app.router.add_post("/v1/chat/completions", _chat)
    app.router.add_get("/v1/models", _models)
    return app


@contextlib.asynccontextmanager
async def serving(port: int = 0, host: str = "127.0.0.1") -> AsyncIterator[str]:
    """Listen on loopback and yield the base URL; port 0 takes a free one. Raises `UsageError`."""
    if not is_this_machine(host):
        raise UsageError(f"`host` {host} is not this machine; the embedded judge serves 127.0.0.1 or ::1 only")
    async with listening(application(), host, port) as (_, url):
        yield f"{url}/v1"
