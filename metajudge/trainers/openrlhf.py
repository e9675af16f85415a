"""The reward for OpenRLHF (0.11): a synchronous function in a file that `--reward.remote_url` names."""

from __future__ import annotations

import functools
import importlib
import itertools
import re
import time
from bisect import bisect_left
from collections.abc import Callable, Sequence
from typing import Any

from metajudge.engine.session import JudgeOptions
from metajudge.errors import MetaJudgeError
from metajudge.reward import Gold, Reward, RewardOptions
from metajudge.reward_scorer import UNSCORED_TIMEOUT, RewardScorer
from metajudge.tasks.match.prompt import ROW
from metajudge.trainers.hosted import HostedScorer
from metajudge.trainers.parts import ERROR, LOOK_SECONDS, Settled, all_scored, parts_by_name

RewardFunction = Callable[..., dict[str, Any]]
_TAIL = 100
# What ends or fills a reply for a model, in the words of the usual tokenizers; `｜` is DeepSeek's.
_END_TOKEN = re.compile(r"(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|</s>|<eos>|<pad>|<end_of_turn>)\Z")
_LONGEST_END_TOKEN = 44
_BEGIN_TOKENS = re.compile(r"\A(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|<s>|<bos>)+")


class NoPrompt(MetaJudgeError):
    """Where the model's own text begins cannot be told."""


def reward_function(
    judge: JudgeOptions,
    options: RewardOptions | None = None,
    *,
    on_unscored: str = ERROR,
    granularity: str = ROW,
    unscored_timeout: float = UNSCORED_TIMEOUT,
) -> RewardFunction:
    """A function to be named `reward_func`: `rewards`, `scores` and `extra_logs` with the parts, as tensors.

    A label is `{"human-checklist": […], "overall_preference": n}`, as a JSON text or parsed. What becomes of an
    unscored generation: `on_unscored`, see `metajudge.trainers.parts.Settled`. With `error`, OpenRLHF notes in its log
    that the reward could not be fetched and goes on without one, until its next step needs it and ends the training.
    """
    settled = Settled(on_unscored, unscored_timeout)
    scorer = HostedScorer(
        lambda: RewardScorer(judge, options, granularity=granularity, unscored_timeout=unscored_timeout)
    )

    def reward_func(
        queries: Sequence[str], prompts: Sequence[str], labels: Sequence[Any], **kwargs: Any
    ) -> dict[str, Any]:
        texts = [generation(query, prompt) for query, prompt in zip(queries, prompts, strict=True)]
        golds = [Gold.from_json(label) for label in labels]
        with settled.asking(prompts) as begun:
            rewards = scorer.score_now(texts, golds)
            if all_scored(rewards):
                return _told(rewards, settled.values(rewards, prompts))
        while settled.may_learn(prompts, begun):
            time.sleep(LOOK_SECONDS)
        return _told(rewards, settled.values(rewards, prompts))

    return reward_func


def _told(rewards: Sequence[Reward], values: Sequence[float]) -> dict[str, Any]:
    tensor = _tensor()
    logs = {name: tensor(values_of_part) for name, values_of_part in parts_by_name(rewards).items()}
    return {"rewards": tensor(values), "scores": tensor(values), "extra_logs": logs}


def generation(query: str, prompt: str) -> str:
    """What the model wrote: `query` behind `prompt`, of which a trainer may have cut the beginning.

    The tokens that end a reply are left out: OpenRLHF decodes them, too. Where a tokenizer changed its spaces, the
    prompt is found by its last letters. Raises `NoPrompt` where it is not found: read together, prompt and reply would
    pass for a malformed reply.
    """
    return _without_end(_behind(query, prompt))


def _behind(query: str, prompt: str) -> str:
    if query.startswith(prompt):
        return query[len(prompt) :]
    before, found, text = query.partition(prompt)
    # Of a prompt that was cut, a whole one further on is the model's echo.
    end = _end_in(before if found else query, "".join(prompt.split()))
    if end is not None:
        return query[end:]
    if not found:
        raise NoPrompt(f"a query does not hold its prompt, which ends in {prompt[-40:]!r}")
    return text


def _end_in(text: str, letters: str) -> int | None:
    """Where in `text` a prompt of these letters ends, whatever its spaces there; None where that cannot be told."""
    if not letters:
        return 0
    plain, tail = "".join(text.split()), _unique_end(letters)
    begin = plain.find(tail)
    if begin < 0:  # cut to less than what tells its end from those of its examples: it may hold none of them
        tail = letters[-_TAIL:]
        begin = plain.find(tail)
        before = _BEGIN_TOKENS.sub("", plain[: begin + len(tail)])
        if begin < 0 or plain.find(tail, begin + 1) >= 0 or not letters.endswith(before):
            return None
    places = (place for place, letter in enumerate(text) if not letter.isspace())
    return next(itertools.islice(places, begin + len(tail) - 1, None)) + 1


def _unique_end(letters: str) -> str:
    """The last letters of a prompt that stand nowhere else in it: examples in a prompt may all end alike."""
    lengths = range(len(letters) + 1)
    return letters[-bisect_left(lengths, True, min(_TAIL, len(letters)), key=lambda n: _is_unique(letters, n)) :]


def _is_unique(letters: str, length: int) -> bool:
    return letters.find(letters[-length:]) == len(letters) - length


def _without_end(text: str) -> str:
    while True:
        bare = text.rstrip()
        end = _END_TOKEN.search(bare, max(0, len(bare) - _LONGEST_END_TOKEN))
        if end is None:
            return text
        text = bare[: end.start()]


@functools.cache
def _tensor() -> Any:
    """What makes a tensor; a list stays one where there is no torch, as behind HTTP."""
    try:
        return importlib.import_module("torch").tensor  # a type checker need not read all of it
    except ImportError:
        return list
