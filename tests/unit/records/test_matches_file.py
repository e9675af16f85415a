"""The per-item matches beside the records."""

import json
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import DiskFull, UsageError
from metajudge.records.matches_file import item_lines, matches_path, write_matches
from metajudge.records.record import Record, encode
from tests.unit.result_rows import record


def matches(data: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parsed lines of a record."""
    return [json.loads(line) for line in item_lines(Record.from_json(data))]


def test_a_row_record_gives_a_line_for_each_model_item() -> None:
    """Scores are by human item, null if the pair was not asked; the best claim is the match."""
    first, second = matches(record(1, [[0.25, 0.5], [0.0, 0.75], [0.0, 0.0]], row_granularity=True))
    asked = {"id": "id1", "model_be_evaluated": "M", "model_item": 1, "text": "s"}
    assert first == asked | {"scores": [None, None, None], "matched_human_item": 0, "score": 0.0}
    assert (second["scores"], second["matched_human_item"], second["score"]) == ([0.5, 0.75, None], 2, 0.75)


def test_an_item_record_gives_every_score() -> None:
    """The scores come from the matrix; the first human item wins a tie."""
    first, second = matches(record(1, [[1.0, 0.5], [1.0, 0.0]]))
    assert (first["scores"], first["matched_human_item"]) == ([1.0, 1.0], 1)
    assert (second["scores"], second["matched_human_item"]) == ([0.5, 0.0], 0)


@pytest.mark.parametrize(
    "change",
    [
        {"status": "error"},
        {"status": "empty"},
        {"extraction_result": None},
        {"score_matrix": [[1, 2]]},
        {"metadata": None},
    ],
)
def test_a_record_without_scores_has_no_lines(change: dict[str, Any]) -> None:
    assert matches(record(1, [[1.0]]) | change) == []


def test_the_matches_file_is_rebuilt_whole(tmp_path: Path) -> None:
    """Its name is one that the analysis leaves out; nothing else is left there."""
    path = tmp_path / "out.x.jsonl"
    path.write_bytes(encode(record(1, [[1.0, 0.0]])) + b"broken\n")
    assert matches_path(path) == tmp_path / "out.x.matches.jsonl"
    for _ in range(2):
        assert write_matches(path) == 2
    lines = [json.loads(text) for text in matches_path(path).read_text().splitlines()]
    assert [line["model_item"] for line in lines] == [1, 2] and all("samples" not in line for line in lines)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.x.jsonl", "out.x.matches.jsonl"]


def test_matches_that_cannot_be_written_say_so(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    with pytest.raises(UsageError):
        write_matches(path)
    path.write_bytes(encode(record(1, [[1.0]])))
    (tmp_path / "r.matches.jsonl.building").symlink_to("/dev/full")
    with pytest.raises(DiskFull, match="the next run rebuilds it"):
        write_matches(path)
    assert [p.name for p in tmp_path.iterdir()] == ["r.jsonl"]
