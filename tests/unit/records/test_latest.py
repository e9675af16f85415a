"""The record that counts if a file has several of one row."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from metajudge.data.rows import UnreadableLines
from metajudge.records.latest import LatestRecords, latest_records
from metajudge.records.record import Record, encode

RECORDS = st.lists(
    st.builds(
        Record,
        id=st.sampled_from([None, *"abcdefgh"]),
        question_id=st.sampled_from("qr"),
        model_be_evaluated=st.sampled_from(["M", "m", "N"]),
        status=st.sampled_from(["success", "empty", "error"]),
    ),
    max_size=40,
)


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


@given(RECORDS)
def test_any_records_are_chosen_and_counted_as_by_a_dictionary(records: list[Record]) -> None:
    """One that keeps every record, and a set of the rows of each model."""
    kept: dict[object, int] = {}
    superseded, changed, rows = 0, 0, set()
    latest = LatestRecords()
    for number, record in enumerate(records):
        latest.add(record)
        key = number if record.id is None else (record.id, record.question_id)
        if record.id is not None and key not in kept:
            row = (record.id, str(record.model_be_evaluated).lower())
            changed += row in rows
            rows.add(row)
        superseded += key in kept
        if key not in kept or record.is_finished or not records[kept[key]].is_finished:
            kept[key] = number
    found = latest.find()
    assert (list(found.numbers), found.superseded, found.changed) == (list(kept.values()), superseded, changed)
