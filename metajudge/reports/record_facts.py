"""Facts of a record that are no scores: its place in the file, status, judge, tokens and time."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from metajudge.records import Record

_LARGEST = 2**53
"""Counts from here on are taken for unreadable: spreadsheets round them."""


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """Facts of one record; None where the record does not say."""

    line: int
    """Number of the line in the file, from 1."""
    status: str | None
    judge: str | None
    """Judge model."""
    granularity: str | None
    n_model: int | None
    prompt_tokens: int | None
    """Sum over the judge's samples, as its server counted."""
    completion_tokens: int | None
    latency_s: float | None


def record_facts(record: Record, model: str, line: int) -> RecordFacts:
    """Return the facts of a record of the evaluated model `model`."""
    items = record.checklist(model)
    seconds = record.latency_s
    return RecordFacts(
        line=line,
        status=record.status,
        judge=record.judge_model or None,
        granularity=None if record.judged_by is None else str(record.judged_by.granularity or "") or None,
        n_model=as_count(record.n_model if items is None else len(items)),
        prompt_tokens=_tokens(record, "prompt_tokens"),
        completion_tokens=_tokens(record, "completion_tokens"),
        latency_s=float(seconds) if seconds is not None and 0 <= seconds < _LARGEST else None,
    )


def as_count(value: Any) -> int | None:
    """Return a whole number from 0 up; None for anything else."""
    return value if type(value) is int and 0 <= value < _LARGEST else None


def _tokens(record: Record, name: str) -> int | None:
    """Return the sum over the samples that have the count; None if none has."""
    counts = [count for count in map(as_count, _usages(record, name)) if count is not None]
    return as_count(sum(counts)) if counts else None


def _usages(record: Record, name: str) -> Iterator[Any]:
    for sample in record.samples or []:
        usage = sample.get("usage") if isinstance(sample, dict) else None
        if isinstance(usage, dict):
            yield usage.get(name)
