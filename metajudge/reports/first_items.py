"""A record cut to the first items of its model checklist, as if the judge had seen no more."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from metajudge.data import find_checklist
from metajudge.errors import UsageError
from metajudge.metrics import Matrix, best_matches
from metajudge.records import Record, Unscored


def first_model_items(record: Record, model: str, top_k: int) -> Record:
    """Return `record` with the first `top_k` model items only; itself if the judge saw no more, or it is not scored.

    Raises `UsageError` for a record with only the best model item of each human item: where that one is cut off, the
    next best is not known. Raises `ValueError` for a score matrix of another shape.
    """
    lists = record.scored_lists(model)
    judged = record.judged_by and record.judged_by.top_k
    if isinstance(lists, Unscored) or lists.n_model <= top_k or (isinstance(judged, int) and judged <= top_k):
        return record
    matrices = record.score_matrices(lists.n_human, lists.n_model)
    if not matrices:
        raise UsageError(
            f"`top_k` {top_k} needs a score for every pair; with granularity row only each human item's best "
            "model item has one: leave it out, or judge with granularity item or pairs"
        )
    first, *others = ([row[:top_k] for row in matrix] for matrix in matrices)
    key = next(key for key in record.metadata or {} if find_checklist({key: 0}, model)[0])
    items = (record.metadata or {})[key][:top_k]
    return replace(
        record,
        n_model=len(items),
        score_matrix=first,
        extraction_result={**(record.extraction_result or {}), "scores": [list(mark) for mark in best_matches(first)]},
        samples=[*(record.samples or [])[:1], *_cut_samples(record, others)],
        metadata={**(record.metadata or {}), key: items},
    )


def _cut_samples(record: Record, matrices: Sequence[Matrix]) -> list[dict[str, Any]]:
    """Return the further samples that have a matrix, with the cut ones."""
    entries = [
        one for one in (record.samples or [])[1:] if isinstance(one, dict) and one.get("score_matrix") is not None
    ]
    return [{**entry, "score_matrix": matrix} for entry, matrix in zip(entries, matrices, strict=True)]
