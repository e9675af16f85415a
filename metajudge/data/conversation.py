"""A row's conversation and responses as quoted text that keeps its line breaks.

Each piece of data has its own frame, `<QUOTED_…>` to `</QUOTED_…>`. Inside the data, anything like such a frame, a tag
of a reply or a control token of a chat format loses its angle brackets.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from metajudge.data.rows import json_kind
from metajudge.text import TAG_PIECES, escape_markup, of_text, replace_surrogates

FRAME = "QUOTED_"
_REMARK_LENGTH = 40
# Texts without any of these cannot hold a tag: what becomes "<", "&" or "[" in NFKC, and tags without them.
_SUSPECT = re.compile("[<&\\[◁\ufe47\ufe60\ufe64\uff06\uff1c\uff3b]|(?i:assistantfinal)|analysis[A-Z]")
_TAG = re.compile(
    rf"(<)(?:[\s/]*(?:RESULT_(?:START|END)|{FRAME}\w*)\s*|\|[a-z_]{{1,30}}\|)(>?)|{TAG_PIECES}", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of a conversation."""

    role: str
    """`user`, `assistant`, `system` or any other role of the row."""
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns before the two responses, oldest first."""

    turns: tuple[Turn, ...]
    left_out: int = 0
    """Turns before these that were dropped for their length."""


def read_conversation(value: object) -> Conversation | str:
    """Parse a row's field; return what is wrong with it, to follow the field's name, if it is no conversation.

    `value`: a question as a string, or chat messages `{"role": …, "content": …}` whose content is a string, null, or
    a list of parts. A part without text becomes a remark.
    """
    if isinstance(value, str):
        return Conversation((Turn("user", value),))
    if not isinstance(value, list):
        return "is neither a string nor a list of messages"
    turns = []
    for number, message in enumerate(value, 1):
        turn = _turn(message)
        if isinstance(turn, str):
            return f"has a message {number} {turn}"
        turns.append(turn)
    return Conversation(tuple(turns))


def read_response(row: Mapping[str, Any], field: str) -> str:
    """Return the text of a response: a string as it is, or that of its chat messages.

    Several messages have their roles before them. Raises `ValueError` with what is wrong, to follow "the row": null, an
    absent field, another type, or messages without text would be shown as an empty response.
    """
    value = row.get(field)
    if isinstance(value, str):
        return value
    remedy = "give each response as a string or a list of messages"
    if field not in row:
        raise ValueError(f'has no "{field}"; {remedy}')
    if not isinstance(value, list):
        kind = json_kind(value)
        kind = {"null": kind, "object": "an object"}.get(kind, f"a {kind}")
        raise ValueError(f'has a "{field}" that is {kind}; {remedy}')
    messages = read_conversation(value)
    if isinstance(messages, str):
        raise ValueError(f'has a "{field}" that {messages}')
    if not any(turn.text.strip() for turn in messages.turns):
        raise ValueError(f'has a "{field}" whose messages hold no text; {remedy}')
    if len(messages.turns) == 1:
        return messages.turns[0].text
    return "\n\n".join(f"[{turn.role}]\n{turn.text}" for turn in messages.turns)


def _turn(message: object) -> Turn | str:
    if not isinstance(message, dict):
        return "that is no object"
    role, content = message.get("role"), message.get("content")
    if not isinstance(role, str):
        return 'without a "role" that is a string'
    if isinstance(content, list):
        texts = [_part(part) for part in content]
        wrong = next((place for place, text in enumerate(texts, 1) if text is None), None)
        if wrong:
            return f'whose "content" has a part {wrong} that is neither a string nor an object'
        content = "\n".join(text for text in texts if text is not None)
    if content is not None and not isinstance(content, str):
        return 'whose "content" is neither a string nor a list of parts'
    return Turn(role, content or "")


def _part(part: object) -> str | None:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return None
    text = part.get("text")
    return text if isinstance(text, str) else f"[a part of type {part.get('type') or 'unknown'}, not shown]"


def cut_to_tokens(conversation: Conversation, max_tokens: int) -> Conversation:
    """Return the newest turns that fit into about `max_tokens` tokens when rendered, at least the last one.

    The estimate is four ASCII characters per token, one other character per token.
    """
    turns = conversation.turns
    # One more each than estimated, because the whole may round up where its parts round down.
    left = max_tokens - of_text(_left_out_remark(len(turns) + conversation.left_out)) - 1
    kept = 0
    for number, turn in reversed(list(enumerate(turns, conversation.left_out + 1))):
        left -= of_text(_framed_turn(number, turn)) + 1
        if left < 0 and kept:
            break
        kept += 1
    return Conversation(turns[len(turns) - kept :], conversation.left_out + len(turns) - kept)


def render_conversation(conversation: Conversation) -> str:
    """Render the conversation as framed turns, numbered as in the row; a first line counts the turns left out."""
    blocks = [_framed_turn(number, turn) for number, turn in enumerate(conversation.turns, conversation.left_out + 1)]
    if conversation.left_out:
        blocks.insert(0, _left_out_remark(conversation.left_out))
    return "\n".join(blocks) if blocks else "[no conversation]"


def _left_out_remark(count: int) -> str:
    return f"[… {count} earlier turn{'s' if count != 1 else ''} left out]"


def _framed_turn(number: int, turn: Turn) -> str:
    return framed(f"TURN_{number}", turn.text, turn.role)


def framed(name: str, text: str, remark: str = "") -> str:
    """Put `text` between `<QUOTED_name: remark>` and `</QUOTED_name>`; a remark is cut to one short line."""
    line = re.sub("[<>\uff1c\uff1e]", "", " ".join(quoted_lines(remark).split()))[:_REMARK_LENGTH]
    opening = f"{FRAME}{name}: {line}" if line else f"{FRAME}{name}"
    return f"<{opening}>\n{quoted_lines(text)}\n</{FRAME}{name}>"


def quoted_lines(text: str) -> str:
    """Return `text` with line feeds as its only line breaks, harmless tags, and no lone surrogates."""
    text = replace_surrogates(text.replace("\r\n", "\n").replace("\r", "\n"))
    return escape_markup(text, _TAG) if _SUSPECT.search(text) else text
