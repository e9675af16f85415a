"""Scores of rows as columns while a file is read: a few hundred bytes per row, whatever the size of its texts."""

import hashlib
import math
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from metajudge.metrics.statistics.intervals import Column
from metajudge.records import JudgeIdentity, Unscored
from metajudge.reports.judge_settings import settings_of
from metajudge.reports.row_scores import RowScores

PAPER = {
    "rationale_consistency": "RC",
    "average_precision": "AP",
    "average_precision_soft": "AP soft",
    "precision": "One-to-one precision",
    "f1": "One-to-one F1",
}
"""Metrics of a group with their headings, in the order of the columns."""
REFERENCE = {
    "precision": "Reference precision",
    "recall": "Reference recall",
    "f1": "Reference F1",
    "average_precision": "Reference AP",
}
SOUND, UPPER_BOUND, N_JUDGED = ("row", "sound"), ("row", "upper_bound"), ("row", "n_judged")
"""Share of the judge's samples with a sound rationale; upper bound of rationale consistency; model items judged."""
_PAPER = tuple(("paper", name) for name in PAPER)
_REFERENCE = tuple(("reference", name) for name in REFERENCE)


def _key_of(cluster: str) -> int:
    """Return a 64-bit key of a cluster's name, the same in every process: studies keep it."""
    digest = hashlib.blake2b(cluster.encode("utf-8", "backslashreplace"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


class ScoreColumns:
    """Columns of equal length; equal values are kept once."""

    def __init__(self, sound_threshold: float) -> None:
        """Start without rows; `sound_threshold` as in `ScoringConfig`."""
        self._sound_threshold = sound_threshold
        self._shared: dict[Any, Any] = {}
        self._judges: list[JudgeIdentity | None] = []
        self.values: dict[str, list[Any]] = {name: [] for name in (*_UNIQUE, *_SHARED, *_REASONS, "samples")}
        """Fields of `RowScores` by name; the reasons for no score; RC of each sample of the judge."""
        self.figures: dict[tuple[str, str], array[float]] = {
            name: array("d") for name in (*_PAPER, *_REFERENCE, SOUND, UPPER_BOUND, N_JUDGED)
        }
        """NaN where a row has none."""
        self.known: dict[tuple[str, str], array[int]] = {name: array("b") for name in (*_PAPER, SOUND)}
        """`Known` of a figure."""
        self.facts: dict[str, array[int]] = {name: array(code) for name, code in _FACTS.items()}
        """Line in the file; number of the judge; hash of the cluster; `balance`; 1 where the evidence has bounds, and
        where it is `shared`."""

    def __len__(self) -> int:
        return len(self.facts["line"])

    def add(self, row: RowScores, judge: JudgeIdentity | None = None, line: int = 0) -> None:
        """Append a row, with its judge and its line in the file."""
        own, reference = row.evidence, row.reference
        for field in _UNIQUE:
            self.values[field].append(getattr(row, field))
        for field in _SHARED:
            self._add_shared(field, getattr(row, field))
        self._add_shared("unscored", own.unscored)
        self._add_shared("left_out", reference.reason if isinstance(reference, Unscored) else "")
        self._add_shared("samples", tuple(one.rationale_consistency for one in own.paper))
        for name in _PAPER:
            self.figures[name].append(_mean([getattr(one, name[1]) for one in own.paper]))
            self.known[name].append(own.known(name[1]))
        for name in _REFERENCE:
            self.figures[name].append(math.nan if isinstance(reference, Unscored) else getattr(reference, name[1]))
        self.figures[SOUND].append(own.sound(self._sound_threshold))
        self.known[SOUND].append(own.sound_known(self._sound_threshold))
        self.figures[UPPER_BOUND].append(_mean(own.upper_bounds))
        self.figures[N_JUDGED].append(own.n_judged if own.paper else math.nan)
        facts = (line, self._number_of(judge), _key_of(row.cluster), row.balance, bool(own.bounds), own.shared)
        for column, fact in zip(self.facts.values(), facts, strict=True):
            column.append(fact)

    def _number_of(self, judge: JudgeIdentity | None) -> int:
        if judge not in self._judges:
            self._judges.append(judge)
        return self._judges.index(judge)

    def _add_shared(self, name: str, value: Any) -> None:
        self.values[name].append(self._shared.setdefault(value, value) if type(value) in (str, tuple) else value)

    def take(self, numbers: Sequence[int]) -> Self:
        """Return the rows with these numbers, from 0, in this order."""
        found = type(self)(self._sound_threshold)
        found._judges = self._judges
        found.values = {name: [column[number] for number in numbers] for name, column in self.values.items()}
        found.figures = {name: _take(column, numbers) for name, column in self.figures.items()}
        found.known = {name: _take(column, numbers) for name, column in self.known.items()}
        found.facts = {name: _take(column, numbers) for name, column in self.facts.items()}
        return found

    def figure(self, name: tuple[str, str]) -> Column:
        """Return a figure of every row."""
        return np.array(self.figures[name], np.float64)

    def scores(self) -> dict[tuple[str, str], Column]:
        """Return the paper's and the reference's metrics of every row, by group and metric."""
        return {name: self.figure(name) for name in (*_PAPER, *_REFERENCE)}

    def judges(self) -> list[JudgeIdentity | None]:
        """Return the judges of the scored rows, or of all rows if none is scored, in order of appearance."""
        both = zip(self.facts["judge"], self.values["unscored"], strict=True)
        scored = dict.fromkeys(judge for judge, reason in both if not reason)
        return [self._judges[number] for number in scored or dict.fromkeys(self.facts["judge"])]

    def by_judge(self, numbers: Sequence[int]) -> list[Sequence[int]]:
        """Return the numbers of each judge's rows; of all if only one has scored any, as others are then failures."""
        settings = [settings_of(judge) for judge in self._judges]
        parts: dict[tuple[Any, ...], array[int]] = {}
        for number in numbers:
            parts.setdefault(settings[self.facts["judge"][number]], array("q")).append(number)
        unscored = self.values["unscored"]
        scored = [part for part in parts.values() if any(not unscored[number] for number in part)]
        return [numbers] if len(scored) < 2 else list(parts.values())

    def reasons(self, name: str) -> dict[str, int]:
        """Count the reasons `unscored`, or `left_out` for the reference metrics; the most frequent first."""
        return dict(Counter(filter(None, self.values[name])).most_common())


_UNIQUE = ("id", "question_id")
_SHARED = ("domain", "group", "n_human", "label", "gold", "context_from")
_REASONS = ("unscored", "left_out")
_FACTS = {"line": "q", "judge": "i", "cluster": "q", "balance": "b", "has_bounds": "b", "shared": "b"}


def _take(column: "array[Any]", numbers: Iterable[int]) -> "array[Any]":
    return array(column.typecode, (column[number] for number in numbers))


def _mean(figures: Sequence[float]) -> float:
    return math.fsum(figures) / len(figures) if figures else math.nan
