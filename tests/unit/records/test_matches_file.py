"""The per-item matches, and which record of a row stands."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from metajudge.errors import OutputLost, UsageError
from metajudge.records.latest import latest_records
from metajudge.records.matches_file import MatchesFile, item_lines, matches_path, write_matches
from metajudge.records.results_file import FileIdentity, RecordFile, encode

BASE = {
    "id": "i",
    "question_id": "q",
    "status": "success",
    "model_be_evaluated": "m",
    "metadata": {"M-checklist": ["a", "b"]},
}

# As the writer puts it, so that its head is read alone.
RECORD = {
    "id": "a" * 16,
    "question_id": "b" * 16,
    "schema": 1,
    "status": "success",
    "model_be_evaluated": "m",
    "matches": [],
    "metadata": {"M-checklist": ["a", "b"]},
}


def test_a_row_record_gives_a_line_for_each_model_item() -> None:
    """Scores by human item; null where the pair was not asked; the best claim is the match."""
    record = BASE | {
        "matches": [
            {"human_item": 1, "model_item": 2, "score": 0.5},
            {"human_item": 2, "model_item": 2, "score": 0.75},
            {"human_item": 3, "model_item": 0, "score": 0.0},
        ]
    }
    first, second = map(json.loads, item_lines(record))
    assert first == {
        "id": "i",
        "model_be_evaluated": "m",
        "model_item": 1,
        "text": "a",
        "scores": [None, None, None],
        "matched_human_item": 0,
        "score": 0.0,
    }
    assert (second["scores"], second["matched_human_item"], second["score"]) == ([0.5, 0.75, None], 2, 0.75)


def test_an_item_record_gives_every_score() -> None:
    """From the matrix; the first human item wins a tie."""
    matches = [{"human_item": 1, "model_item": 1, "score": 1.0}, {"human_item": 2, "model_item": 1, "score": 1.0}]
    record = BASE | {"matches": matches, "score_matrix": [[1.0, 0.5], [1.0, 0.0]]}
    first, second = map(json.loads, item_lines(record))
    assert (first["scores"], first["matched_human_item"]) == ([1.0, 1.0], 1)
    assert (second["scores"], second["matched_human_item"]) == ([0.5, 0.0], 0)


def test_failed_and_empty_records_have_no_lines() -> None:
    """There is nothing to match."""
    assert item_lines(BASE | {"status": "error"}) == []
    assert item_lines(BASE | {"status": "empty"}) == []


def test_the_last_finished_record_of_a_row_stands_else_its_last(tmp_path: Path) -> None:
    """In order of the rows' first appearance; broken lines are passed over."""
    path = tmp_path / "r.jsonl"

    def line(row: str, status: str, mark: int) -> bytes:
        return encode({"id": row, "question_id": "q", "status": status, "mark": mark})

    path.write_bytes(
        line("a", "error", 1)
        + line("b", "error", 2)
        + b"broken\n"
        + line("a", "success", 3)
        + line("a", "error", 4)
        + line("b", "format_error", 5)
        + line("a", "success", 6)
    )
    assert [record["mark"] for record in latest_records(path)] == [6, 5]


@pytest.mark.parametrize("damage", [lambda line: line[:-9] + line, lambda line: line[:-9] + b"\xff" + line[-9:]])
def test_a_record_whose_head_alone_is_whole_is_left_out_with_a_warning(
    damage: Callable[[bytes], bytes], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Two records run together, or a byte gone bad: the others have their lines."""
    path = tmp_path / "r.jsonl"
    bad, good = (encode(RECORD | {"id": letter * 16}) for letter in "ab")
    path.write_bytes(damage(bad) + good)
    assert [record["id"] for record in latest_records(path)] == ["b" * 16]
    assert caplog.messages == [f"{path} has 1 damaged records; they are left out"]
    assert write_matches(path) == 2


def test_the_matches_file_is_rebuilt_whole(tmp_path: Path) -> None:
    """Beside the records, with a name that the analysis passes over."""
    path = tmp_path / "out.x.jsonl"
    path.write_bytes(encode(BASE | {"matches": []}))
    assert matches_path(path) == tmp_path / "out.x.matches.jsonl"
    for _ in range(2):
        assert write_matches(path) == 2
    lines = [json.loads(text) for text in matches_path(path).read_text().splitlines()]
    assert [line["text"] for line in lines] == ["a", "b"] and all("samples" not in line for line in lines)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.x.jsonl", "out.x.matches.jsonl"]


def one_run(path: Path, *rows: str, meanwhile: Callable[[], object] = lambda: None) -> None:
    """A run that writes a record for each row, its matches beside them."""
    with RecordFile(path, FileIdentity("m", {})) as records, MatchesFile(records) as matches:
        for row in rows:
            records.append(RECORD | {"id": row * 16})
        meanwhile()
    matches.finish()


def test_a_run_writes_its_matches_beside_the_records_and_a_later_one_rebuilds_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes either way; the first run never reads its records again."""
    path = tmp_path / "r.jsonl"
    with monkeypatch.context() as patch:
        patch.delattr("metajudge.records.matches_file.latest_records")
        one_run(path, "a", "b")
    beside = matches_path(path).read_bytes()
    assert write_matches(path) == 4 and matches_path(path).read_bytes() == beside
    one_run(path, "c")
    assert [json.loads(line)["id"][0] for line in matches_path(path).read_bytes().splitlines()] == list("aabbcc")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["r.jsonl", "r.matches.jsonl"]


def test_matches_that_cannot_be_kept_beside_the_records_are_rebuilt(tmp_path: Path) -> None:
    """Never half of them in the end: the disk gets full and has room again, or somebody tidies up."""
    path = tmp_path / "r.jsonl"
    building = tmp_path / "r.matches.jsonl.tmp"
    building.symlink_to("/dev/full")

    def makes_room() -> None:
        building.unlink()
        building.write_text("half of them")

    one_run(path, "a", "b", meanwhile=makes_room)
    assert len(matches_path(path).read_bytes().splitlines()) == 4
    path.unlink()
    one_run(path, "a", "b", meanwhile=building.unlink)
    assert len(matches_path(path).read_bytes().splitlines()) == 4


def test_records_that_were_lost_leave_no_matches(tmp_path: Path) -> None:
    """Another file in their place is not theirs; what was saved is told by the run."""
    path = tmp_path / "r.jsonl"
    with RecordFile(path, FileIdentity("m", {})) as records, MatchesFile(records) as matches:
        records.append(RECORD | {"id": "a" * 16})
        path.unlink()
        with pytest.raises(OutputLost):
            records.ensure_same_file()
    with pytest.raises(UsageError):
        matches.finish()
    assert not matches_path(path).exists()


def test_a_run_that_breaks_leaves_nothing_half_made(tmp_path: Path) -> None:
    """The next one rebuilds the matches."""

    def breaks() -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        one_run(tmp_path / "r.jsonl", "a", meanwhile=breaks)
    assert [p.name for p in tmp_path.iterdir()] == ["r.jsonl"]
