"""Full and broken disks: a clear end in each case, and no data is lost."""

import os
from pathlib import Path

import pytest

from tests.chaos.disks import mounted, needs_mounting
from tests.chaos.processes import JudgeServer, end, judge_all, said, size, start
from tests.e2e.driver import infer, rows, until
from tests.servers import ROOT

ROWS, LATENCY = 60, 0.05


@needs_mounting
@pytest.mark.parametrize("granularity", ["row", "item"])
def test_no_room_for_another_file_is_a_clear_end(tmp_path: Path, judge: JudgeServer, granularity: str) -> None:
    """The output file has space; journal and matches do not."""
    source = rows(tmp_path / "in.jsonl", [""] * ROWS)
    with mounted(tmp_path / "disk", "size=1m,nr_inodes=2") as again:
        out = tmp_path / "disk" / "out.jsonl"
        out.touch()
        text = said(infer(source, out, judge.url, "--granularity", granularity), 1, 2)
        assert "No space left on device" in text
        again("size=1m,nr_inodes=20")
        judge_all(source, out, judge.url, ROWS, "--granularity", granularity)


@needs_mounting
def test_a_torn_tail_on_a_full_disk_stays_where_it_is(tmp_path: Path, judge: JudgeServer) -> None:
    """Without space to set it aside the run ends with one line and no byte is lost."""
    source = rows(tmp_path / "in.jsonl", [""] * ROWS)
    with mounted(tmp_path / "disk", "size=256k"):
        out, filler = tmp_path / "disk" / "out.jsonl", tmp_path / "disk" / "filler"
        assert infer(source, out, judge.url).returncode == 0
        os.truncate(out, size(out) - 100)
        torn = out.read_bytes()
        fill(filler)
        text = said(infer(source, out, judge.url), 1, 2)
        assert "No space left on device" in text
        assert out.read_bytes() == torn
        filler.unlink()
        judge_all(source, out, judge.url, ROWS)


def fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass


@needs_mounting
def test_no_room_for_the_rescue_is_a_clear_end(tmp_path: Path, judge: JudgeServer) -> None:
    """The output is deleted on a disk that cannot hold it twice."""
    source = rows(tmp_path / "in.jsonl", [""] * ROWS)
    with mounted(tmp_path / "disk", "size=64k"):
        out = tmp_path / "disk" / "out.jsonl"
        process = start(source, out, judge.url, "--concurrent-requests", "2")
        until(lambda: size(out) > 10_000)
        fill(out.with_name("filler"))
        out.unlink()
        assert "was deleted during the run" in said(end(process), 1, 2)


def test_no_room_for_the_last_newline_is_a_clear_end(tmp_path: Path, judge: JudgeServer) -> None:
    """The last line lacks only its newline, and the disk is full."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    assert infer(source, out, judge.url, "--limit", "10").returncode == 0
    whole = out.read_bytes()
    os.truncate(out, len(whole) - 1)
    said(end(start(source, out, judge.url, largest_file=len(whole) - 1)), 1, 2)
    assert out.read_bytes() == whole[:-1]
    assert "10 resumed" in judge_all(source, out, judge.url, ROWS)


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_disk_that_reports_an_error_ends_the_run(tmp_path: Path, judge: JudgeServer, call: str) -> None:
    """An I/O error is reported, because the data may not be on the disk."""
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "sitecustomize.py").write_text(BROKEN.replace("CALL", call))
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    env = {"PYTHONPATH": f"{tmp_path / 'broken'}{os.pathsep}{ROOT}"}
    text = said(end(start(source, out, judge.url, "--concurrent-requests", "1", env=env)), 1, 2)
    assert "Input/output error" in text
    judge_all(source, out, judge.url, ROWS)


BROKEN = """
import errno, os, stat

real, calls = os.CALL, []

def broken(fd, *rest):
    if stat.S_ISREG(os.fstat(fd).st_mode):
        calls.append(fd)
        if len(calls) == (1 if "CALL" == "fsync" else 20):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
    return real(fd, *rest)

os.CALL = broken
"""
"""A `sitecustomize.py`: the first fsync of a file fails, or the twentieth write."""
