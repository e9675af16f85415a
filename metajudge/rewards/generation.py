"""The text that a model generated, found behind its prompt in a trainer's decoded query."""

from __future__ import annotations

import itertools
import re
from bisect import bisect_left

from metajudge.errors import MetaJudgeError

_TAIL = 100
# What ends or fills a reply for a model, in the words of the usual tokenizers; `｜` is DeepSeek's.
_END_TOKEN = re.compile(r"(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|</s>|<eos>|<pad>|<end_of_turn>)\Z")
_LONGEST_END_TOKEN = 44
_BEGIN_TOKENS = re.compile(r"\A(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|<s>|<bos>)+")


class NoPrompt(MetaJudgeError):
    """Where the model's own text begins cannot be told."""


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
