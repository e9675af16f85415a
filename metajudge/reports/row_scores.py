"""One record becomes one row of scores: its metrics, its labels, and its cluster, domain and group."""

import json
import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metajudge.data import (
    PROMPT_FIELDS,
    InvalidRow,
    Row,
    RowIds,
    Status,
    as_integer,
    is_absent,
    make_sample,
    number_of,
)
from metajudge.metrics import (
    Known,
    Match,
    Matrix,
    PaperMetrics,
    ReferenceMetrics,
    RowBounds,
    optimal_matching,
    paper_metrics,
    row_bounds,
    sparse_matrix,
)
from metajudge.options import check_options, option
from metajudge.records import Record, ScoredLists, Unscored, reference_reading
from metajudge.reports.first_items import first_model_items
from metajudge.reports.scan import score_record
from metajudge.text import balance

CONTEXT = "context"
BUILT_IN_GROUPS = ("n_human", "preference_strength", "label_correct")
"""Values of `group_by` that are no field of the rows."""
NO_GROUP = "none"
"""Group of rows without a value."""
MAX_CHECKLIST_LEN = 10
"""Default of `max_checklist_len`, as in the analysis."""


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """Options of scoring."""

    match_threshold: float = option(
        0.0, "a matched pair counts in average precision above this score", least=0, most=1, metavar="S"
    )
    sound_threshold: float = option(
        0.5, "a rationale is sound with a matched pair of at least this score", least=0, most=1, metavar="S"
    )
    gold_field: str = option("overall_preference", "the human preference of a row", metavar="FIELD")
    label_scale: str | None = option(
        None,
        "what numeric labels mean: choice = 1 or 2, signed = -3..3 (default: signed if a value shows it)",
        choices=("choice", "signed"),
    )
    drop_invalid_labels: bool = False
    """Leave unreadable labels out instead of counting them as wrong."""
    cluster_field: str = option(
        CONTEXT, "rows with the same value share a source and are resampled together", metavar="FIELD"
    )
    max_checklist_len: int = option(
        MAX_CHECKLIST_LEN, "the reference metrics skip rows whose model checklist is longer", least=1, metavar="N"
    )
    top_k: int | None = option(
        None, "score only the first K model items; not with granularity row", least=1, metavar="K"
    )
    group_by: str | None = None
    """Field whose values group the rows, or one of `BUILT_IN_GROUPS`."""

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True)
class RowScores:
    """One row of one model, before its label is read."""

    id: str
    question_id: str
    """Hash of the evaluated model and both lists; empty if a list is missing."""
    cluster: str
    context_from: str
    """Field that names the cluster in place of the context; empty if none does."""
    domain: str
    group: str
    n_human: int | None
    """None = unknown; 0 = the paper's metrics are undefined."""
    label: Any
    gold: Any
    reference: ReferenceMetrics | Unscored
    evidence: "Evidence"
    balance: int = 0
    """Response for which the model's reasons speak, as in `text.balance`."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The judge's scores of one row."""

    paper: tuple[PaperMetrics, ...]
    """Metrics of each sample of the judge; empty where unscored."""
    unscored: str = ""
    """Reason for having none; `human checklist empty` where they are undefined."""
    bounds: tuple[RowBounds, ...] = ()
    """Bounds of each sample's metrics if only best scores are known; empty where every pair has a score."""
    n_judged: int = 0
    """Model items that the judge saw."""
    shared: bool = False
    """True if some model item is the best of several human items."""
    best: tuple[float, ...] = ()
    """Best score of each human item in the first sample; empty where unscored."""

    def sound(self, threshold: float) -> float:
        """Return the share of samples with a matched pair of at least this score; NaN where unscored."""
        reached = [one.best_pair_score >= threshold for one in self.paper]
        return sum(reached) / len(reached) if reached else math.nan

    def sound_known(self, threshold: float) -> Known:
        """Return `EXACT` if `sound` is known of every sample."""
        return max((one.sound(threshold) for one in self.bounds), default=Known.EXACT)

    def known(self, metric: str) -> Known:
        """Return what is known of one of the paper's metrics."""
        name = metric if metric.startswith("average_precision") else "total"
        return max((getattr(one, name) for one in self.bounds), default=Known.EXACT)

    @property
    def upper_bounds(self) -> tuple[float, ...]:
        """Upper bound of rationale consistency in every sample; empty where unscored."""
        sides = self.bounds or self.paper
        return tuple(one.rationale_consistency for one in sides)


def row_scores(record: Record, model: str, options: ScoringConfig, numbers: RowIds) -> RowScores:
    """Score a record; `numbers` gives an id to a record of the reference, from its row.

    Raises `ValueError` for a score matrix of another shape and for a score outside 0..1, and `UsageError` for one that
    cannot be cut to the first `options.top_k` model items.
    """
    row = record.metadata or {}
    name = numbers.id_of(row) if record.id is None else record.id
    if options.top_k is not None:
        record = first_model_items(record, model, options.top_k)
    cluster, source = cluster_of(row, name, options.cluster_field)
    human = record.checklist("human")
    n_human = record.n_human if human is None else len(human)
    return RowScores(
        id=name,
        question_id=question_id_of(record, name, model),
        cluster=cluster,
        context_from=source if source != options.cluster_field else "",
        domain=domain_of(row),
        group=_group(row, n_human, options.group_by),
        n_human=n_human,
        label=_field(row, f"{model}-label"),
        gold=row.get(options.gold_field),
        reference=score_record(record, model, options.max_checklist_len),
        evidence=_evidence(record, model, n_human, options),
        balance=balance([item for item in record.checklist(model) or () if isinstance(item, str)]),
    )


def cluster_of(row: Mapping[str, Any], row_id: str, cluster_field: str) -> tuple[str, str]:
    """Return the name of a row's cluster, and the field that gives it; empty if none does."""
    names = (cluster_field, *(PROMPT_FIELDS if cluster_field == CONTEXT else ()))
    source = next((one for one in names if not _is_nothing(row.get(one))), "")
    return json.dumps(row[source], sort_keys=True) if source else f"row {row_id}", source


def domain_of(row: Mapping[str, Any]) -> str:
    """Return the domain of a row; empty without one."""
    return "" if is_absent(row.get("domain")) else str(row["domain"])


def question_id_of(record: Record, row_id: str, model: str) -> str:
    """Return the record's question id; that of a record of the reference is computed from its row."""
    if record.question_id is not None or record.id is not None:
        return str(record.question_id)
    sample = make_sample(Row(0, record.metadata or {}), row_id, model)
    return "" if isinstance(sample, InvalidRow) else sample.question_id


def _is_nothing(value: Any) -> bool:
    return value in ("", []) or is_absent(value)


def fields_with_a_value(record: Record) -> list[str]:
    """Return the names of the row's fields that are not empty, in its order."""
    return [name for name, value in (record.metadata or {}).items() if not _is_nothing(value)]


def _field(row: Mapping[str, Any], name: str) -> Any:
    lower = name.lower()
    return next((value for key, value in row.items() if key.lower() == lower and not is_absent(value)), None)


def _group(row: Mapping[str, Any], n_human: int | None, by: str | None) -> str:
    if by is None or by == "label_correct":  # the labels are read when the whole file is known
        return ""
    if by == "n_human":
        return NO_GROUP if n_human is None else str(n_human)
    if by == "preference_strength":
        strength = number_of(row.get("overall_preference"))
        return NO_GROUP if strength is None else f"{abs(strength):g}"
    value = as_integer(row.get(by))
    if _is_nothing(value):
        return NO_GROUP
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _evidence(record: Record, model: str, n_human: int | None, options: ScoringConfig) -> Evidence:
    if n_human == 0:
        return Evidence((), "human checklist empty")
    if _is_without_reasons(record, model, n_human):  # nothing to match, whatever the reply
        return Evidence((paper_metrics([[] for _ in range(n_human or 1)], 0),), best=(0.0,) * (n_human or 0))
    lists = record.scored_lists(model)
    if isinstance(lists, Unscored):
        return Evidence((), lists.reason)
    matrices, is_whole = matrices_of(record, lists)
    top_k = None if record.judged_by is None else record.judged_by.top_k
    n_judged = min(lists.n_model, top_k) if isinstance(top_k, int) else lists.n_model
    named = Counter(mark.model_item for mark in lists.marks if mark.model_item and mark.score > 0)
    least, pairs = options.match_threshold, [optimal_matching(matrix) for matrix in matrices]
    both = list(zip(matrices, pairs, strict=True))
    unknown = unknown_items(record, lists)
    return Evidence(
        paper=tuple(paper_metrics(matrix, n_judged, least, own) for matrix, own in both),
        bounds=() if is_whole else tuple(row_bounds(matrix, own, n_judged, least, unknown) for matrix, own in both),
        n_judged=n_judged,
        shared=any(count > 1 for count in named.values()),
        best=tuple(max((score for score in row if score is not None), default=0.0) for row in matrices[0]),
    )


def matrices_of(record: Record, lists: ScoredLists) -> tuple[list[Matrix], bool]:
    """Return the score matrix of each sample of the judge, and True if every pair of judged items has a score.

    Human items are the rows, model items the columns; None = not asked. Raises `ValueError` like `row_scores`.
    """
    found = record.score_matrices(lists.n_human, lists.n_model)
    sparse = (sparse_matrix(marks, lists.n_human, lists.n_model) for marks in _readings(record, lists))
    return found or list(sparse), bool(found)


def unknown_items(record: Record, lists: ScoredLists) -> set[int]:
    """Return the human items whose best score is not known: a reply of the reference may lack some.

    Where the guard took a model item's credit, the next best one is not known, either. Of further samples the record
    does not say where, so this may then be any.
    """
    every = set(range(1, lists.n_human + 1))
    is_guarded = record.judged_by is not None and record.judged_by.guard == "zero"
    if is_guarded and any(name.startswith("S") for name in record.guard or ()):
        return every if len(record.samples or ()) > 1 else {m.human_item for m in lists.marks if not m.score}
    return every - {mark.human_item for mark in lists.marks}


def _is_without_reasons(record: Record, model: str, n_human: int | None) -> bool:
    """Return True if the model checklist is known to be empty, and the human one is known."""
    if record.id is not None and record.status == Status.EMPTY:
        return record.empty == "model"
    return bool(n_human) and record.checklist(model) == []


def _readings(record: Record, lists: ScoredLists) -> Iterator[Sequence[Match]]:
    """Yield the scores of every sample with granularity `row`; a record of the reference has one sample."""
    yield lists.marks
    for entry in (record.samples or [])[1:] if record.id is not None else ():
        if isinstance(entry, dict) and (marks := reference_reading(str(entry.get("generated_text")))):
            yield marks
