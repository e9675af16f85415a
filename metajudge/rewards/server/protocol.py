"""Reads generations from requests, and makes answers from rewards, or a refusal instead. Pure."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from metajudge.rewards.components import parts_by_name
from metajudge.rewards.generation import NoPrompt, generation
from metajudge.rewards.gold import BadGold, Gold
from metajudge.rewards.reward import NEVER_SCORED, Reward
from metajudge.rewards.unscored import StillUnscored

T = TypeVar("T")

SOON, SOME_TIME, A_PERSON_ACTS = 1, 5, 60
"""Seconds of `Retry-After`: for a place in the queue, for the judge, for a key, model or quota."""


class HTTPError(Exception):
    """A request without rewards: HTTP status, message, headers."""

    def __init__(self, status: int, message: str, **headers: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}


def try_again(message: str, seconds: int, **headers: str) -> HTTPError:
    """Return a 503: the same request may succeed later."""
    return HTTPError(503, message, Retry_After=str(seconds), **headers)


@dataclass(frozen=True, slots=True)
class Batch:
    """The generations of one request."""

    texts: list[str]
    """Generations, without their prompts."""
    golds: list[Gold]
    groups: list[int]
    """Equal for generations of one prompt."""


def read_batch(body: bytes) -> Batch:
    """Return the generations in a request's body. Raises `HTTPError`."""
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        raise HTTPError(400, "the body is not JSON") from None
    wanted = 'an object {"query": [...], "prompts": [...], "labels": [...]}'
    if not isinstance(data, dict):
        raise HTTPError(400, f"the body is not {wanted}")
    for name in ("query", "prompts", "labels"):
        if not isinstance(data.get(name), list):
            raise HTTPError(400, f"{name} is not a list; the body is {wanted}")
        if len(data[name]) != len(data["query"]):
            raise HTTPError(400, f"query has {len(data['query'])} elements and {name} {len(data[name])}")
    for name in ("query", "prompts"):
        for number, text in enumerate(data[name]):
            if not isinstance(text, str):
                raise HTTPError(400, f"{name}[{number}] is not a text")
    golds = _each("labels", Gold.from_json, data["labels"])
    texts = _each("query", generation, data["query"], data["prompts"])
    return Batch(texts, golds, [hash(prompt) for prompt in data["prompts"]])


def _each(name: str, read: Callable[..., T], *columns: Sequence[Any]) -> list[T]:
    """Return the result of `read` for each row of `columns`. Raises `HTTPError` for the first that cannot be read."""
    found = []
    for number, values in enumerate(zip(*columns, strict=True)):
        try:
            found.append(read(*values))
        except (BadGold, NoPrompt) as error:
            raise HTTPError(400, f"{name}[{number}]: {error}") from None
    return found


def answer(values: Sequence[float], rewards: Sequence[Reward]) -> bytes:
    """Return the body with the rewards; `extra_logs` has a list of each part."""
    return json.dumps({"rewards": values, "scores": values, "extra_logs": parts_by_name(rewards)}).encode()


def refusal(error: StillUnscored, rewards: Sequence[Reward]) -> HTTPError:
    """Return the refusal of a batch: 422 if a label allows no reward, else 503, because the judge may answer later."""
    for number, reward in enumerate(rewards):
        if reward.unscored in NEVER_SCORED:
            advice = "leave such rows out of the training data, or see `gold_tie`, `reward` and `on_unscored`"
            return HTTPError(422, f"labels[{number}] allows no reward: {reward.unscored}; {advice}")
    return try_again(str(error), SOME_TIME)
