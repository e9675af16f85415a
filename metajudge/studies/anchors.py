"""The anchor: rows that are judged anew in each run of a study, to see whether the judge has changed meanwhile.

Each time has its own folder; its `run.json`, written at the end of a run, closes it.
"""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

import numpy as np

from metajudge.metrics.statistics import intervals
from metajudge.metrics.statistics.intervals import Column, Interval
from metajudge.records import replacing
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.scored_files import score_files

_CLOSED = "run.json"


@dataclass(frozen=True, slots=True)
class AnchorRun:
    """One time that the anchor was judged, with the figures of the study's models at that time."""

    number: int
    date: str
    """Day of its end, in UTC."""
    consistency: float | None
    """Rationale consistency of the anchor's rows, over all its models."""
    models: Mapping[str, float | None]
    """Rationale consistency of the models under test."""
    has_drifted: bool = False
    """True if it is another judge than that of the runs before."""


@dataclass(frozen=True, slots=True)
class Drift:
    """The anchor of this run against the earlier runs since the judge last changed."""

    runs: tuple[AnchorRun, ...]
    """Comparable runs, the present one last."""
    difference: Interval
    """Rationale consistency of this run minus that of the earlier ones, on the same rows; no value without any."""
    margin: float

    @property
    def has_drifted(self) -> bool:
        """True if the figure has moved by more than the margin."""
        return self.difference.value is not None and abs(self.difference.value) > self.margin


def next_anchor(anchors: Path) -> Path:
    """Return the folder of the run that is not closed, else that of a new run."""
    return anchors / f"{1 + max((number for number, _ in _closed(anchors)), default=0):03}"


def measure_drift(
    anchors: Path, margin: float, models: Mapping[str, float | None], scoring: ScoringConfig | None = None
) -> Drift | None:
    """Compare the anchor of this run with the earlier ones; None if nothing of it was judged."""
    folder = next_anchor(anchors)
    now = _scored(folder, scoring)
    if not now:
        return None
    earlier = _since_the_last_drift([run for _, run in _closed(anchors)])
    before = [_scored(anchors / f"{run.number:03}", scoring) for run in earlier]
    difference = _difference(now, before) if before else intervals.NO_INTERVAL
    columns = np.concatenate([table.columns[RC] for table in now])
    consistency = None if np.isnan(columns).all() else float(np.nanmean(columns))
    moved = difference.value is not None and abs(difference.value) > margin
    date = datetime.now(timezone.utc).date().isoformat()
    run = AnchorRun(int(folder.name), date, consistency, models, moved)
    return Drift((*earlier, run), difference, margin)


def close_anchor(anchors: Path, drift: Drift) -> None:
    """End this run: the next one judges the anchor anew."""
    with replacing(anchors / f"{drift.runs[-1].number:03}" / _CLOSED) as file:
        file.write(json.dumps(asdict(drift.runs[-1]), indent=2).encode("ascii") + b"\n")


def _closed(anchors: Path) -> list[tuple[int, AnchorRun]]:
    found = []
    for path in sorted(anchors.glob(f"[0-9]*/{_CLOSED}"), key=lambda path: int(path.parent.name)):
        run = AnchorRun(**json.loads(path.read_text(encoding="utf-8")))
        found.append((run.number, run))
    return found


def _since_the_last_drift(runs: Sequence[AnchorRun]) -> list[AnchorRun]:
    begin = max((place for place, run in enumerate(runs) if run.has_drifted), default=0)
    return list(runs[begin:])


def _scored(folder: Path, scoring: ScoringConfig | None) -> list[ScoreTable]:
    paths = sorted(path for path in folder.glob("*.jsonl") if not path.name.endswith(".matches.jsonl"))
    return score_files([path for path in paths if path.stat().st_size], scoring or ScoringConfig())


def _difference(now: Sequence[ScoreTable], before: Sequence[Sequence[ScoreTable]]) -> Interval:
    """Return the mean change of a row's figure against its mean over the earlier runs."""
    clusters = shared_clusters(now)
    gaps = [table.columns[RC] - _earlier(table, before) for table in now]
    together = intervals.Clusters(np.concatenate([one.of_row for one in clusters]), clusters[0].strata)
    return intervals.difference_interval(np.concatenate(gaps), together)


def _earlier(table: ScoreTable, before: Sequence[Sequence[ScoreTable]]) -> Column:
    """Return the mean of each row's figures in the earlier runs, NaN without any."""
    found: dict[str, list[float]] = {}
    for run in before:
        for other in run:
            if other.model_be_evaluated.lower() == table.model_be_evaluated.lower():
                for name, value in zip(other.ids, other.columns[RC].tolist(), strict=True):
                    if not math.isnan(value):
                        found.setdefault(name, []).append(value)
    return np.array([np.mean(found[name]) if name in found else np.nan for name in table.ids], np.float64)
