"""One record becomes one row of scores: matrices, figures, and what the row says about itself."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from metajudge.data import HUMAN_KEY, RowIds, find_checklist, number_of
from metajudge.metrics import Match, Matrix, PaperMetrics, ReferenceMetrics, paper_metrics, sparse_matrix
from metajudge.options import check_options, option
from metajudge.reports.scan import Unscored, read_lists, score_record
from metajudge.tasks import reference_reading

BUILT_IN_GROUPS = ("n_human", "preference_strength", "label_correct")
"""What rows can be grouped by besides their fields."""
NO_GROUP = "none"
"""The group of rows without a value."""
MAX_CHECKLIST_LEN = 10
"""The reference metrics skip rows with a longer model checklist, as the analysis does by default."""


@dataclass(frozen=True, slots=True)
class ScoringConfig:
    """How rows are scored."""

    match_threshold: float = option(
        0.0, "a matched pair counts in average precision above this score", least=0, most=1, metavar="S"
    )
    sound_threshold: float = option(
        0.5, "a rationale is sound with a matched pair of at least this score", least=0, most=1, metavar="S"
    )
    gold_field: str = option("overall_preference", "the human preference of a row", metavar="FIELD")
    label_scale: str | None = option(
        None,
        "what numeric labels mean: choice = 1 or 2, signed = -3..3 (default: signed if a value tells so)",
        choices=("choice", "signed"),
    )
    drop_invalid_labels: bool = False
    """Leave unreadable labels out instead of counting them as wrong."""
    cluster_field: str = option(
        "context", "rows with the same value share a source and are resampled together", metavar="FIELD"
    )
    group_by: str | None = None
    """Field whose values group the rows, or one of `BUILT_IN_GROUPS`."""

    def __post_init__(self) -> None:
        check_options(self)


@dataclass(frozen=True, slots=True)
class RowScores:
    """One row of one model, before its label is read."""

    id: str
    cluster: str
    domain: str
    group: str
    n_human: int | None
    """None where neither the row nor the record tells; 0: the paper's metrics are undefined."""
    label: Any
    gold: Any
    reference: ReferenceMetrics | None
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the judge's scores of one row come to."""

    paper: tuple[PaperMetrics, ...]
    """One a sample of the judge; empty where unscored."""
    unscored: str = ""
    """Why there are none; `human checklist empty` where they are undefined."""
    has_full_matrix: bool = True
    """Every pair of human and judged model item has a score."""
    shared: bool = False
    """Some model item is the best of several human items."""


def row_scores(record: Mapping[str, Any], model: str, options: ScoringConfig, numbers: RowIds) -> RowScores:
    """The scores of a record; `numbers` gives an id to a record of the reference, from its row.

    Raises `ValueError` for a score matrix of another shape and for a score that is no number within 0..1.
    """
    metadata = record.get("metadata")
    row: dict[str, Any] = metadata if isinstance(metadata, dict) else {}
    rated = score_record(record, model, MAX_CHECKLIST_LEN)
    name = str(record["id"]) if "id" in record else numbers.id_of(row)
    source = row.get(options.cluster_field)
    n_human = _n_human(record, row)
    return RowScores(
        id=name,
        cluster=f"row {name}" if source in _NOTHING else json.dumps(source, sort_keys=True),
        domain=str(row.get("domain", "")),
        group=_group(row, n_human, options.group_by),
        n_human=n_human,
        label=_field(row, f"{model}-label"),
        gold=row.get(options.gold_field),
        reference=rated if isinstance(rated, ReferenceMetrics) else None,
        evidence=_evidence(record, model, n_human, options),
    )


_NOTHING: tuple[Any, ...] = (None, "", [])


def fields_with_a_value(record: Mapping[str, Any]) -> list[str]:
    """The names of the row's fields that are not empty, in its order."""
    row = record.get("metadata")
    return [name for name, value in row.items() if value not in _NOTHING] if isinstance(row, dict) else []


def _n_human(record: Mapping[str, Any], row: Mapping[str, Any]) -> int | None:
    value = _field(row, HUMAN_KEY)
    told = record.get("n_human")
    return len(value) if isinstance(value, list) else told if isinstance(told, int) else None


def _field(row: Mapping[str, Any], name: str) -> Any:
    return next((value for key, value in row.items() if key.lower() == name.lower()), None)


def _group(row: Mapping[str, Any], n_human: int | None, by: str | None) -> str:
    if by is None or by == "label_correct":  # the labels are read when the whole file is known
        return ""
    if by == "n_human":
        return NO_GROUP if n_human is None else str(n_human)
    if by == "preference_strength":
        strength = number_of(row.get("overall_preference"))
        return NO_GROUP if strength is None else f"{abs(strength):g}"
    value = row.get(by)
    if value in _NOTHING:
        return NO_GROUP
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


# ------------------------------------------------------------------ the judge's scores


def _evidence(record: Mapping[str, Any], model: str, n_human: int | None, options: ScoringConfig) -> Evidence:
    if n_human == 0:
        return Evidence((), "human checklist empty")
    if _is_without_reasons(record, model, n_human):  # nothing to match, whatever the reply
        return Evidence((paper_metrics([[] for _ in range(n_human or 1)], 0),))
    lists = read_lists(record, model)
    if isinstance(lists, Unscored):
        return Evidence((), lists.reason)
    if len(lists.marks) != len(lists.human):
        return Evidence((), "number of marks differs from the number of human items")
    shape = len(lists.human), len(lists.model)
    matrices, whole = _matrices(record, lists.marks, shape)
    judge = record.get("judge")
    top_k = judge.get("top_k") if isinstance(judge, dict) and "id" in record else None
    n_judged = min(shape[1], top_k) if isinstance(top_k, int) else shape[1]
    named = Counter(mark.model_item for mark in lists.marks if mark.model_item and mark.score > 0)
    return Evidence(
        paper=tuple(paper_metrics(matrix, n_judged, options.match_threshold) for matrix in matrices),
        has_full_matrix=whole,
        shared=any(count > 1 for count in named.values()),
    )


def _is_without_reasons(record: Mapping[str, Any], model: str, n_human: int | None) -> bool:
    """Whether the model checklist is known to be empty, and the human one is known."""
    if "id" in record and record.get("status") == "empty":
        return record.get("empty") == "model"
    metadata = record.get("metadata")
    return bool(n_human) and isinstance(metadata, dict) and find_checklist(metadata, model) == (True, [])


def _matrices(record: Mapping[str, Any], marks: Sequence[Match], shape: tuple[int, int]) -> tuple[list[Matrix], bool]:
    """The score matrix of every sample of the judge, and whether it holds every pair."""
    entries = record.get("samples")
    others = [entry for entry in entries[1:] if isinstance(entry, dict)] if isinstance(entries, list) else []
    if "id" not in record:
        others = []
    elif "score_matrix" in record:
        matrices = [record["score_matrix"], *(entry["score_matrix"] for entry in others if "score_matrix" in entry)]
        return [_checked(matrix, shape) for matrix in matrices], True
    readings = [marks, *(reference_reading(str(entry.get("generated_text"))) or () for entry in others)]
    return [sparse_matrix(reading, *shape) for reading in readings if reading], shape[1] <= 1


def _checked(matrix: Any, shape: tuple[int, int]) -> Matrix:
    n_human, n_model = shape
    if not isinstance(matrix, list) or len(matrix) != n_human or not all(_is_row(row, n_model) for row in matrix):
        raise ValueError(f"score_matrix is not {n_human} × {n_model} numbers (human items as rows)")
    return matrix


def _is_row(row: Any, width: int) -> bool:
    return isinstance(row, list) and len(row) == width and all(type(s) in (int, float, type(None)) for s in row)
