"""Rows for the human reference: a model's lists and those of the single annotators, from two files."""

from pathlib import Path
from typing import Any

from metajudge.data import ANNOTATOR, CHECKLIST_SUFFIX, HUMAN_KEY, InputFile, Row, RowIds, evaluated_models
from metajudge.records import encode, replacing


def write_reference_rows(critiques: Path, annotators: Path, output: Path) -> None:
    """Write the rows of `critiques`, each with the annotators' lists that `annotators` has for the same texts."""
    lists: dict[str, dict[str, Any]] = {}
    for row in InputFile(annotators).rows():
        if isinstance(row, Row):
            names = (name for name in evaluated_models(row.data) if ANNOTATOR.fullmatch(name))
            keys = (f"{name}{CHECKLIST_SUFFIX}" for name in names)
            lists.setdefault(_texts(row), {key: row.data[key] for key in keys})
    output.parent.mkdir(parents=True, exist_ok=True)
    with replacing(output) as file:
        for row in InputFile(critiques).rows():
            if isinstance(row, Row):
                file.write(encode(row.data | lists.get(_texts(row), {})))


def _texts(row: Row) -> str:
    """Return a hash of the row's conversation and responses."""
    return RowIds().id_of({**row.data, HUMAN_KEY: None})
