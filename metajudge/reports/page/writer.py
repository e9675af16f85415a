"""Writes the page of result files, or of the output of `decompose`, `critic` and `flaws`."""

from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from metajudge.data import InputFile, InvalidRow
from metajudge.errors import UsageError
from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.records import Record, read_first, replacing, result_paths, split_controls, split_flaws
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.first_items import first_model_items
from metajudge.reports.model_rows import report_rows
from metajudge.reports.page.blocks import ROWS, Blocks, data_element
from metajudge.reports.page.details import record_detail, record_scores, strip_of
from metajudge.reports.page.document import document
from metajudge.reports.page.flaw_tags import NAMES, FlawTags
from metajudge.reports.page.missed_points import MISSED, MissedPoints
from metajudge.reports.page.overview import judges_json, model_json
from metajudge.reports.page.row_index import ModelColumns, RowColumns
from metajudge.reports.page.row_texts import FULL, LIMITS, SHORT, TEXTS, Limits, items_of, row_texts
from metajudge.reports.page.steps import is_step_output, step_counts, step_rows, step_texts
from metajudge.reports.record_facts import RecordFacts
from metajudge.reports.row_scores import RowScores, ScoringConfig
from metajudge.reports.score_table import ScoreTable, score_parts
from metajudge.reports.scored_files import check_fields, disambiguate, select_judge
from metajudge.version import __version__

LONG_PAGE = 30_000_000
"""Bytes of a page beyond which the texts are cut if the user has not chosen."""
LONGEST_PAGE = 200_000_000
"""Bytes of a page that no browser should have to open."""
Rows = list[tuple[RowScores, RecordFacts]]


@dataclass(frozen=True, slots=True)
class PageOptions:
    """Choices of the user."""

    scoring: ScoringConfig = field(default_factory=ScoringConfig)
    texts: str | None = None
    """One of `TEXTS`; None = `full`, or `short` if the page would be longer than `LONG_PAGE`."""
    judge: str | None = None
    """Only this judge, by file name or record."""
    resamples: int = RESAMPLES
    rule: FlagRule = field(default_factory=FlagRule)


@dataclass(frozen=True, slots=True)
class Written:
    """A page that was written."""

    size: int
    """Bytes."""
    rows: int
    texts: str
    """One of `TEXTS`."""
    files: Sequence[ScoreTable]
    """Scored files; empty for the output of a step."""


class _TooLong(Exception):
    """The texts do not fit."""


def write_page(paths: Sequence[Path], output: Path, options: PageOptions | None = None) -> Written:
    """Write the page of these files, or of the result files of these directories.

    Control records are left out, unless there are no others. Files of `flaws` beside result files add what they know of
    the reasons.
    Raises `UsageError` for a file of another kind, for files without a row, and for a page of more than
    `LONGEST_PAGE` bytes.
    """
    options = options or PageOptions()
    if options.texts not in (None, *TEXTS):
        raise ValueError(f"texts is {options.texts!r}; it is one of {', '.join(TEXTS)}, or None")
    for path in paths:
        if str(path) == "-" or (path.exists() and not path.is_file() and not path.is_dir()):
            raise UsageError(f"{path} is no ordinary file; view reads it twice, so save it to an ordinary file first")
    rest, flaw_files = split_flaws(paths)
    found = [path for path in rest if path.is_dir() or not is_step_output(read_first(path)[0])]
    if found and len(found) < len(rest):
        made = next(path for path in rest if path not in found)
        raise UsageError(f"{made} is the output of a step and {found[0]} holds results; make a page of each kind")
    tags = FlawTags(flaw_files, options.scoring)
    content = _Results(_shown(rest), options, tags) if found else _StepOutput(rest or flaw_files, tags)
    for texts, most in _attempts(options.texts):
        try:
            with replacing(output) as file:
                return _write(content, texts, most, file)
        except _TooLong:
            continue
    raise UsageError(
        f"the page would have more than {LONGEST_PAGE // 1_000_000} MB; name fewer files, or leave texts out with "
        "`texts` none"
    )


def _shown(paths: Sequence[Path]) -> list[Path]:
    """Return the result files of `paths`: those of control records only if there are no others."""
    ordinary, controls = split_controls(result_paths(paths))
    return ordinary or controls


def _attempts(texts: str | None) -> list[tuple[str, int]]:
    return [(FULL, LONG_PAGE), (SHORT, LONGEST_PAGE)] if texts is None else [(texts, LONGEST_PAGE)]


def _write(content: "_Results | _StepOutput", texts: str, most: int, file: IO[bytes]) -> Written:
    page = content.page(LIMITS[texts], most)
    about = {"version": __version__, "texts": texts, "block": ROWS, **NAMES, **page.about}
    size = 0
    first = [data_element("meta", about), data_element("index", page.index)]
    for piece in document(page.title, first, (piece for blocks in page.blocks for piece in blocks.elements())):
        size += file.write(piece)
        if size > most:
            raise _TooLong
    return Written(size, page.rows, texts, content.tables)


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    rows: int
    about: dict[str, Any]
    index: dict[str, Any]
    blocks: Sequence[Blocks]


# ------------------------------------------------------------------ results


class _Results:
    """Result files, scored as in the report."""

    def __init__(self, paths: Sequence[Path], options: PageOptions, tags: FlawTags) -> None:
        parts = [part for path in paths for part in score_parts(path, options.scoring)]
        tables = disambiguate([table for table, _ in parts])
        check_fields(tables, options.scoring)
        if options.judge:
            tables = select_judge(tables, options.judge)
        # A table may be a copy by now: the object that holds its columns is the same, and identifies its rows.
        rows = {id(table.columns): own for table, own in parts}
        self.tables = tables
        self.rows: list[Rows] = [rows[id(table.columns)] for table in tables]
        if not any(self.rows):
            raise UsageError(f"{paths[0]} has no row to show; name a file that the inference has written")
        self._earlier = [_earlier(table.ids) for table in tables]
        report = report_rows(tables, options.rule, options.resamples)
        line_of = {id(row.file): model_json(row) for row in report}
        self._about = {
            "kind": "results",
            "judges": judges_json(tables, report),
            "tables": [line_of[id(table)] for table in tables],
            "sound": options.scoring.sound_threshold,
            "missed_below": MISSED,
        }
        self._tags = tags
        self._gold_field, self._top_k = options.scoring.gold_field, options.scoring.top_k

    def page(self, limits: Limits, most: int) -> _Page:
        """Read the files once more for their texts. Raises `_TooLong`."""
        texts = Blocks("texts")
        rows = RowColumns(limits, self._gold_field)
        shared: dict[str, int] = {}  # hash of each row's human points
        models = [ModelColumns(table) for table in self.tables]
        missed = [MissedPoints() for _ in self.tables]
        details = [Blocks(f"model{number}") for number in range(len(self.tables))]
        for number, place, scored, facts, record in self._records():
            model, row = self.tables[number].model_be_evaluated, record.metadata or {}
            earlier = self._earlier[number].get(place, 0)
            name = scored.id or "(no id)"
            key = f"{name} ({earlier + 1})" if earlier else name
            if key not in rows.places:
                rows.add(key, row)
                entry = row_texts(row, limits)
                texts.add(entry)
                shared[key] = hash(tuple(entry["human"]))
            scores, human = record_scores(record, model), items_of(row, "human")
            detail = record_detail(record, model, scores, self.tables[number].samples[place], limits)
            if hash(tuple(human)) != shared[key]:
                detail["human"] = human
            if flaws := self._tags.of(model, name, items_of(row, model), limits):
                detail["flaws"] = flaws
            strip = strip_of(*scores) or [None] * len(human)
            models[number].add(rows.places[key], facts.line, place, scored, record, strip)
            missed[number].add(rows.places[key], scored.domain, human, strip)
            details[number].add(detail)
            if sum(blocks.size for blocks in (texts, *details)) > most:
                raise _TooLong
        about = {**self._about, "missed": [one.as_json() for one in missed]}
        index = {**rows.as_json(), "tables": [one.as_json() for one in models]}
        names = list(dict.fromkeys(table.model_be_evaluated for table in self.tables))
        title = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
        return _Page(f"MetaJudge: {title}", len(rows.places), about, index, [texts, *details])

    def _records(self) -> Iterator[tuple[int, int, RowScores, RecordFacts, Record]]:
        """Yield the records that count, in the order of the files: table, place in it, scores, facts, record."""
        for path in dict.fromkeys(table.path for table in self.tables):
            wanted = {
                facts.line: (number, place, scored, facts)
                for number, (table, rows) in enumerate(zip(self.tables, self.rows, strict=True))
                if table.path == path
                for place, (scored, facts) in enumerate(rows)
            }
            for line_number, _, line in InputFile(path).lines():
                if line_number in wanted:
                    record = Record.from_line(line, line_number)
                    if isinstance(record, InvalidRow):
                        raise UsageError(f"{path} was changed while it was read; try again")
                    table = self.tables[wanted[line_number][0]]
                    if self._top_k is not None:
                        record = first_model_items(record, table.model_be_evaluated, self._top_k)
                    yield *wanted[line_number], record


def _earlier(ids: Sequence[str]) -> dict[int, int]:
    """Return the number of earlier rows with the same id by place: a file has two if a list has changed."""
    seen: Counter[str] = Counter()
    found = {}
    for place, name in enumerate(ids):
        if seen[name]:
            found[place] = seen[name]
        seen[name] += 1
    return found


# ------------------------------------------------------------------ output of a step


class _StepOutput:
    """Rows that `decompose`, `critic` or `flaws` has made."""

    tables: Sequence[ScoreTable] = ()

    def __init__(self, paths: Sequence[Path], tags: FlawTags) -> None:
        self._paths, self._tags = list(dict.fromkeys(paths)), tags  # a file may be named twice

    def page(self, limits: Limits, most: int) -> _Page:
        """Read the files. Raises `_TooLong`."""
        texts, rows = Blocks("texts"), RowColumns(limits)
        counts: list[dict[str, Any]] = []
        for path in self._paths:
            for name, row in step_rows(path):
                key = _free(name, rows.places)
                rows.add(key, row)
                entry = step_texts(row, limits)
                for critic in entry["critics"]:
                    critic["flaws"] = self._tags.of(critic["model"], name, critic["items"], limits)
                texts.add(entry)
                counts.append(step_counts(entry))
                if texts.size > most:
                    raise _TooLong
        columns = {name: [one[name] for one in counts] for name in counts[0]}
        about = {"kind": "steps", "files": [str(path) for path in self._paths]}
        index = {**rows.as_json(), "steps": columns}
        names = ", ".join(path.name for path in self._paths[:3])
        return _Page(f"MetaJudge: {names}", len(rows.places), about, index, [texts])


def _free(name: str, taken: Container[str]) -> str:
    """Return a name that is not taken."""
    number, free = 1, name
    while free in taken:
        number += 1
        free = f"{name} ({number})"
    return free
