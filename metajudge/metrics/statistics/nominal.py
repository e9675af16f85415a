"""Agreement of two sides that put things into categories without an order, with intervals over clusters."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from metajudge.metrics.statistics.agreement import Integers
from metajudge.metrics.statistics.confusion import bootstrap_measures, chance_corrected
from metajudge.metrics.statistics.intervals import Clusters, Interval
from metajudge.metrics.statistics.resampling import RESAMPLES, Floats


@dataclass(frozen=True, slots=True)
class NominalAgreement:
    """Agreement on single things."""

    confusion: list[list[int]]
    """Number of things by category of the first side (rows) and of the second one (columns)."""
    measures: Mapping[str, Interval]
    """By name, as in `nominal_measures`."""

    @property
    def things(self) -> int:
        """Number of things that both sides have put into a category."""
        return sum(map(sum, self.confusion))

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {"confusion": self.confusion} | {name: one.as_json() for name, one in self.measures.items()}


def nominal_agreement(
    x: Integers, y: Integers, categories: int, clusters: Clusters, resamples: int = RESAMPLES
) -> NominalAgreement:
    """Return every measure of at least one pair of categories from 0; `clusters` has a place for each thing."""
    cell = x * categories + y
    by_cluster = np.zeros((clusters.count, categories**2))
    np.add.at(by_cluster, (clusters.of_row, cell), 1.0)
    counts = np.bincount(cell, minlength=categories**2).reshape(categories, categories)

    def measures(sums: Floats) -> dict[str, Floats]:
        return nominal_measures(sums.reshape(-1, categories, categories))

    found = bootstrap_measures(by_cluster, measures, clusters.of_row, clusters, resamples)
    return NominalAgreement(counts.tolist(), {name: _spread(one) for name, one in found.items()})


def _spread(one: Interval) -> Interval:
    """Return an interval without its ends if they are equal: nothing varies, so that the spread is unknown."""
    return Interval(one.value, None, None) if one.low == one.high else one


def nominal_measures(tables: Floats) -> dict[str, Floats]:
    """Return the measures of each table, (tables, q, q); NaN where a table does not define one.

    `exact`: share of equal categories p_o. `kappa`: (p_o - p_e) / (1 - p_e) with p_e = Σ_k p_k· p_·k; Cohen (1960), A
    coefficient of agreement for nominal scales. `gwet_ac2`: the same with p_e = Σ_k π_k (1 - π_k) / (q - 1), π_k being
    the mean of both sides' shares; Gwet (2014), AC2 with identity weights, which is AC1. Where nearly everything is in
    one category, kappa is low at high agreement, and AC2 is not.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        p = tables / tables.sum(axis=(1, 2), keepdims=True)
        kappa, ac2 = chance_corrected(p, np.eye(tables.shape[1]))
        return {"exact": np.trace(p, axis1=1, axis2=2), "kappa": kappa, "gwet_ac2": ac2}
