"""Agreement of a judge with people's labels, and of people among each other."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from metajudge.data import Annotation
from metajudge.errors import UsageError
from metajudge.metrics import Matrix
from metajudge.metrics.statistics.alternative_annotator import AlternativeAnnotator, alternative_annotator_test
from metajudge.metrics.statistics.confusion import (
    PairedScores,
    RowAgreement,
    StepAgreement,
    row_agreement,
    step_agreement,
)
from metajudge.metrics.statistics.intervals import Clusters
from metajudge.metrics.statistics.resampling import RESAMPLES, Floats
from metajudge.reports.human.labels import HumanLabels, human_consistency, top_k_of
from metajudge.reports.model_rows import shared_clusters
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.scored_files import by_judge, judge_names
from metajudge.reports.table_records import Key, judge_matrix, records_of
from metajudge.text import printable


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two sides on labelled rows."""

    pairs: StepAgreement | None
    """About every pair of a human and a model item; None without any, as with granularity `row`."""
    rows: RowAgreement | None
    """About rationale consistency; None without a row."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name; the measures of the pairs beside their tables."""
        pairs = None if self.pairs is None else asdict(self.pairs)
        measures = {} if pairs is None else pairs.pop("measures")
        return {"pairs": pairs and pairs | measures, "rows": self.rows and asdict(self.rows)}


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """Agreement of one judge with people."""

    judge: str
    model: str | None
    """Evaluated model; None = all models together."""
    labelled: int
    """Rows with a label, once for each evaluated model."""
    not_asked: int
    """Labelled pairs that the judge was not asked about."""
    agreement: Agreement
    alternative: AlternativeAnnotator | None
    """None unless three annotators have 30 rows each."""

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        return {
            "judge": self.judge,
            "model": self.model,
            "labelled": self.labelled,
            "pairs_not_asked": self.not_asked,
            **self.agreement.as_json(),
            "alternative_annotator_test": self.alternative and self.alternative.as_json(),
        }


@dataclass(frozen=True, slots=True)
class Annotator:
    """One annotator's part."""

    name: str
    labels: int
    unclear: int
    """Labels with an unclear item; they have no rationale consistency."""
    median_seconds: float | None


@dataclass(frozen=True, slots=True)
class PeopleAgreement:
    """Agreement of two annotators on the rows that both have labelled; in its tables the second one is the judge."""

    annotators: tuple[str, str]
    labelled: int
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class HumanAgreement:
    """Everything about labels and judges."""

    annotators: tuple[Annotator, ...]
    shown: int
    """Labels that were made with the judge's scores in view."""
    judges: tuple[JudgeAgreement, ...]
    """For each judge its evaluated models, then all together if there are several."""
    people: tuple[PeopleAgreement, ...]

    def as_json(self) -> dict[str, Any]:
        """Return the fields by name."""
        people = [
            {"annotators": list(one.annotators), "labelled": one.labelled, **one.agreement.as_json()}
            for one in self.people
        ]
        return {
            "annotators": [asdict(one) for one in self.annotators],
            "judge_shown": self.shown,
            "judges": [one.as_json() for one in self.judges],
            "people": people,
        }


def human_agreement(files: Sequence[ScoreTable], labels: HumanLabels, resamples: int = RESAMPLES) -> HumanAgreement:
    """Compare the judge of each file with people's labels. Raises `UsageError` for lists of different length."""
    names, clusters = judge_names(files), shared_clusters(files)
    units = {id(file): list(_units(file, own, labels)) for file, own in zip(files, clusters, strict=True)}
    judges: list[JudgeAgreement] = []
    for own in by_judge(files):
        name = names[id(own[0])]
        parts: list[tuple[str | None, list[_Unit]]] = [(file.model_be_evaluated, units[id(file)]) for file in own]
        if len(own) > 1:
            parts.append((None, [unit for file in own for unit in units[id(file)]]))
        judges += [
            _judge_agreement(name, model, inside, labels.annotations.annotators, clusters[0], resamples)
            for model, inside in parts
        ]
    everything = {unit.key: unit for file in files for unit in units[id(file)]}
    return HumanAgreement(
        annotators=tuple(_annotators(labels)),
        shown=len(labels.shown),
        judges=tuple(judges),
        people=tuple(_people(list(everything.values()), labels.annotations.annotators, clusters[0], resamples)),
    )


def _annotators(labels: HumanLabels) -> Iterator[Annotator]:
    for name in labels.annotations.annotators:
        own = [one for one in labels.annotations.rows if one.annotator == name]
        seconds = [one.seconds for one in own if one.seconds is not None]
        yield Annotator(name, len(own), sum(bool(one.unclear) for one in own), median(seconds) if seconds else None)


# ------------------------------------------------------------------ labelled rows


class _Unit(NamedTuple):
    """One labelled row of one evaluated model."""

    key: Key
    cluster: int
    weight: float
    """1 / probability of being drawn."""
    judge: float
    """Rationale consistency by the judge; NaN if unscored."""
    matrix: Matrix | None
    labels: Sequence[Annotation]
    top_k: int | None

    def human(self, annotator: str) -> float:
        """Return the rationale consistency by one annotator; NaN without a clear label."""
        own = (human_consistency(one, self.top_k) for one in self.labels if one.annotator == annotator)
        return next(own, np.nan)


def _units(file: ScoreTable, clusters: Clusters, labels: HumanLabels) -> Iterator[_Unit]:
    places = {key: place for place, key in enumerate(zip(file.ids, file.question_ids, strict=True))}
    scores = file.columns[RC]
    for key, record in records_of(file):
        if key not in labels.rows or key not in places:
            continue
        own, place = labels.rows[key], places[key]
        matrix = judge_matrix(record, file.model_be_evaluated)
        if matrix is not None:
            _check_shape(key, matrix, own, file)
        weight = 1 / own[0].probability
        yield _Unit(key, int(clusters.of_row[place]), weight, float(scores[place]), matrix, own, top_k_of(file))


def _check_shape(key: Key, matrix: Matrix, labels: Sequence[Annotation], file: ScoreTable) -> None:
    judged = len(matrix[0][: top_k_of(file)])
    for one in labels:
        if one.n_human != len(matrix) or one.n_model < judged:
            raise UsageError(
                f"{one.place}: row {printable(key[0])} has {one.n_human} human and {one.n_model} "
                f"model items, but the judge scored {len(matrix)} and {judged}; label rows drawn from {file.path}"
            )


# ------------------------------------------------------------------ judge and people


def _judge_agreement(
    judge: str,
    model: str | None,
    units: Sequence[_Unit],
    annotators: Sequence[str],
    clusters: Clusters,
    resamples: int,
) -> JudgeAgreement:
    pairs, rows, not_asked = _Scores(), _Scores(), 0
    for unit in units:
        for label in unit.labels if unit.matrix is not None else ():
            both = list(_both(label.matrix(), unit.matrix or []))
            not_asked += sum(judged is None for _, judged in both)
            pairs.add(both, unit.weight / len(unit.labels), unit.cluster)
        clear = [score for label in unit.labels if not np.isnan(score := human_consistency(label, unit.top_k))]
        if clear and not np.isnan(unit.judge):
            rows.add([(float(np.mean(clear)), unit.judge)], unit.weight, unit.cluster)
    return JudgeAgreement(
        judge=judge,
        model=model,
        labelled=len(units),
        not_asked=not_asked,
        agreement=_agreement(pairs, rows, clusters, resamples),
        alternative=_alternative(units, annotators, clusters),
    )


def _both(one: Matrix, other: Matrix) -> Iterator[tuple[float | None, float | None]]:
    """Yield both scores of each pair (R, S) that both matrices have; None = unclear, or not asked."""
    for left, right in zip(one, other, strict=True):
        yield from zip(left, right, strict=False)


class _Scores:
    """Collects pairs of scores; those of which one is None are left out."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, float, float, int]] = []

    def add(self, both: Iterable[tuple[float | None, float | None]], weight: float, cluster: int) -> None:
        self._rows += [
            (people, judge, weight, cluster) for people, judge in both if people is not None and judge is not None
        ]

    def paired(self) -> PairedScores | None:
        """Return the columns; None without a pair of scores."""
        if not self._rows:
            return None
        people, judge, weights, of_row = zip(*self._rows, strict=True)
        return PairedScores(np.array(people), np.array(judge), np.array(weights), np.array(of_row, np.intp))


def _agreement(pairs: _Scores, rows: _Scores, clusters: Clusters, resamples: int) -> Agreement:
    single, whole = pairs.paired(), rows.paired()
    return Agreement(
        pairs=None if single is None else step_agreement(single, clusters, resamples),
        rows=None if whole is None else row_agreement(whole, clusters, resamples),
    )


def _alternative(units: Sequence[_Unit], annotators: Sequence[str], clusters: Clusters) -> AlternativeAnnotator | None:
    if not units:
        return None
    people: Floats = np.array([[unit.human(name) for name in annotators] for unit in units])
    own = Clusters(np.array([unit.cluster for unit in units], np.intp), clusters.strata)
    return alternative_annotator_test(np.array([unit.judge for unit in units]), people, own)


def _people(
    units: Sequence[_Unit], annotators: Sequence[str], clusters: Clusters, resamples: int
) -> Iterator[PeopleAgreement]:
    for first, second in itertools.combinations(annotators, 2):
        pairs, rows, labelled = _Scores(), _Scores(), 0
        for unit in units:
            own = {label.annotator: label for label in unit.labels}
            if first not in own or second not in own:
                continue
            labelled += 1
            pairs.add(_both(own[first].matrix(), own[second].matrix()), unit.weight, unit.cluster)
            scores = [human_consistency(own[name], unit.top_k) for name in (first, second)]
            if not np.isnan(scores).any():
                rows.add([(scores[0], scores[1])], unit.weight, unit.cluster)
        if labelled:
            yield PeopleAgreement((first, second), labelled, _agreement(pairs, rows, clusters, resamples))
