"""A rough estimate of tokens from the text."""

import functools
from collections.abc import Mapping, Sequence


def estimate_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """Estimate the prompt tokens of chat messages: one per four ASCII characters, one per other character."""
    fixed = sum(_of_text_kept(message["content"]) for message in messages[:-1])
    return fixed + of_text(messages[-1]["content"])


def of_text(text: str) -> int:
    """Estimate the tokens of one text."""
    wide = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - wide) // 4 + wide


_of_text_kept = functools.lru_cache(maxsize=16)(of_text)
