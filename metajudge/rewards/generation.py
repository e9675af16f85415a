"""The generation behind its prompt, in the query that a trainer decodes."""

import itertools
import re
from bisect import bisect_left

from metajudge.errors import MetaJudgeError

_TAIL = 100
# Tokens that end or pad a reply, as common tokenizers spell them; `｜` is DeepSeek's.
_END_TOKEN = re.compile(r"(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|</s>|<eos>|<pad>|<end_of_turn>)\Z")
_LONGEST_END_TOKEN = 44
_BEGIN_TOKENS = re.compile(r"\A(?:<[|｜][^|｜<>\s]{1,40}[|｜]>|<s>|<bos>)+")


class NoPrompt(MetaJudgeError):
    """The prompt was not found in the query."""


def generation(query: str, prompt: str) -> str:
    """Return the text of `query` behind `prompt`, without end tokens.

    The trainer may have cut the beginning of the prompt. If a tokenizer changed the spaces, the prompt is found by its
    last letters. Raises `NoPrompt` if it is not found, because prompt and reply together would be a malformed reply.
    """
    return _without_end(_behind(query, prompt))


def _behind(query: str, prompt: str) -> str:
    if query.startswith(prompt):
        return query[len(prompt) :]
    before, found, text = query.partition(prompt)
    # Behind a prompt that was cut, a whole one is the model's echo.
    end = _end_in(before if found else query, "".join(prompt.split()))
    if end is not None:
        return query[end:]
    if not found:
        raise NoPrompt(f"a query does not hold its prompt, which ends in {prompt[-40:]!r}")
    return text


def _end_in(text: str, letters: str) -> int | None:
    """Return the place in `text` where a prompt of these letters ends, with any spaces; None = not found."""
    if not letters:
        return 0
    plain, tail = "".join(text.split()), _unique_end(letters)
    begin = plain.find(tail)
    if begin < 0:  # cut so short that its unique end is not complete; then no other such end may be in the text
        tail = letters[-_TAIL:]
        begin = plain.find(tail)
        before = _BEGIN_TOKENS.sub("", plain[: begin + len(tail)])
        if begin < 0 or plain.find(tail, begin + 1) >= 0 or not letters.endswith(before):
            return None
    places = (place for place, letter in enumerate(text) if not letter.isspace())
    return next(itertools.islice(places, begin + len(tail) - 1, None)) + 1


def _unique_end(letters: str) -> str:
    """Return the last letters of a prompt that occur nowhere else in it, as its examples may all end alike."""
    size = len(letters)
    length = bisect_left(range(size + 1), True, min(_TAIL, size), key=lambda n: letters.find(letters[-n:]) + n == size)
    return letters[-length:]


def _without_end(text: str) -> str:
    while True:
        bare = text.rstrip()
        end = _END_TOKEN.search(bare, max(0, len(bare) - _LONGEST_END_TOKEN))
        if end is None:
            return text
        text = bare[: end.start()]
