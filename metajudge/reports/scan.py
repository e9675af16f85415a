"""Result files become summaries: one per file, from our records and the reference's alike.

An unscored record is counted with its reason, never taken for 0.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from metajudge.data import InvalidRow, UnreadableLines
from metajudge.metrics import MeanStd, ReferenceMetrics, mean_std, reference_metrics
from metajudge.records import LatestRecords, Record, ResultFile, Unscored, open_results


@dataclass(frozen=True, slots=True)
class ScoredRecord:
    """Latest record of one row."""

    line: int
    """Number of the line in the file, from 1."""
    id: str
    """Empty for a record of the reference."""
    judge: str
    """Judge model; empty if the record names none."""
    outcome: ReferenceMetrics | Unscored


@dataclass(slots=True)
class FileScan:
    """Result of one pass over a result file."""

    rated: list[ScoredRecord] = field(default_factory=list)
    """Latest records in file order."""
    superseded: int = 0
    """Records that do not count, because their row has a later or finished one."""
    changed: int = 0
    """Records that count in addition to another one of their row, because a list has changed."""
    unreadable: UnreadableLines = field(default_factory=UnreadableLines)
    judges: set[str] = field(default_factory=set)
    """Judge models of the scored records; of all records if none is scored."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures and counts of one file."""

    model: str
    file: str
    total: int
    valid: int
    errors: int
    skipped: int
    metrics: MeanStd | None
    """None without a valid record."""
    reasons: dict[str, int]
    """Unscored records by reason, the most frequent first."""
    scan: FileScan
    paper: dict[str, float | None] | None = None
    """Means of the paper's metrics, each None if no row is scored, or if best scores alone do not determine it; None if
    they were not requested."""
    paper_lower_bounds: tuple[str, ...] = ()
    """Those of them that are lower bounds."""
    not_common: int = 0
    """Rows that another file of the same analysis lacks."""

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of the summary."""
        mean, std = self.metrics and self.metrics.mean, self.metrics and self.metrics.std
        return {
            "model": self.model,
            "total_samples": self.total,
            "valid_samples": self.valid,
            "error_samples": self.errors,
            "precision": mean and mean.precision,
            "recall": mean and mean.recall,
            "f1": mean and mean.f1,
            "average_precision": mean and mean.average_precision,
            "precision_std": std and std.precision,
            "recall_std": std and std.recall,
            "file": self.file,
            "skipped_samples": self.skipped,
            "reasons": self.reasons,
            "superseded_records": self.scan.superseded,
            "changed_records": self.scan.changed,
            "unreadable_lines": self.scan.unreadable.count,
            "judge_models": sorted(self.scan.judges),
            **(
                {}
                if self.paper is None
                else {
                    "paper": self.paper,
                    "paper_lower_bounds": list(self.paper_lower_bounds),
                    "not_common_rows": self.not_common,
                }
            ),
        }


def score_record(record: Record, model: str, max_checklist_len: int | None) -> ReferenceMetrics | Unscored:
    """Score one record, or return the reason for having no score."""
    lists = record.scored_lists(model, max_checklist_len)
    return lists if isinstance(lists, Unscored) else reference_metrics(lists.marks, lists.n_human, lists.n_model)


def scan(file: ResultFile, max_checklist_len: int | None) -> FileScan:
    """Read a result file to its end; keep a few numbers per record."""
    found, latest = FileScan(), LatestRecords()
    for number, _, line in file.source.lines():
        record = Record.from_line(line, number)
        if isinstance(record, InvalidRow):
            found.unreadable.add(record)
            continue
        outcome = score_record(record, file.model, max_checklist_len)
        latest.add(record, number, ScoredRecord(number, record.id or "", record.judge_model, outcome))
    found.rated = sorted(latest.values(), key=lambda rated: rated.line)
    found.judges = _judges(found.rated)
    found.superseded, found.changed = latest.superseded, latest.changed
    return found


def summarise(file: ResultFile, max_checklist_len: int) -> Summary:
    """Summarise one opened file."""
    return _summary(file.model, file.path.name, scan(file, max_checklist_len))


def part_of(summary: Summary, model: str, lines: Collection[int]) -> Summary:
    """Return the summary of the records at these lines, under another name for the evaluated model."""
    rated = [one for one in summary.scan.rated if one.line in lines]
    return _summary(model, summary.file, replace(summary.scan, rated=rated, judges=_judges(rated)))


def _judges(rated: Sequence[ScoredRecord]) -> set[str]:
    scored = [one for one in rated if isinstance(one.outcome, ReferenceMetrics)]
    return {one.judge for one in scored or rated} - {""}


def _summary(model: str, name: str, found: FileScan) -> Summary:
    valid = [rated.outcome for rated in found.rated if isinstance(rated.outcome, ReferenceMetrics)]
    unscored = [rated.outcome for rated in found.rated if isinstance(rated.outcome, Unscored)]
    skipped = sum(outcome.skipped for outcome in unscored)
    return Summary(
        model=model,
        file=name,
        total=len(found.rated),
        valid=len(valid),
        errors=len(unscored) - skipped,
        skipped=skipped,
        metrics=mean_std(valid),
        reasons=dict(Counter(outcome.reason for outcome in unscored).most_common()),
        scan=found,
    )


def summarise_file(path: str | Path, model: str | None = None, max_checklist_len: int = 10) -> Summary:
    """Summarise one result file; `model` names the evaluated model if the file does not.

    Raises `UsageError` for a file without results.
    """
    return summarise(open_results(Path(path), model), max_checklist_len)
