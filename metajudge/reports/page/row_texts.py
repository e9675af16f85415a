"""Texts of a row as the page shows them: the conversation, both responses, the human points and their sources."""

import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metajudge.data import METADATA_KEY, find_checklist, is_absent, read_conversation, read_response
from metajudge.reports.row_scores import PROMPT_FIELDS
from metajudge.tasks.decompose import INDIVIDUAL, feedback_of

FULL, SHORT, NONE = "full", "short", "none"
TEXTS = (FULL, SHORT, NONE)
"""Amounts of conversations and responses in a page."""
BEGINNING = 140
"""Characters of the prompt that the list of rows shows."""
Text = str | list[Any]
"""A text, or `[beginning, number of all characters]` if it is cut."""
_RESPONSES = ("response1", "response2")
_TEXT_FIELDS = frozenset({"context", *PROMPT_FIELDS, *_RESPONSES})
_SUFFIXES = ("-checklist", "-label", "-generated_text", "-ignored", "-flaws")


@dataclass(frozen=True, slots=True)
class Limits:
    """Longest texts of a page in characters; None = whole."""

    body: int | None
    """Longest turn or response."""
    reply: int | None
    """Longest reply, or other field."""
    prompt: int | None
    """Longest question, the checklists as they were sent."""

    def cut_body(self, text: str) -> Text:
        """Return a turn or a response."""
        return cut(text, self.body)

    def cut_reply(self, text: str) -> Text:
        """Return a reply, or another field."""
        return cut(text, self.reply)


LIMITS = {FULL: Limits(None, None, None), SHORT: Limits(400, 1000, 200), NONE: Limits(0, 1000, 200)}


def cut(text: str, most: int | None) -> Text:
    """Return a text, or its first `most` characters with the number of all."""
    return text if most is None or len(text) <= most else [text[:most], len(text)]


def as_text(value: Any) -> str:
    """Return a JSON value as text: a string unchanged, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def items_of(row: Mapping[str, Any], name: str) -> list[str]:
    """Return the checklist of `human` or of a model as texts; empty if the row has none."""
    found = find_checklist(dict(row), name)[1]
    return [as_text(item) for item in found] if isinstance(found, list) else []


def conversation_of(row: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return role and text of each turn; a conversation that cannot be read is one turn of JSON."""
    name = next((key for key in ("context", *PROMPT_FIELDS) if not is_absent(row.get(key))), None)
    if name is None:
        return []
    found = read_conversation(row[name])
    if isinstance(found, str):
        return [(name, as_text(row[name]))]
    return [(turn.role, turn.text) for turn in found.turns]


def beginning(row: Mapping[str, Any], limits: Limits) -> str:
    """Return the beginning of the last thing that the user said, on one line; empty if a page has no such texts."""
    said = [text for role, text in conversation_of(row) if role == "user"]
    return " ".join(said[-1][: 4 * BEGINNING].split())[:BEGINNING] if said and limits.body != 0 else ""


def row_texts(row: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the texts that all models of a row share."""
    human = items_of(row, "human")
    feedback = feedback_of(row) if INDIVIDUAL in row else ""
    stamps = list(stamps_of(row))
    return {
        "context": [[role[:40], limits.cut_body(text)] for role, text in conversation_of(row)],
        "responses": [limits.cut_body(text) for text in responses_of(row)],
        "human": human,
        "feedback": []
        if isinstance(feedback, str)
        else [[one.annotator, [[label, limits.cut_reply(text)] for label, text in one.texts]] for one in feedback],
        "lists": [[name, items_of(row, name)] for name in _annotator_lists(row)],
        "ignored": [entry for name in ("human", *_annotator_lists(row)) for entry in _ignored(row, name)],
        "doubts": [doubt for stamp in stamps for doubt in _doubts(stamp)],
        "other": [] if limits.body == 0 else [[name, limits.cut_reply(text)] for name, text in _other_fields(row)],
    }


def responses_of(row: Mapping[str, Any]) -> Iterator[str]:
    """Yield both responses, as JSON if one cannot be read; nothing if the row has neither."""
    for name in _RESPONSES if any(not is_absent(row.get(name)) for name in _RESPONSES) else ():
        try:
            yield read_response(row, name)
        except ValueError:
            yield as_text(row.get(name))


def stamps_of(row: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the stamps of the steps that made a row, the latest first."""
    stamp = row.get(METADATA_KEY)
    while isinstance(stamp, dict):
        yield stamp
        stamp = stamp.get("earlier")


def _doubts(stamp: Mapping[str, Any]) -> Iterator[list[str]]:
    """Yield the doubts about points of a checklist: point, reason, and the text or other point that they name."""
    found = stamp.get("doubts")
    for doubt in found if isinstance(found, list) else ():
        if isinstance(doubt, dict):
            other = doubt.get("of")
            about = doubt.get("text") or (f"point {other}" if other else "")
            yield [as_text(doubt.get("item", "")), as_text(doubt.get("reason", "")), as_text(about)]


def _annotator_lists(row: Mapping[str, Any]) -> list[str]:
    return [
        key.removesuffix("-checklist") for key in row if key.startswith("annotator-") and key.endswith("-checklist")
    ]


def _ignored(row: Mapping[str, Any], name: str) -> Iterator[list[str]]:
    """Yield the texts that `decompose` left out, with its reason."""
    found = row.get(f"{name}-ignored")
    for entry in found if isinstance(found, list) else ():
        if isinstance(entry, dict):
            yield [as_text(entry.get("text", "")), as_text(entry.get("reason", ""))]


def _other_fields(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    known = {*_TEXT_FIELDS, INDIVIDUAL, METADATA_KEY}
    for name, value in row.items():
        if name not in known and not name.lower().endswith(_SUFFIXES) and not is_absent(value):
            yield name, as_text(value)


def facets_of(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields with a short value, to filter rows by."""
    for name, value in row.items():
        if name.lower().endswith(_SUFFIXES) or name in _TEXT_FIELDS:
            continue
        if isinstance(value, str) and 0 < len(value) <= 64:
            yield name, value
        elif isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
            yield name, as_text(value)[:64]
