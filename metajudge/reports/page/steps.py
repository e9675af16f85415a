"""Rows that `decompose` or `critic` has made: annotators' texts beside points, and critiques."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from metajudge.data import METADATA_KEY, InputFile, Row, evaluated_models
from metajudge.errors import UsageError
from metajudge.reports.page.details import critique
from metajudge.reports.page.row_texts import Limits, as_text, items_of, row_texts, stamps_of


def is_step_output(first: Mapping[str, Any] | None) -> bool:
    """Return True if the first row of a file was made by a step and not judged."""
    return first is not None and "samples" not in first and isinstance(first.get(METADATA_KEY), dict)


def step_rows(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield id and data of the rows of a file; a row without an id has its line. Raises `UsageError` for no row."""
    found = False
    for row in InputFile(path).rows():
        if isinstance(row, Row):
            found = True
            stamp = row.data.get(METADATA_KEY)
            name = stamp.get("id") if isinstance(stamp, dict) else None
            yield as_text(name) if name else f"line {row.line}", row.data
    if not found:
        raise UsageError(f"{path} has no readable row; name a file that decompose, critic or flaws has written")


def step_texts(row: Mapping[str, Any], limits: Limits) -> dict[str, Any]:
    """Return the texts of a row, with the critiques of all its models and what each step noted."""
    models = [name for name in evaluated_models(dict(row)) if not name.lower().startswith("annotator-")]
    return {
        **row_texts(row, limits),
        "critics": [
            {"model": model, "items": items_of(row, model), **critique(row, model, limits)} for model in models
        ],
        "stamps": [_stamp(stamp) for stamp in stamps_of(row)],
    }


def _stamp(stamp: Mapping[str, Any]) -> list[str]:
    """Return step, status and model of a stamp."""
    return [as_text(stamp.get(name) or "") for name in ("step", "status", "model")]


def step_counts(texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the list of rows shows of a row."""
    stamps = texts["stamps"]
    lists = [*([texts["human"]] if texts["human"] else []), *(items for _, items in texts["lists"])]
    return {
        "status": " / ".join(f"{step}: {status}" for step, status, _ in stamps),
        "points": sum(map(len, lists)),
        "ignored": len(texts["ignored"]),
        "doubts": len(texts["doubts"]),
        "verdicts": [str(critic.get("label") or "") for critic in texts["critics"]],
        "differ": any("labels" in critic and _differ(critic["labels"]) for critic in texts["critics"]),
    }


def _differ(labels: Any) -> bool:
    return isinstance(labels, dict) and len(set(map(str, labels.values()))) > 1
