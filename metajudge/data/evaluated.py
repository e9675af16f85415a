"""The evaluated models of a file of rows, and the user's choice among them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from metajudge.data.rows import InputFile, InvalidRow
from metajudge.data.samples import evaluated_models
from metajudge.errors import UsageError

ALL = "all"


def find_models(source: InputFile, limit: int | None, asked: str) -> list[str]:
    """Return the models with a checklist in the first `limit` rows, in order; stop once all in `asked` are found."""
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
    """Return the models that `asked` names: one name, a comma list, or `all`, without regard to case.

    `found`: the models of the first `limit` rows of the file `where`. Raises `UsageError` for other names.
    """
    known = {name.lower(): name for name in found}
    rows = "no row" if limit is None else f"none of the first {limit} rows (`limit`)"
    if not known:
        raise UsageError(f'{rows} of {where} has a "{{model}}-checklist"; a row needs human-checklist and one of these')
    whole = asked.strip().lower()
    if whole in known:
        return [known[whole]]
    if whole == ALL:
        return list(found)
    names = {part.strip().lower(): part.strip() for part in asked.split(",") if part.strip()}
    unknown = [name for lower, name in names.items() if lower not in known]
    if unknown or not names:
        raise UsageError(
            f"`model_be_evaluated` {', '.join(unknown) or repr(asked)}: {rows} of {where} has such a checklist; "
            f"there are: {', '.join(found)}"
        )
    return [known[lower] for lower in names]
