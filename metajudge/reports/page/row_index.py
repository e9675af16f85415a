"""A few values of every row, as columns: what the list of rows shows, sorts by and filters by."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from metajudge.data import number_of, parse_verdict, signed_verdict
from metajudge.metrics import Known
from metajudge.records import Record
from metajudge.reports.outcome import ACCURACY
from metajudge.reports.outcome import SPURIOUS as SPURIOUS_CORRECTNESS
from metajudge.reports.page.details import Strip, both_orders
from metajudge.reports.page.row_texts import Limits, as_text, beginning, facets_of
from metajudge.reports.row_scores import RowScores
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.tasks.critic import LABELS

MOST_VALUES = 500
"""A field with more different values, such as an id, is none to filter by."""
STRENGTH = "preference strength"
SPURIOUS, ORDERS_DIFFER, SAMPLES_DIFFER, GUARDED, EMPTY, NO_HUMAN, OPEN = (1 << bit for bit in range(7))
"""Bits of a row's marks: right verdict without a sound reason, …; `OPEN`: whether a reason is sound is not known."""


@dataclass(slots=True)
class Facets:
    """Fields to filter rows by: each row's value as a number."""

    _values: dict[str, dict[str, int]] = field(default_factory=dict)
    _codes: dict[str, dict[int, int]] = field(default_factory=dict)

    def add(self, place: int, facets: Mapping[str, str]) -> None:
        """Add the fields of the row at `place`."""
        for name, value in facets.items():
            values = self._values.setdefault(name, {})
            if len(values) <= MOST_VALUES:
                self._codes.setdefault(name, {})[place] = values.setdefault(value, len(values))

    def as_json(self, rows: int) -> list[dict[str, Any]]:
        """Return the fields with at least two values, the best known first; code -1 = the row has none."""
        names = [name for name in ("domain", "language", STRENGTH) if name in self._values]
        names += [name for name in self._values if name not in names]
        return [
            {
                "name": name,
                "values": list(self._values[name]),
                "codes": [self._codes[name].get(place, -1) for place in range(rows)],
            }
            for name in names
            if len(self._values[name]) <= MOST_VALUES
            and (len(self._values[name]) > 1 or len(self._codes[name]) < rows or name in ("domain", "language"))
        ]


@dataclass(slots=True)
class RowColumns:
    """Columns of the rows; a row that several models share is one row."""

    limits: Limits
    gold_field: str = "overall_preference"
    places: dict[str, int] = field(default_factory=dict)
    """Place of each row by its key."""
    begins: list[str] = field(default_factory=list)
    golds: list[str] = field(default_factory=list)
    facets: Facets = field(default_factory=Facets)

    def add(self, key: str, row: Mapping[str, Any]) -> None:
        """Add a row that is not there yet."""
        place = self.places[key] = len(self.places)
        self.begins.append(beginning(row, self.limits))
        self.golds.append(_verdict(row.get(self.gold_field), signed=self.gold_field == "overall_preference"))
        facets = dict(facets_of(row))
        strength = number_of(row.get("overall_preference"))
        if strength is not None:
            facets[STRENGTH] = f"{abs(strength):g}"
        self.facets.add(place, facets)

    def as_json(self) -> dict[str, Any]:
        """Return the columns by name."""
        return {
            "ids": list(self.places),
            "begins": self.begins,
            "golds": self.golds,
            "facets": self.facets.as_json(len(self.places)),
        }


@dataclass(slots=True)
class ModelColumns:
    """Columns of one model's rows, in the order of its file."""

    table: ScoreTable
    rows: list[int] = field(default_factory=list)
    """Places in `RowColumns`."""
    lines: list[int] = field(default_factory=list)
    strips: list[Strip] = field(default_factory=list)
    verdicts: list[str] = field(default_factory=list)
    right: list[int | None] = field(default_factory=list)
    consistency: list[float | None] = field(default_factory=list)
    unscored: list[str] = field(default_factory=list)
    """Reason for having no rationale consistency; empty where there is one."""
    marks: list[int] = field(default_factory=list)

    def add(self, row: int, line: int, place: int, scored: RowScores, record: Record, strip: Strip) -> None:
        """Add a record; `row`: its place among the rows, `place`: that in the table."""
        table = self.table
        self.rows.append(row)
        self.lines.append(line)
        self.strips.append(strip)
        self.verdicts.append(_verdict(scored.label, signed=False))
        right = _known(table, ACCURACY, place)
        self.right.append(None if right is None else int(right))
        self.consistency.append(_known(table, RC, place))
        self.unscored.append(scored.evidence.unscored)
        self.marks.append(_marks(table, place, scored, record))

    def as_json(self) -> dict[str, Any]:
        """Return the columns by name."""
        reasons = list(dict.fromkeys(self.unscored))
        return {
            "rows": self.rows,
            "lines": self.lines,
            "strips": self.strips,
            "verdicts": self.verdicts,
            "right": self.right,
            "rc": self.consistency,
            "reasons": reasons,
            "unscored": [reasons.index(reason) for reason in self.unscored],
            "marks": self.marks,
        }


def _known(table: ScoreTable, name: tuple[str, str], place: int) -> float | None:
    value = float(table.columns[name][place])
    return None if math.isnan(value) else value


def _marks(table: ScoreTable, place: int, scored: RowScores, record: Record) -> int:
    order = both_orders(record.metadata or {}, table.model_be_evaluated)
    is_known = table.known_of(SPURIOUS_CORRECTNESS, [place]) == Known.EXACT
    found = {
        SPURIOUS: is_known and _known(table, SPURIOUS_CORRECTNESS, place) == 1,
        OPEN: not is_known,
        ORDERS_DIFFER: order is not None and order.get("consistent") is False,
        SAMPLES_DIFFER: _differ(table.samples[place]),
        GUARDED: bool(record.guard),
        EMPTY: record.empty is not None or 0 in (scored.n_human, record.n_model),
        NO_HUMAN: scored.n_human == 0,
    }
    return sum(bit for bit, holds in found.items() if holds)


def _differ(samples: Sequence[float]) -> bool:
    return len(samples) > 1 and max(samples) - min(samples) > 1e-9


def _verdict(value: Any, signed: bool) -> str:
    """Return a label or a preference as `A>B`, beside the number that it was; cut if it cannot be read."""
    if value is None:
        return ""
    verdict = signed_verdict(value) if signed else parse_verdict(value) if isinstance(value, str) else None
    if verdict is None:
        return " ".join(as_text(value).split())[:24]
    number = number_of(value)
    return LABELS[verdict] + (f" ({number:+g})" if number else "")
