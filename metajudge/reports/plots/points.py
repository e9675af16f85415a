"""Points of a picture, from a report's rows or from a CSV file of figures."""

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.errors import UsageError

Spot = tuple[float, float]
"""x, y; or the two ends of a range."""
COLUMNS = ("model", "family", "oa", "rc", "oa_low", "oa_high", "rc_low", "rc_high")
"""Columns of a CSV file; `low` and `high` are read as `rc_low` and `rc_high`."""


@dataclass(frozen=True, slots=True)
class Point:
    """One model; every figure is a share in 0..1, the intervals are 95 % intervals."""

    model: str
    family: str | None
    outcome_accuracy: float
    rationale_consistency: float
    oa_low: float | None = None
    oa_high: float | None = None
    rc_low: float | None = None
    rc_high: float | None = None
    rc_bounds: Spot | None = None
    """Bounds of a rationale consistency that is not exact; `rationale_consistency` is then their middle."""

    def whiskers(self) -> list[tuple[Spot, Spot]]:
        """Return the known intervals as lines through the point."""
        x, y, found = self.outcome_accuracy, self.rationale_consistency, []
        if self.oa_low is not None and self.oa_high is not None:
            found.append(((self.oa_low, y), (self.oa_high, y)))
        if self.rc_low is not None and self.rc_high is not None:
            found.append(((x, self.rc_low), (x, self.rc_high)))
        return found


Panels = Mapping[str | None, Sequence[Point]]
"""Points by group; None = not grouped."""


def points_from_report(rows: Iterable[Mapping[str, Any]]) -> dict[str | None, list[Point]]:
    """Return the points of a report's rows by group, in the rows' order, without rows that lack a figure."""
    panels: dict[str | None, list[Point]] = {}
    for row in filter(has_figures, rows):
        oa, rc = row["outcome"]["accuracy"], row["paper"]["rationale_consistency"]
        ends = row.get("rationale_consistency_bounds")
        bounds = (ends["low"], ends["high"]) if ends else None
        value = sum(bounds) / 2 if bounds else rc["value"]
        point = Point(row["model"], None, oa["value"], value, oa["low"], oa["high"], rc["low"], rc["high"], bounds)
        panels.setdefault(row["group"], []).append(point)
    return panels


def has_figures(row: Mapping[str, Any]) -> bool:
    """Return True for a row of a report with both figures."""
    return None not in (row["outcome"]["accuracy"]["value"], row["paper"]["rationale_consistency"]["value"])


def points_from_csv(path: Path) -> list[Point]:
    """Read the points of a CSV file whose header has names of `COLUMNS`. Raises `UsageError`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader if "".join(row).strip()]
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}; check the path") from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path} is no CSV text in UTF-8: {error}; save it as CSV in UTF-8") from None
    header = _header(path, *(lines[0] if lines else (1, [])))
    points: dict[str, Point] = {}
    for number, cells in lines[1:]:
        where = f"{path}, line {number}"
        if len(cells) != len(header):
            raise UsageError(f"{where} has {len(cells)} cells; the header has {len(header)} columns: give each a cell")
        point = _point(where, dict(zip(header, cells, strict=True)))
        if point.model in points:
            raise UsageError(f"{where}, column model: {point.model} occurs twice; give each model one line")
        points[point.model] = point
    if not points:
        raise UsageError(f"{path} has no line below its header; add one for each model")
    return list(points.values())


def _header(path: Path, line: int, cells: Sequence[str]) -> list[str]:
    names = [{"low": "rc_low", "high": "rc_high"}.get(cell.lower(), cell.lower()) for cell in cells]
    wrong = [f"there is no column {name!r}" for name in names if name not in COLUMNS]
    wrong += [f"column {name} occurs twice" for name in COLUMNS if names.count(name) > 1]
    wrong += [f"column {name} is missing" for name in ("model", "oa", "rc") if name not in names]
    for low, high in (("oa_low", "oa_high"), ("rc_low", "rc_high")):
        if (low in names) != (high in names):
            wrong.append(f"columns {low} and {high} belong together; one is missing")
    if wrong:
        raise UsageError(
            f"{path}, line {line}: {wrong[0]}; allowed: {', '.join(COLUMNS)} (or low, high for those of rc)"
        )
    return names


def _point(where: str, cells: Mapping[str, str]) -> Point:
    if not cells["model"]:
        raise UsageError(f"{where}, column model is empty; name the model")
    oa, rc = _share(where, "oa", cells), _share(where, "rc", cells)
    intervals = *_interval(where, "oa", oa, cells), *_interval(where, "rc", rc, cells)
    return Point(cells["model"], cells.get("family") or None, oa, rc, *intervals)


def _share(where: str, column: str, cells: Mapping[str, str]) -> float:
    text = cells[column]
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 <= value <= 1:
        raise UsageError(f"{where}, column {column}: {text!r} is not allowed; write a number from 0 to 1")
    return value


def _interval(where: str, column: str, value: float, cells: Mapping[str, str]) -> tuple[float | None, float | None]:
    ends = f"{column}_low", f"{column}_high"
    if not any(cells.get(end) for end in ends):
        return None, None
    low, high = (_share(where, end, cells) for end in ends)
    if not low <= value <= high:
        allowed = f"write {ends[0]} <= {column} <= {ends[1]}"
        raise UsageError(f"{where}, column {column}: {value:g} is outside of its interval {low:g}..{high:g}; {allowed}")
    return low, high
