"""People's labels beside result files: rationale consistency by people, and the judge's corrected by it."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metajudge.data import Annotation, Annotations, read_annotations
from metajudge.errors import UsageError
from metajudge.metrics import paper_metrics
from metajudge.metrics.statistics.intervals import Clusters, Column
from metajudge.metrics.statistics.ppi import Correction, Labels, correct
from metajudge.records import Paths
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.table_records import Key
from metajudge.text import plural, printable

RATIONALES = ScoringConfig(label_scale="signed")
"""Options of scoring where only rationales count: with a scale, no file is refused for its models' labels."""


@dataclass(frozen=True, slots=True)
class HumanLabels:
    """Labels by row and question."""

    annotations: Annotations
    rows: Mapping[Key, Sequence[Annotation]]
    """Labels of each row and evaluated model, one for each annotator."""

    @property
    def shown(self) -> list[Annotation]:
        """Return the labels that were made with the judge's scores in view."""
        return [one for one in self.annotations.rows if one.judge_shown]


def read_human_labels(paths: Paths, files: Sequence[ScoreTable]) -> HumanLabels:
    """Read label files about the rows of `files`.

    Raises `UsageError` like `read_annotations`, for a label of a row that no file has, and where no label is about an
    evaluated model of the files.
    """
    found = read_annotations([Path(path) for path in ([paths] if isinstance(paths, str | Path) else paths)])
    ids = {name for file in files for name in file.ids}
    keys = {key for file in files for key in zip(file.ids, file.question_ids, strict=True)}
    for one in found.rows:
        if one.id not in ids:
            raise UsageError(
                f"{one.place}: row {printable(one.id)} is in none of the result files; "
                "name the files that the labelled rows were drawn from"
            )
    rows: dict[Key, list[Annotation]] = defaultdict(list)
    for one in found.rows:
        if (one.id, one.question_id) in keys:
            rows[one.id, one.question_id].append(one)
    if not rows:
        raise UsageError(
            f"{', '.join(map(str, found.paths))}: no label is about the evaluated models of the files, or their "
            "lists have changed since; name the files that the labelled rows were drawn from"
        )
    return HumanLabels(found, rows)


def human_consistency(label: Annotation, top_k: int | None) -> float:
    """Return the rationale consistency of one label over the first `top_k` model items; NaN with an unclear item."""
    if label.unclear:
        return math.nan
    matrix = [row[:top_k] for row in label.matrix()]
    return paper_metrics(matrix, len(matrix[0])).rationale_consistency


def top_k_of(file: ScoreTable) -> int | None:
    """Return the number of model items that the judge of a file looked at; None = all."""
    top_k = None if file.judged_by is None else file.judged_by.top_k
    return top_k if isinstance(top_k, int) else None


def labels_of(file: ScoreTable, labels: HumanLabels) -> Labels:
    """Return the labels of a file's rows: the annotators' mean rationale consistency, without unclear labels."""
    scores, probabilities = np.full(len(file.ids), np.nan), np.full(len(file.ids), np.nan)
    top_k = top_k_of(file)
    for place, key in enumerate(zip(file.ids, file.question_ids, strict=True)):
        own = [human_consistency(one, top_k) for one in labels.rows.get(key, ())]
        clear = [score for score in own if not math.isnan(score)]
        if clear:
            scores[place] = math.fsum(clear) / len(clear)
            probabilities[place] = labels.rows[key][0].probability
    return Labels(scores, probabilities)


# ------------------------------------------------------------------ corrections


def check_blind(labels: HumanLabels) -> None:
    """Raise `UsageError` if a label was made with the judge's scores in view."""
    if labels.shown:
        raise UsageError(
            f"{', '.join(map(str, labels.annotations.paths))}: {plural(len(labels.shown), 'label')} made with the "
            "judge's scores in view, which cannot correct it; label rows drawn without --show-judge"
        )


def corrected_difference(first: ScoreTable, second: ScoreTable, labels: HumanLabels, clusters: Clusters) -> Correction:
    """Return the difference of two files' mean rationale consistencies over their common rows, corrected.

    A row is labelled if people have labelled it for both models. `clusters`: those of the first file. Raises
    `UsageError` if a label was made with the judge's scores in view.
    """
    check_blind(labels)
    places = second.places()
    order = np.array([places.get(name, -1) for name in first.ids], np.intp)

    def gaps(one: Column, other: Column) -> Column:
        return one - np.where(order < 0, np.nan, other[order])

    own = [labels_of(file, labels) for file in (first, second)]
    return correct(
        gaps(first.columns[RC], second.columns[RC]),
        Labels(gaps(own[0].scores, own[1].scores), own[0].probabilities),
        clusters,
        is_difference=True,
    )
