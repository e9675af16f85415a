"""One reason's class and flaws, as they are written to a file."""

from typing import Any

import pytest

from metajudge.tasks.flaws import FlawQuote, ItemFlaws

ITEM = ItemFlaws(3, "EG", ("F4",), ("F7",), (FlawQuote("EG", "B", "two words more"),))
ENTRY = ITEM.as_json()


def test_an_entry_is_read_as_it_was_written() -> None:
    """Empty lists may be missing: a person's label file need not have them."""
    assert ItemFlaws.from_json(ENTRY) == ITEM
    assert ItemFlaws.from_json({"item": 1, "class": "GS"}) == ItemFlaws(1, "GS", ())
    nothing = ItemFlaws.nothing_read(2)
    assert ItemFlaws.from_json(nothing.as_json()) == nothing and len(nothing.unread) == 8


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"item": 0}, 'whose "item" is 0'),
        ({"item": True}, 'whose "item" is True'),
        ({"class": "XX"}, "whose \"class\" is 'XX', not one of EG, CG, GS"),
        ({"class": None}, 'without a "class" that is not "unread" either'),
        ({"flaws": ["F9"]}, "whose \"flaws\" has 'F9'"),
        ({"flaws": "F1"}, "whose \"flaws\" has 'F1'"),
        ({"unread": ["F4"]}, 'in both "flaws" and "unread"'),
        ({"quotes": "x"}, 'whose "quotes" is no list'),
        ({"quotes": [{"tag": "F4"}]}, 'with a quote that lacks "tag", "in" or "text"'),
        ({"quotes": ["x"]}, 'with a quote that lacks "tag", "in" or "text"'),
    ],
)
def test_a_wrong_entry_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError) as error:
        ItemFlaws.from_json({**ENTRY, **change})
    assert words in str(error.value)


def test_an_entry_is_an_object() -> None:
    with pytest.raises(ValueError, match="that is no object"):
        ItemFlaws.from_json(["EG"])  # type: ignore[arg-type]
