"""The top of a page: a line for each model with the figures of `report`, and the judges."""

import shlex
from collections.abc import Sequence
from typing import Any

from metajudge.llm import EMBEDDED
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.outcome import ACCURACY, SPURIOUS
from metajudge.reports.overview.compact import consistency
from metajudge.reports.overview.tables import metric_cell
from metajudge.reports.render import flag_line, report_notes
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.scored_files import by_judge, judge_names

_GROUPS = ("paper", "outcome")
_FIGURES = {"oa": ACCURACY, "scorr": SPURIOUS}
_DIGITS = 3
SETTINGS = ("granularity", "samples", "top_k", "temperature", "guard", "instructions", "version")


def judges_json(files: Sequence[ScoreTable], rows: Sequence[ReportRow]) -> list[dict[str, Any]]:
    """Return the judges with the places of their files; figures of two judges are never in one table."""
    names = judge_names(files)
    place = {id(file): number for number, file in enumerate(files)}
    line_of = {id(row.file): row for row in rows}
    return [
        {
            "name": names[id(own[0])],
            "about": _about_judge(own[0]),
            "notes": list(report_notes([line_of[id(file)] for file in own], _GROUPS)),
            "tables": [place[id(file)] for file in sorted(own, key=_consistency, reverse=True)],
        }
        for own in by_judge(files)
    ]


def _consistency(file: ScoreTable) -> float:
    """Return a key that puts the highest rationale consistency first, as the report does, and unscored files last."""
    mean = file.mean(*RC)
    return -1.0 if mean is None else mean


def _about_judge(file: ScoreTable) -> str:
    judge = file.judged_by
    if judge is None:
        return ""
    rough = ["a lexical matcher, whose figures are rough"] if judge.model == EMBEDDED else []
    values = ((name, getattr(judge, name)) for name in SETTINGS)
    return ", ".join([*rough, *(f"{name} {value}" for name, value in values if value is not None)])


def model_json(row: ReportRow) -> dict[str, Any]:
    """Return the line of one model."""
    return {
        "model": row.model,
        "show": f"python3 -m metajudge show {shlex.quote(str(row.file.path))}",
        "n": row.n,
        "unscored": row.unscored,
        "figures": {"rc": _range(row)} | {key: _figure(row, name) for key, name in _FIGURES.items()},
        "exact": len(set(consistency(row)[0])) == 1,
        "flag": row.flag and {"verdict": row.flag.verdict, "about": flag_line(row, row.flag)},
    }


def _figure(row: ReportRow, name: tuple[str, str]) -> dict[str, Any]:
    """Return value, ends of the interval, and the cell of the report."""
    return {**row.metrics[name].as_json(), "text": metric_cell(row, name, _DIGITS)}


def _range(row: ReportRow) -> dict[str, Any]:
    """Return rationale consistency like other figures, with its upper bound; it equals the value if it is exact."""
    (least, most), low, high = consistency(row)
    return {"value": least, "upper": most, "low": low, "high": high, "text": metric_cell(row, RC, _DIGITS)}
