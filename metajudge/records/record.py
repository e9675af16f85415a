"""The head of a record, read without parsing the whole line: what resuming and analysing need stands there.

Only where a line begins with the writer's exact bytes and ends in `}}` and a newline; any other line has no head and is
parsed as a whole. The metadata, most of a line, is then never looked at: the writer has put valid lists there.
"""

from __future__ import annotations

import functools
import json
import re
from typing import Any, NamedTuple

# `[r, s, score]` with r from 1, s from 0 and a score of 0 to 1, as floats are written.
_SCORE = rb"\[[1-9][0-9]{0,5}, [0-9]{1,6}, (?:0(?:\.[0-9]+)?|1(?:\.0)?|[0-9](?:\.[0-9]+)?e-[0-9]+)\]"
# As `results.encode` writes the first keys of `matching.MatchTask.record`. No text before the scores can be of another
# shape: ids are hexadecimal, and a quotation mark inside a string would be escaped.
_KEY = (
    rb'\{"id": "(?P<id>[0-9a-f]{16}(?:-[0-9]+)?)", "question_id": "(?P<question>[0-9a-f]{16})", "schema": 1, '
    rb'"status": "(?P<status>success|error|format_error|empty)", '
)
_BEGIN = re.compile(_KEY)
_HEAD = re.compile(
    _KEY + rb'"model_be_evaluated": (?P<model>"(?:[^"\\\x00-\x1f]|\\.)*"), '
    rb'"n_human": (?P<human>[0-9]{1,6}), "n_model": (?P<items>[0-9]{1,6}), '
    rb'(?:"empty": "(?P<empty>human|model|both)", )?'
    rb'"extraction_result": \{"scores": (?P<scores>\[(?:' + _SCORE + rb"(?:, " + _SCORE + rb")*)?\]), "
    rb'"is_ordered": (?:true|false), "errors": '
)
_JUDGE = b', "judge": '
_MODEL = re.compile(rb'\{"model": ("(?:[^"\\\x00-\x1f]|\\.)*")')
_END = b"}}\n"  # of the metadata and of the record


class Key(NamedTuple):
    """Which row's question a record answers, and whether it does."""

    id: str
    question_id: str
    status: str


class Head(NamedTuple):
    """What the beginning of a record says."""

    id: str
    question_id: str
    status: str
    model: str
    """The evaluated model."""
    n_human: int
    n_model: int
    empty: str
    """Which list is, where the status is `empty`; else the empty string."""
    scores: list[tuple[int, int, float]]
    """The accepted scores: human item, model item, score; each is one."""
    judge_at: int
    """Where the judge object begins in the line."""


def read_key(line: bytes) -> Key | None:
    """The first fields of a whole line's head, for a third of the time; None where the line has to be parsed."""
    found = _BEGIN.match(line)
    if found is None or not line.endswith(_END) or 0 in line:
        return None
    return Key(found[1].decode(), found[2].decode(), found[3].decode())


def read_head(line: bytes) -> Head | None:
    """The head of a whole line, newline included; None where the line has to be parsed."""
    found = _HEAD.match(line)
    if found is None or not line.endswith(_END) or 0 in line:
        return None
    # Unescaped quotation marks: no text of a reply can look like this key.
    judge = line.find(_JUDGE, found.end())
    if judge < 0:
        return None
    model = _text(found["model"])
    if model is None:
        return None
    return Head(
        found["id"].decode(),
        found["question"].decode(),
        found["status"].decode(),
        model,
        int(found["human"]),
        int(found["items"]),
        (found["empty"] or b"").decode(),
        json.loads(found["scores"].decode("ascii")),
        judge + len(_JUDGE),
    )


@functools.lru_cache(maxsize=64)
def _text(quoted: bytes) -> str | None:
    """A JSON string; None where it is none."""
    try:
        value = json.loads(quoted)
    except ValueError:
        return None
    return value if isinstance(value, str) else None


class Judges:
    """Reads the judge objects of lines, each different text once: a file has one or a few."""

    def __init__(self) -> None:
        self._known: dict[bytes, dict[str, Any]] = {}

    def of(self, line: bytes, head: Head) -> dict[str, Any] | None:
        """The judge object of a line with this head; None where it is not readable."""
        for text, judge in self._known.items():
            if line.startswith(text, head.judge_at):
                return judge
        try:
            # The object and what follows it, cut anywhere: the decoder stops at the object's own end.
            rest = line[head.judge_at : head.judge_at + 100_000].decode("utf-8", "ignore")
            judge, end = json.JSONDecoder().raw_decode(rest)
        except (ValueError, RecursionError):
            return None
        if not isinstance(judge, dict):
            return None
        self._known[rest[:end].encode("utf-8") + b", "] = judge
        return judge
