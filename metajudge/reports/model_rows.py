"""Rows of a report from columns of scores: every metric with its interval, by model and group.

One set of resamples serves all models, groups and metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from metajudge.metrics import Known
from metajudge.metrics.statistics import intervals, judge_variance
from metajudge.metrics.statistics.intervals import Clusters, Column, Interval, PendingMean
from metajudge.metrics.statistics.judge_variance import Reliability
from metajudge.metrics.statistics.ppi import Correction, correct
from metajudge.metrics.statistics.resampling import RESAMPLES, ClusterBootstrap
from metajudge.reports.deceptive_alignment import Flag, FlagRule, check_reference, prepare_flags
from metajudge.reports.human.labels import HumanLabels, check_blind, labels_of
from metajudge.reports.outcome import ACCURACY, FIDELITY, TIE_RATE, is_unknown
from metajudge.reports.score_table import RC, ScoreTable, score_names
from metajudge.reports.scored_files import by_judge

UNSCORED_SHARE = 0.01
"""Above this share of unscored rows, rationale consistency is also shown with them at 0 and at 1."""
NOT_DETERMINED = "not determined by the best score of each human item"
"""Reason in JSON for a figure without a value."""


@dataclass(frozen=True, slots=True)
class ReportRow:
    """Figures of one model and group."""

    model: str
    group: str | None
    """None = all rows."""
    n: int
    """Rows of the model in the group, including unscored ones."""
    clusters: int
    unscored: int
    """Rows without the paper's metrics for want of a reply; rows without human items do not count."""
    metrics: Mapping[tuple[str, str], Interval]
    """Means by (`paper`, `reference` or `outcome`; metric).

    A lower bound has the low end of its interval only; that of rationale consistency has the high end of its upper
    bound, too. What is not determined has no value.
    """
    known: Mapping[tuple[str, str], Known]
    """Those `metrics` that are not exact."""
    tie_rate: Interval
    """Share of ties among the readable labels."""
    scored_clusters: int
    """Clusters with a row that has the paper's metrics."""
    given_right: Interval
    """Rationale consistency over the rows with the right label."""
    given_wrong: Interval
    """Rationale consistency over the rows with a wrong label."""
    unscored_as: tuple[float, float] | None
    """Rationale consistency with the unscored rows at 0 and at 1 (its bounds, if it is not exact); None if few."""
    bounds: tuple[float, float] | None
    """Lower and upper bound of rationale consistency; None if it is exact."""
    upper: Interval
    """Mean of the upper bound and its interval; only to be shown where `bounds` is given."""
    reference_left_out: int
    """Rows without the reference metrics: unscored ones, and those whose model checklist is empty or too long."""
    not_common: int
    """Rows of the model that another model lacks."""
    reliability: Reliability | None
    """None for a group."""
    flag: Flag | None
    """None for a group, and without two models that have labels."""
    file: ScoreTable
    corrected: Correction | None = None
    """Rationale consistency corrected by people's labels; None for a group, and without labels."""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the row."""
        parts: dict[str, dict[str, Any]] = {"paper": {}, "reference": {}, "outcome": {}}
        for (part, name), interval in self.metrics.items():
            parts[part][name] = interval.as_json() | _BOUNDS_JSON[self.known.get((part, name), Known.EXACT)]
        parts["outcome"]["tie_rate"] = self.tie_rate.as_json()
        row: dict[str, Any] = {
            "model": self.model,
            "group": self.group,
            "judge_model": self.file.judged_by.model if self.file.judged_by else None,
            "n": self.n,
            "clusters": self.clusters,
            "unscored": self.unscored,
            "reference_left_out": self.reference_left_out,
            **parts,
            "rationale_consistency_given": {
                label: given.as_json() | _BOUNDS_JSON[self.known.get(RC, Known.EXACT)]
                for label, given in (("right", self.given_right), ("wrong", self.given_wrong))
            },
            "exact": not self.known,
            "rationale_consistency_bounds": self.bounds and {"low": self.bounds[0], "high": self.bounds[1]},
            "rationale_consistency_bounds_interval": self.bounds
            and {"low": self.metrics[RC].low, "high": self.upper.high},
            "rationale_consistency_unscored_as": self.unscored_as
            and {"zero": self.unscored_as[0], "one": self.unscored_as[1]},
        }
        if self.group is None:
            row |= {
                "file": self.file.path.name,
                "shared_rows": self.file.shared_rows,
                "not_common_rows": self.not_common,
                "unscored_reasons": self.file.unscored,
                "reference_left_out_reasons": self.file.reference_left_out,
                "labels": self.file.labels,
                "reliability": self.reliability and self.reliability.as_json(),
                "deceptive_alignment": self.flag and asdict(self.flag),
                "rationale_consistency_corrected": self.corrected and self.corrected.as_json(),
            }
        return row


_BOUNDS_JSON: Mapping[Known, dict[str, str]] = {
    Known.EXACT: {},
    Known.LOWER_BOUND: {"bound": "lower"},
    Known.NOT_DETERMINED: {"reason": NOT_DETERMINED},
}


def report_rows(
    files: Sequence[ScoreTable], rule: FlagRule, resamples: int = RESAMPLES, labels: HumanLabels | None = None
) -> list[ReportRow]:
    """Return a row for each model, followed by its groups, in the order of the files, one judge after the other.

    `labels` correct rationale consistency, in the flag, too. Raises `UsageError` if the rule names a reference model
    that is not there, and for labels made with the judge's scores in view.
    """
    if labels is not None:
        check_blind(labels)
    groups = by_judge(files)
    check_reference(groups, rule)
    return [row for own in groups for row in _rows_of_one_judge(own, rule, resamples, labels)]


def _rows_of_one_judge(
    files: Sequence[ScoreTable], rule: FlagRule, resamples: int, labels: HumanLabels | None
) -> list[ReportRow]:
    clusters = shared_clusters(files)
    sums = ClusterBootstrap(clusters[0].strata if clusters else ())
    pending = [
        _PendingRow(file, own, group, sums)
        for file, own in zip(files, clusters, strict=True)
        for group in (None, *sorted(set(file.groups) - {""}, key=_natural))
    ]
    people = {} if labels is None else {id(file): labels_of(file, labels) for file in files}
    corrections = {
        id(file): correct(file.columns[RC], people[id(file)], own)
        for file, own in zip(files, clusters, strict=True)
        if people
    }
    flags = prepare_flags(files, clusters, sums, people)
    sums.run(resamples)
    found = flags(rule)
    common = common_ids(files)
    return [
        replace(one.row(found.get(id(one.file)), common), corrected=corrections.get(id(one.file)))
        if one.group is None
        else one.row(None, common)
        for one in pending
    ]


def shared_clusters(files: Sequence[ScoreTable]) -> list[Clusters]:
    """Return the clusters of each file's rows, numbered over all files."""
    together = intervals.cluster_rows(
        [key for file in files for key in file.clusters], [domain for file in files for domain in file.domains]
    )
    ends = np.cumsum([len(file.ids) for file in files])[:-1]
    return [replace(together, of_row=part) for part in np.split(together.of_row, ends)]


def common_ids(files: Sequence[ScoreTable]) -> frozenset[str]:
    """Return the ids that every file has."""
    return frozenset(set.intersection(*(set(file.ids) for file in files))) if files else frozenset()


def _natural(text: str) -> tuple[int, float, str]:
    """Return a key that sorts numbers by value, before texts."""
    try:
        return 0, float(text), text
    except ValueError:
        return 1, 0.0, text


class _PendingRow:
    """A row of the report before the resamples are drawn."""

    def __init__(self, file: ScoreTable, clusters: Clusters, group: str | None, sums: ClusterBootstrap) -> None:
        self.file, self.group, self._clusters, self._sums = file, group, clusters, sums
        self._mask = np.array([group is None or own == group for own in file.groups], dtype=np.bool_)
        consistency, right = self._column(RC), self._column(ACCURACY)
        self._means = {name: self._mean(self._column(name)) for name in score_names() if name[0] != "outcome"}
        self._upper = self._mean(np.where(self._mask, file.upper_bound, np.nan))
        self._given = [self._mean(np.where(right == value, consistency, np.nan)) for value in (1, 0)]

    def _column(self, name: tuple[str, str]) -> Column:
        """Return a column with NaN outside of the group."""
        return np.where(self._mask, self.file.columns[name], np.nan)

    def _mean(self, column: Column) -> PendingMean | None:
        return intervals.prepare_mean(column, self._clusters, self._sums)

    def _wilson(self, name: tuple[str, str]) -> Interval:
        column = self._column(name)
        if name == FIDELITY and is_unknown(column, self._column(ACCURACY)):
            return intervals.NO_INTERVAL
        return intervals.wilson(column, self._clusters)

    def row(self, flag: Flag | None, common: frozenset[str]) -> ReportRow:
        """Return the row of the report from the resamples; `common`: the ids that every file has."""
        file, of_row = self.file, self._clusters.of_row
        consistency = self._column(RC)
        defined = np.array([n != 0 for n in file.n_human], dtype=np.bool_)
        unscored = int((self._mask & np.isnan(consistency) & defined).sum())
        upper = np.where(self._mask, file.upper_bound, np.nan)
        means = {name: intervals.mean_interval(mean, self._sums) for name, mean in self._means.items()}
        means |= {name: self._wilson(name) for name in score_names() if name[0] == "outcome"}
        known = {name: known for name in means if (known := file.known_of(name, self._mask))}
        exact = RC not in known
        upper_mean = intervals.mean_interval(self._upper, self._sums)
        means |= {name: _bounded(means[name], one) for name, one in known.items()}
        given_right, given_wrong = (intervals.mean_interval(mean, self._sums) for mean in self._given)
        if not exact:
            means[RC] = replace(means[RC], high=upper_mean.high)
            given_right, given_wrong = (_bounded(one, known[RC]) for one in (given_right, given_wrong))
        return ReportRow(
            model=file.model,
            group=self.group,
            n=int(self._mask.sum()),
            clusters=len(np.unique(of_row[self._mask])),
            unscored=unscored,
            metrics=means,
            known=known,
            tie_rate=self._wilson(TIE_RATE),
            scored_clusters=len(np.unique(of_row[~np.isnan(consistency)])),
            given_right=given_right,
            given_wrong=given_wrong,
            unscored_as=_unscored_as(consistency, upper, unscored),
            bounds=None if exact else (float(np.nanmean(consistency)), float(np.nanmean(upper))),
            upper=upper_mean,
            reference_left_out=int((self._mask & np.isnan(file.columns["reference", "recall"])).sum()),
            not_common=sum(name not in common for name in file.ids),
            reliability=judge_variance.reliability(file.samples, self._clusters) if self.group is None else None,
            flag=flag if self.group is None else None,
            file=file,
        )


def _bounded(interval: Interval, known: Known) -> Interval:
    """Return what is left of an interval if its value is a lower bound, or not determined."""
    return replace(interval, high=None) if known == Known.LOWER_BOUND else intervals.NO_INTERVAL


def _unscored_as(consistency: Column, upper: Column, unscored: int) -> tuple[float, float] | None:
    scored = int((~np.isnan(consistency)).sum())
    if not scored or unscored <= UNSCORED_SHARE * (scored + unscored):
        return None
    rows = scored + unscored
    return float(np.nansum(consistency)) / rows, (float(np.nansum(upper)) + unscored) / rows
