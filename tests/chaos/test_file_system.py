"""A failing file system: full, read-only, closed streams. The end is clear; nothing is lost or doubled."""

import os
from pathlib import Path

import pytest

from tests.chaos.disks import mounted, needs_mounting
from tests.chaos.processes import JudgeServer, all_rows, end, judge_all, last_line, rows_of, start
from tests.chaos.served import asks, counts
from tests.e2e.driver import infer, records, rows

ROWS, LATENCY = 60, 0.05
IN_FLIGHT = 8
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
FLAGS = ("--concurrent-requests", str(IN_FLIGHT))


def finish(source: Path, out: Path, judge: JudgeServer, *flags: str) -> None:
    """Run again without faults and check that every row is judged once."""
    judge_all(source, out, judge.url, ROWS, *FLAGS, *flags)
    assert {path.name for path in out.parent.glob("out*")} <= {"out.jsonl", "out.matches.jsonl"}


@needs_mounting
@pytest.mark.parametrize("granularity", ["row", "item"])
def test_a_full_disk_costs_only_replies_in_flight(tmp_path: Path, judge: JudgeServer, granularity: str) -> None:
    """The run ends with exit code 1, one line and whole records. The same command finishes."""
    source, flags = rows(tmp_path / "in.jsonl", [""] * ROWS), ("--granularity", granularity)
    with mounted(tmp_path / "disk", "size=40k") as again:
        out = tmp_path / "disk" / "out.jsonl"
        last = last_line(infer(source, out, judge.url, *FLAGS, *flags), 1)
        assert "no space left on" in last.lower() and "same command again to resume" in last
        assert 5 < len(records(out)) < ROWS
        again("size=8m")
        finish(source, out, judge, *flags)
        assert sum(counts(judge.log).values()) <= len(asks(judge.log)) + IN_FLIGHT


def test_a_limit_of_file_size_is_a_full_disk(tmp_path: Path, judge: JudgeServer) -> None:
    """The limit lies within a record, and no half of it stays."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    last = last_line(end(start(source, out, judge.url, *FLAGS, largest_file=20_001)), 1)
    assert "same command again to resume" in last
    assert 5 < len(records(out)) < ROWS
    finish(source, out, judge)
    assert sum(counts(judge.log).values()) <= len(asks(judge.log)) + IN_FLIGHT


@needs_mounting
def test_a_read_only_output_is_refused_before_anything_is_asked(tmp_path: Path, judge: JudgeServer) -> None:
    """New and existing outputs are refused with exit code 2, one line and no request."""
    source = rows(tmp_path / "in.jsonl", [""] * ROWS)
    with mounted(tmp_path / "disk", "size=256k") as again:
        out = tmp_path / "disk" / "out.jsonl"
        assert infer(source, out, judge.url, "--limit", "5").returncode == 0
        before = out.read_bytes()
        again("ro")
        for path in (out, tmp_path / "disk" / "other.jsonl", tmp_path / "disk" / "folder" / "out.jsonl"):
            result = infer(source, path, judge.url)
            assert result.returncode == 2 and result.stderr.count("\n") == 1 and result.stdout == ""
            assert f"--output-file {path}" in result.stderr and "Read-only file system" in result.stderr
        assert counts(judge.log).total() == 5
        assert out.read_bytes() == before
        again("rw")
        finish(source, out, judge)


@needs_full
def test_a_full_log_file_does_not_disturb_the_run(tmp_path: Path, judge: JudgeServer) -> None:
    """The rows are judged without the log."""
    source, out = rows(tmp_path / "in.jsonl", ["[[413]]"] + [""] * ROWS), tmp_path / "out.jsonl"
    result = infer(source, out, judge.url, *FLAGS, "--log-file", "/dev/full")
    assert result.returncode == 1 and "413" in result.stderr
    assert result.stderr.count("/dev/full cannot be written: No space left on device; going on") == 1
    assert rows_of(out) == all_rows(ROWS + 1)[1:]
    assert "Traceback" not in result.stderr, result.stderr[:2000]


@needs_full
def test_a_full_place_for_the_summary_loses_no_record(tmp_path: Path, judge: JudgeServer) -> None:
    """An unwritable stdout causes no traceback, and every row is kept."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    with open("/dev/full", "w") as full:
        result = end(start(source, out, judge.url, *FLAGS, stdout=full))
    assert result.returncode != 0
    assert rows_of(out) == all_rows(ROWS)
    assert "Traceback" not in result.stderr, result.stderr


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_reader_that_goes_away_costs_no_record(tmp_path: Path, judge: JudgeServer, closed: str) -> None:
    """The remaining rows are judged although `| head -1` closed the stream."""
    source, out = rows(tmp_path / "in.jsonl", ["[[413]]", *["[[500x1]]"] * ROWS]), tmp_path / "out.jsonl"
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = end(start(source, out, judge.url, *FLAGS, **{closed: writing}))
    finally:
        os.close(writing)
    assert rows_of(out) == all_rows(ROWS + 1)[1:]
    assert result.returncode == 1
    assert "Traceback" not in (result.stdout or "") + (result.stderr or "")
