"""Replies of open rows, kept beside the results."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from metajudge.errors import DiskFull
from metajudge.records.journal import Journal
from metajudge.records.judge_identity import JudgeIdentity

JUDGE = JudgeIdentity(model="m", granularity="item", version="1")


def test_a_reply_added_is_there_for_the_next_run(tmp_path: Path) -> None:
    """Keyed by row and question; other questions have none."""
    journal = Journal(tmp_path / "out.jsonl", JUDGE)
    journal.add(("i", "q1"), "S1/1", {"text": "hällo \u2028"})
    journal.sync()
    journal.close()
    again = Journal(tmp_path / "out.jsonl", replace(JUDGE, version="2", adapted=["temperature"]))
    assert again.kept(("i", "q1"), "S1/1") == {"text": "hällo \u2028"}
    assert again.kept(("i", "q1"), "S2/1") is None and again.kept(("i", "q2"), "S1/1") is None


def test_replies_of_an_earlier_version_are_read_by_their_lists(tmp_path: Path) -> None:
    """It wrote no id; they go with the first row that stands."""
    journal = Journal(tmp_path / "out.jsonl", JUDGE)
    journal.add(("i", "q1"), "S1/1", {"text": "a"})
    journal.close()
    journal.path.write_bytes(journal.path.read_bytes().replace(b'"id": "i", ', b""))
    again = Journal(tmp_path / "out.jsonl", JUDGE)
    assert again.kept(("other", "q1"), "S1/1") == {"text": "a"}
    again.discard(("other", "q1"))
    again.close()
    assert not journal.path.exists()


def test_the_file_goes_when_no_row_is_open(tmp_path: Path) -> None:
    """And stays while one is."""
    journal = Journal(tmp_path / "out.jsonl", JUDGE)
    journal.add(("i", "q1"), "S1/1", {"text": "a"})
    journal.add(("i", "q2"), "S1/1", {"text": "b"})
    journal.discard(("i", "q1"))
    journal.close()
    assert journal.path.exists()
    again = Journal(tmp_path / "out.jsonl", JUDGE)
    again.discard(("i", "q1"))
    again.discard(("i", "q2"))
    again.close()
    assert not journal.path.exists()


def test_without_an_entry_there_is_no_file(tmp_path: Path) -> None:
    """A run with one question a row leaves no trace."""
    Journal(tmp_path / "out.jsonl", JUDGE).close()
    assert list(tmp_path.iterdir()) == []


def test_another_judges_replies_are_not_used_and_not_lost(tmp_path: Path) -> None:
    """They wait for a run with that judge."""
    journal = Journal(tmp_path / "out.jsonl", JUDGE)
    journal.add(("i", "q1"), "S1/1", {"text": "a"})
    journal.close()
    other = Journal(tmp_path / "out.jsonl", replace(JUDGE, model="x"))
    assert other.kept(("i", "q1"), "S1/1") is None
    other.close()
    assert Journal(tmp_path / "out.jsonl", JUDGE).kept(("i", "q1"), "S1/1") == {"text": "a"}


def test_another_limit_of_tokens_is_the_same_judge(tmp_path: Path) -> None:
    """Who raises --max-tokens, as a cut reply advises, has paid for the row's other replies already."""
    path = tmp_path / "out.jsonl"
    journal = Journal(path, replace(JUDGE, max_tokens=40, temperature=0.6))
    journal.add(("i", "q1"), "S1/1", {"text": "a"})
    journal.close()
    other = Journal(path, replace(JUDGE, max_tokens=400, temperature=0.0))
    assert other.kept(("i", "q1"), "S1/1") == {"text": "a"}
    other.discard(("i", "q1"))
    other.close()
    assert not other.path.exists()


def test_a_torn_or_broken_line_costs_only_itself(tmp_path: Path) -> None:
    """The torn end is cut off, so that the next entry begins on a line of its own."""
    journal = Journal(tmp_path / "out.jsonl", JUDGE)
    journal.add(("i", "q1"), "S1/1", {"text": "a"})
    journal.close()
    with journal.path.open("ab") as file:
        file.write(b'garbage\n[]\n{"id": "i", "question_id": "q1", "ques')
    again = Journal(tmp_path / "out.jsonl", JUDGE)
    again.add(("i", "q1"), "S2/1", {"text": "b"})
    again.close()
    last = Journal(tmp_path / "out.jsonl", JUDGE)
    assert last.kept(("i", "q1"), "S1/1") == {"text": "a"} and last.kept(("i", "q1"), "S2/1") == {"text": "b"}


def test_a_full_disk_leaves_no_half_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Short writes and failed ones end the run with their reason."""
    import os

    journal = Journal(tmp_path / "out.jsonl", JUDGE)
    journal.add(("i", "q1"), "S1/1", {"text": "a"})
    whole, write = journal.path.read_bytes(), os.write

    def failing(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    with pytest.raises(DiskFull, match="no space left"):
        journal.add(("i", "q1"), "S2/1", {"text": "b"})
    assert journal.path.read_bytes() == whole
    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(DiskFull, match="No space left on device"):
        journal.add(("i", "q1"), "S2/1", {"text": "b"})
