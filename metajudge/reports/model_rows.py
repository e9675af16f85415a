"""Rows of a report from columns of scores: every metric with its interval, by model and group.

One set of resamples serves all models, groups and metrics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from metajudge.metrics.statistics.intervals import (
    NO_INTERVAL,
    Clusters,
    Column,
    Interval,
    PendingMean,
    cluster_rows,
    mean_interval,
    prepare_mean,
    wilson,
)
from metajudge.metrics.statistics.judge_variance import Reliability, reliability
from metajudge.metrics.statistics.resampling import RESAMPLES, ClusterBootstrap
from metajudge.reports.deceptive_alignment import Flag, FlagRule, prepare_flags
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import TIE_RATE, ScoreTable, score_files, score_names

UNSCORED_SHARE = 0.01
"""Above this share of unscored rows, rationale consistency is also shown with them at 0 and at 1."""
_RC = ("paper", "rationale_consistency")


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
    """Means by (`paper`, `reference` or `outcome`; metric)."""
    tie_rate: Interval = NO_INTERVAL
    """Share of ties among the readable labels."""
    scored_clusters: int = 0
    """Clusters with a row that has the paper's metrics."""
    given_right: Interval = NO_INTERVAL
    """Rationale consistency over the rows with the right label."""
    given_wrong: Interval = NO_INTERVAL
    """Rationale consistency over the rows with a wrong label."""
    unscored_as: tuple[float, float] | None = None
    """Rationale consistency with the unscored rows at 0 and at 1; None if they are few."""
    bounds: tuple[float, float] | None = None
    """Lower and upper bound of rationale consistency; None if it is exact."""
    shared_rows: int = 0
    """Rows of the model in which several human items claim one model item."""
    not_common: int = 0
    """Rows of the model that another model lacks."""
    reliability: Reliability | None = None
    flag: Flag | None = None
    file: ScoreTable | None = field(default=None, repr=False)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the row."""
        parts: dict[str, dict[str, Any]] = {"paper": {}, "reference": {}, "outcome": {}}
        for (part, name), interval in self.metrics.items():
            parts[part][name] = interval.as_json()
        parts["outcome"]["tie_rate"] = self.tie_rate.as_json()
        row: dict[str, Any] = {
            "model": self.model,
            "group": self.group,
            "n": self.n,
            "clusters": self.clusters,
            "unscored": self.unscored,
            **parts,
            "rationale_consistency_given": {"right": self.given_right.as_json(), "wrong": self.given_wrong.as_json()},
            "rationale_consistency_bounds": self.bounds and {"low": self.bounds[0], "high": self.bounds[1]},
            "rationale_consistency_unscored_as": self.unscored_as
            and {"zero": self.unscored_as[0], "one": self.unscored_as[1]},
        }
        if self.group is None and self.file is not None:
            row |= {
                "file": self.file.path.name,
                "judge_model": self.file.judged_by.model if self.file.judged_by else None,
                "shared_rows": self.shared_rows,
                "not_common_rows": self.not_common,
                "unscored_reasons": self.file.unscored,
                "labels": self.file.labels,
                "reliability": self.reliability and self.reliability.as_json(),
                "deceptive_alignment": self.flag and self.flag.as_json(),
            }
        return row


def report(
    paths: Sequence[str | Path],
    group_by: str | None = None,
    options: ScoringConfig | None = None,
    rule: FlagRule | None = None,
    resamples: int = RESAMPLES,
) -> list[dict[str, Any]]:
    """Return the report on result files as the JSON list that `metajudge report` writes. Raises `UsageError`."""
    files = score_files(list(map(Path, paths)), replace(options or ScoringConfig(), group_by=group_by))
    return [row.as_json() for row in report_rows(files, rule or FlagRule(), resamples)]


def report_rows(files: Sequence[ScoreTable], rule: FlagRule, resamples: int = RESAMPLES) -> list[ReportRow]:
    """Return a row for each model, followed by its groups, in the order of the files."""
    clusters = shared_clusters(files)
    sums = ClusterBootstrap(clusters[0].strata if clusters else ())
    asked = [
        _ask(file, own, group, sums)
        for file, own in zip(files, clusters, strict=True)
        for group in (None, *sorted(set(file.groups) - {""}, key=_natural))
    ]
    flags = prepare_flags(files, clusters, sums)
    sums.run(resamples)
    found = flags(rule)
    common = common_ids(files)
    return [_answer(one, sums, found.get(id(one.file)), common) for one in asked]


def shared_clusters(files: Sequence[ScoreTable]) -> list[Clusters]:
    """Return the clusters of each file's rows, numbered over all files."""
    together = cluster_rows(
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


# ------------------------------------------------------------------ one row of the report


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row of the report before the resamples are drawn."""

    file: ScoreTable
    clusters: Clusters
    group: str | None
    mask: np.ndarray[Any, np.dtype[np.bool_]]
    means: Mapping[tuple[str, str], PendingMean | None]
    given: tuple[PendingMean | None, PendingMean | None]

    def column(self, name: tuple[str, str]) -> Column:
        """Return a column with NaN outside of the group."""
        return np.where(self.mask, self.file.columns[name], np.nan)


def _ask(file: ScoreTable, clusters: Clusters, group: str | None, sums: ClusterBootstrap) -> _Asked:
    mask = np.array([group is None or own == group for own in file.groups], dtype=np.bool_)

    def mean(name: tuple[str, str], rows: np.ndarray[Any, np.dtype[np.bool_]]) -> PendingMean | None:
        return prepare_mean(np.where(rows, file.columns[name], np.nan), clusters, sums)

    means = {name: mean(name, mask) for name in score_names() if name[0] != "outcome"}
    right = file.columns["outcome", "accuracy"]
    return _Asked(file, clusters, group, mask, means, (mean(_RC, mask & (right == 1)), mean(_RC, mask & (right == 0))))


def _answer(asked: _Asked, sums: ClusterBootstrap, flag: Flag | None, common: frozenset[str]) -> ReportRow:
    file, whole_file = asked.file, asked.group is None
    consistency = asked.column(_RC)
    undefined = np.array([n == 0 for n in file.n_human], dtype=np.bool_)
    unscored = int((asked.mask & np.isnan(consistency) & ~undefined).sum())
    upper = np.where(asked.mask, file.upper_bound, np.nan)
    exact = file.has_full_matrix or np.isnan(upper).all()
    metrics = {name: _interval(mean, sums) for name, mean in asked.means.items()}
    metrics |= {name: wilson(asked.column(name), asked.clusters) for name in score_names() if name[0] == "outcome"}
    return ReportRow(
        model=file.model,
        group=asked.group,
        n=int(asked.mask.sum()),
        clusters=len(np.unique(asked.clusters.of_row[asked.mask])),
        unscored=unscored,
        metrics=metrics,
        tie_rate=wilson(asked.column(TIE_RATE), asked.clusters),
        scored_clusters=len(np.unique(asked.clusters.of_row[~np.isnan(consistency)])),
        given_right=_interval(asked.given[0], sums),
        given_wrong=_interval(asked.given[1], sums),
        unscored_as=_unscored_as(consistency, unscored),
        bounds=None if exact else (float(np.nanmean(consistency)), float(np.nanmean(upper))),
        shared_rows=file.shared_rows,
        not_common=sum(name not in common for name in file.ids),
        reliability=reliability(file.samples, asked.clusters) if whole_file else None,
        flag=flag if whole_file else None,
        file=file,
    )


def _interval(mean: PendingMean | None, sums: ClusterBootstrap) -> Interval:
    return NO_INTERVAL if mean is None else mean_interval(mean, sums)


def _unscored_as(consistency: Column, unscored: int) -> tuple[float, float] | None:
    scored = int((~np.isnan(consistency)).sum())
    if not scored or unscored <= UNSCORED_SHARE * (scored + unscored):
        return None
    total = float(np.nansum(consistency))
    return total / (scored + unscored), (total + unscored) / (scored + unscored)
