"""The evaluated models of a file of rows: which there are, and which the user asks for."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from metajudge.data.rows import InputFile, InvalidRow
from metajudge.data.samples import evaluated_models
from metajudge.errors import UsageError

ALL = "all"


def find_models(source: InputFile, limit: int | None, asked: str) -> list[str]:
    """The evaluated models that have a checklist in the first `limit` rows, in order of appearance.

    Reads no further than it takes to find every name in `asked`.
    """
    wanted = {part.strip().lower() for part in asked.split(",")}
    names: dict[str, str] = {}
    for row in islice(source.rows(), limit):
        if not isinstance(row, InvalidRow):
            for name in evaluated_models(row.data):
                names.setdefault(name.lower(), name)
            if wanted <= names.keys():
                break
    return list(names.values())


def choose_models(asked: str, found: Sequence[str], where: Path, limit: int | None = None) -> list[str]:
    """The models named by `--model-be-evaluated`: one name, a comma list, or `all`, without regard to case.

    `found`: those of the first `limit` rows of the file `where`.
    """
    known = {name.lower(): name for name in found}
    rows = "no row" if limit is None else f"none of the first {limit} rows (--limit)"
    if not known:
        raise UsageError(f'{rows} of {where} has a "{{model}}-checklist"; a row needs human-checklist and one of these')
    if asked.strip().lower() in known:
        return [known[asked.strip().lower()]]
    if asked.strip().lower() == ALL:
        return list(found)
    names = {part.strip().lower(): part.strip() for part in asked.split(",") if part.strip()}
    unknown = [name for lower, name in names.items() if lower not in known]
    if unknown or not names:
        raise UsageError(
            f"--model-be-evaluated {', '.join(unknown) or repr(asked)}: {rows} of {where} has such a checklist; "
            f"there are: {', '.join(found)}"
        )
    return [known[lower] for lower in names]
