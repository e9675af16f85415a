"""Rows of a result file as text: both lists side by side, matches, missed and unclaimed items."""

import heapq
import itertools
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from metajudge.data import InputFile, Row, UnreadableLines
from metajudge.errors import UsageError
from metajudge.metrics import COUNTED_MODEL_ITEMS, Match, ReferenceMetrics
from metajudge.records import LatestRecords, Record, Unscored, open_results
from metajudge.reports.scan import ScoredRecord, scored_records
from metajudge.text import Paint, columns, plain, wrapped

MIN_WIDTH = 40
_MIDDLE = 9
_GOOD = 0.75
_TAIL = 300
_NAMED = 3
"""Failed rows that a remark names."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Selected rows of one file."""

    source: InputFile
    model: str
    """Evaluated model."""
    rated: list[ScoredRecord]
    failed: list[ScoredRecord]
    """Rows of the file without a score that they should have, selected or not."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the view before it is wrapped."""

    left: tuple[str, str]
    """Label and text of a human item; empty if there is none."""
    middle: str
    right: tuple[str, str]
    """Label and text of a model item; empty if there is none."""
    colour: str


# ------------------------------------------------------------------ selection


def worst(path: Path, count: int, model: str | None = None) -> Chosen:
    """Select the `count` scored rows with the lowest recall, the lowest first, ties in file order."""
    every = _all_rows(path, model)
    scored = {rated.line: rated.outcome.recall for rated in every.rated if isinstance(rated.outcome, ReferenceMetrics)}
    rated = (rated for rated in every.rated if rated.line in scored)
    return replace(every, rated=heapq.nsmallest(count, rated, key=lambda one: scored[one.line]))


def failed(path: Path, model: str | None = None) -> Chosen:
    """Select the rows that are neither scored nor left out on purpose."""
    every = _all_rows(path, model)
    return replace(every, rated=every.failed)


def by_id(path: Path, wanted: str, model: str | None = None) -> Chosen:
    """Select the rows with this id, else the one row whose id begins with it. Records without id go by line number."""
    every = _all_rows(path, model)
    same = [rated for rated in every.rated if _name(rated) == wanted]
    found = same or [rated for rated in every.rated if rated.id and rated.id.startswith(wanted)]
    if not found:
        some = ", ".join(map(_name, every.rated[:3]))
        raise UsageError(f"`id` {wanted}: no row of {path} has this id; the first ids there: {some}")
    if not same and len({rated.id for rated in found}) > 1:
        raise UsageError(
            f"`id` {wanted}: {len(found)} ids of {path} begin with it, such as {found[0].id}; give more of the id"
        )
    return replace(every, rated=found)


def _all_rows(path: Path, model: str | None) -> Chosen:
    if path.exists() and not path.is_file() and not path.is_dir():
        raise UsageError(f"{path} is no ordinary file; show reads it twice, so save it to an ordinary file first")
    file = open_results(path, model)
    latest = LatestRecords()
    every = list(scored_records(file, None, latest, UnreadableLines()))
    rated = [every[number] for number in sorted(latest.find().numbers)]
    wrong = [one for one in rated if isinstance(one.outcome, Unscored) and not one.outcome.skipped]
    return Chosen(file.source, file.model, rated, wrong)


def _name(rated: ScoredRecord) -> str:
    return rated.id or str(rated.line)


# ------------------------------------------------------------------ failed rows


def failed_remark(chosen: Chosen) -> str:
    """Return a sentence with the number, the reasons and the first ids of the file's failed rows."""
    reasons = Counter(one.outcome.reason for one in chosen.failed if isinstance(one.outcome, Unscored))
    why = ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
    names = ", ".join(map(_name, chosen.failed[:_NAMED])) + (", ..." if len(chosen.failed) > _NAMED else "")
    rows = "1 row" if len(chosen.failed) == 1 else f"{len(chosen.failed)} rows"
    return f"{rows} not scored: {why} ({names})"


def show_failed(chosen: Chosen, width: int, paint: Paint = plain) -> Iterator[str]:
    """Yield each chosen failed row as a text of a few lines: its id, the reason and the beginning of the reply."""
    records = _records(chosen)
    for rated in chosen.rated:
        lines = [*_heading(rated, chosen.model, max(width, MIN_WIDTH), paint)]
        for text in _why(records[rated.line], rated.outcome):
            lines += wrapped(text, max(width, MIN_WIDTH))
        yield "\n".join(lines)


def _why(record: Record, outcome: ReferenceMetrics | Unscored) -> Iterator[str]:
    assert isinstance(outcome, Unscored)
    yield f"not scored: {outcome.reason}"
    for key in ("format_error", "error_message"):
        if value := getattr(record, key):
            yield f"{key}: {value}"
    text = _reply(record)
    yield f"reply: {text[:_TAIL]}{' ...' if len(text) > _TAIL else ''}" if text.strip() else "no reply"


def _reply(record: Record) -> str:
    """Return the record's last reply; empty if it has none."""
    match record.samples:
        case [{"raw_text": str(text)}, *_] | [{"generated_text": str(text)}, *_]:
            return text
    return ""


def _records(chosen: Chosen) -> dict[int, Record]:
    wanted = {rated.line for rated in chosen.rated}
    rows = (row for row in chosen.source.rows() if isinstance(row, Row))
    return {row.line: Record.from_json(row.data) for row in rows if row.line in wanted}


def _heading(rated: ScoredRecord, model: str, width: int, paint: Paint) -> Iterator[str]:
    name = f"{rated.id}, line {rated.line}" if rated.id else f"line {rated.line}"
    for line in wrapped(f"{name}, {model}", width):
        yield paint(line, "head")


# ------------------------------------------------------------------ one row


def show_rows(chosen: Chosen, width: int, paint: Paint = plain) -> Iterator[str]:
    """Yield each chosen row as a text of several lines, none wider than `width` (at least `MIN_WIDTH`) columns."""
    records = _records(chosen)
    for rated in chosen.rated:
        yield "\n".join(_row(rated, records[rated.line], chosen.model, max(width, MIN_WIDTH), paint))


def _row(rated: ScoredRecord, record: Record, model: str, width: int, paint: Paint) -> Iterator[str]:
    yield from _heading(rated, model, width, paint)
    for text in _verdict(record, rated.outcome):
        yield from wrapped(text, width)
    human, items = (_texts(record, name) for name in ("human", model))
    lists = record.scored_lists(model)
    lines = _side_by_side(human, items) if isinstance(lists, Unscored) else _matches(human, items, lists.marks)
    yield from _laid_out(Line(("", "HUMAN"), "score", ("", "MODEL"), "head"), width, paint)
    for entry in lines:
        yield from _laid_out(entry, width, paint)


def _verdict(record: Record, outcome: ReferenceMetrics | Unscored) -> Iterator[str]:
    if isinstance(outcome, ReferenceMetrics):
        yield (
            f"reference recall {outcome.recall:.4f}, precision {outcome.precision:.4f}, "
            f"F1 {outcome.f1:.4f}, AP {outcome.average_precision:.4f}"
        )
        return
    yield f"not scored: {outcome.reason}"
    for key in ("format_error", "error_message"):
        if value := getattr(record, key):
            yield f"{key}: {value}"
    match record.samples:
        case [{"raw_text": str(text)}, *_] if text.strip():
            yield f"last reply: {'... ' if len(text) > _TAIL else ''}{text[-_TAIL:]}"


def _texts(record: Record, name: str) -> list[str]:
    return [item if isinstance(item, str) else repr(item) for item in record.checklist(name) or ()]


# ------------------------------------------------------------------ matches


def _matches(human: Sequence[str], items: Sequence[str], marks: Sequence[Match]) -> Iterator[Line]:
    """Yield each human item with its model items, then the unclaimed model items."""
    by_human: defaultdict[int, list[Match]] = defaultdict(list)
    for mark in marks:
        by_human[mark.human_item].append(mark)
    for number, text in enumerate(human, 1):
        left = (f"R{number} ", text)
        for mark in by_human.pop(number, [Match(number, 0, 0.0)]):
            yield _match(left, mark, items)
            left = ("", "")
    for mark in itertools.chain.from_iterable(by_human.values()):
        yield _match((f"R{mark.human_item} ", "(no such item)"), mark, items)
    claimed = {mark.model_item for mark in marks if mark.score > 0}
    unclaimed = [Line(("", ""), "", (f"S{n} ", text), "dim") for n, text in enumerate(items, 1) if n not in claimed]
    if unclaimed:
        yield Line(("", ""), "", ("", "unclaimed by any human item:"), "head")
        yield from unclaimed


def _match(left: tuple[str, str], mark: Match, items: Sequence[str]) -> Line:
    if not mark.model_item or not mark.score:
        return Line(left, "missed", ("", ""), "none")
    number = mark.model_item
    text = items[number - 1] if number <= len(items) else "(no such item)"
    if number > COUNTED_MODEL_ITEMS:
        text = f"(after S{COUNTED_MODEL_ITEMS}: no credit) {text}"
        return Line(left, f"({mark.score:.4g})", (f"S{number} ", text), "none")
    return Line(left, f"{mark.score:.4g}", (f"S{number} ", text), "good" if mark.score >= _GOOD else "part")


def _side_by_side(human: Sequence[str], items: Sequence[str]) -> Iterator[Line]:
    left = [(f"R{number} ", text) for number, text in enumerate(human, 1)]
    right = [(f"S{number} ", text) for number, text in enumerate(items, 1)]
    for one, other in itertools.zip_longest(left, right, fillvalue=("", "")):
        yield Line(one, "", other, "dim")


# ------------------------------------------------------------------ columns


def _laid_out(line: Line, width: int, paint: Paint) -> Iterator[str]:
    side = (width - _MIDDLE) // 2
    left, right = _hanging(*line.left, side - 1), _hanging(*line.right, side)
    for number, (one, other) in enumerate(itertools.zip_longest(left, right, fillvalue="")):
        middle = f"{line.middle if number == 0 else '':<{_MIDDLE}}"
        start = one + " " * (side - columns(one))
        yield (start + (paint(middle, line.colour) if middle.strip() else middle) + other).rstrip()


def _hanging(label: str, text: str, width: int) -> list[str]:
    """Return the lines of `text` behind its label, later lines indented by the label's width."""
    first, *more = wrapped(text, width - len(label))
    return [label + first, *(" " * len(label) + line for line in more)]
