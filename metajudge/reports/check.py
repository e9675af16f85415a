"""Check of an input file or a result file: the whole file is read; only counts and places are kept."""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from metajudge.data import (
    ALL,
    HUMAN_KEY,
    SHOWN_PROBLEMS,
    EligibleRows,
    InputFile,
    InvalidRow,
    Row,
    RowIds,
    Sample,
    Status,
    check_spelling,
    choose_models,
    find_checklist,
    find_models,
    make_sample,
)
from metajudge.errors import UsageError
from metajudge.records import JudgeIdentity, LatestRecords, Record, Unscored, file_model, guess_kind
from metajudge.reports.dataset_stats import OTHERS, Lengths, Model, Place, Places, Rows, known
from metajudge.reports.row_scores import MAX_CHECKLIST_LEN
from metajudge.reports.scan import score_record

INPUT, RESULTS = "input", "results"
_REASON_LENGTH = 200
_NO_HUMAN_LISTS = (
    f'no row can be judged, because none has a usable "{HUMAN_KEY}": make these lists with `decompose`, or add them as '
    "lists of strings, then check again"
)
_NO_LISTS = (
    f'no row has a checklist; a row needs "{HUMAN_KEY}" and, for each model to evaluate, "{{model}}-checklist", '
    "both lists of strings: add them, then check again"
)


@dataclass(slots=True)
class Records:
    """Counts of the records of a result file."""

    readable: int = 0
    superseded: int = 0
    failed: int = 0
    """Latest records that are neither scored nor left out on purpose."""
    states: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Latest records by status and reason; the reason is empty where scored."""
    judges: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """Latest records by judge model, hash of the instructions and granularity; empty where unknown."""
    evaluated: Counter[str] = field(default_factory=Counter)
    """Latest records by evaluated model."""

    def add(self, record: Record, model: str) -> None:
        """Count the latest record of a row of an evaluated model."""
        self.evaluated[known(model, self.evaluated, OTHERS)] += 1
        status, reason = record.status or "", ""
        rated = score_record(record, model, MAX_CHECKLIST_LEN)
        if isinstance(rated, Unscored):
            reason = (record.error_message or record.format_error or rated.reason)[:_REASON_LENGTH]
            self.failed += not rated.skipped and status != Status.EMPTY
        self.states[known((status, reason), self.states, (OTHERS, ""))] += 1
        judge = JudgeIdentity.from_json(record.judge or {})
        names = str(judge.model or ""), str(judge.instructions or ""), str(judge.granularity or "")
        self.judges[known(names, self.judges, (OTHERS, "", ""))] += 1


@dataclass(slots=True)
class Check:
    """Findings about one file."""

    file: Path
    kind: str = INPUT
    lines: int = 0
    """Lines that are not blank, without skipped rows."""
    skipped: int = 0
    """Rows that an earlier step left unfit: their `metajudge.status` is not `success`. They are no problem."""
    judged: int = 0
    """Rows that can be judged for at least one evaluated model."""
    refusal: str = ""
    """Reason against the whole file; empty if it can be used."""
    problems: Places = field(default_factory=lambda: Places(SHOWN_PROBLEMS))
    """Rows that cannot be judged for each evaluated model, and lines that cannot be read."""
    rows: Rows = field(default_factory=Rows)
    records: Records | None = None
    """None for an input file."""

    @property
    def good(self) -> bool:
        """True if an inference takes every row; for results, if each row is finished and readable."""
        failed = self.records.failed if self.records else 0
        return not (self.refusal or self.problems.count or failed)

    def as_json(self) -> dict[str, Any]:
        """Return the JSON object of a file.

        `file`, `kind` (input, results; else its contents), `good`, `refusal` (reason against the whole file, or
        null), `lines`, `passed_over`, `judged_rows`; `problems` and, by key, `findings`: {`count`, `first`:
        [{`line`, and where there are any `item`, `text`, `why`}]}; `human` and, by domain, `domains`: {`rows`,
        `with_list`, `items`, `mean`, `min`, `max`, `empty`}; `models`, by name: those of the model's lists,
        `over_5`, `over_10`, `labels`: [{`label` (as JSON text), `rows`, `verdict` (-2..2 or null), `why`}],
        `label_scale` (reason for an unknown one, or null). Results have, not `judged_rows`, `records`: {`readable`,
        `superseded`, `failed`, `states`: [{`status`, `reason`, `rows`}], `judges`: [{`model`, `instructions`,
        `granularity`, `rows`}], `evaluated`: {model: rows}}.
        """
        own = {"judged_rows": self.judged} if self.records is None else {"records": _records_json(self.records)}
        return {
            "file": str(self.file),
            "kind": self.kind,
            "good": self.good,
            "refusal": self.refusal or None,
            "lines": self.lines,
            "passed_over": self.skipped,
            **own,
            "problems": _places_json(self.problems),
            "human": _lengths_json(self.rows.human),
            "domains": {name: _lengths_json(lengths) for name, lengths in self.rows.domains.items()},
            "models": {model.name: _model_json(model) for model in self.rows.models.values()},
            "findings": {key: _places_json(places) for key, places in self.rows.findings.items()},
        }


def _places_json(places: Places) -> dict[str, Any]:
    first = [{key: value for key, value in asdict(place).items() if value} for place in places.first]
    return {"count": places.count, "first": first}


def _lengths_json(lengths: Lengths) -> dict[str, Any]:
    return {
        "rows": lengths.rows,
        "with_list": lengths.lists,
        "items": lengths.items,
        "mean": lengths.mean,
        "min": lengths.least,
        "max": lengths.most,
        "empty": lengths.empty,
    }


def _model_json(model: Model) -> dict[str, Any]:
    labels, unknown = model.verdicts()
    return {
        **_lengths_json(model.lengths),
        "over_5": model.over_five,
        "over_10": model.over_ten,
        "labels": [{"label": one.text, "rows": one.rows, "verdict": one.verdict, "why": one.why} for one in labels],
        "label_scale": unknown or None,
    }


def _records_json(records: Records) -> dict[str, Any]:
    return {
        "readable": records.readable,
        "superseded": records.superseded,
        "failed": records.failed,
        "states": [{"status": s, "reason": why, "rows": n} for (s, why), n in records.states.most_common()],
        "judges": [
            {"model": model, "instructions": instructions, "granularity": granularity, "rows": n}
            for (model, instructions, granularity), n in records.judges.most_common()
        ],
        "evaluated": dict(records.evaluated),
    }


def check_file(path: Path, asked: str = ALL) -> Check:
    """Check a whole file; `asked`: names of evaluated models with commas between, or `all`.

    Raises `UsageError` for a file that cannot be read.
    """
    source = EligibleRows(path)
    first = next((row.data for row in source.rows() if isinstance(row, Row)), {})
    if "derived" in first:
        return Check(
            path,
            "step records",
            refusal="it holds the replies of a step; check the file of its rows, whose name lacks .records",
        )
    if "samples" in first:
        return _check_results(source, first, asked)
    if (kind := guess_kind(first)) not in ("", "input rows"):
        return Check(path, kind, refusal=f"it holds {kind}; check the result file beside it, whose name lacks .matches")
    return _check_input(source, asked)


# ------------------------------------------------------------------ input files


def _check_input(source: EligibleRows, asked: str) -> Check:
    check = Check(source.path)
    models = find_models(source, None, ALL)
    spelling = ""
    try:
        check_spelling(source)
    except UsageError as error:
        spelling = str(error)
    try:
        models = choose_models(asked, models, source.path)
    except UsageError as error:
        check.refusal = str(error)
    numbers = RowIds()
    for row in source.rows():
        check.lines += 1
        if isinstance(row, InvalidRow):
            check.problems.add(Place(row.line, row.reason))
            continue
        row_id = numbers.id_of(row.data)
        wrong = check.rows.add(row, row_id)
        counted = row if wrong is None else _with_human_list(row)
        reasons = [wrong or problem for problem in [check.rows.add_model(counted, row_id, name) for name in models]]
        check.judged += None in reasons
        if not models and find_checklist(row.data, "human")[0]:  # the whole file is refused; this list is checked
            reasons = [wrong]
        if text := " and ".join(dict.fromkeys(filter(None, reasons))):
            check.problems.add(Place(row.line, text))
    check.skipped = source.skipped
    check.refusal = _refusal(check, spelling, has_models=bool(models)) or check.refusal
    return check


def _refusal(check: Check, spelling: str, *, has_models: bool) -> str:
    """Return the reason against a whole input file that goes before an unknown model; empty for none."""
    if not check.lines:
        return "an earlier step left every row unfit" if check.skipped else "it is empty"
    if not check.rows.human.rows:
        return "no line is a JSON object; write each row as one JSON object on one line (JSONL)"
    if spelling:
        return spelling
    if not has_models and not check.rows.human.lists:
        return _NO_LISTS
    if check.refusal or check.judged:
        return ""
    return "no row can be judged" if check.rows.human.lists else _NO_HUMAN_LISTS


def _with_human_list(row: Row) -> Row:
    """Return a row whose human list can be read, so that a model's list is counted where the human one is missing."""
    if isinstance(make_sample(row, "", "human"), Sample):
        return row
    others = {key: value for key, value in row.data.items() if key.lower() != HUMAN_KEY}
    return Row(row.line, {**others, HUMAN_KEY: []})


# ------------------------------------------------------------------ result files


def _check_results(source: InputFile, first: Mapping[str, Any], asked: str) -> Check:
    records = Records()
    check = Check(source.path, RESULTS, records=records)
    flag = None if asked.strip().lower() == ALL or "," in asked else asked
    try:
        default = Record.from_json(first).model_be_evaluated or file_model(source.path, first, flag)
    except UsageError as error:
        check.refusal = str(error)
        return check
    latest = _latest_lines(source, check, records)
    numbers, seen = RowIds(), set[str]()
    for line in source.rows():
        if not isinstance(line, Row) or line.line not in latest:
            continue
        record = Record.from_json(line.data)
        model = record.model_be_evaluated or default
        records.add(record, model)
        if record.metadata is not None:
            row = Row(line.line, record.metadata)
            row_id = numbers.id_of(row.data) if record.id is None else record.id
            if row_id not in seen:  # a row that was judged for several models counts once
                seen.add(row_id)
                check.rows.add(row, row_id)
            check.rows.add_model(_with_human_list(row), row_id, model)
    evaluated = list(records.evaluated)
    if missing := _missing(asked, evaluated):
        check.refusal = f"no record is of {', '.join(missing)}; there are records of {', '.join(evaluated)}"
    return check


def _latest_lines(source: InputFile, check: Check, records: Records) -> set[int]:
    """Count lines and records; return the lines that hold the latest record of their row."""
    latest, numbers = LatestRecords(), array("q")
    for row in source.rows():
        check.lines += 1
        if isinstance(row, InvalidRow):
            check.problems.add(Place(row.line, row.reason))
        else:
            records.readable += 1
            latest.add(Record.from_json(row.data))
            numbers.append(row.line)
    found = latest.find()
    records.superseded = found.superseded
    return {numbers[number] for number in found.numbers}


def _missing(asked: str, evaluated: Sequence[str]) -> list[str]:
    """Return the names in `asked` that no record has, without regard to case."""
    known_names = {ALL, *(name.lower() for name in evaluated)}
    if asked.strip().lower() in known_names:
        return []
    return [name.strip() for name in asked.split(",") if name.strip().lower() not in known_names]
