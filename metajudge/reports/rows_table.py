"""Rows as a table: one line per row and model, as a list, a data frame, CSV, JSONL or Parquet."""

import hashlib
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from metajudge.errors import UsageError
from metajudge.metrics import Known
from metajudge.records import Paths, encode, result_paths, split_controls
from metajudge.reports.outcome import ACCURACY
from metajudge.reports.record_facts import RecordFacts, as_count
from metajudge.reports.render import file_notes
from metajudge.reports.row_scores import Evidence, RowScores, ScoringConfig
from metajudge.reports.score_table import RC, ScoreTable, score_rows
from metajudge.reports.scored_files import disambiguate
from metajudge.text import plural, printable, render_rows, replace_surrogates

if TYPE_CHECKING:
    import pandas  # type: ignore[import-untyped, unused-ignore]

_ROWS_SHOWN = 20
"""Lines that a notebook shows."""
_LONGEST_CLUSTER = 64
"""A longer value of the cluster field, such as a conversation, is replaced by its hash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedRow:
    """One line of the table; the fields are its columns in their order. None = no value."""

    id: str
    line: int
    """Number of the record's line in its file, from 1."""
    model: str
    """Evaluated model as in the report: with the file's name if several files have it."""
    judge: str | None
    granularity: str | None
    """`item`, `pairs` or `row`, as the judge was asked."""
    domain: str | None
    cluster: str
    """Value of the cluster field, or its hash; equal where rows share a source."""
    gold: str | int | float | None
    """Human preference as in the row."""
    label: str | int | float | None
    """Model's verdict as in the row."""
    right: int | None
    """1 = the label is right, 0 = it is wrong; None for a human tie and without a preference."""
    exact: int | None
    """1 = the next six figures are exact. 0 = only each human item's best score is known: `rc`, `ap`, `precision` and
    `f1` are lower bounds, and what is not even that has no value."""
    rc: float | None
    """Rationale consistency, which is the one-to-one recall."""
    rc_upper: float | None
    """Upper bound of `rc`; equal to it where it is exact."""
    ap: float | None
    ap_soft: float | None
    precision: float | None
    """One-to-one, as `f1`."""
    f1: float | None
    reference_precision: float | None
    reference_recall: float | None
    reference_f1: float | None
    reference_ap: float | None
    matched_1: int | None
    """Human items with a best score of 1."""
    matched_075: int | None
    """Human items with a best score from .75 to below 1; the next ones likewise."""
    matched_05: int | None
    matched_025: int | None
    matched_0: int | None
    """Human items with a best score below .25."""
    sound: float | None
    """Share of the judge's samples with a matched pair of at least the sound threshold."""
    n_human: int | None
    n_model: int | None
    status: str | None
    unscored: str | None
    """Reason for having no paper metrics."""
    prompt_tokens: int | None
    completion_tokens: int | None
    latency_s: float | None


COLUMNS = tuple(field.name for field in fields(ExportedRow))
_FIGURES = {
    "rc": RC,
    "ap": ("paper", "average_precision"),
    "ap_soft": ("paper", "average_precision_soft"),
    "precision": ("paper", "precision"),
    "f1": ("paper", "f1"),
    "reference_precision": ("reference", "precision"),
    "reference_recall": ("reference", "recall"),
    "reference_f1": ("reference", "f1"),
    "reference_ap": ("reference", "average_precision"),
}
"""Columns of a `ScoreTable` by column of the table."""
_STEPS = {"matched_1": 1.0, "matched_075": 0.75, "matched_05": 0.5, "matched_025": 0.25, "matched_0": 0.0}
"""Least best score of a human item by column."""


class RowTable(list[ExportedRow]):
    """The lines of the table, as a list; a notebook shows the first ones."""

    def __init__(self, rows: Iterable[ExportedRow], files: Sequence[ScoreTable]) -> None:
        super().__init__(rows)
        self.files = tuple(files)
        """The scored files."""

    @property
    def notes(self) -> list[str]:
        """Remarks on the files, which `export` prints on stderr: lines left out, mixed judges, changed rows."""
        return [note for file in self.files for note in file_notes(file)]

    def to_pandas(self) -> "pandas.DataFrame":
        """Return a data frame with the columns of the lines. Raises `UsageError` without pandas.

        A missing whole number is `<NA>` (`Int64`), any other missing figure is NaN.
        """
        try:
            import pandas
        except ImportError:
            raise UsageError("to_pandas needs pandas, which is not installed: pip install pandas") from None
        types = {int: "Int64", float: "float64"}
        columns = {name: [getattr(row, name) for row in self] for name in COLUMNS}
        return pandas.DataFrame(
            {name: pandas.Series(columns[name], dtype=types.get(kind, "object")) for name, kind in _kinds()}
        )

    def _repr_html_(self) -> str:
        cells = [[_shown(getattr(row, name)) for name in COLUMNS] for row in self[:_ROWS_SHOWN]]
        more = len(self) - len(cells)
        return render_rows(cells, COLUMNS, "html") + (f"<p>and {plural(more, 'more row')}</p>" if more else "")


def scores(paths: Paths, options: ScoringConfig | None = None, eval_model: str | None = None) -> RowTable:
    """Return the figures of each row of result files, or of directories of them: the lines of `metajudge export`.

    Control records are left out. `options`: how rows are scored. `eval_model`: only the rows of this judge, by its
    name or the file's. Raises `UsageError` for a file without results.
    """
    options = options or ScoringConfig()
    scored = [score_rows(path, options) for path in split_controls(result_paths(paths))[0]]
    tables = disambiguate([table for table, _ in scored])
    lines: list[ExportedRow] = []
    for table, (_, rows) in zip(tables, scored, strict=True):
        figures = {name: table.columns[source].tolist() for name, source in _FIGURES.items()}
        right = table.columns[ACCURACY].tolist()
        for place, (row, facts) in enumerate(rows):
            if eval_model is None or eval_model == facts.judge or eval_model in table.path.name:
                own = {name: _known(column[place]) for name, column in figures.items()}
                own |= _bounds(row.evidence, table.upper_bound[place], own)
                lines.append(_line(table.model, row, facts, options, right[place], own))
    if eval_model is not None and not lines:
        judges = dict.fromkeys(facts.judge or "an unnamed judge" for _, rows in scored for _, facts in rows)
        raise UsageError(f"`eval_model` {eval_model}: no row has this judge; there are {', '.join(judges)}")
    return RowTable(lines, tables)


def _line(
    model: str,
    row: RowScores,
    facts: RecordFacts,
    options: ScoringConfig,
    right: float,
    figures: Mapping[str, Any],
) -> ExportedRow:
    return ExportedRow(
        id=row.id,
        line=facts.line,
        model=model,
        judge=facts.judge,
        granularity=facts.granularity,
        domain=row.domain or None,
        cluster=_short(row.cluster),
        gold=_plain(row.gold),
        label=_plain(row.label),
        right=None if math.isnan(right) else int(right),
        **figures,
        **_best_counts(row.evidence.best),
        sound=_sound(row.evidence, options.sound_threshold),
        n_human=as_count(row.n_human),
        n_model=facts.n_model,
        status=facts.status,
        unscored=row.evidence.unscored or None,
        prompt_tokens=facts.prompt_tokens,
        completion_tokens=facts.completion_tokens,
        latency_s=facts.latency_s,
    )


def _shown(value: str | int | float | None) -> str:
    """Return a cell of a notebook's table: no value is empty."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else printable(str(value))


def _bounds(evidence: Evidence, upper_bound: float, figures: Mapping[str, float | None]) -> dict[str, float | None]:
    """Return `exact` and `rc_upper`, and None for each figure that is not determined."""
    known = {name: evidence.known(metric) for name, (group, metric) in _FIGURES.items() if group == "paper"}
    return {
        **{name: None if one == Known.NOT_DETERMINED else figures[name] for name, one in known.items()},
        "exact": int(not any(known.values())) if evidence.paper else None,
        "rc_upper": _known(float(upper_bound)),
    }


def _sound(evidence: Evidence, threshold: float) -> float | None:
    return None if evidence.sound_known(threshold) else _known(evidence.sound(threshold))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _plain(value: Any) -> str | int | float | None:
    """Return a JSON value as a cell: texts and numbers as they are, others as JSON."""
    if value is None or isinstance(value, str):
        return value
    number = type(value) in (int, float) and math.isfinite(value)
    return value if number else json.dumps(value, ensure_ascii=False)


def _short(cluster: str) -> str:
    """Return the key of a cluster without the quotes of JSON, or the hash of a long one."""
    text = json.loads(cluster) if cluster.startswith('"') else cluster
    if len(text) <= _LONGEST_CLUSTER:
        return str(text)
    return hashlib.sha256(cluster.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _best_counts(best: Sequence[float]) -> dict[str, int | None]:
    """Return the number of human items by step of their best score; None for each without scores."""
    if not best:
        return dict.fromkeys(_STEPS)
    reached = [next(name for name, least in _STEPS.items() if score >= least) for score in best]
    return {name: reached.count(name) for name in _STEPS}


# ------------------------------------------------------------------ formats


def as_csv(rows: Sequence[ExportedRow]) -> bytes:
    """Return the table as CSV: no value is an empty cell, and no text is a formula to a spreadsheet."""
    lines = [COLUMNS, *([csv_cell(getattr(row, name)) for name in COLUMNS] for row in rows)]
    return "".join(f"{','.join(cells)}\n" for cells in lines).encode()


_FORMULA = tuple("=+-@\t\r\n＝＋－＠")
"""Beginnings of a cell that spreadsheets may run as a formula, or strip to find one."""
_QUOTED = re.compile(r'[",\r\n]')


def csv_cell(value: str | int | float | None) -> str:
    """Return a cell of a CSV file; a text that a spreadsheet may run as a formula begins with a quote."""
    if not isinstance(value, str):
        return "" if value is None else str(value)
    text = replace_surrogates(f"'{value}" if value.startswith(_FORMULA) else value)
    # Before Python 3.13 the csv module leaves a lone carriage return unquoted, which ends the row for its reader.
    return '"' + text.replace('"', '""') + '"' if _QUOTED.search(text) else text


def as_jsonl(rows: Sequence[ExportedRow]) -> bytes:
    """Return the table as JSONL, with null for no value."""
    return b"".join(encode({name: getattr(row, name) for name in COLUMNS}) for row in rows)


def as_parquet(rows: Sequence[ExportedRow]) -> bytes:
    """Return the table as Parquet; labels are texts. Raises `UsageError` without pyarrow."""
    require_pyarrow()
    import pyarrow  # type: ignore[import-untyped, unused-ignore]
    from pyarrow import parquet  # type: ignore[import-untyped, unused-ignore]

    types = {str: pyarrow.string(), int: pyarrow.int64(), float: pyarrow.float64()}
    kinds = dict(_kinds())
    schema = pyarrow.schema([(name, types[kind]) for name, kind in kinds.items()])
    columns = {name: [_arrow_value(getattr(row, name), kind) for row in rows] for name, kind in kinds.items()}
    data = io.BytesIO()
    parquet.write_table(pyarrow.table(columns, schema=schema), data)
    return data.getvalue()


def require_pyarrow() -> None:
    """Raise `UsageError` if pyarrow is not installed."""
    try:
        import pyarrow.parquet  # type: ignore[import-untyped, unused-ignore] # noqa: F401
    except ImportError:
        raise UsageError(
            "a .parquet file needs pyarrow, which is not installed: pip install pyarrow, or name a .csv or .jsonl file"
        ) from None


def _kinds() -> Iterator[tuple[str, type]]:
    """Yield the columns with their type; one of several types is text, so that every file has the same schema."""
    for name, hint in get_type_hints(ExportedRow).items():
        yield name, next(kind for kind in get_args(hint) or (hint,))


def _arrow_value(value: str | int | float | None, kind: type) -> str | int | float | None:
    return value if value is None or kind is not str else replace_surrogates(str(value))


WRITERS: Mapping[str, Callable[[Sequence[ExportedRow]], bytes]] = {
    ".csv": as_csv,
    ".jsonl": as_jsonl,
    ".parquet": as_parquet,
}
"""Formats by suffix of the file's name."""
