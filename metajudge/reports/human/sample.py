"""Rows of result files drawn for people to label: a task for each row and evaluated model, models blinded."""

import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metajudge.data import PROMPT_FIELDS, is_absent, read_conversation
from metajudge.errors import UsageError
from metajudge.metrics.statistics.stratified import draw_rows
from metajudge.records import Record, encode
from metajudge.reports.human.labels import top_k_of
from metajudge.reports.rows_table import csv_cell
from metajudge.reports.score_table import RC, ScoreTable
from metajudge.reports.table_records import Key, judge_matrix, records_of
from metajudge.text import printable

_Value = str | int | float | None
_NUMBER = re.compile(r"\d+(?:e\d+)?", re.ASCII)
_RESPONSES = ("response1", "response2")


@dataclass(frozen=True, slots=True)
class LabelSample:
    """Drawn rows as tasks, in the order in which people see them."""

    tasks: tuple[dict[str, Any], ...]
    """The models of a row follow each other, in random order. A task has no model's name."""
    rows: int
    population: int
    """Rows that could be drawn: those that the judge has scored for some model."""
    strata: int
    models: int


def label_sample(files: Sequence[ScoreTable], n: int, seed: int, show_judge: bool = False) -> LabelSample:
    """Draw `n` rows, the same ones for every evaluated model; equal arguments give equal tasks.

    Strata are thirds of the judge's mean rationale consistency within a domain. `show_judge`: add the judge's scores to
    the tasks; such labels cannot correct the judge. Raises `UsageError` for several files of one model, a row id that a
    file has twice, and files without a scored row.
    """
    _check(files)
    means, domains = _population(files)
    if not means:
        raise UsageError(f"{', '.join(str(file.path) for file in files)}: no row is scored, so none can be drawn")
    ids = list(means)
    drawn = draw_rows(np.array([means[name] for name in ids]), [domains[name] for name in ids], n, seed)
    tasks: dict[str, list[dict[str, Any]]] = {ids[one.place]: [] for one in drawn}
    probability = {ids[one.place]: one.probability for one in drawn}
    for file in files:
        scored = _scored(file)
        for key, record in records_of(file):
            if key[0] in tasks and key in scored:
                tasks[key[0]].append(_task(file, key, record, probability[key[0]], show_judge))
    order = np.random.default_rng(seed)
    shuffled = [own[place] for own in tasks.values() for place in order.permutation(len(own))]
    return LabelSample(
        tasks=tuple(shuffled),
        rows=len(drawn),
        population=len(ids),
        strata=len({one.stratum for one in drawn}),
        models=len(files),
    )


def _check(files: Sequence[ScoreTable]) -> None:
    seen: dict[str, ScoreTable] = {}
    for file in files:
        other = seen.setdefault(file.model_be_evaluated.lower(), file)
        if other is not file:
            raise UsageError(
                f"{other.path} and {file.path} are both about {printable(file.model_be_evaluated)}; "
                "name one file for each model, or choose one judge with `eval_model`"
            )
        twice = next((name for place, name in enumerate(file.ids) if file.places()[name] != place), None)
        if twice is not None:
            raise UsageError(
                f"{file.path} has row {printable(twice)} twice, because a list of it has changed; "
                "judge the rows with changed lists into another file"
            )


def _scored(file: ScoreTable) -> set[Key]:
    scored = ~np.isnan(file.columns[RC])
    return {key for key, own in zip(zip(file.ids, file.question_ids, strict=True), scored, strict=True) if own}


def _population(files: Sequence[ScoreTable]) -> tuple[dict[str, float], dict[str, str]]:
    """Return the judge's mean rationale consistency over the models, and the domain, of each scored row."""
    scores: dict[str, list[float]] = {}
    domains: dict[str, str] = {}
    for file in files:
        for name, domain, score in zip(file.ids, file.domains, file.columns[RC].tolist(), strict=True):
            if not math.isnan(score):
                scores.setdefault(name, []).append(score)
                domains.setdefault(name, domain)
    return {name: sum(own) / len(own) for name, own in scores.items()}, domains


def _task(file: ScoreTable, key: Key, record: Record, probability: float, show_judge: bool) -> dict[str, Any]:
    """Return a label line without a label, and what the person reads."""
    row, model = record.metadata or {}, file.model_be_evaluated
    human, reasons = record.checklist("human") or [], (record.checklist(model) or [])[: top_k_of(file)]
    task = {
        "id": key[0],
        "question_id": key[1],
        "annotator": None,
        "marks": None,
        "unclear": [],
        "note": "",
        "seconds": None,
        "probability": probability,
        "judge_shown": show_judge,
        "n_human": len(human),
        "n_model": len(reasons),
        "human-checklist": human,
        "model-checklist": reasons,
        "context": next((row[name] for name in ("context", *PROMPT_FIELDS) if not is_absent(row.get(name))), None),
        **{name: row.get(name) for name in _RESPONSES},
    }
    if show_judge:
        task["judge_scores"] = judge_matrix(record, model)
    return task


# ------------------------------------------------------------------ files


def as_jsonl(tasks: Sequence[Mapping[str, Any]]) -> bytes:
    """Return a line for each task."""
    return b"".join(map(encode, tasks))


def as_csv(tasks: Sequence[Mapping[str, Any]]) -> bytes:
    """Return the tasks for a spreadsheet; checklists are numbered lines, and no text is a formula."""
    names = list(tasks[0]) if tasks else []
    lines: list[list[_Value]] = [[*names], *([_cell(name, task) for name in names] for task in tasks)]
    return "".join(f"{','.join(map(csv_cell, cells))}\r\n" for cells in lines).encode("utf-8-sig")


def _cell(name: str, task: Mapping[str, Any]) -> _Value:
    value = task[name]
    if name.endswith("-checklist"):
        letter = "R" if name.startswith("human") else "S"
        return "\n".join(f"{letter}{number}: {item}" for number, item in enumerate(value, 1))
    if name == "unclear":
        return ""
    if name in ("id", "question_id") and _NUMBER.fullmatch(value):
        return f"'{value}"  # a spreadsheet would read the hash as a number, and round it
    if isinstance(value, bool):
        return str(value).lower()
    if name in ("context", *_RESPONSES) and not isinstance(value, str):
        return "\n\n".join(_turns(value))
    return json.dumps(value) if isinstance(value, list | dict) else value


def _turns(value: Any) -> Iterator[str]:
    conversation = None if value is None else read_conversation(value)
    if isinstance(conversation, str):
        yield json.dumps(value)
    elif conversation is not None:
        yield from (f"[{turn.role}]\n{turn.text}" for turn in conversation.turns)
