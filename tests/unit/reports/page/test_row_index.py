"""Fields to filter by, and how verdicts are shown."""

from typing import Any

import pytest

from metajudge.reports.page.row_index import MOST_VALUES, RowColumns
from metajudge.reports.page.row_texts import LIMITS


def columns(*rows: dict[str, Any]) -> dict[str, Any]:
    found = RowColumns(LIMITS["full"])
    for number, row in enumerate(rows):
        found.add(str(number), row)
    return found.as_json()


def test_short_fields_are_there_to_filter_by() -> None:
    """Domain and language first; texts, labels and fields with one value are none; a missing value has code -1."""
    rows = [
        {"source": "a", "same": 1, "domain": "code", "response1": "r", "M-label": "A>B", "long": "x" * 65},
        {"source": "b", "same": 1, "domain": "code", "response1": "s", "M-label": "B>A", "checked": True},
    ]
    found = {facet["name"]: (facet["values"], facet["codes"]) for facet in columns(*rows)["facets"]}
    assert list(found) == ["domain", "source", "checked"]
    assert found["domain"] == (["code"], [0, 0]) and found["checked"] == (["true"], [-1, 0])


def test_a_field_with_too_many_values_is_none() -> None:
    """An id would fill the menu."""
    rows = [{"number": n, "half": n // 2} for n in range(MOST_VALUES + 1)]
    assert [facet["name"] for facet in columns(*rows)["facets"]] == ["half"]


@pytest.mark.parametrize(
    ("preference", "shown"),
    [(-3, "A>>B (-3)"), (1, "B>A (+1)"), (0, "A=B"), ("2", "B>A (+2)"), (None, ""), ("none", "none"), ([1], "[1]")],
)
def test_a_preference_is_shown_as_a_verdict(preference: Any, shown: str) -> None:
    """What cannot be read is shown as it is."""
    assert columns({"overall_preference": preference})["golds"] == [shown]


def test_the_prompt_is_the_last_thing_that_the_user_said() -> None:
    """On one line, cut."""
    turns = [
        {"role": role, "content": text}
        for role, text in (("user", "first"), ("assistant", "x"), ("user", "a\n b" * 99))
    ]
    (begin,) = columns({"context": turns})["begins"]
    assert begin.startswith("a ba b") and len(begin) == 140
    assert columns({"prompt": "a question"}, {})["begins"] == ["a question", ""]
