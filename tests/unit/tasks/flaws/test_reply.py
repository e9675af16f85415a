"""Replies about one reason: the grammar, its repairs, and what lacks a quote that holds."""

import pytest

from metajudge.tasks.flaws.kinds import FLAWS, FlawQuote, ItemFlaws
from metajudge.tasks.flaws.reply import read_flaws
from metajudge.text import ParseFailure
from tests.unit.tasks.replies import accepted, block, rejected

SOURCES = {
    "A": "Turn left at the fountain.\nThen walk on.",
    "B": "Take the tram number four.",
    "REASON": "Response A is a joy to read and names the fountain",
    "VERDICT": "Response B is better than Response A.",
    "REASON_1": "Response A never names the fountain",
}
EG = "- EG@A: left at the fountain. Then walk"
JOY = "- F5@REASON: a joy to read"


def read(*lines: str, partly: bool = False) -> ItemFlaws | ParseFailure:
    return read_flaws(block(*lines), 2, SOURCES, partly=partly)


def test_class_flaws_and_quotes_are_read() -> None:
    """Flaws come in their order, quotes as they were given."""
    found = accepted(
        read("CLASS=EG", EG, "FLAWS=F7, F5", JOY, "- F7@REASON: names the fountain", "- F7@REASON_1: never names the")
    )
    assert (found.item, found.kind, found.flaws, found.unread) == (2, "EG", ("F5", "F7"), ())
    assert found.quotes[0] == FlawQuote("EG", "A", "left at the fountain. Then walk")
    assert [quote.source for quote in found.quotes] == ["A", "REASON", "REASON", "REASON_1"]


@pytest.mark.parametrize(
    "lines",
    [
        ("**CLASS: GS**", "", "FLAWS: F5 (not falsifiable)", JOY),
        ("class = gs", "Flaws= f5", "* F5 @ REASON： “a joy to read”"),
        ("- CLASS=GS", "FLAWS=[F5]", "F5@REASON_2: a joy to", "read"),
        ("CLASS=GS", "FLAWS=F5.", "**F5@REASON:** a joy to read", "```"),
    ],
)
def test_unambiguous_forms_are_repaired(lines: tuple[str, ...]) -> None:
    """Emphasis, bullets, case, full-width signs, marks of quotation, names of flaws, the own number, broken lines."""
    found = accepted(read(*lines))
    assert (found.kind, found.flaws) == ("GS", ("F5",)) and found.quotes[0].text == "a joy to read"


@pytest.mark.parametrize("none", ["none", "None.", "**none**", "n/a", "no"])
def test_no_flaw_is_said(none: str) -> None:
    assert accepted(read("CLASS=CG", f"FLAWS={none}")) == ItemFlaws(2, "CG", ())


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("FLAWS=none",), "no line CLASS="),
        (("CLASS=GS",), "no line FLAWS="),
        (("CLASS=GS", "FLAWS="), "an empty line FLAWS="),
        (("CLASS=GS", "CLASS=CG", "FLAWS=none"), "2 different lines CLASS="),
        (("CLASS=GS", "FLAWS=none", "FLAWS=F1"), "2 different lines FLAWS="),
        (("CLASS=GS", "FLAWS=F8"), "FLAWS names F8"),
        (("CLASS=EG or CG", "FLAWS=none"), "no line CLASS="),
    ],
)
def test_a_reply_without_one_clear_class_and_list_is_refused_as_a_whole(lines: tuple[str, ...], reason: str) -> None:
    """Also where a part would be accepted."""
    assert rejected(read(*lines)) == rejected(read(*lines, partly=True)) == reason


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (("CLASS=EG", "FLAWS=none"), "EG has no quote of a response"),
        (("CLASS=EG", "- EG@A: turn right at the fountain", "FLAWS=none"), "the quote EG@A does not occur there"),
        (("CLASS=EG", "- EG@B: left at the fountain", "FLAWS=none"), "the quote EG@B does not occur there"),
        (("CLASS=EG", "- EG@REASON: a joy to read", "FLAWS=none"), "EG does not quote REASON"),
        (("CLASS=EG", "- EG@A: the fountain", "FLAWS=none"), "the quote EG@A is shorter than 3 words"),
        (("CLASS=EG", EG, "- EG@B: take the tram", "FLAWS=none"), "the quote EG@B does not occur there"),
        (("CLASS=GS", EG, "FLAWS=none"), "EG is quoted but not claimed"),
    ],
)
def test_a_class_without_a_quote_that_holds_is_refused_and_then_unread(lines: tuple[str, ...], reason: str) -> None:
    """One false quote among several is enough; nothing else is unread with it."""
    assert rejected(read(*lines)) == reason
    found = accepted(read(*lines, partly=True))
    assert (found.kind, found.flaws, found.unread, found.quotes) == (None, (), ("class",), ())


@pytest.mark.parametrize(
    ("flaw", "quotes", "reason"),
    [
        ("F5", (), "F5 has no quote of the reason"),
        ("F5", ("- F5@REASON: a delight to read",), "the quote F5@REASON does not occur there"),
        ("F5", ("- F5@A: left at the fountain",), "F5 does not quote A"),
        ("F6", ("- F6@REASON: a joy to read",), "F6 has no quote of a second text"),
        ("F6", ("- F6@VERDICT: Response B is better",), "F6 has no quote of the reason"),
        ("F6", ("- F6@REASON: a joy to read", "- F6@REASON_1: never names the"), "F6 does not quote REASON_1"),
        ("F7", ("- F7@REASON: a joy to read", "- F7@REASON_9: never names the"), "F7 does not quote REASON_9"),
        ("F7", ("- F7@REASON: a joy to read", "- F7@A: the fountain is"), "the quote F7@A does not occur there"),
    ],
)  # fmt: skip
def test_a_flaw_without_its_quotes_is_refused_and_then_unread(flaw: str, quotes: tuple[str, ...], reason: str) -> None:
    """The class and other flaws stay."""
    lines = ("CLASS=CG", f"FLAWS=F4, {flaw}", "- F4@REASON: a joy to read", *quotes)
    assert rejected(read(*lines)) == reason
    found = accepted(read(*lines, partly=True))
    assert (found.kind, found.flaws, found.unread) == ("CG", ("F4",), (flaw,))
    assert [quote.tag for quote in found.quotes] == ["F4"]


def test_a_flaw_that_is_quoted_but_not_listed_is_unread() -> None:
    """Nobody knows which of both was meant."""
    lines = ("CLASS=CG", "FLAWS=none", JOY)
    assert rejected(read(*lines)) == "F5 is quoted but not claimed"
    assert accepted(read(*lines, partly=True)).unread == ("F5",)


def test_without_a_verdict_it_cannot_be_quoted() -> None:
    sources = {name: text for name, text in SOURCES.items() if name != "VERDICT"}
    lines = ("CLASS=CG", "FLAWS=F6", "- F6@REASON: a joy to read", "- F6@VERDICT: Response B is better")
    assert rejected(read_flaws(block(*lines), 2, sources)) == "F6 does not quote VERDICT"


def test_each_flaw_can_be_read() -> None:
    """Every one of them, with the quotes of the instructions' rules."""
    for flaw in FLAWS:
        second = [f"- {flaw}@VERDICT: Response B is better"] if flaw in ("F6", "F7") else []
        assert accepted(read("CLASS=CG", f"FLAWS={flaw}", f"- {flaw}@REASON: a joy to read", *second)).flaws == (flaw,)
