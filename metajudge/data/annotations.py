"""Label files: people's scores of rows, one line for each row, evaluated model and annotator.

A line is a task of `label-sample` with `annotator` and `marks` filled in. A line without an annotator is not labelled
yet. In JSONL `marks` is a list of `[human item, model item, score]` and `unclear` a list of human items; in CSV they
are texts such as `R1@S2: 0.75; R3@S1: 1` and `R2; R4`.
"""

import csv
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.data.rows import InputFile, InvalidRow, as_integer, is_absent
from metajudge.errors import UsageError
from metajudge.text import plural, printable

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Scores that a label may have."""
_NEEDED = ("id", "question_id", "annotator", "marks")
_DELIMITERS = ",;\t"
_MARK = re.compile(r"\s*R(\d{1,6})\s*@\s*S(\d{1,6})\s*:\s*(\d*[.,]?\d+)\s*", re.ASCII | re.IGNORECASE)
_ITEM = re.compile(r"\s*R(\d{1,6})\s*", re.ASCII | re.IGNORECASE)
_GUARDED = re.compile(r"'(?='*(?:[=+\-@＝＋－＠]|\d+(?:e\d+)?$))", re.ASCII)
"""Quote before a text that a spreadsheet may run as a formula or round as a number; it is no part of the text."""
_SAME_PROBABILITY = 1e-6
"""Relative difference of two probabilities that are the same: a spreadsheet keeps nine digits or so."""
_REMEDY = "name a file that label-sample has written, with `annotator` and `marks` filled in"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotator's scores of one row and evaluated model."""

    path: Path
    line: int
    """Line number in the file, from 1; in CSV the number of the row below the heading, plus 1."""
    id: str
    """Id of the row, as in the results."""
    question_id: str
    """Hash of the evaluated model and its lists, as in the results."""
    annotator: str
    n_human: int
    n_model: int
    """Number of model items that the annotator saw."""
    marks: tuple[tuple[int, int, float], ...]
    """Human item, model item (both from 1) and score above 0; every other pair has the score 0."""
    unclear: tuple[int, ...]
    """Human items that the annotator could not decide."""
    probability: float
    """Probability with which the row was drawn, above 0 and at most 1."""
    judge_shown: bool
    """True if the annotator saw the judge's scores."""
    seconds: float | None
    """Time that the annotator took; None = unknown."""

    @property
    def place(self) -> str:
        """Return the file and line for messages."""
        return _place(self.path, self.line)

    def matrix(self) -> list[list[float | None]]:
        """Return the scores: human items as rows, model items as columns; None in the row of an unclear item."""
        scores: list[list[float | None]] = [
            [None if human in self.unclear else 0.0] * self.n_model for human in range(1, self.n_human + 1)
        ]
        for human, model, score in self.marks:
            if human not in self.unclear:
                scores[human - 1][model - 1] = score
        return scores


@dataclass(frozen=True, slots=True)
class Annotations:
    """Contents of label files."""

    paths: tuple[Path, ...]
    rows: tuple[Annotation, ...]
    unlabelled: int
    """Tasks without an annotator."""

    @property
    def annotators(self) -> list[str]:
        """Return the annotators' names in order of appearance."""
        return list(dict.fromkeys(row.annotator for row in self.rows))


def read_annotations(paths: Sequence[Path]) -> Annotations:
    """Read label files: CSV if the name ends in `.csv`, else JSONL.

    Raises `UsageError` for a file of another kind, a line that cannot be read, two labels of one annotator for a row
    and evaluated model, different probabilities of a row, and files without a label.
    """
    rows: dict[tuple[str, str, str], Annotation] = {}
    drawn: dict[str, Annotation] = {}
    unlabelled = 0
    for path in paths:
        for number, fields in _lines(path):
            if fields["annotator"] in (None, ""):
                unlabelled += 1
                continue
            row = _Line(path, number, fields).annotation()
            earlier = rows.setdefault((row.id, row.question_id, row.annotator), row)
            if earlier is not row:
                raise UsageError(
                    f"{row.place}: {printable(row.annotator)} has labelled row {printable(row.id)} before "
                    f"({earlier.place}); keep one label, or name only the latest export"
                )
            other = drawn.setdefault(row.id, row)
            if not math.isclose(other.probability, row.probability, rel_tol=_SAME_PROBABILITY):
                raise UsageError(
                    f"{row.place}: row {printable(row.id)} has the probability {row.probability:g}, but "
                    f"{other.probability:g} in {other.place}; use labels of one drawing together"
                )
    if not rows:
        names = ", ".join(map(str, paths))
        raise UsageError(
            f"{names}: no row is labelled yet ({plural(unlabelled, 'task')}); fill in `annotator` and `marks`"
        )
    return Annotations(tuple(paths), tuple(rows.values()), unlabelled)


def _place(path: Path, line: int) -> str:
    return f"{path} line {line}"


# ------------------------------------------------------------------ lines of a file


def _lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Yield the fields of each line with its number. Raises `UsageError` for a file of another kind."""
    for number, fields in _csv_lines(path) if path.suffix.lower() == ".csv" else _json_lines(path):
        missing = [key for key in _NEEDED if key not in fields]
        if missing:
            there = ", ".join(map(printable, list(fields)[:6])) or "nothing"
            raise UsageError(
                f"{_place(path, number)} has no {' and no '.join(missing)} (it has: {there}), so it is no label; "
                f"{_REMEDY}"
            )
        yield number, fields


def _json_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for row in InputFile(path, "").rows():
        if isinstance(row, InvalidRow):
            raise UsageError(f"{path} line {row.line} {row.reason}; correct or remove the line")
        yield row.line, row.data


def _csv_lines(path: Path) -> Iterator[tuple[int, Mapping[str, Any]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            delimiter = max(_DELIMITERS, key=head.count)
            for number, row in enumerate(csv.DictReader(file, delimiter=delimiter), 2):
                fields = {str(key).strip(): value for key, value in row.items() if key is not None}
                if any(isinstance(value, str) and value.strip() for value in fields.values()):
                    yield number, {key: _from_text(key, value) for key, value in fields.items()}
    except FileNotFoundError:
        raise UsageError(f"{path} does not exist (looked in {Path.cwd()}); check the path") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV text in UTF-8 ({error}); save it as CSV UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; check its permissions") from None


def _from_text(key: str, value: str | None) -> Any:
    """Return a cell of a spreadsheet as its JSON value; unchanged if it cannot be read."""
    text = (value or "").strip()
    if key in ("marks", "unclear"):
        parts = [part for part in re.split(r"[;\n]", text) if part.strip()]
        found = [(_MARK if key == "marks" else _ITEM).fullmatch(part) for part in parts]
        unreadable = next((part.strip() for part, one in zip(parts, found, strict=True) if one is None), None)
        if unreadable is not None:
            return unreadable
        if key == "unclear":
            return [int(one[1]) for one in found if one]
        return [[int(one[1]), int(one[2]), _number(one[3])] for one in found if one]
    if key == "judge_shown":
        return {"true": True, "false": False, "": None}.get(text.lower(), text)
    if key in ("n_human", "n_model", "probability", "seconds"):
        try:
            return as_integer(_number(text)) if text else None
        except ValueError:
            return text
    return text[1:] if _GUARDED.match(text) else text


def _number(text: str) -> float:
    """Return a number of a cell; some languages write 0,5. Raises `ValueError` for anything else."""
    return float(text.replace(",", "."))


# ------------------------------------------------------------------ one line


class _Line:
    """A labelled line whose fields are checked one by one; every error names the place and the remedy."""

    def __init__(self, path: Path, number: int, fields: Mapping[str, Any]) -> None:
        self._path, self._number, self._fields = path, number, fields

    def annotation(self) -> Annotation:
        """Return the label. Raises `UsageError` for a field that cannot be read."""
        n_human, n_model = self._count("n_human", 1), self._count("n_model", 0)
        return Annotation(
            path=self._path,
            line=self._number,
            id=self._text("id"),
            question_id=self._text("question_id"),
            annotator=self._text("annotator"),
            n_human=n_human,
            n_model=n_model,
            marks=self._marks(n_human, n_model),
            unclear=self._unclear(n_human),
            probability=self._probability(),
            judge_shown=self._judge_shown(),
            seconds=self._seconds(),
        )

    def _wrong(self, key: str, allowed: str, remedy: str = "correct the line") -> UsageError:
        value = self._fields.get(key)
        found = f"has no {key}" if is_absent(value) else f"has the {key} {printable(str(value))[:60]}"
        return UsageError(f"{_place(self._path, self._number)} {found}; {allowed}; {remedy}")

    def _text(self, key: str) -> str:
        value = self._fields[key]
        if not isinstance(value, str) or not value.strip():
            raise self._wrong(key, "it is a text that is not empty")
        return value.strip()

    def _count(self, key: str, least: int) -> int:
        value = as_integer(self._fields.get(key))
        if type(value) is not int or value < least:
            raise self._wrong(key, f"it is a whole number from {least} up")
        return value

    def _marks(self, n_human: int, n_model: int) -> tuple[tuple[int, int, float], ...]:
        value = self._fields["marks"]
        allowed = f"R is 1..{n_human}, S is 1..{n_model}, the score 0, 0.25, 0.5, 0.75 or 1"
        if not isinstance(value, list) or not all(isinstance(mark, list) and len(mark) == 3 for mark in value):
            raise self._wrong("marks", f"it is a list of [R, S, score], in CSV R1@S2: 0.5; R3@S1: 1; {allowed}")
        marks: dict[tuple[int, int], float] = {}
        for human, model, score in ([as_integer(part) for part in mark] for mark in value):
            numbers = type(human) is type(model) is int and type(score) in (int, float)
            if not numbers or not (1 <= human <= n_human and 1 <= model <= n_model) or score not in STEPS:
                raise self._wrong("marks", allowed)
            if (human, model) in marks:
                raise self._wrong("marks", f"R{human}@S{model} occurs twice")
            marks[human, model] = float(score)
        return tuple((human, model, score) for (human, model), score in marks.items() if score)

    def _unclear(self, n_human: int) -> tuple[int, ...]:
        value = self._fields.get("unclear")
        items = [] if is_absent(value) else value
        if not isinstance(items, list) or not all(type(item) is int and 1 <= item <= n_human for item in items):
            raise self._wrong("unclear", f"it is a list of human items within 1..{n_human}, in CSV R1; R2")
        return tuple(sorted(set(items)))

    def _probability(self) -> float:
        value = self._fields.get("probability")
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
            remedy = "label rows that label-sample has drawn, which writes it"
            raise self._wrong("probability", "it is above 0 and at most 1", remedy)
        return float(value)

    def _judge_shown(self) -> bool:
        value = self._fields.get("judge_shown")
        if is_absent(value):
            return False
        if not isinstance(value, bool):
            raise self._wrong("judge_shown", "it is true or false")
        return value

    def _seconds(self) -> float | None:
        value = self._fields.get("seconds")
        if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            return None
        return float(value)
