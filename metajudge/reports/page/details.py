"""A record as the page shows it when its row is opened: the model's reasons, the scores, and the judge's replies."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from metajudge.metrics import Matrix, optimal_matching
from metajudge.records import Record, Unscored
from metajudge.reports.page.row_texts import Limits, as_text, cut, items_of, stamps_of
from metajudge.reports.record_facts import as_count, record_facts
from metajudge.reports.row_scores import matrices_of, unknown_items

Strip = list[int | None]
"""Best score of each human item in percent, None = not asked."""


def record_scores(record: Record, model: str) -> tuple[list[Matrix], list[int]]:
    """Return the score matrix of each sample of the judge, and the human items that no model item matches.

    The latter were judged, though their row of the matrix is empty: one question about a row names only each human
    item's best model item. Items whose best score is not known, such as after the guard took a credit, are not among
    them. Both are empty where the record has no scores.
    """
    lists = record.scored_lists(model)
    if isinstance(lists, Unscored):
        return [], []
    unknown = unknown_items(record, lists)
    unmatched = [mark.human_item for mark in lists.marks if not mark.model_item and mark.human_item not in unknown]
    return matrices_of(record, lists)[0], unmatched


def strip_of(matrices: Sequence[Matrix], unmatched: Sequence[int]) -> Strip:
    """Return the strip of a row from the first sample; empty without scores."""
    if not matrices:
        return []
    best = [max((score for score in row if score is not None), default=None) for row in matrices[0]]
    for item in unmatched:
        if 1 <= item <= len(best) and best[item - 1] is None:
            best[item - 1] = 0.0
    return [None if score is None else round(100 * score) for score in best]


def record_detail(
    record: Record, model: str, scores: tuple[list[Matrix], list[int]], consistency: Sequence[float], limits: Limits
) -> dict[str, Any]:
    """Return the JSON object of a record, without what all models share.

    `scores`: those of `record_scores`; `consistency`: rationale consistency of each sample of the judge.
    """
    row = record.metadata or {}
    matrices, unmatched = scores
    items = items_of(row, model)
    facts = record_facts(record, model, 0)
    detail = {
        "items": items,
        "judged": _judged(record, len(items)) if matrices and record.score_matrix is None else None,
        "matrix": matrices[0] if matrices else None,
        "unmatched": unmatched,
        "pairs": [list(pair) for pair in optimal_matching(matrices[0])] if matrices and items else [],
        "samples": list(_samples(record, consistency, limits)),
        "replies": [None if reply is None else limits.cut_reply(as_text(reply)) for reply in record.item_replies or []],
        "prompt": None if record.prompt is None else cut(record.prompt, limits.prompt),
        "attempts": as_count(record.attempts),
        "seconds": facts.latency_s,
        "tokens": [facts.prompt_tokens, facts.completion_tokens],
        "finished": record.finished_at,
        "status": record.status,
        "error": next((as_text(text) for text in (record.error_message, record.format_error) if text), None),
        "guard": {name: _reasons(why) for name, why in (record.guard or {}).items()},
        **critique(row, model, limits),
    }
    return {name: value for name, value in detail.items() if value not in (None, [], {})}


def _reasons(why: Any) -> str:
    """Return the reasons for which an item is suspicious."""
    return ", ".join(map(as_text, why)) if isinstance(why, list) else as_text(why)


def _judged(record: Record, n_model: int) -> int:
    """Return how many model items, the first ones, a question about the whole row has named."""
    top_k = None if record.judged_by is None else record.judged_by.top_k
    return min(n_model, top_k) if isinstance(top_k, int) else n_model


def _samples(record: Record, consistency: Sequence[float], limits: Limits) -> Iterator[dict[str, Any]]:
    for place, sample in enumerate(record.samples or []):
        if isinstance(sample, dict):
            text = sample.get("raw_text") or sample.get("generated_text")
            yield {
                "reply": limits.cut_reply(as_text(text)) if text else None,
                "finish": sample.get("finish_reason"),
                "rc": consistency[place] if place < len(consistency) else None,
                "copied": as_text(sample["copied_from"]) if sample.get("copied_from") else None,
            }


def critique(row: Mapping[str, Any], model: str, limits: Limits) -> dict[str, Any]:
    """Return the model's verdict and the text that it generated, in both orders if it was asked so."""
    own = {key.lower(): value for key, value in row.items()}
    text, label = own.get(f"{model}-generated_text".lower()), own.get(f"{model}-label".lower())
    found: dict[str, Any] = {"label": None if label is None else as_text(label)[:80]}
    if isinstance(text, str):
        found["generated"] = limits.cut_reply(text)
    stamp = both_orders(row, model)
    if stamp is not None:
        found["generated_BA"] = limits.cut_reply(as_text(stamp.get("generated_text_BA", "")))
        found["labels"] = stamp.get("labels")
    return found


def both_orders(row: Mapping[str, Any], model: str) -> Mapping[str, Any] | None:
    """Return the stamp of `critic` with both orders of the responses for this model; None if there is none."""
    stamps = [stamp for stamp in stamps_of(row) if "consistent" in stamp]
    named = [stamp for stamp in stamps if str(stamp.get("model", "")).lower() == model.lower()]
    return next(iter(named or stamps[:1]), None)
