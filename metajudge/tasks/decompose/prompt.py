"""The question that turns annotators' free text into a checklist of single points.

The fixed instructions come first, the row's texts last as quoted data: the conversation, both responses, and each
annotator's texts.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metajudge.data import Conversation, framed, render_conversation
from metajudge.tasks.messages import read_instructions

INDIVIDUAL = "individual_preference"
_FIELDS = {
    "reasoning": "comparison of both responses",
    "feedback1": "about Response 1",
    "feedback2": "about Response 2",
}


@functools.cache
def instructions() -> str:
    """Return the fixed instructions, the same for every row."""
    return read_instructions(__package__, "decompose")


@dataclass(frozen=True, slots=True)
class Feedback:
    """Texts of one annotator about a row."""

    annotator: int
    """Number from 1, by position in the row's lists."""
    texts: tuple[tuple[str, str], ...]
    """Label (subject of the text, or its field) and text, in the order of the fields; no blank texts."""


def feedback_of(row: Mapping[str, Any], text_fields: Sequence[str] = ()) -> list[Feedback] | str:
    """Return the annotators' texts of a row, or its problem.

    Without `text_fields`, the row is one of HelpSteer3: `individual_preference` with `reasoning`, `feedback1`,
    `feedback2`. Otherwise each named field is a string (of annotator 1) or a list of strings (one per annotator). Null
    and blank texts are skipped; a row without any text is a problem.
    """
    try:
        texts = list(_named_texts(row, text_fields) if text_fields else _individual_texts(row))
    except ValueError as problem:
        return str(problem)
    by_annotator: dict[int, list[tuple[str, str]]] = {}
    for number, label, text in texts:
        if text is not None and text.strip():
            by_annotator.setdefault(number, []).append((label, text))
    feedback = [Feedback(number, tuple(said)) for number, said in sorted(by_annotator.items())]
    return feedback or "has no annotator's text"


_Text = tuple[int, str, str | None]
"""Annotator, label and text."""


def _individual_texts(row: Mapping[str, Any]) -> Iterator[_Text]:
    if INDIVIDUAL not in row:
        raise ValueError(f'has no "{INDIVIDUAL}"; name the fields with the annotators\' texts (`text_fields`)')
    if not isinstance(row[INDIVIDUAL], list):
        raise ValueError(f'has a "{INDIVIDUAL}" that is no list')
    for number, entry in enumerate(row[INDIVIDUAL], 1):
        if not isinstance(entry, dict):
            raise ValueError(f'has a "{INDIVIDUAL}" whose item {number} is no object')
        for field, label in _FIELDS.items():
            text = entry.get(field)
            if not isinstance(text, str | None):
                raise ValueError(f'has a "{INDIVIDUAL}" whose item {number} has a "{field}" that is no string')
            yield number, label, text


def _named_texts(row: Mapping[str, Any], text_fields: Sequence[str]) -> Iterator[_Text]:
    for field in text_fields:
        if field not in row:
            raise ValueError(f'has no "{field}"')
        value = row[field]
        for number, text in enumerate(value if isinstance(value, list) else [value], 1):
            if not isinstance(text, str | None):
                raise ValueError(f'has a "{field}" that is neither a string nor a list of strings')
            yield number, field, text


def row_text(feedback: Sequence[Feedback], conversation: Conversation, response1: str, response2: str) -> str:
    """Return a row as quoted data: conversation, both responses, then every annotator's texts."""
    parts = [
        f"The conversation:\n{render_conversation(conversation)}",
        framed("RESPONSE_1", response1),
        framed("RESPONSE_2", response2),
    ]
    for one in feedback:
        for number, (label, text) in enumerate(one.texts, 1):
            parts.append(framed(f"ANNOTATOR_{one.annotator}_TEXT_{number}", text, label))
    return "\n\n".join(parts)
