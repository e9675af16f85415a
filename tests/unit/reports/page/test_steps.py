"""Output of decompose and critic."""

from pathlib import Path
from typing import Any

from metajudge.reports.page.writer import PageOptions, write_page
from tests.unit.reports.page.reading import data_of
from tests.unit.result_rows import write


def stamped(**fields: Any) -> dict[str, Any]:
    """Return a row that decompose and then critic have made."""
    doubts = [{"item": 1, "reason": "duplicate", "of": 2}, {"item": 2, "reason": "left_out", "text": "sub-bullet"}]
    earlier = {"id": "a", "step": "decompose", "status": "success", "model": "d", "doubts": doubts}
    stamp = {"id": "a", "step": "critic", "status": "success", "model": "m", "consistent": False, "earlier": earlier,
             "labels": {"AB": "A>B", "BA": "B>A"}, "generated_text_BA": "other"}  # fmt: skip
    return {
        "context": "q", "response1": "r", "response2": "s", "human-checklist": ["one", "two"],
        "human-ignored": [{"text": "nice", "reason": "no fault"}],
        "individual_preference": [{"score": 1, "reasoning": "because", "feedback1": None, "feedback2": "fine"}],
        "M-checklist": ["reason"], "M-label": "A=B", "M-generated_text": "text", "metajudge": stamp, **fields,
    }  # fmt: skip


def page(tmp_path: Path, *rows: dict[str, Any]) -> dict[str, Any]:
    path = tmp_path / "page.html"
    write_page([write(tmp_path / "rows.jsonl", rows)], path, PageOptions())
    return data_of(path)


def test_a_row_shows_annotators_texts_points_and_critiques(tmp_path: Path) -> None:
    """With what was ignored and why, and the doubts about points."""
    data = page(tmp_path, stamped())
    (row,) = data["texts-0"]
    assert row["feedback"] == [[1, [["comparison of both responses", "because"], ["about Response 2", "fine"]]]]
    assert row["ignored"] == [["nice", "no fault"]]
    assert row["doubts"] == [["1", "duplicate", "point 2"], ["2", "left_out", "sub-bullet"]]
    assert row["stamps"] == [["critic", "success", "m"], ["decompose", "success", "d"]]
    (critic,) = row["critics"]
    assert critic["items"] == ["reason"] and critic["labels"] == {"AB": "A>B", "BA": "B>A"}
    steps = data["index"]["steps"]
    assert (steps["points"], steps["ignored"], steps["doubts"], steps["differ"]) == ([2], [1], [2], [True])
    assert steps["status"] == ["critic: success / decompose: success"] and steps["verdicts"] == [["A=B"]]


def test_lists_of_single_annotators_are_no_models(tmp_path: Path) -> None:
    """`decompose` with a list per annotator."""
    row = {"metajudge": {"id": "a", "step": "decompose", "status": "success"}, "annotator-1-checklist": ["p"],
           "annotator-1-ignored": [{"text": "t", "reason": "r"}]}  # fmt: skip
    (found,) = page(tmp_path, row)["texts-0"]
    assert found["lists"] == [["annotator-1", ["p"]]] and found["ignored"] == [["t", "r"]] and not found["critics"]


def test_rows_with_one_id_or_none_are_apart(tmp_path: Path) -> None:
    """A skipped row has no stamp of its step."""
    data = page(tmp_path, stamped(), stamped(), {"context": "q"})
    assert data["index"]["ids"] == ["a", "a (2)", "line 3"]


def test_a_file_that_is_named_twice_is_shown_once(tmp_path: Path) -> None:
    path = write(tmp_path / "made.jsonl", [stamped()])
    assert write_page([path, path], tmp_path / "page.html").rows == 1
