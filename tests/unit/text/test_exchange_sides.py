"""The exchange of Response A and B in a reason."""

import json
from pathlib import Path

import pytest

from metajudge.text.exchange_sides import exchange_sides

EXAMPLE = Path("example/deceptive_60samples.jsonl")


@pytest.mark.parametrize(
    ("text", "exchanged"),
    [
        ("Response A loops over all rows", "Response B loops over all rows"),
        ("Response 2's list, unlike that of @Response 1", "Response 1's list, unlike that of @Response 2"),
        ("Responses 1 and 2 are long", "Responses 2 and 1 are long"),
        ("Responses A and B are long", "Responses B and A are long"),
        ("Response 1 gives 2 examples", "Response 2 gives 2 examples"),
        ("Response A and 2 examples", "Response B and 2 examples"),
        ("the first answer is better than the second response", "the second answer is better than the first response"),
        ("A is better than B", "B is better than A"),
        ("A could lose data", "B could lose data"),
        ("In A a method is lost", "In B a method is lost"),
        ("A's test, unlike B's, calls `f(A)`", "B's test, unlike A's, calls `f(A)`"),
        ("回答B把日期写错", "回答A把日期写错"),
        ("回答一和二都太长", "回答二和一都太长"),
        ("Aは短すぎる", "Bは短すぎる"),
        ("답변 1은 반말을 쓴다", "답변 2은 반말을 쓴다"),
        ("La respuesta B es corta; A no", "La respuesta A es corta; B no"),
    ],
)
def test_the_responses_are_exchanged(text: str, exchanged: str) -> None:
    """Every name changes once; numbers and code that name no response stay."""
    assert exchange_sides(text) == exchanged


@pytest.mark.parametrize(
    "text",
    ["A table is missing", "A process is missing", "The code crashes", "Uses a B-tree and A/B tests", "Calls `A`", ""],
)
def test_a_reason_that_names_no_response_is_not_exchanged(text: str) -> None:
    """An article, a name and code are no response."""
    assert exchange_sides(text) is None


def test_the_reasons_of_the_example_are_exchanged_but_for_those_without_a_response() -> None:
    """In English two exchanges give the reason back, unless an article reads like a name afterwards."""
    rows = [json.loads(line) for line in EXAMPLE.read_text(encoding="utf-8").splitlines()]
    reasons = [text for row in rows if row["language"] in ("english", "python") for text in _reasons(row)]
    exchanged = {text: exchange_sides(text) for text in reasons}
    unnamed = [text for text, other in exchanged.items() if other is None]
    assert len(reasons) > 250 and len(unnamed) < 0.08 * len(reasons)
    assert all(text.startswith("A ") or not {"A", "B"} & set(text.split()) for text in unnamed)
    twice = {text: exchange_sides(other) for text, other in exchanged.items() if other is not None}
    assert sum(text != again for text, again in twice.items()) <= 1


def _reasons(row: dict[str, list[str]]) -> list[str]:
    return [text for key, value in row.items() if key.startswith("model-") and "checklist" in key for text in value]
