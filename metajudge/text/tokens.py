"""A rough estimate of tokens from the text."""

from collections.abc import Mapping, Sequence


def estimate_tokens(messages: Sequence[Mapping[str, str]]) -> int:
    """Estimate the prompt tokens of chat messages: one per four ASCII characters, one per other character."""
    return sum(of_text(message["content"]) for message in messages)


def of_text(text: str) -> int:
    """Estimate the tokens of one text."""
    wide = 0 if text.isascii() else len(text) - len(text.encode("ascii", "ignore"))
    return (len(text) - wide) // 4 + wide
