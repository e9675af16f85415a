"""Controls and the human reference: other lists than a row's own go to the judge, in the same questions.

A control shows what a judge gives where nothing is to be found: the model's reasons against another row's human list,
or with the two responses exchanged. The human reference puts an annotator in the model's place: the annotator's list
and as many of the model's reasons are both held against the other annotators' points.
"""

import hashlib
import json
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from metajudge.data import (
    ANNOTATOR,
    CHECKLIST_SUFFIX,
    PROMPT_FIELDS,
    InputFile,
    InvalidRow,
    Row,
    RowIds,
    Sample,
    is_absent,
    make_sample,
    parse_row,
    read_checklist,
    with_checklist,
)
from metajudge.records import ANNOTATORS, HUMAN_REFERENCE, OTHER_ROW, SIDES_EXCHANGED
from metajudge.text import drop_near_duplicates, exchange_sides

CONTROLS = (OTHER_ROW, SIDES_EXCHANGED)
SEED = 20_261_129
_ALIKE = ("domain", "language")
"""Fields in which a row and its partner agree."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Rows or reasons that a control cannot use."""

    what: str
    """One wording per cause, such as "rows without …", so that it can be counted."""
    count: int = 1


class Control(ABC):
    """Makes the samples of a row with other lists than its own."""

    @abstractmethod
    def samples(self, row: Row, row_id: str, models: Sequence[str]) -> Iterator[Sample | InvalidRow | LeftOut]:
        """Yield the samples of one row for every evaluated model, and what is left out."""


def make_control(kind: str, source: InputFile, top_k: int | None) -> Control:
    """Make the control of this kind; `other-row` reads `source` once. `top_k`: number of model items judged."""
    if kind == OTHER_ROW:
        return OtherRow(source)
    return SidesExchanged(top_k) if kind == SIDES_EXCHANGED else HumanReference()


# ------------------------------------------------------------------ the human list of another row


class OtherRow(Control):
    """The model's reasons against the human list of another row.

    Both rows have the same domain, language and number of human items, and different contexts. Each list serves at
    most one row, so that the lists are the same as without the control, only dealt out otherwise.
    """

    def __init__(self, source: InputFile) -> None:
        """Find a partner for every row of `source`; keeps a few numbers per row."""
        self._source = source
        self._partners = _partners(source)

    def samples(self, row: Row, row_id: str, models: Sequence[str]) -> Iterator[Sample | InvalidRow | LeftOut]:
        """Yield a sample for every model; nothing is judged in a row without a partner."""
        own = [make_sample(row, row_id, model) for model in models]
        offset = self._partners.get(row.line)
        if offset is None:
            yield from (one for one in own if isinstance(one, InvalidRow))
            if any(isinstance(one, Sample) for one in own):
                yield LeftOut("rows without another row of the same domain, language and number of human items")
            return
        other = parse_row(0, self._source.line_at(offset))
        assert isinstance(other, Row), "it was read before"
        human = read_checklist(other.data, "human")
        assert not isinstance(human, str), "it was read before"
        control = {"kind": OTHER_ROW, "human_list_of": RowIds().id_of(other.data)}
        exchanged = replace(row, data=with_checklist(row.data, "human", human))
        for one in own:
            if isinstance(one, Sample):
                yield _sample(exchanged, one.id, one.model, control)
            else:
                yield one


def _partners(source: InputFile) -> dict[int, int]:
    """Return the offset of each row's partner by the row's line number; a row without a partner is missing.

    The rows of a group are in an order given by the hash of their contexts, so that rows of one context are neighbours.
    A step as long as the longest run of these leads each row to another run, where that is possible.
    """
    groups: dict[tuple[Any, ...], list[tuple[int, int, int]]] = {}
    for row in source.rows():
        if not isinstance(row, Row):
            continue
        human = read_checklist(row.data, "human")
        if human and not isinstance(human, str):
            alike = (*(json.dumps(row.data.get(name)) for name in _ALIKE), len(human))
            groups.setdefault(alike, []).append((_context_hash(row.data), row.line, row.offset))
    partners = {}
    for rows in groups.values():
        rows.sort()
        step = max(Counter(context for context, _, _ in rows).values())
        for place, (context, line, _) in enumerate(rows):
            other, _, offset = rows[(place + step) % len(rows)]
            if other != context:
                partners[line] = offset
    return partners


def _context_hash(row: dict[str, Any]) -> int:
    """Return 64 bits of what the row is about: its context, or what is in its place."""
    names = ("context", *PROMPT_FIELDS)
    about = next((row[name] for name in names if not is_absent(row.get(name)) and row[name] not in ("", [])), None)
    about = RowIds().id_of(row) if about is None else about
    text = f"{SEED} {json.dumps(about, sort_keys=True)}"
    return int(hashlib.sha256(text.encode("ascii")).hexdigest()[:16], 16)


# ------------------------------------------------------------------ Response A and B exchanged


@dataclass(frozen=True, slots=True)
class SidesExchanged(Control):
    """The model's reasons with the two responses exchanged; a reason that names none is left out."""

    top_k: int | None = None
    """Model items of which the exchangeable ones are judged, the first ones; None = all."""

    def samples(self, row: Row, row_id: str, models: Sequence[str]) -> Iterator[Sample | InvalidRow | LeftOut]:
        """Yield a sample for every model with a reason that can be exchanged."""
        for model in models:
            sample = make_sample(row, row_id, model)
            if isinstance(sample, InvalidRow):
                yield sample
                continue
            judged = sample.model_items[: self.top_k]
            found = {number: text for number, item in enumerate(judged, 1) if (text := exchange_sides(item))}
            if len(judged) > len(found):
                yield LeftOut("reasons that name no response to exchange", len(judged) - len(found))
            if not found or not sample.human:
                yield LeftOut("rows without a reason to exchange or without a human item")
                continue
            data = with_checklist(row.data, model, list(found.values()))
            yield _sample(replace(row, data=data), row_id, model, {"kind": SIDES_EXCHANGED, "items": list(found)})


# ------------------------------------------------------------------ an annotator in the model's place


class HumanReference(Control):
    """An annotator's list, and as many of the model's reasons, against the other annotators' points.

    The points of several annotators are joined; near-duplicates among them count once.
    """

    def samples(self, row: Row, row_id: str, models: Sequence[str]) -> Iterator[Sample | InvalidRow | LeftOut]:
        """Yield a sample for every annotator and every one of `models`, `ANNOTATORS` among them."""
        lists: dict[str, tuple[str, ...]] = {}
        for name in [*_annotators(row.data), *(model for model in models if model != ANNOTATORS)]:
            found = read_checklist(row.data, name)
            if isinstance(found, str):
                yield InvalidRow(row.line, found)
                return
            lists[name] = found
        said = {name: lists[name] for name in _annotators(row.data) if lists[name]}
        if len(said) < 2:
            yield LeftOut("rows without the lists of two annotators")
            return
        for name, own in said.items():
            others = drop_near_duplicates(text for other, texts in said.items() if other != name for text in texts)
            data = with_checklist(row.data, "human", others)
            for model in models:
                items = own if model == ANNOTATORS else lists[model][: len(own)]
                control = {"kind": HUMAN_REFERENCE, "annotator": name}
                part = replace(row, data=with_checklist(data, model, items))
                yield _sample(part, f"{row_id}-{name}", model, control)


def _annotators(row: dict[str, Any]) -> list[str]:
    """Return the annotators with a list in the row, in the order of their numbers."""
    names = {key[: -len(CHECKLIST_SUFFIX)].lower() for key in row if key.lower().endswith(CHECKLIST_SUFFIX)}
    found = [name for name in names if ANNOTATOR.fullmatch(name) and not isinstance(read_checklist(row, name), str)]
    return sorted(found, key=lambda name: int(name.rpartition("-")[2]))


def _sample(row: Row, row_id: str, model: str, control: dict[str, Any]) -> Sample | InvalidRow:
    sample = make_sample(row, row_id, model)
    return replace(sample, control=control) if isinstance(sample, Sample) else sample
