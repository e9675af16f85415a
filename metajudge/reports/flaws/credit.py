"""Rationale consistency given the class of the reasons: what the reasons of each class are worth in the matching."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metajudge.metrics import optimal_matching
from metajudge.metrics.statistics import intervals
from metajudge.metrics.statistics.intervals import Clusters, Interval, PendingMean
from metajudge.metrics.statistics.resampling import ClusterBootstrap
from metajudge.records import Record, Unscored
from metajudge.reports.flaws.tables import FlawRow, FlawTable
from metajudge.reports.row_scores import matrices_of
from metajudge.reports.score_table import ScoreTable
from metajudge.reports.table_records import records_of
from metajudge.tasks.flaws import CLASSES

UNREAD = "unread"
"""Name of the reasons without a class: unread ones, and those that were not asked about."""


@dataclass(frozen=True, slots=True)
class ClassCredit:
    """Credit that the reasons of one class get in the matching with the human points."""

    reasons: int
    """Reasons of the class that the judge has held against the human points."""
    per_reason: Interval
    """Mean over these reasons of the score in the best one-to-one matching, 0 for one without a human point."""
    part_of_rc: Interval
    """Mean over rows of the sum of these scores over |R|: the parts add up to rationale consistency."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {
            "reasons": self.reasons,
            "per_reason": self.per_reason.as_json(),
            "part_of_rc": self.part_of_rc.as_json(),
        }


def class_credits(table: FlawTable, results: Sequence[ScoreTable], resamples: int) -> dict[str, dict[str, ClassCredit]]:
    """Return the credit of each class and of `UNREAD`, by the judge of the matching.

    Only rows whose lists are the same and whose every pair has a score count.
    """
    name = table.model_be_evaluated.lower()
    found: dict[str, dict[str, ClassCredit]] = {}
    for file in results:
        if file.model_be_evaluated.lower() == name and not file.kind:
            judge = str((file.judged_by and file.judged_by.model) or "an unnamed judge")
            judge = judge if judge not in found else f"{judge} ({file.path.name})"
            if rows := _credited(table, file):
                found[judge] = _by_class(rows, resamples)
    return found


@dataclass(frozen=True, slots=True)
class _CreditedRow:
    """One row with the score that each judged reason brings."""

    row: FlawRow
    n_human: int
    scores: tuple[float, ...]

    def numbers_of(self, name: str) -> list[int]:
        """Return the places of the judged reasons of a class."""
        kinds = {item.item: item.kind for item in self.row.items}
        return [place for place in range(len(self.scores)) if (kinds.get(place + 1) or UNREAD) == name]


def _credited(table: FlawTable, file: ScoreTable) -> list[_CreditedRow]:
    rows = {(row.id, row.question_id): row for row in table.rows if row.question_id}
    found = ((rows.get(key), _scores(record, file)) for key, record in records_of(file))
    return [_CreditedRow(row, *scores) for row, scores in found if row is not None and scores is not None]


def _scores(record: Record, file: ScoreTable) -> tuple[int, tuple[float, ...]] | None:
    """Return |R| and the score of each judged model item in the matching, the mean over the judge's samples.

    None for a record without a score of every pair.
    """
    lists = record.scored_lists(file.model_be_evaluated)
    if isinstance(lists, Unscored) or not lists.n_human:
        return None
    matrices, is_whole = matrices_of(record, lists)
    if not is_whole:
        return None
    top_k = None if record.judged_by is None else record.judged_by.top_k
    scores = [0.0] * (min(lists.n_model, top_k) if isinstance(top_k, int) else lists.n_model)
    for pair in (pair for matrix in matrices for pair in optimal_matching(matrix)):
        scores[pair.model_item - 1] += pair.score / len(matrices)
    return lists.n_human, tuple(scores)


def _by_class(rows: Sequence[_CreditedRow], resamples: int) -> dict[str, ClassCredit]:
    clusters = intervals.cluster_rows([one.row.cluster for one in rows], [one.row.domain for one in rows])
    of_item = np.repeat(clusters.of_row, [len(one.scores) for one in rows])
    groups = Clusters(of_item, clusters.strata), clusters
    sums = ClusterBootstrap(clusters.strata)
    pending: Mapping[str, tuple[int, list[PendingMean | None]]] = {
        name: (
            sum(len(one.numbers_of(name)) for one in rows),
            [
                intervals.prepare_mean(np.array(column, np.float64), group, sums)
                for column, group in zip((_per_reason(rows, name), _parts(rows, name)), groups, strict=True)
            ],
        )
        for name in (*CLASSES, UNREAD)
    }
    sums.run(resamples)
    return {
        name: ClassCredit(count, *(intervals.mean_interval(mean, sums) for mean in means))
        for name, (count, means) in pending.items()
        if count or name != UNREAD
    }


def _per_reason(rows: Sequence[_CreditedRow], name: str) -> list[float]:
    """Return the score of each judged reason of all rows, NaN for those of other classes."""
    values = []
    for one in rows:
        own = set(one.numbers_of(name))
        values += [score if place in own else math.nan for place, score in enumerate(one.scores)]
    return values


def _parts(rows: Sequence[_CreditedRow], name: str) -> list[float]:
    """Return each row's sum of scores of the class over |R|."""
    return [math.fsum(one.scores[place] for place in one.numbers_of(name)) / one.n_human for one in rows]
