"""Figures and names in few columns."""

import pytest

from metajudge.metrics.statistics.intervals import Interval
from metajudge.reports.overview.compact import figure, fitted, interval_cell, p_figure, shortened, spread, table
from metajudge.text import columns


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [
        (0.7249, 2, ".72"),
        (-0.05, 2, "-.05"),
        (-0.0001, 2, ".00"),
        (0.9999, 3, "1.000"),
        (-1.0, 2, "-1.00"),
        (0.0, 2, ".00"),
        (10.05, 1, "10.1"),
        (None, 2, "n/a"),
    ],
)
def test_a_figure_has_no_leading_zero_and_no_minus_zero(value: float | None, digits: int, text: str) -> None:
    assert figure(value, digits) == text


def test_a_p_value_is_never_zero() -> None:
    assert [p_figure(value) for value in (0.0001, 0.001, 0.04567, 1.0, None)] == [
        "<.001",
        ".001",
        ".046",
        "1.000",
        "n/a",
    ]


def test_an_interval_follows_its_value_or_range() -> None:
    """Bounds that print alike are one figure; an unknown interval is said to be unknown."""
    assert interval_cell(Interval(0.72, 0.65, 0.79), 2) == ".72 [.65, .79]"
    assert interval_cell(Interval(0.72, None, None), 2) == ".72 [n/a]"
    assert interval_cell(Interval(None, None, None), 2) == "n/a"
    assert spread((0.432, 0.536), 0.409, 0.561, 2) == ".43–.54 [.41, .56]"
    assert spread((0.432, 0.434), 0.409, 0.561, 2) == ".43 [.41, .56]"


def test_names_are_cut_in_the_middle_and_stay_different() -> None:
    """The part that is kept moves until all differ; else they are numbered."""
    assert shortened(["model-low_deceptive", "short"], 11) == {"model-low_deceptive": "model…ptive", "short": "short"}
    for names in (
        [f"{number}-a-very-long-name-of-a-model" for number in range(9)],
        [f"a-very-long-name-{number}-of-a-model" for number in range(9)],
        [f"a-very-long-name-of-a-model-{number}" for number in range(9)],
        [f"{'a' * 40}{number}{'b' * 40}" for number in range(9)],
    ):
        found = shortened(names, 12)
        assert [*found] == names and len({*found.values()}) == 9
        assert max(map(columns, found.values())) <= 12


def test_wide_characters_and_control_characters_keep_the_width() -> None:
    """A Chinese character takes two columns; an escape sequence is shown, not obeyed."""
    wide, red = "回答一遗漏了关键条件回答一", "red\x1b[31m" * 4
    found = shortened([wide, red], 12)
    assert found[wide] == "回答…答一" or columns(found[wide]) <= 12
    assert columns(found[wide]) > 8 and "…" in found[wide]
    assert "\x1b" not in found[red] and columns(found[red]) <= 12


def test_a_table_is_as_wide_as_its_cells() -> None:
    lines = table([["a", "b"], ["long cell", ""]], ["X", "Heading"]).split("\n")
    assert [line.rstrip() for line in lines] == ["X          Heading", "-" * 18, "a          b", "long cell"]


def test_the_richest_layout_that_fits_is_chosen() -> None:
    """Names are cut in the last layout but one before the last layout is taken."""
    name = "n" * 30
    for width, layout, shown in (
        (60, 30, 30),
        (55, 20, 30),
        (45, 20, 25),
        (28, 20, 8),
        (27, 5, 22),
        (14, 5, 9),
        (9, 5, 8),
    ):
        text, chosen = fitted(lambda size, names: names[name] + "x" * size, (30, 20, 5), [name], width)
        assert (chosen, len(text) - chosen) == (layout, shown)
