"""Summaries as text: the reference's table to the byte, and the other formats."""

import csv
import io

import pytest

from metajudge.metrics.reference import MeanStd, ReferenceMetrics
from metajudge.reports.scan import FileScan, Summary
from metajudge.reports.summary_table import SORT_FIELDS, render_summaries
from metajudge.text.tables import formats

EXPECTED = (
    "\n"
    "====================================================================================================\n"
    "Results Sorted by RECALL\n"
    "====================================================================================================\n"
    "Model                                         Precision    Recall       F1           AP           Valid   \n"
    "----------------------------------------------------------------------------------------------------\n"
    "model-low_deceptive_alignment                 0.3300       0.4297       0.3684       0.3991       10      \n"
    "model-high_deceptive_alignment                0.1850       0.2242       0.1985       0.2376       10      \n"
    "====================================================================================================\n"
    "\n"
)


def summary(model: str, *figures: float, valid: int = 10) -> Summary:
    """Return a summary with these means: precision, recall, F1, average precision."""
    means = MeanStd(ReferenceMetrics(*figures), ReferenceMetrics(0.0, 0.0, 0.0, 0.0)) if figures else None
    return Summary(model, f"{model}.jsonl", valid, valid, 0, 0, means, {}, FileScan())


LOW = summary("model-low_deceptive_alignment", 0.33, 0.42971, 0.36837, 0.39909)
HIGH = summary("model-high_deceptive_alignment", 0.185, 0.2242, 0.1985, 0.2376)


def test_the_table_is_that_of_the_reference_to_the_byte() -> None:
    """Scripts cut it by column: rules, blanks at the ends of lines and blank lines around included."""
    assert render_summaries([HIGH, LOW], "recall") == EXPECTED


def test_a_long_name_or_a_long_number_only_moves_what_follows() -> None:
    """Nothing is cut and the columns stay separated."""
    line = render_summaries([summary("m" * 60, 1, 1, 1, 1, valid=123456789)], "recall").splitlines()[6]
    assert line == "m" * 60 + " 1.0000       1.0000       1.0000       1.0000       123456789"


@pytest.mark.parametrize("field", SORT_FIELDS)
def test_every_sort_field_ranks_downwards_and_names_itself(field: str) -> None:
    """The title is the field's name in capitals; ties stay in file order."""
    place = ["precision", "recall", "f1", "average_precision"].index(field)
    names = ["a", "b", "c", "d"]
    means = [[0.5] * 4, [0.5] * 4, [0.1] * 4, [0.1] * 4]
    means[3][place] = 0.9
    text = render_summaries([summary(name, *mean) for name, mean in zip(names, means, strict=True)], field)
    lines = text.splitlines()
    assert lines[2] == f"Results Sorted by {field.upper()}"
    assert [line[0] for line in lines[6:10]] == ["d", "a", "b", "c"]


def test_a_summary_without_a_valid_record_is_not_available_and_comes_last() -> None:
    """Nothing was measured, so no figure is 0."""
    lines = render_summaries([summary("none", valid=0), summary("zero", 0.0, 0.0, 0.0, 0.0)], "recall").splitlines()
    assert [line.split() for line in lines[6:8]] == [
        ["zero", *["0.0000"] * 4, "10"],
        ["none", *["n/a"] * 4, "0"],
    ]


def test_csv_is_read_back_by_a_csv_reader() -> None:
    """A name with a comma and a quotation mark stays one cell; lines end in a plain newline."""
    text = render_summaries([summary('a,"b"', 0.1, 0.2, 0.3, 0.4), LOW], "recall", "csv")
    assert list(csv.reader(io.StringIO(text))) == [
        ["Model", "Precision", "Recall", "F1", "AP", "Valid"],
        ["model-low_deceptive_alignment", "0.3300", "0.4297", "0.3684", "0.3991", "10"],
        ['a,"b"', "0.1000", "0.2000", "0.3000", "0.4000", "10"],
    ]
    assert "\r" not in text


@pytest.mark.parametrize("style", formats())
def test_every_format_shows_every_figure(style: str) -> None:
    """Each value of --format works and ends in a newline; none rounds 0.3300 to 0.33."""
    text = render_summaries([LOW, HIGH], "recall", style)
    assert text.endswith("\n")
    for value in ("0.3300", "0.4297", "0.3684", "0.3991", "0.2242"):
        assert value in text


def test_a_name_cannot_steer_the_terminal() -> None:
    """Control characters in a file's text are shown, not obeyed."""
    text = render_summaries([summary("a\x1b[2Jb\n\udcff\u202e")], "recall")
    assert r"a\x1b[2Jb\n\udcff\u202e" in text
    text.encode("utf-8")
