"""The record of a row, one line of a result file: the one reader and writer of its keys.

A key that is unknown, or whose value is of another type than this program writes, is carried through in `extra`.
Files that pandas or Arrow wrote are read, too: there null is an absent key, and 1.0 may be the integer 1.
"""

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import NoneType
from typing import Any, Self, get_args, get_origin, get_type_hints

from metajudge.data import (
    CHECKLIST_SUFFIX,
    HUMAN_KEY,
    InvalidRow,
    Status,
    as_integer,
    find_checklist,
    is_absent,
    parse_row,
)
from metajudge.metrics import Match, Matrix
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.reference_reading import reference_reading

SCHEMA = 1
_FINISHED = frozenset({Status.SUCCESS, Status.EMPTY})
_encode = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


def encode(value: Mapping[str, Any]) -> bytes:
    """Encode a JSON object as one line; lone surrogates become JSON escapes."""
    return f"{_encode(value)}\n".encode("utf-8", "backslashreplace")


@dataclass(frozen=True, slots=True)
class Unscored:
    """The reason why a record has no figures."""

    reason: str
    """One wording per cause, so that it can be counted."""
    skipped: bool = False
    """True: left out on purpose (model checklist empty or too long); False: an error sample."""


BAD_SCORE = Unscored("extraction_result has a score that is not within 0..1")
_UNREADABLE = Unscored("extraction_result unreadable")
_INCOMPLETE = Unscored("extraction_result does not name every human item")
_OTHER_COUNT = Unscored("number of marks differs from the number of human items")
_OTHER_LENGTH = Unscored("n_human or n_model is not the length of its list")
_OTHER_MODEL = Unscored("record of another evaluated model")
_NO_REASONS = Unscored("model checklist empty", skipped=True)
_NO_HUMAN_ITEM = Unscored("human checklist empty")


@dataclass(frozen=True, slots=True)
class ScoredLists:
    """The scores of a record and the lengths of the lists that they are about."""

    marks: tuple[Match, ...]
    n_human: int
    n_model: int


@dataclass(slots=True, kw_only=True)  # not frozen, which would double the time that it takes to make one
class Record:
    """One line of a result file; its fields are the keys in their order, None = the key is absent."""

    id: str | None = None
    """Id of the row; None in a record of the reference."""
    question_id: str | None = None
    """Hash of the evaluated model and its lists, or of a step's question."""
    schema: int | None = None
    status: str | None = None
    """A `Status`."""
    model_be_evaluated: str | None = None
    n_human: int | None = None
    n_model: int | None = None
    empty: str | None = None
    """With status `empty`, the empty list: `human`, `model` or `both`."""
    extraction_result: dict[str, Any] | None = None
    """`scores` (accepted `[human item, model item or 0, score]` triples), `is_ordered`, `errors`."""
    matches: list[Any] | None = None
    """Accepted scores, one object each."""
    score_matrix: list[Any] | None = None
    """Human items as rows, model items as columns, None = not asked."""
    item_replies: list[Any] | None = None
    guard: dict[str, Any] | None = None
    """Suspicious items by name, with their reasons."""
    control: dict[str, Any] | None = None
    """In a control record, what was done to the row's lists: `kind` and details; see `JudgeIdentity.control`."""
    derived: dict[str, Any] | None = None
    """A step's result for the row: status, fields, notes."""
    judge: dict[str, Any] | None = None
    """See `JudgeIdentity`."""
    attempts: int | None = None
    latency_s: int | float | None = None
    finished_at: str | None = None
    prompt: str | None = None
    samples: list[Any] | None = None
    """The judge's replies."""
    format_error: str | None = None
    error_message: str | None = None
    metadata: dict[str, Any] | None = None
    """The input row; in a control record with the lists that were judged."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """Keys that are unknown or whose value is of another type, as the file has them."""

    @classmethod
    def from_line(cls, line: bytes, number: int = 0) -> Self | InvalidRow:
        """Read a line of a file, or return why it is no record; `number`: its line number."""
        row = parse_row(number, line)
        return row if isinstance(row, InvalidRow) else cls.from_json(row.data)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Read a JSON object."""
        unexpected = _unexpected(tuple(data), tuple(map(type, data.values())))
        if not unexpected:
            return cls(**data)
        fields = {key: value for key, value in data.items() if key not in unexpected}
        extra: dict[str, Any] = {}
        for key in unexpected:
            value = as_integer(data[key])
            if type(value) in _TYPES.get(key, ()):
                fields[key] = value
            elif key not in _TYPES or not is_absent(value):
                extra[key] = data[key]
        for key in ("id", "question_id"):
            if key in extra:  # a record with an id of any type is ours
                fields[key] = str(extra.pop(key))
        return cls(**fields, extra=extra)

    def as_json(self) -> dict[str, Any]:
        """Return the record as a JSON object."""
        known = {name: value for name in _TYPES if (value := getattr(self, name)) is not None}
        return {**known, **self.extra}

    def to_line(self) -> bytes:
        """Return the record as a line of a file."""
        return encode(self.as_json())

    @property
    def is_finished(self) -> bool:
        """True if the row is not judged again."""
        return self.status in _FINISHED

    @property
    def judged_by(self) -> JudgeIdentity | None:
        """The judge that the record names; None for a record of the reference."""
        return None if self.id is None or self.judge is None else JudgeIdentity.from_json(self.judge)

    @property
    def judge_model(self) -> str:
        """The judge model that the record names; empty if it names none."""
        model = None if self.id is None or self.judge is None else self.judge.get("model")
        return model if isinstance(model, str) else ""

    def checklist(self, name: str) -> list[Any] | None:
        """Return the checklist of `human` or of a model, if it is a list. Items may be of any type."""
        value = find_checklist(self.metadata, name)[1] if self.metadata is not None else None
        return value if isinstance(value, list) else None

    def scores(self) -> tuple[Match, ...] | Unscored:
        """Return the accepted scores (for the reference, those of its reply), or the first reason for none."""
        if self.id is None:
            return self._reply_scores()
        if self.status == Status.EMPTY:
            # With both lists empty the record's plain block has no mark: an error for the reference, too.
            return _NO_REASONS if self.empty == "model" else _NO_HUMAN_ITEM
        if self.status != Status.SUCCESS:
            known = self.status in (Status.ERROR, Status.FORMAT_ERROR)
            return Unscored(f"status {self.status}" if known else "status unknown")
        return _accepted_scores((self.extraction_result or {}).get("scores"))

    def _reply_scores(self) -> tuple[Match, ...] | Unscored:
        if not self.samples:
            return Unscored("samples empty or missing")
        first = self.samples[0]
        text = first.get("generated_text") if isinstance(first, dict) else None
        marks = reference_reading(text) if isinstance(text, str) else None
        return Unscored("reply unreadable") if marks is None else tuple(marks)

    def scored_lists(self, model: str, max_model_items: int | None = None) -> ScoredLists | Unscored:
        """Return a score for each human item, and the lengths of the lists of the evaluated model `model`.

        A model checklist that is empty or longer than `max_model_items` is skipped.
        """
        marks = self.scores()
        if isinstance(marks, Unscored):
            return marks
        own = None if self.id is None else self.model_be_evaluated
        if own is not None and own.lower() != model.lower():
            return _OTHER_MODEL
        lists = [self.checklist(name) for name in ("human", model)]
        if lists[0] is None or lists[1] is None:
            return Unscored(f"no list {HUMAN_KEY if lists[0] is None else model + CHECKLIST_SUFFIX} in metadata")
        n_human, n_model = len(lists[0]), len(lists[1])
        if self.id is not None and not (self.n_human in (None, n_human) and self.n_model in (None, n_model)):
            return _OTHER_LENGTH
        if not n_model:
            return _NO_REASONS
        if max_model_items is not None and n_model > max_model_items:
            return Unscored(f"model checklist longer than {max_model_items}", skipped=True)
        return ScoredLists(marks, n_human, n_model) if len(marks) == n_human else _OTHER_COUNT

    def score_matrices(self, n_human: int, n_model: int) -> list[Matrix]:
        """Return the score matrix of every sample of the judge, if there are any.

        Raises `ValueError` for a matrix of another shape and for a score that is no number within 0..1.
        """
        if self.id is None or (self.score_matrix is None and "score_matrix" not in self.extra):
            return []
        others = [entry.get("score_matrix") for entry in (self.samples or [])[1:] if isinstance(entry, dict)]
        matrices = [self.score_matrix, *(matrix for matrix in others if matrix is not None)]
        return [_checked(matrix, n_human, n_model) for matrix in matrices]


_TYPES = {
    name: tuple(get_origin(kind) or kind for kind in get_args(hint) if kind is not NoneType)
    for name, hint in get_type_hints(Record).items()
    if name != "extra"
}
"""Allowed types of each key's value, in the order of the keys."""


@functools.lru_cache(maxsize=256)
def _unexpected(keys: tuple[str, ...], types: tuple[type, ...]) -> tuple[str, ...]:
    """Return unknown keys and those with a value of another type; cached, because most lines have the same."""
    return tuple(key for key, kind in zip(keys, types, strict=True) if kind not in _TYPES.get(key, ()))


def _accepted_scores(scores: object) -> tuple[Match, ...] | Unscored:
    if not isinstance(scores, list) or not scores:
        return _UNREADABLE
    if not all(map(_is_mark, scores)):
        scores = [list(map(as_integer, mark)) if isinstance(mark, list) else mark for mark in scores]
        if not all(map(_is_mark, scores)):
            return _UNREADABLE
    if not all(0 <= score <= 1 for _, _, score in scores):
        return BAD_SCORE
    if sorted([human for human, _, _ in scores]) != list(range(1, len(scores) + 1)):
        return _INCOMPLETE
    return tuple([Match(human, model, float(score)) for human, model, score in scores])


def _is_mark(value: Any) -> bool:
    """Return True for `[human item, model item, number]`."""
    match value:
        case [human, model, score]:  # bool is no int here
            return type(human) is type(model) is int and human >= 1 and model >= 0 and type(score) in (float, int)
    return False


def _checked(matrix: Any, n_human: int, n_model: int) -> Matrix:
    rows = matrix if isinstance(matrix, list) else []
    whole = all(isinstance(row, list) and len(row) == n_model for row in rows)
    scores = [score for row in rows for score in row if score is not None] if whole else []
    if len(rows) != n_human or not whole or not all(type(score) in (int, float) for score in scores):
        raise ValueError(f"score_matrix is not {n_human} × {n_model} numbers (human items as rows)")
    for score in scores:
        if not 0 <= score <= 1:  # NaN is not, either
            raise ValueError(f"a score of {str(score)[:20]} is not within 0..1")
    return rows
