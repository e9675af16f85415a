"""Requirements on the figures of a study, for continuous integration.

A requirement fails only if it is surely missed: the whole 95 % interval is on the wrong side. If the interval holds the
bound, nothing can be said; then the number of rows that would tell is estimated.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from metajudge.errors import UsageError
from metajudge.metrics.statistics import intervals
from metajudge.metrics.statistics.intervals import MIN_CLUSTERS, Interval
from metajudge.reports.comparison import POWER, Difference, compare
from metajudge.reports.judge_settings import differences
from metajudge.reports.model_rows import ReportRow, shared_clusters
from metajudge.reports.outcome import SPURIOUS
from metajudge.reports.report import Report
from metajudge.reports.score_table import ScoreTable
from metajudge.studies.row_values import as_table, row_values
from metajudge.studies.table import closest

METRICS: Mapping[str, tuple[str, str]] = {
    "rc": ("paper", "rationale_consistency"),
    "ap": ("paper", "average_precision"),
    "ap-soft": ("paper", "average_precision_soft"),
    "precision": ("paper", "precision"),
    "f1": ("paper", "f1"),
    "recall": ("reference", "recall"),
    "oa": ("outcome", "accuracy"),
    "oa-3way": ("outcome", "accuracy_3way"),
    "s-corr": SPURIOUS,
    "fidelity": ("outcome", "fidelity"),
}
"""Metrics of a requirement by their names there."""
_REQUIRE = re.compile(r"\s*([\w-]+)\s*\(\s*(.+?)\s*\)\s*(>=|<=|>|<)\s*(\S+)\s*")
_NO_WORSE = re.compile(r"\s*([\w-]+)\s*(?:\(\s*(.+?)\s*\))?\s*:\s*(\S+)\s*")
_SWAPS = 100
"""The p values of the comparison are not used."""


class Verdict(StrEnum):
    """Answer of the rows to a requirement."""

    MET = "met"
    MISSED = "missed"
    """Surely: the whole interval is on the wrong side."""
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Requirement:
    """`rc(my-model) >= 0.25`."""

    text: str
    metric: str
    model: str
    is_least: bool
    """True for >= and >, which mean the same here, as do <= and <."""
    bound: float


@dataclass(frozen=True, slots=True)
class Margin:
    """`rc:0.02`, or `rc(my-model):0.02` for one model."""

    text: str
    metric: str
    model: str | None
    margin: float
    """Largest loss that is accepted."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A requirement with its figures."""

    text: str
    verdict: Verdict
    figures: Interval
    n: int
    """Rows behind the figures."""
    rows_needed: int | None = None
    """Rows that would tell with 80 % power if the figure is as it is now; None where that cannot be estimated."""
    why: str = ""
    """Why nothing can be said, if it is not for want of rows."""

    def __str__(self) -> str:
        value, low, high = (
            "n/a" if one is None else f"{one:.3f}" for one in (self.figures.value, self.figures.low, self.figures.high)
        )
        line = f"{self.text}: {self.verdict}: {value} (95 %: {low} to {high}; n {self.n})"
        if self.why:
            return f"{line}; {self.why}"
        if self.verdict is Verdict.UNKNOWN and self.rows_needed is not None:
            return f"{line}; about {self.rows_needed:,} rows would tell"
        return line


def parse_requirement(text: str) -> Requirement:
    """Parse `rc(my-model) >= 0.25`. Raises `UsageError`."""
    found = _REQUIRE.fullmatch(text)
    bound = _number(found[4]) if found else None
    if found is None or bound is None:
        raise UsageError(f"`require` {text}: write it as in 'rc(my-model) >= 0.25'; there are {', '.join(METRICS)}")
    return Requirement(text, _metric("require", found[1]), found[2], found[3].startswith(">"), bound)


def parse_margin(text: str) -> Margin:
    """Parse `rc:0.02`. Raises `UsageError`."""
    found = _NO_WORSE.fullmatch(text)
    margin = _number(found[3]) if found else None
    if found is None or margin is None or margin < 0:
        raise UsageError(f"`no_worse_than` {text}: write it as in rc:0.02, or rc(my-model):0.02 for one model")
    return Margin(text, _metric("no_worse_than", found[1]), found[2], margin)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _metric(parameter: str, name: str) -> str:
    if name.lower() not in METRICS:
        raise UsageError(f"`{parameter}`: no metric {name}; {closest(name.lower(), METRICS)}")
    return name.lower()


# ------------------------------------------------------------------ levels


def check_requirements(report: Report, requirements: Sequence[Requirement]) -> list[Checked]:
    """Hold the report's figures against their bounds. Raises `UsageError` for a model that it does not have."""
    return [_held(one, _row(report, "require", one.model)) for one in requirements]


def _row(report: Report, parameter: str, model: str) -> ReportRow:
    found = [row for name, row in report.models.items() if name.lower() == model.lower()]
    if not found:
        raise UsageError(f"`{parameter}`: no model {model} in the report; {closest(model, report.models)}")
    return found[0]


def _held(one: Requirement, row: ReportRow) -> Checked:
    name = METRICS[one.metric]
    figures, column = row.metrics[name], row.file.columns[name]
    n = int((~np.isnan(column)).sum())
    if figures.value is None and figures.low is None:
        why = "this judge does not determine it; ask it with granularity item" if row.known.get(name) and n else ""
        return Checked(one.text, Verdict.UNKNOWN if why else Verdict.MISSED, figures, n, why=why or "nothing is scored")
    (clusters,) = shared_clusters([row.file])
    _, error, groups = intervals.clustered_error(column, clusters)
    sign = 1 if one.is_least else -1
    above = _side(figures, one.bound, sign)
    gap = None if figures.value is None else figures.value - one.bound
    return Checked(
        one.text, above, figures, n, _rows_needed(gap, error, groups, n) if not row.known.get(name) else None
    )


def _side(figures: Interval, bound: float, sign: int) -> Verdict:
    """Return on which side of the bound the interval is; `sign` 1: above is right."""
    low, high = (figures.low, figures.high) if sign == 1 else (figures.high, figures.low)
    if low is not None and sign * (low - bound) >= 0:
        return Verdict.MET
    return Verdict.MISSED if high is not None and sign * (high - bound) < 0 else Verdict.UNKNOWN


def _rows_needed(gap: float | None, error: float, groups: int, n: int) -> int | None:
    """Return the rows with which a figure this far from its bound would differ from it surely, with 80 % power.

    `error`: standard error of the figure over `n` rows in `groups` clusters; it shrinks with the root of the rows.
    """
    if gap is None or not gap or not math.isfinite(error) or not error or groups < 2:
        return None
    quantiles = intervals.t_quantile(0.975, groups - 1) + intervals.t_quantile(POWER, groups - 1)
    return max(MIN_CLUSTERS, n + 1, math.ceil(n * (quantiles * error / gap) ** 2))


# ------------------------------------------------------------------ against an earlier study


def check_against(report: Report, baseline: Sequence[ScoreTable], margins: Sequence[Margin]) -> list[Checked]:
    """Hold each model's figures against those of the same model in an earlier study, paired by row.

    Raises `UsageError` without a common model, without a common row, and for results of different judges.
    """
    tables = {name.lower(): as_table(row.file.path, name, row_values(row.file)) for name, row in report.models.items()}
    earlier = {table.model.lower(): table for table in baseline}
    common = [name for name in tables if name in earlier]
    if not common:
        raise UsageError(
            f"`baseline` {baseline[0].path} has no model of this study; it has "
            f"{', '.join(table.model for table in baseline)}"
        )
    found: dict[str, list[Difference]] = {}
    checked = []
    for margin in margins:
        chosen = common if margin.model is None else [margin.model.lower()]
        for name in chosen:
            if name not in common:
                raise UsageError(
                    f"`no_worse_than` {margin.text}: no such model in both studies; {closest(name, common)}"
                )
            if name not in found:
                _check_judges(tables[name], earlier[name])
                found[name] = compare([tables[name], earlier[name]], _SWAPS)
            checked.append(_compared(margin, tables[name], earlier[name], found[name]))
    return checked


def _check_judges(now: ScoreTable, before: ScoreTable) -> None:
    for setting, values in differences([now.judged_by, before.judged_by]).items():
        raise UsageError(
            f"`baseline` {before.path}: its judge differs in {setting} ({' and '.join(values)}): the figures mean "
            "different things; judge both studies alike"
        )


def without_partner(report: Report, baseline: Sequence[ScoreTable]) -> Iterator[str]:
    """Yield the models of this study that the earlier one lacks."""
    earlier = {table.model.lower() for table in baseline}
    yield from (name for name in report.models if name.lower() not in earlier)


def _compared(margin: Margin, now: ScoreTable, before: ScoreTable, differences: Sequence[Difference]) -> Checked:
    text = f"{margin.metric}({now.model}) no worse than {margin.margin:g} below the baseline"
    name = METRICS[margin.metric]
    if name == SPURIOUS:
        text = f"{margin.metric}({now.model}) no more than {margin.margin:g} above the baseline"
    one = next((one for one in differences if one.metric == name), None)
    if one is None or not one.n:
        return Checked(text, Verdict.MISSED, intervals.NO_INTERVAL, 0, why="no row is scored in both studies")
    if not one.is_determined:
        return Checked(text, Verdict.UNKNOWN, one.difference, one.n, why="this judge does not determine it")
    if one.difference.low is None and one.ties == one.n:
        return Checked(text, Verdict.MET, one.difference, one.n, why="all rows are equal")
    sign = -1 if name == SPURIOUS else 1
    verdict = _side(one.difference, -sign * margin.margin, sign)
    needed = _needed(one, margin.margin, sign) if verdict is Verdict.UNKNOWN else None
    return Checked(text, verdict, one.difference, one.n, needed)


def _needed(one: Difference, margin: float, sign: int) -> int | None:
    """Return the rows that would tell, from the smallest difference that these rows detect."""
    if one.detectable is None or one.difference.value is None:
        return None
    gap = sign * one.difference.value + margin
    return max(one.n + 1, math.ceil(one.n * (one.detectable / gap) ** 2)) if gap else None
