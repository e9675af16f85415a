"""Classes and flaws of reasons (arXiv 2602.04649, Figures 4 and 5), and what is known of one reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

CLASSES = {"EG": "evidence-grounded", "CG": "criterion-grounded", "GS": "generic or style"}
"""Classes with their names; a reason has one."""
FLAWS = {
    "F1": "style only",
    "F2": "generic correctness",
    "F3": "generic relevance",
    "F4": "praise without a contrast",
    "F5": "not falsifiable",
    "F6": "does not follow",
    "F7": "contradiction",
}
"""Flaws with their names; a reason may have several."""
CLASS = "class"
"""Name of the class in a list of what is unread."""
SUFFIX = "-flaws"
"""Ending of the field with the flaws of a model's reasons."""


@dataclass(frozen=True, slots=True)
class FlawQuote:
    """Words that support a class or a flaw."""

    tag: str
    """`EG`, or `F1` to `F7`."""
    source: str
    """Text that has the words: `A`, `B`, `REASON`, `VERDICT`, or `REASON_2` for another reason."""
    text: str

    def as_json(self) -> dict[str, str]:
        """Return the quote as it is written to a file."""
        return {"tag": self.tag, "in": self.source, "text": self.text}


@dataclass(frozen=True, slots=True)
class ItemFlaws:
    """Class and flaws of one reason."""

    item: int
    """Number of the reason, from 1."""
    kind: str | None
    """One of `CLASSES`; None if it is unread."""
    flaws: tuple[str, ...]
    """Those of `FLAWS` that the reason has."""
    unread: tuple[str, ...] = ()
    """`CLASS` and flaws of which nothing is known: their quotes do not hold, or there is no reply."""
    quotes: tuple[FlawQuote, ...] = ()

    @classmethod
    def nothing_read(cls, item: int) -> Self:
        """Return a reason of which nothing is known."""
        return cls(item, None, (), (CLASS, *FLAWS))

    def as_json(self) -> dict[str, Any]:
        """Return the reason as an entry of the field `NAME-flaws`."""
        return {
            "item": self.item,
            "class": self.kind,
            "flaws": list(self.flaws),
            "unread": list(self.unread),
            "quotes": [quote.as_json() for quote in self.quotes],
        }

    @classmethod
    def from_json(cls, entry: Mapping[str, Any]) -> Self:
        """Read an entry. Raises `ValueError` that says what is wrong, to follow "an entry"."""
        if not isinstance(entry, dict):
            raise ValueError("that is no object")
        item, kind = entry.get("item"), entry.get("class")
        if type(item) is not int or item < 1:
            raise ValueError(f'whose "item" is {item!r}, not a number from 1')
        if kind is not None and kind not in CLASSES:
            raise ValueError(f'whose "class" is {kind!r}, not one of {", ".join(CLASSES)}')
        flaws, unread = (_names(entry, name, known) for name, known in (("flaws", FLAWS), ("unread", (CLASS, *FLAWS))))
        if set(flaws) & set(unread):
            raise ValueError('that has a flaw in both "flaws" and "unread"')
        if kind is None and CLASS not in unread:
            raise ValueError('without a "class" that is not "unread" either')
        return cls(item, kind, flaws, unread, _quotes(entry))


def _names(entry: Mapping[str, Any], name: str, known: Any) -> tuple[str, ...]:
    values = entry.get(name) or []
    wrong = next((value for value in values if value not in known), None) if isinstance(values, list) else values
    if wrong is not None:
        raise ValueError(f'whose "{name}" has {wrong!r}; there are {", ".join(known)}')
    return tuple(dict.fromkeys(values))


def _quotes(entry: Mapping[str, Any]) -> tuple[FlawQuote, ...]:
    quotes = entry.get("quotes") or []
    if not isinstance(quotes, list):
        raise ValueError('whose "quotes" is no list')
    found = []
    for quote in quotes:
        values = [quote.get(name) for name in ("tag", "in", "text")] if isinstance(quote, dict) else [None]
        if not all(isinstance(value, str) for value in values):
            raise ValueError('with a quote that lacks "tag", "in" or "text"')
        found.append(FlawQuote(*values))
    return tuple(found)
