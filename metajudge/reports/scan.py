"""Result files become summaries: one summary a file, never merged; ours and the reference's records alike.

A record is scored, or *unscored* with the reason why; an unscored one is counted, never taken for 0.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from metajudge.data import CHECKLIST_SUFFIX, HUMAN_KEY, InvalidRow, UnreadableLines, find_checklist, parse_row
from metajudge.metrics import Match, MeanStd, ReferenceMetrics, mean_std, reference_metrics
from metajudge.records import Head, Judges, LatestRecords, ResultFile, judge_model, name_of, open_results, read_head
from metajudge.tasks import reference_reading


@dataclass(frozen=True, slots=True)
class Unscored:
    """Why a record has no figures."""

    reason: str
    """The same words for the same cause, so that they can be counted."""
    skipped: bool = False
    """True: left out on purpose (model checklist empty or too long); False: an error sample."""


@dataclass(frozen=True, slots=True)
class RecordScores:
    """What a record is about, as far as it is readable."""

    human: list[Any]
    model: list[Any]
    marks: list[Match]


@dataclass(frozen=True, slots=True)
class ScoredRecord:
    """The record that counts for one row."""

    line: int
    """Its line in the file, from 1."""
    id: str
    """Empty for a record of the reference."""
    judge: str
    """The judge model; empty where the record names none."""
    outcome: ReferenceMetrics | Unscored


@dataclass(slots=True)
class FileScan:
    """Everything one pass over a result file has found."""

    rated: list[ScoredRecord] = field(default_factory=list)
    """By place in the file."""
    superseded: int = 0
    """Records whose row has a later or finished one."""
    changed: int = 0
    """Records that count beside another one of the same row, of which a list has changed."""
    unreadable: UnreadableLines = field(default_factory=UnreadableLines)
    judges: set[str] = field(default_factory=set)
    """Names of the judge models whose records have figures; where none has, of all."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What is known of one file."""

    model: str
    file: str
    total: int
    valid: int
    errors: int
    skipped: int
    metrics: MeanStd
    reasons: dict[str, int]
    """Counts of what is unscored, the most frequent first."""
    scan: FileScan
    paper: dict[str, float | None] | None = None
    """Means of the paper's metrics, None where no row is scored; None as a whole where they were not asked for."""
    not_common: int = 0
    """Rows that another file of the same analysis lacks."""

    def as_json(self) -> dict[str, Any]:
        """The summary as `--output-file` holds it."""
        mean, std = self.metrics.mean, self.metrics.std
        return {
            "model": self.model,
            "total_samples": self.total,
            "valid_samples": self.valid,
            "error_samples": self.errors,
            "precision": mean.precision,
            "recall": mean.recall,
            "f1": mean.f1,
            "average_precision": mean.average_precision,
            "precision_std": std.precision,
            "recall_std": std.recall,
            "file": self.file,
            "skipped_samples": self.skipped,
            "reasons": self.reasons,
            "superseded_records": self.scan.superseded,
            "changed_records": self.scan.changed,
            "unreadable_lines": self.scan.unreadable.count,
            "judge_models": sorted(self.scan.judges),
            **({} if self.paper is None else {"paper": self.paper, "not_common_rows": self.not_common}),
        }


# ------------------------------------------------------------------ one record


def score_record(record: Mapping[str, Any], model: str, max_checklist_len: int) -> ReferenceMetrics | Unscored:
    """Score one record, or say why it cannot be scored; the first cause that applies is the one told."""
    lists = read_lists(record, model)
    if isinstance(lists, Unscored):
        return lists
    return _rate_marks(lists.marks, len(lists.human), len(lists.model), max_checklist_len)


def rate_head(head: Head, model: str, max_checklist_len: int) -> ReferenceMetrics | Unscored:
    """The same from a record's head: its metadata holds both lists, in the lengths that the head tells."""
    fault = _unfit(head.status, head.empty, head.model, model)
    if fault is not None:
        return fault
    if not head.scores:
        return Unscored("extraction_result unreadable")
    return _rate_marks([Match(*score) for score in head.scores], head.n_human, head.n_model, max_checklist_len)


def _rate_marks(marks: list[Match], n_human: int, n_model: int, max_checklist_len: int) -> ReferenceMetrics | Unscored:
    if not n_model:
        return Unscored("model checklist empty", skipped=True)
    if n_model > max_checklist_len:
        return Unscored(f"model checklist longer than {max_checklist_len}", skipped=True)
    if len(marks) != n_human:
        return Unscored("number of marks differs from the number of human items")
    return reference_metrics(marks, n_human, n_model)


def read_lists(record: Mapping[str, Any], model: str) -> RecordScores | Unscored:
    """The marks and both checklists of a record. Only the lengths matter: items may be of any type."""
    marks = _our_marks(record, model) if "id" in record else _reference_marks(record)
    if isinstance(marks, Unscored):
        return marks
    lists = [_checklist(record, name) for name in ("human", model)]
    if lists[0] is None or lists[1] is None:
        missing = HUMAN_KEY if lists[0] is None else f"{model}{CHECKLIST_SUFFIX}"
        return Unscored(f"no list {missing} in metadata")
    return RecordScores(lists[0], lists[1], marks)


def _checklist(record: Mapping[str, Any], name: str) -> list[Any] | None:
    metadata = record.get("metadata")
    value = find_checklist(metadata, name)[1] if isinstance(metadata, dict) else None
    return value if isinstance(value, list) else None


def _reference_marks(record: Mapping[str, Any]) -> list[Match] | Unscored:
    samples = record.get("samples")
    if not isinstance(samples, list) or not samples:
        return Unscored("samples empty or missing")
    text = samples[0].get("generated_text") if isinstance(samples[0], dict) else None
    marks = reference_reading(text) if isinstance(text, str) else None
    return Unscored("reply unreadable") if marks is None else marks


def _our_marks(record: Mapping[str, Any], model: str) -> list[Match] | Unscored:
    fault = _unfit(record.get("status"), record.get("empty"), record.get("model_be_evaluated"), model)
    if fault is not None:
        return fault
    result = record.get("extraction_result")
    return _marks(result.get("scores") if isinstance(result, dict) else None)


def _unfit(status: object, empty: object, own: object, model: str) -> Unscored | None:
    """Why a record of ours has no scores to read, None when it has."""
    if status == "empty":
        # Both lists empty: the plain block of that record has no mark, an error for the reference too.
        return Unscored("model checklist empty", True) if empty == "model" else Unscored("human checklist empty")
    if status != "success":
        return Unscored(f"status {status}" if status in ("error", "format_error") else "status unknown")
    if isinstance(own, str) and own.lower() != model.lower():
        return Unscored("record of another evaluated model")
    return None


def _marks(scores: object) -> list[Match] | Unscored:
    if not isinstance(scores, list) or not scores or not all(map(_is_score, scores)):
        return Unscored("extraction_result unreadable")
    return [Match(r, s, float(score)) for r, s, score in scores]


def _is_score(value: object) -> bool:
    """Whether `value` is `[r, s, score]` as a record of ours holds it."""
    match value:
        case [int(r), int(s), int(score) | float(score)]:
            return r >= 1 and s >= 0 and 0 <= score <= 1
    return False


# ------------------------------------------------------------------ one file


def scan(file: ResultFile, max_checklist_len: int) -> FileScan:
    """Read a result file to its end; of each record only a few numbers are kept, and of our own only the head read."""
    found, latest, judges = FileScan(), LatestRecords(), Judges()
    for number, _, line in file.source.lines():
        head = read_head(line)
        judge = judges.of(line, head) if head is not None else None
        if head is not None and judge is not None:
            latest.add_head(
                head, ScoredRecord(number, head.id, name_of(judge), rate_head(head, file.model, max_checklist_len))
            )
            continue
        row = parse_row(number, line)
        if isinstance(row, InvalidRow):
            found.unreadable.add(row)
            continue
        name = str(row.data["id"]) if "id" in row.data else ""
        outcome = score_record(row.data, file.model, max_checklist_len)
        latest.add(row.data, number, ScoredRecord(number, name, judge_model(row.data), outcome))
    found.rated = sorted(latest.values(), key=lambda rated: rated.line)
    scored = [rated for rated in found.rated if isinstance(rated.outcome, ReferenceMetrics)]
    found.judges = {rated.judge for rated in scored or found.rated} - {""}
    found.superseded, found.changed = latest.superseded, latest.changed
    return found


def summarise(file: ResultFile, max_checklist_len: int) -> Summary:
    """The summary of one file."""
    found = scan(file, max_checklist_len)
    valid = [rated.outcome for rated in found.rated if isinstance(rated.outcome, ReferenceMetrics)]
    unscored = [rated.outcome for rated in found.rated if isinstance(rated.outcome, Unscored)]
    skipped = sum(outcome.skipped for outcome in unscored)
    return Summary(
        model=file.model,
        file=file.path.name,
        total=len(found.rated),
        valid=len(valid),
        errors=len(unscored) - skipped,
        skipped=skipped,
        metrics=mean_std(valid),
        reasons=dict(Counter(outcome.reason for outcome in unscored).most_common()),
        scan=found,
    )


def summarise_file(path: str | Path, model: str | None = None, max_checklist_len: int = 10) -> Summary:
    """The summary of one result file; `model` names the evaluated model where the file does not.

    Raises `UsageError` for a file that holds no results.
    """
    return summarise(open_results(Path(path), model), max_checklist_len)
