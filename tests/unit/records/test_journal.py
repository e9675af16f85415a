"""Replies of open rows, kept beside the results."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from metajudge.errors import DiskFull
from metajudge.records.journal import Journal
from metajudge.records.judge_identity import JudgeIdentity

JUDGE = JudgeIdentity(model="m", granularity="item", version="1")
ROW, QUESTION, REPLY = ("i", "q1"), "S1/1", {"text": "hällo \u2028"}
Open = Callable[..., Journal]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Open the journal anew, as another run with the judge does."""
    return lambda judge=JUDGE: Journal(tmp_path / "out.jsonl", judge)


@pytest.fixture
def path(opened: Open) -> Path:
    """The journal of an ended run, with one reply."""
    journal = opened()
    journal.add(ROW, QUESTION, REPLY)
    journal.sync()
    journal.close()
    return journal.path


@pytest.mark.usefixtures("path")
def test_a_reply_is_kept_for_the_next_run(opened: Open) -> None:
    """The key is row and question; other questions have none."""
    again = opened(replace(JUDGE, version="2", adapted=["temperature"]))
    assert again.kept(ROW, QUESTION) == REPLY
    assert again.kept(ROW, "S2/1") is None and again.kept(("i", "q2"), QUESTION) is None


def test_the_file_is_removed_once_no_row_is_open(opened: Open, path: Path) -> None:
    again = opened()
    again.add(("i", "q2"), QUESTION, REPLY)
    again.discard(ROW)
    again.close()
    assert path.exists()
    last = opened()
    last.discard(ROW)
    last.discard(("i", "q2"))
    last.close()
    assert not path.exists()


def test_without_an_entry_there_is_no_file(opened: Open, tmp_path: Path) -> None:
    """A run with one question per row leaves no trace."""
    opened().close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("path")
def test_another_judges_replies_are_not_used_and_not_lost(opened: Open) -> None:
    """They wait for a run with that judge."""
    other = opened(replace(JUDGE, model="x"))
    assert other.kept(ROW, QUESTION) is None
    other.close()
    assert opened().kept(ROW, QUESTION) == REPLY


def test_another_token_limit_is_the_same_judge(opened: Open, path: Path) -> None:
    """After a cut reply, a raised `max_tokens` must not pay for the row's other replies again."""
    other = opened(replace(JUDGE, max_tokens=400, temperature=0.0))
    assert other.kept(ROW, QUESTION) == REPLY
    other.discard(ROW)
    other.close()
    assert not path.exists()


def test_a_torn_or_broken_line_costs_only_itself(opened: Open, path: Path) -> None:
    """The torn end is cut off, so that the next entry begins a line."""
    with path.open("ab") as file:
        file.write(b'garbage\n[]\n{"id": "i", "question_id": "q1", "ques')
    again = opened()
    again.add(ROW, "S2/1", {"text": "b"})
    again.close()
    last = opened()
    assert last.kept(ROW, QUESTION) == REPLY and last.kept(ROW, "S2/1") == {"text": "b"}


def test_a_full_disk_leaves_no_half_entry(opened: Open, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal, whole, write = opened(), path.read_bytes(), os.write

    def failing(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:7]))
    with pytest.raises(DiskFull, match="no space left"):
        journal.add(ROW, "S2/1", {"text": "b"})
    assert path.read_bytes() == whole
    monkeypatch.setattr(os, "write", failing)
    with pytest.raises(DiskFull, match="No space left on device"):
        journal.add(ROW, "S2/1", {"text": "b"})
