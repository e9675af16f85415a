"""Figures by row in the report of a study, so that a later study can be compared with it row by row."""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from metajudge.errors import UsageError
from metajudge.metrics.statistics.intervals import Column
from metajudge.records import JudgeIdentity
from metajudge.reports.score_table import ScoreTable

_REMEDY = "name the report.json of a study, or the folder of one"


def row_values(table: ScoreTable) -> dict[str, Any]:
    """Return the columns of a table as a JSON object; null = no value. No text of a row is in it."""
    return {
        "judge": None if table.judged_by is None else table.judged_by.as_json(),
        "ids": list(table.ids),
        "clusters": list(table.clusters),
        "domains": list(table.domains),
        "columns": {"/".join(name): _listed(column) for name, column in table.columns.items()},
        "upper_bound": _listed(table.upper_bound),
        "known": {"/".join(name): _listed(column) for name, column in table.known.items()},
    }


def read_tables(path: Path) -> list[ScoreTable]:
    """Return the tables of the models of an earlier report. Raises `UsageError` for another file."""
    path = path / "report.json" if path.is_dir() else path
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        found = [as_table(path, row["model"], row["row_values"]) for row in rows if "row_values" in row]
    except FileNotFoundError:
        raise UsageError(f"`baseline` {path} does not exist; {_REMEDY}") from None
    except OSError as error:
        raise UsageError(f"`baseline` {path} cannot be read: {error.strerror}") from None
    except (ValueError, TypeError, KeyError):
        raise UsageError(f"`baseline` {path} is no report of a study; {_REMEDY}") from None
    if not found:
        raise UsageError(f"`baseline` {path} has no figures by row, as only `study` writes them; {_REMEDY}")
    return found


def as_table(path: Path, model: str, values: Mapping[str, Any]) -> ScoreTable:
    """Return the table of a model from the JSON object of its columns; `path`: where it is from."""
    ids, judge = tuple(values["ids"]), values["judge"]
    return ScoreTable(
        model=model,
        model_be_evaluated=model,
        path=path,
        judged_by=None if judge is None else JudgeIdentity.from_json(judge),
        ids=ids,
        question_ids=(),
        clusters=tuple(values["clusters"]),
        domains=tuple(values["domains"]),
        groups=("",) * len(ids),
        n_human=(None,) * len(ids),
        columns={_name(key): _column(column) for key, column in values["columns"].items()},
        samples=[],
        upper_bound=_column(values["upper_bound"]),
        has_full_matrix=not values["known"],
        shared_rows=0,
        known={_name(key): _column(column) for key, column in values["known"].items()},
    )


def _name(key: str) -> tuple[str, str]:
    group, _, metric = key.partition("/")
    return group, metric


def _listed(column: Column) -> list[float | None]:
    return [None if math.isnan(value) else value for value in column.tolist()]


def _column(values: Sequence[float | None]) -> Column:
    return np.array([math.nan if value is None else value for value in values], np.float64)
