"""Samples: rows of a JSONL file, each viewed for one evaluated model; and the choice of these models."""

import functools
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from metajudge.data.rows import InputFile, InvalidRow, Row, is_absent, json_kind
from metajudge.errors import UsageError

CHECKLIST_SUFFIX = "-checklist"
HUMAN_KEY = "human-checklist"
ALL = "all"
ANNOTATOR = re.compile(r"annotator-\d+", re.IGNORECASE)
"""Names of the lists that `decompose` makes for single annotators."""
PROMPT_FIELDS = ("prompt", "question", "messages")
"""Fields that name a row's source where it has no context, in order of preference."""
_MISSPELT = re.compile(r"(.+)[_ .]checklist", re.IGNORECASE)
_CANONICAL = json.JSONEncoder(check_circular=False, sort_keys=True, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Sample:
    """A row viewed for one evaluated model."""

    line: int
    id: str
    """Hash of context, responses and human checklist: the same for every evaluated model."""
    question_id: str
    """Hash of the evaluated model's name and both lists."""
    model: str
    """Name of the evaluated model, spelled as the user or the file spells it."""
    human: tuple[str, ...]
    """Human items R1..Rn."""
    model_items: tuple[str, ...]
    """Model items S1..Sm, before any top-k cut."""
    row: dict[str, Any]
    control: dict[str, Any] | None = None
    """Kind and details of a control, which judges other lists than the row's; None = the row's own lists."""


def evaluated_models(row: dict[str, Any]) -> list[str]:
    """Return the models that have a checklist in `row`, in its order, once each without regard to case."""
    names: dict[str, str] = {}
    for key, value in row.items():
        lower = key.lower()
        if lower.endswith(CHECKLIST_SUFFIX) and lower not in (HUMAN_KEY, CHECKLIST_SUFFIX) and not is_absent(value):
            names.setdefault(lower, key[: -len(CHECKLIST_SUFFIX)])
    return list(names.values())


def find_checklist(row: dict[str, Any], name: str) -> tuple[bool, Any]:
    """Return True and the first value of a key `{name}-checklist` without regard to case, or False and None.

    A null is an absent checklist, also where a key that differs in case follows it.
    """
    key = _checklist_key(tuple(row), name)
    value = None if key is None else row[key]
    return (False, None) if is_absent(value) else (True, value)


def with_checklist(row: dict[str, Any], name: str, items: Sequence[str]) -> dict[str, Any]:
    """Return a copy of `row` with another checklist of `name`."""
    key = _checklist_key(tuple(row), name) or f"{name}{CHECKLIST_SUFFIX}"
    return {**row, key: list(items)}


@functools.lru_cache(maxsize=64)
def _checklist_key(keys: tuple[str, ...], name: str) -> str | None:
    """Return the first matching key; cached, because most rows of a file have the same keys."""
    exact = f"{name}{CHECKLIST_SUFFIX}".lower()
    return next((key for key in keys if key.lower() == exact), None)


def _hash(*parts: object) -> str:
    """Return 64 bits of SHA-256 over the canonical JSON of `parts`, as 16 hexadecimal digits."""
    return hashlib.sha256(_CANONICAL(parts).encode("ascii")).hexdigest()[:16]


@dataclass(slots=True)
class RowIds:
    """Gives every row its id: a repeated row gets `-2`, `-3`, … in file order. Keeps 64 bits per row."""

    _seen: set[int] = field(default_factory=set)
    _repeats: dict[int, int] = field(default_factory=dict)

    def id_of(self, row: dict[str, Any]) -> str:
        """Return the id of the next row of the file."""
        name = _hash(*(row.get(key) for key in ("context", "response1", "response2", HUMAN_KEY)))
        number = int(name, 16)
        if number not in self._seen:
            self._seen.add(number)
            return name
        self._repeats[number] = self._repeats.get(number, 1) + 1
        return f"{name}-{self._repeats[number]}"

    @property
    def repeated(self) -> int:
        """Number of rows that were repetitions of an earlier one."""
        return sum(count - 1 for count in self._repeats.values())


def _problem(name: str, found: bool, value: object) -> str | None:
    key = f"{name}{CHECKLIST_SUFFIX}"
    if not found:
        return f'has no "{key}"'
    if not isinstance(value, list):
        return f'has a "{key}" that is a {json_kind(value)}, not a list of strings'
    for place, item in enumerate(value, 1):
        if not isinstance(item, str):
            return f'has a "{key}" whose item {place} is a {json_kind(item)}, not a string'
    return None


def read_checklist(row: dict[str, Any], name: str) -> tuple[str, ...] | str:
    """Return the checklist of `human` or of a model, or its problem."""
    found, value = find_checklist(row, name)
    return _problem(name, found, value) or tuple(value)


def make_sample(row: Row, row_id: str, model: str) -> Sample | InvalidRow:
    """View `row` for the evaluated model `model`, or return the reason; an empty `row_id` gives no question id."""
    human = read_checklist(row.data, "human")
    if isinstance(human, str):
        return InvalidRow(row.line, human)
    items = read_checklist(row.data, model)
    if isinstance(items, str):
        return InvalidRow(row.line, items)
    question_id = _hash(model.lower(), human, items) if row_id else ""
    return Sample(row.line, row_id, question_id, model, human, items, row.data)


def read_samples(
    rows: Iterable[Row | InvalidRow], models: Sequence[str], numbers: RowIds | None = None, *, named: bool = True
) -> Iterator[Sample | InvalidRow]:
    """Yield a sample for every row and model; `named` False leaves both ids empty, which halves the time.

    `numbers`: the ids of the rows before these.
    """
    numbers = RowIds() if numbers is None else numbers
    for row in rows:
        if isinstance(row, InvalidRow):
            yield row
            continue
        row_id = numbers.id_of(row.data) if named else ""
        for model in models:
            yield make_sample(row, row_id, model)


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


def check_spelling(source: InputFile) -> None:
    """Raise `UsageError` if the first row has `human_checklist`, or only such keys for its models."""
    row = next((row for row in source.rows() if isinstance(row, Row)), None)
    keys = [] if row is None else [key for key, value in row.data.items() if not is_absent(value)]
    misspelt = {key: f"{found[1]}{CHECKLIST_SUFFIX}" for key in keys if (found := _MISSPELT.fullmatch(key))}
    wrong = {key: right for key, right in misspelt.items() if right.lower() not in map(str.lower, keys)}
    is_human = HUMAN_KEY in map(str.lower, wrong.values())
    if row is not None and wrong and (is_human or not evaluated_models(row.data)):
        pairs = [f'"{key}" to "{right}"' for key, right in wrong.items()]
        raise UsageError(
            f"{source.path} spells the keys of its checklists otherwise (line {row.line}): "
            f"rename {' and '.join(pairs)} in every row"
        )


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
        return [name for name in found if not ANNOTATOR.fullmatch(name)] or list(found)
    names = {part.strip().lower(): part.strip() for part in asked.split(",") if part.strip()}
    unknown = [name for lower, name in names.items() if lower not in known]
    if unknown or not names:
        raise UsageError(
            f"`model_be_evaluated` {', '.join(unknown) or repr(asked)}: {rows} of {where} has such a "
            f"checklist; models of the file: {', '.join(found)}"
        )
    return [known[lower] for lower in names]
