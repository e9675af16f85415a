"""People's labels beside result files: rationale consistency by people, and the judge's corrected by it."""

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from metajudge.data import Annotation, Annotations, RowIds, read_annotations
from metajudge.errors import UsageError
from metajudge.metrics import Matrix, paper_metrics
from metajudge.metrics.statistics.intervals import Clusters, Column
from metajudge.metrics.statistics.ppi import Correction, Labels, correct
from metajudge.records import Paths, Record, latest_records
from metajudge.reports.judge_settings import settings_of
from metajudge.reports.row_scores import ScoringConfig, question_id_of
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.text import plural, printable

RATIONALES = ScoringConfig(label_scale="signed")
"""Options of scoring where only rationales count: with a scale, no file is refused for its models' labels."""

Key = tuple[str, str]
"""Row id and question id."""


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


# ------------------------------------------------------------------ records of labelled rows


def records_of(file: ScoreTable) -> Iterator[tuple[Key, Record]]:
    """Yield the records of one table with the keys of their rows."""
    numbers, model = RowIds(), file.model_be_evaluated
    for record in latest_records(file.path):
        own = record.model_be_evaluated
        if own is not None and own.lower() != model.lower():
            continue
        name = numbers.id_of(record.metadata or {}) if record.id is None else record.id
        if settings_of(record.judged_by) == settings_of(file.judged_by):
            yield (name, question_id_of(record, name, model)), record


def judge_matrix(record: Record, model: str) -> Matrix | None:
    """Return the judge's scores of every pair; None without them, as with granularity `row`."""
    lists = [record.checklist(name) for name in ("human", model)]
    if lists[0] is None or lists[1] is None:
        return None
    matrices = record.score_matrices(len(lists[0]), len(lists[1]))
    return matrices[0] if matrices else None
