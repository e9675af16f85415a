"""Chat messages of a question, and a reply that repeats them."""

import functools
import hashlib
import importlib.resources
import re
from collections.abc import Mapping, Sequence

from metajudge.text import BLOCK_END, BLOCK_START

_BLOCK = re.compile(rf"{BLOCK_START}.*?{BLOCK_END}", re.DOTALL)
_NEIGHBOURS = 4


def read_instructions(package: str, *names: str) -> str:
    """Return the texts `instructions/NAME.txt` of a package, as they are sent: a blank line between two of them."""
    folder = importlib.resources.files(package) / "instructions"
    return "\n".join(folder.joinpath(f"{name}.txt").read_text(encoding="utf-8") for name in names).removesuffix("\n")


def chat_messages(instructions: str, data: str, *, system_message: bool) -> list[dict[str, str]]:
    """Return the instructions as the system message and the data as the user message; else both as one user message."""
    if not system_message:
        return [{"role": "user", "content": f"{instructions}\n\n{data}"}]
    return [{"role": "system", "content": instructions}, {"role": "user", "content": data}]


def short_hash(text: str) -> str:
    """Return 16 hexadecimal digits that name `text`."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def without_echo(reply: str, messages: Sequence[Mapping[str, str]]) -> str:
    """Remove the question's result blocks from `reply`: a judge that repeats its question must not seem to answer it.

    A copied block is recognised by the words before or behind it. It is the instructions' example or one in the
    user's template, because items hold no block.
    """
    if BLOCK_START in reply:
        for message in messages:
            if BLOCK_START in message["content"]:
                for neighbour, copy in _copies(message["content"]):
                    if neighbour in reply:  # looking for one word first spares nearly every reply the patterns
                        reply = re.sub(copy, " ", reply)
    return reply


@functools.lru_cache(maxsize=16)  # the instructions are the same in every question
def _copies(content: str) -> tuple[tuple[str, str], ...]:
    """Return patterns of the copies of each block in a question, each with a word that a copy has beside the block."""
    copies = []
    for found in _BLOCK.finditer(content):
        before = content[: found.start()].rsplit(maxsplit=_NEIGHBOURS)[-_NEIGHBOURS:]
        behind = content[found.end() :].split(maxsplit=_NEIGHBOURS)[:_NEIGHBOURS]
        *body, end = found[0].split()
        if before:  # the copy may break off before its closing tag
            copies.append((before[-1], rf"{_spaced(*before, *body)}(?:\s*{re.escape(end)})?"))
        if behind:
            copies.append((behind[0], _spaced(*body, end, *behind)))
    return tuple(copies)


def _spaced(*words: str) -> str:
    return r"\s*".join(map(re.escape, words))
