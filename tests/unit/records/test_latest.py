"""The record that counts if a file has several of one row."""

from pathlib import Path

from metajudge.data.rows import UnreadableLines
from metajudge.records.latest import latest_records
from metajudge.records.record import encode


def test_the_last_finished_record_of_a_row_counts_else_its_last(tmp_path: Path) -> None:
    """The order is that of the rows' first appearance; broken lines are counted."""
    path = tmp_path / "r.jsonl"
    statuses = ["a error", "b error", "a success", "a error", "b format_error", "a success"]
    lines = [
        encode({"id": text[0], "question_id": "q", "status": text[2:], "attempts": number})
        for number, text in enumerate(statuses, 1)
    ]
    path.write_bytes(b"".join([*lines[:2], b"broken\n", *lines[2:]]))
    unreadable = UnreadableLines()
    assert [record.attempts for record in latest_records(path, unreadable)] == [6, 5]
    assert unreadable.count == 1
