"""Rows for `critic` from a benchmark's data, and the verdicts that `critic` adds to them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from metajudge.data.benchmarks.entries import MADE_KEY, Entry, opening_question
from metajudge.data.labels import parse_verdict, sign
from metajudge.data.rows import METADATA_KEY

_LABEL = "-label"


@dataclass(frozen=True, slots=True)
class MadeRows:
    """Rows for `critic` from a benchmark's own data."""

    rows: list[dict[str, Any]]
    about: str
    """Content, such as `the 350 pairs of the split gpt-4o`."""


def made_row(
    row_id: str, domain: str, prompt: str, responses: tuple[str, str], better: int, place: Mapping[str, Any]
) -> dict[str, Any]:
    """Make an input row of `critic`.

    `better`: -1 if the first response is the better one, 1 if the second is. `place`: where the row is in the
    benchmark, with the benchmark's `name`.
    """
    return {
        "id": row_id,
        "domain": domain,
        "context": [{"role": "user", "content": prompt}],
        "response1": responses[0],
        "response2": responses[1],
        "overall_preference": better,
        MADE_KEY: dict(place),
    }


def is_made(row: Mapping[str, Any]) -> bool:
    """Return True for a row that `made_row` has made, with or without verdicts."""
    return isinstance(row.get(MADE_KEY), dict)


@dataclass(frozen=True, slots=True)
class Verdicts:
    """Verdicts of a made row, each -1 = the first response is better, 0 = tie, 1 = the second is, None = none."""

    model: str
    """Name of the model that gave them; empty if all its questions failed."""
    games: tuple[int | None, ...]
    """One verdict for each order in which the responses were shown."""
    label: int | None
    """The row's label: the verdict of its only order, or what `critic` made of both."""
    rule: str
    """Rule that made the label of both orders; empty for one order, and if both failed."""

    @property
    def is_inconsistent(self) -> bool:
        """Return True if the orders differ."""
        return len(set(self.games)) > 1


def read_verdicts(entry: Entry) -> Verdicts:
    """Return the verdicts of a judged row. Raises `UsageError` if it has none, or those of several models."""
    stamp = entry.data.get(METADATA_KEY)
    while isinstance(stamp, dict) and stamp.get("step") != "critic":
        stamp = stamp.get("earlier")
    if not isinstance(stamp, dict):
        raise entry.error("was not judged yet; run on this file: python3 -m metajudge critic")
    names = [key[: -len(_LABEL)] for key in entry.data if key.lower().endswith(_LABEL)]
    if len(names) > 1:
        raise entry.error(f"has the labels of {', '.join(names)}; write one output file for each model")
    label = _verdict(entry.data.get(f"{names[0]}{_LABEL}")) if names else None
    orders = stamp.get("labels")
    games = tuple(map(_verdict, orders.values())) if isinstance(orders, dict) else (label,)
    rule = str(stamp.get("orders_rule") or "agree") if len(games) > 1 else ""
    return Verdicts(names[0] if names else "", games, label, rule)


def question_of(entry: Entry) -> str:
    """Return the prompt of a made row."""
    prompt = opening_question(entry.data.get("context"))
    if prompt is None:
        raise entry.error('has no prompt in "context"; make the rows again')
    return prompt


def place_of(entry: Entry, *keys: str) -> Iterator[Any]:
    """Yield the values of a made row's place in its benchmark."""
    place = entry.data[MADE_KEY]
    for key in keys:
        if key not in place:
            raise entry.error(f'has no "{key}" in "{MADE_KEY}"; make the rows again')
        yield place[key]


def _verdict(label: object) -> int | None:
    verdict = parse_verdict(label) if isinstance(label, str) else None
    return None if verdict is None else sign(verdict)
