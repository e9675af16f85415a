"""Result files of several judges become one table: the rows that all have scored, one column per judge."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from metajudge.data import UnreadableLines
from metajudge.errors import UsageError
from metajudge.metrics import COUNTED_MODEL_ITEMS, Match
from metajudge.metrics.statistics.agreement import Joined
from metajudge.metrics.statistics.resampling import Floats
from metajudge.records import BAD_SCORE, QUESTION, Record, Unscored, check_results, latest_records, read_first
from metajudge.text import printable


class RowKey(NamedTuple):
    """Identity of a row across judges."""

    model: str
    """Evaluated model in lower case."""
    id: str
    question_id: str


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """One row as one judge has scored it."""

    best: tuple[float, ...]
    """Best score of each human item, 0 to 1."""
    matches: tuple[int, ...]
    """Model item that matches each human item, from 1; 0 = no match."""
    matrix: Floats | None
    """Human × model items, NaN = not asked; None in a record without `score_matrix`."""


@dataclass(slots=True)
class JudgeRows:
    """All rows of one judge, from one or several files."""

    judge: str
    files: list[Path] = field(default_factory=list)
    seen: dict[RowKey, Path] = field(default_factory=dict)
    """File of every row that has a record."""
    scored: dict[RowKey, JudgedRow] = field(default_factory=dict)
    unscored: Counter[str] = field(default_factory=Counter)
    """Rows without scores, by reason."""

    def as_json(self, common: int) -> dict[str, Any]:
        """Return the judge's files and counts; `common` rows are scored by all judges."""
        return {
            "judge": self.judge,
            "files": list(map(str, self.files)),
            "rows": len(self.seen),
            "scored": len(self.scored),
            "unscored": dict(self.unscored.most_common()),
            "not_common": len(self.scored) - common,
        }


@dataclass(slots=True)
class Reading:
    """Contents of all files."""

    judges: dict[str, JudgeRows] = field(default_factory=dict)
    """By name, in order of appearance."""
    models: dict[str, str] = field(default_factory=dict)
    """First spelling of each evaluated model, by its name in lower case."""
    settings: dict[str, dict[str, Path]] = field(default_factory=lambda: {name: {} for name in QUESTION})
    """First file with each value of a field of the records' `judge`, by field."""
    unreadable: dict[Path, UnreadableLines] = field(default_factory=dict)
    """Lines of each file that are no records."""

    def differences(self) -> list[str]:
        """Describe each difference beyond the judge; empty when the judges are comparable."""
        found = [
            f"{name} {', '.join(f'{value} in {path.name}' for value, path in values.items())}"
            for name, values in self.settings.items()
            if len(values) > 1
        ]
        owners: dict[Path, list[str]] = {}
        for rows in self.judges.values():
            for path in rows.files:
                owners.setdefault(path, []).append(rows.judge)
        found += [f"{path.name} holds {' and '.join(names)}" for path, names in owners.items() if len(names) > 1]
        return [printable(text) for text in found]


# ------------------------------------------------------------------ reading


def read_judges(paths: Iterable[Path]) -> Reading:
    """Read the latest record of every row, by judge.

    Raises `UsageError` for other files than our results, for a row that one judge has in two files, for a score
    outside 0..1, and for fewer than two judges.
    """
    reading = Reading()
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path} does not exist (looked in {Path.cwd()}); check the path")
        if not path.is_file():
            raise UsageError(f"{path} is no ordinary file; name result files (.jsonl) of at least two judges")
        check_results(path, *read_first(path))
        for record in latest_records(path, reading.unreadable.setdefault(path, UnreadableLines())):
            _add(reading, path, record)
    if len(reading.judges) < 2:
        names = ", ".join(map(printable, reading.judges))
        raise UsageError(f"the files hold results of only one judge ({names}); name result files of at least two")
    return reading


def _add(reading: Reading, path: Path, record: Record) -> None:
    judge, name = record.judged_by, record.judge_model
    if judge is None or not name:
        raise UsageError(
            f"{path} holds records that do not say who judged them (no id or no judge.model), such as those of the "
            f"reference's script; judge its rows again with: python3 -m metajudge infer"
        )
    model = str(record.model_be_evaluated)
    key = RowKey(model.lower(), str(record.id), str(record.question_id))
    rows = reading.judges.setdefault(name, JudgeRows(name))
    if key in rows.seen:
        raise UsageError(
            f"row {printable(key.id)} was judged by {printable(name)} in {rows.seen[key]} and in {path}; "
            f"name one file for each judge and evaluated model"
        )
    rows.seen[key] = path
    if path not in rows.files:
        rows.files.append(path)
    for setting in QUESTION:
        reading.settings[setting].setdefault(str(getattr(judge, setting)), path)
    reading.models.setdefault(key.model, model)
    scores = _scores(path, record, model)
    if isinstance(scores, JudgedRow):
        rows.scored[key] = scores
    else:
        rows.unscored[scores.reason] += 1


def _scores(path: Path, record: Record, model: str) -> JudgedRow | Unscored:
    """Return the scores of a record, or the reason for having none. Raises `UsageError` for a bad score."""
    lists = record.scored_lists(model)
    try:
        if lists == BAD_SCORE:
            raise ValueError(BAD_SCORE.reason)
        if isinstance(lists, Unscored):
            return lists
        matrices = record.score_matrices(lists.n_human, lists.n_model)
    except ValueError as error:
        raise UsageError(
            f"{path}: row {printable(str(record.id))}: {printable(str(error))}; correct or remove that record"
        ) from None
    matrix = np.array(matrices[0], dtype=np.float64) if matrices else None  # None becomes nan
    # A score of 0 is no match, and S0 has none.
    marks = [mark if mark.model_item and mark.score else Match(mark.human_item, 0, 0.0) for mark in sorted(lists.marks)]
    return JudgedRow(tuple(mark.score for mark in marks), tuple(mark.model_item for mark in marks), matrix)


# ------------------------------------------------------------------ joining


def no_common_row(reading: Reading) -> str:
    """Say that no row is scored by all judges, with each one's counts."""
    counts = "; ".join(
        f"{rows.judge}: {len(rows.scored)} of {len(rows.seen)} rows scored, "
        f"evaluated model {', '.join(dict.fromkeys(key.model for key in rows.seen))}"
        for rows in reading.judges.values()
    )
    return f"no row is scored by all judges ({printable(counts)})"


def join(reading: Reading) -> Joined | None:
    """Join the rows that every judge has scored, in the first judge's order.

    Returns None if a judge has not scored any row. Raises `UsageError` where all have, but not the same rows, and for
    lists of different length.
    """
    judges = list(reading.judges.values())
    if not all(rows.scored for rows in judges):
        return None
    common = [key for key in judges[0].scored if all(key in rows.scored for rows in judges)]
    if not common:
        raise UsageError(f"{no_common_row(reading)}; judge the same rows and evaluated models with each of them")
    for key in common:
        _check_shapes(key, judges)
    sides = [[rows.scored[key] for rows in judges] for key in common]
    pairs, pair_rows = _pairs(sides, len(judges))
    asked = ~np.isnan(pairs).any(axis=1)
    models = list(dict.fromkeys(key.model for key in common))
    row_recalls = np.array([[_recall(scores) for scores in row] for row in sides])
    own = [[key.model == model for key in common] for model in models]
    return Joined(
        judges=tuple(reading.judges),
        rows=len(common),
        items=np.concatenate([np.array([scores.best for scores in row]).T for row in sides]),
        matches=np.concatenate([np.array([scores.matches for scores in row], dtype=np.int64).T for row in sides]),
        pair_rows=pair_rows,
        pairs=pairs[asked],
        pairs_not_asked=int(np.count_nonzero(~asked)),
        models=tuple(reading.models[model] for model in models),
        model_rows=tuple(map(sum, own)),
        recalls=np.array([row_recalls[rows].mean(axis=0) for rows in own]),
    )


def _recall(scores: JudgedRow) -> float:
    """Return the reference's recall: a match beyond the counted model items is none."""
    pairs = zip(scores.best, scores.matches, strict=True)
    return float(np.mean([best if match <= COUNTED_MODEL_ITEMS else 0.0 for best, match in pairs]))


def _pairs(sides: Sequence[Sequence[JudgedRow]], judges: int) -> tuple[Floats, int]:
    """Return the scores of all pairs (R, S) × judges, NaN = not asked, and the number of rows with all matrices."""
    matrices = [[scores.matrix for scores in row if scores.matrix is not None] for row in sides]
    whole = [np.stack([matrix.ravel() for matrix in row], axis=1) for row in matrices if len(row) == judges]
    return np.concatenate([np.empty((0, judges)), *whole]), len(whole)


def _check_shapes(key: RowKey, judges: Sequence[JudgeRows]) -> None:
    row = [(rows.scored[key], rows.seen[key]) for rows in judges]
    lengths = {len(scores.best): path for scores, path in row}
    shapes = {scores.matrix.shape: path for scores, path in row if scores.matrix is not None}
    for found in (lengths, shapes):
        if len(found) > 1:
            files = " and ".join(map(str, found.values()))
            raise UsageError(
                f"row {printable(key.id)} has lists of different length in {files}; judge one of them again"
            )
