"""Figures of a benchmark: percentages with intervals, by group of rows."""

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from metajudge.metrics.statistics.intervals import Clusters, Column, Interval, cluster_rows, weighted_means, wilson
from metajudge.text import plural

OFFICIAL = "official"
"""Protocol of the benchmark's own script."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A percentage with its interval."""

    percent: float | None
    """As the benchmark's own script computes it; None without rows."""
    interval: Interval
    """The figure and its ends within 0..1."""

    def as_json(self) -> dict[str, float | None]:
        """Return `percent` to two decimals, `value`, `low` and `high`."""
        return {"percent": None if self.percent is None else round(self.percent, 2), **self.interval.as_json()}


@dataclass(frozen=True, slots=True)
class Line:
    """Figures of one group of rows."""

    group: str
    """A category, domain or subset; `all`, or a mean of groups."""
    is_official: bool
    """The benchmark's own script prints this line."""
    n: int
    """Number of rows behind the figures."""
    prompts: int
    """Number of different prompts among them, which are the clusters."""
    figures: Mapping[str, Figure]
    counts: Mapping[str, int] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the line as a JSON object."""
        return {
            "group": self.group,
            "official": self.is_official,
            "n": self.n,
            "prompts": self.prompts,
            "figures": {name: figure.as_json() for name, figure in self.figures.items()},
            "counts": dict(self.counts),
        }


@dataclass(frozen=True, slots=True)
class BenchmarkReport:
    """Figures of one model on one benchmark."""

    benchmark: str
    model: str
    files: tuple[Path, ...]
    protocol: str
    """Rule of the official figures."""
    source: str
    """Data and form of the judgements, such as the split."""
    lines: tuple[Line, ...]
    notes: tuple[str, ...] = ()
    """Why a figure is not the one of the whole benchmark."""

    def as_json(self) -> dict[str, Any]:
        """Return the report as a JSON object."""
        return {
            "benchmark": self.benchmark,
            "model": self.model,
            "files": [str(path) for path in self.files],
            "protocol": self.protocol,
            "source": self.source,
            "lines": [line.as_json() for line in self.lines],
            "notes": list(self.notes),
        }


Inside = Sequence[bool] | NDArray[np.bool_]
"""True for each row inside of a group."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows clustered by prompt; figures of columns over them, whose values are within 0..1, NaN = no value."""

    clusters: Clusters
    """One for each prompt."""

    @classmethod
    def of(cls, prompts: Sequence[str]) -> "Rows":
        """Return rows with these prompts."""
        return cls(cluster_rows(prompts, [""] * len(prompts)))

    def mean(self, column: Column) -> Figure:
        """Return the mean of a column."""
        count = int(np.count_nonzero(~np.isnan(column)))
        percent = 100 * float(np.nansum(column)) / count if count else None
        return Figure(percent, wilson(column, self.clusters))

    def mean_of_means(self, columns: Sequence[Column], weights: Sequence[float] = ()) -> Figure:
        """Return the weighted sum of the columns' means; without weights, their mean."""
        interval = weighted_means(columns, weights or [1 / len(columns)] * len(columns), self.clusters)
        return Figure(None if interval.value is None else 100 * interval.value, interval)

    def count(self, column: Column) -> int:
        """Return the number of different prompts of the rows that have a value."""
        return int(np.count_nonzero(self.clusters.sizes(column)))

    def means(self, columns: Mapping[str, Column], inside: Inside | None = None) -> dict[str, Figure]:
        """Return the mean of each column, over all rows or those inside a group."""
        return {name: self.mean(within(column, inside)) for name, column in columns.items()}

    def means_of_groups(self, columns: Mapping[str, Column], groups: Iterable[Inside]) -> dict[str, Figure]:
        """Return the mean of each column's means inside the groups."""
        groups = list(groups)
        return {
            name: self.mean_of_means([within(column, inside) for inside in groups]) for name, column in columns.items()
        }


def within(column: Column, inside: Inside | None) -> Column:
    """Return the column with NaN outside of a group; None is the group of all rows."""
    return column if inside is None else np.where(np.array(inside, bool), column, np.nan)


def repeated_note(keys: Iterable[Hashable]) -> Iterator[str]:
    """Yield a note if keys of rows come more than once: the official scripts count every row."""
    if repeated := sum(count - 1 for count in Counter(keys).values()):
        yield f"{plural(repeated, 'row')} of the file repeated; each counts, as in the benchmark's own script"


def ordered_groups(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """Return the different names, the known ones first and in their order."""
    return sorted(dict.fromkeys(names), key=lambda name: known.index(name) if name in known else len(known))
