"""Result files become summaries: one per file, from our records and the reference's alike.

An unscored record is counted with its reason, never taken for 0.
"""

import math
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self

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


class ScoredRecords:
    """Columns of scored records: 48 bytes per record."""

    def __init__(self) -> None:
        self.lines = array("q")
        self.metrics: dict[str, array[float]] = {name: array("d") for name in _METRICS}
        """The metrics of `ReferenceMetrics`; NaN where unscored."""
        self._judges, self._reasons = array("i"), array("i")
        self._judge_numbers: dict[str, int] = {}
        self._reason_numbers: dict[Unscored | None, int] = {None: 0}

    def __len__(self) -> int:
        return len(self.lines)

    def add(self, record: ScoredRecord) -> None:
        """Append a record."""
        self.lines.append(record.line)
        self._judges.append(self._judge_numbers.setdefault(record.judge, len(self._judge_numbers)))
        outcome = record.outcome
        reason = outcome if isinstance(outcome, Unscored) else None
        self._reasons.append(self._reason_numbers.setdefault(reason, len(self._reason_numbers)))
        for name, column in self.metrics.items():
            column.append(math.nan if reason else getattr(outcome, name))

    def take(self, numbers: Iterable[int]) -> Self:
        """Return the records with these numbers, from 0."""
        chosen, found = array("q", numbers), type(self)()
        found.lines = _take(self.lines, chosen)
        found.metrics = {name: _take(column, chosen) for name, column in self.metrics.items()}
        found._judges, found._reasons = _take(self._judges, chosen), _take(self._reasons, chosen)
        found._judge_numbers, found._reason_numbers = self._judge_numbers, self._reason_numbers
        return found

    def scored(self) -> Self:
        """Return the records with a score."""
        return self.take(number for number, reason in enumerate(self._reasons) if not reason)

    def judges(self) -> set[str]:
        """Return the judge models of the scored records; of all records if none is scored."""
        names = list(self._judge_numbers)
        scored = {judge for judge, reason in zip(self._judges, self._reasons, strict=True) if not reason}
        return {names[number] for number in scored or set(self._judges)} - {""}

    def unscored(self) -> "Counter[Unscored]":
        """Count the unscored records by reason."""
        reasons = list(self._reason_numbers)
        return Counter(reason for number in self._reasons if (reason := reasons[number]) is not None)


_METRICS = tuple(field.name for field in fields(ReferenceMetrics))


def _take(column: "array[Any]", numbers: Iterable[int]) -> "array[Any]":
    return array(column.typecode, (column[number] for number in numbers))


@dataclass(slots=True)
class FileScan:
    """Result of one pass over a result file."""

    rated: ScoredRecords = field(default_factory=ScoredRecords)
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


def scored_records(
    file: ResultFile, max_checklist_len: int | None, latest: LatestRecords, unreadable: UnreadableLines
) -> Iterator[ScoredRecord]:
    """Yield every record of a file with its score, and add it to `latest`; add other lines to `unreadable`."""
    for number, _, line in file.source.lines():
        record = Record.from_line(line, number)
        if isinstance(record, InvalidRow):
            unreadable.add(record)
            continue
        latest.add(record)
        outcome = score_record(record, file.model, max_checklist_len)
        yield ScoredRecord(number, record.id or "", record.judge_model, outcome)


def scan(file: ResultFile, max_checklist_len: int | None) -> FileScan:
    """Read a result file to its end; keep a few numbers per record."""
    latest, unreadable, every = LatestRecords(), UnreadableLines(), ScoredRecords()
    for record in scored_records(file, max_checklist_len, latest, unreadable):
        every.add(record)
    found = latest.find()
    rated = every.take(sorted(found.numbers)) if found.superseded else every
    return FileScan(rated, found.superseded, found.changed, unreadable, rated.judges())


def summarise(file: ResultFile, max_checklist_len: int) -> Summary:
    """Summarise one opened file."""
    return _summary(file.model, file.path.name, scan(file, max_checklist_len))


def part_of(summary: Summary, model: str, lines: Collection[int]) -> Summary:
    """Return the summary of the records at these lines, under another name for the evaluated model."""
    every = summary.scan.rated
    rated = every.take(number for number, line in enumerate(every.lines) if line in lines)
    return _summary(model, summary.file, replace(summary.scan, rated=rated, judges=rated.judges()))


def _summary(model: str, name: str, found: FileScan) -> Summary:
    unscored = found.rated.unscored()
    scored = found.rated.scored() if unscored else found.rated
    skipped = sum(count for outcome, count in unscored.items() if outcome.skipped)
    return Summary(
        model=model,
        file=name,
        total=len(found.rated),
        valid=len(scored),
        errors=unscored.total() - skipped,
        skipped=skipped,
        metrics=mean_std(scored.metrics),
        reasons=_by_reason(unscored),
        scan=found,
    )


def _by_reason(unscored: "Counter[Unscored]") -> dict[str, int]:
    reasons: Counter[str] = Counter()
    for outcome, count in unscored.items():
        reasons[outcome.reason] += count
    return dict(reasons.most_common())


def summarise_file(path: str | Path, model: str | None = None, max_checklist_len: int = 10) -> Summary:
    """Summarise one result file; `model` names the evaluated model if the file does not.

    Raises `UsageError` for a file without results.
    """
    return summarise(open_results(Path(path), model), max_checklist_len)
