"""The output deleted, moved or replaced during a run, and several runs with the same output."""

import shutil
import subprocess
from pathlib import Path

from tests.chaos.processes import JudgeServer, all_rows, end, judge_all, last_line, rows_of, said, size, start
from tests.chaos.served import Ask, asks, counts
from tests.e2e.driver import records, rows, until

ROWS, LATENCY = 60, 0.1
FLAGS = ("--concurrent-requests", "4")


def under_way(tmp_path: Path, judge: JudgeServer, *flags: str) -> tuple[subprocess.Popen[str], Path, Path]:
    """Start a run and wait until it has written a few records."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "results" / "out.jsonl"
    before = counts(judge.log).total()
    process = start(source, out, judge.url, *FLAGS, *flags)
    until(lambda: counts(judge.log).total() > before + 8 and size(out))
    return process, source, out


def replied(judge: JudgeServer) -> list[Ask]:
    """Return the requests whose reply was sent."""
    return [ask for history in asks(judge.log).values() for ask in history if ask.replied is not None]


def test_a_deleted_output_is_rescued_with_every_reply(tmp_path: Path, judge: JudgeServer) -> None:
    """Replies in flight are rescued too. The file is resumed once it is moved back."""
    process, source, out = under_way(tmp_path, judge)
    out.unlink()
    last, rescued = last_line(end(process), 1), out.with_name("out.jsonl.rescued")
    assert "was deleted during the run; everything written so far is in" in last
    assert "Move it back to the output's name. Run the same command again to resume." in last
    assert len(records(rescued)) == len(replied(judge))
    rescued.rename(out)
    judge_all(source, out, judge.url, ROWS)
    assert set(counts(judge.log).values()) == {1}


def test_a_replaced_output_is_rescued_and_the_new_file_left_alone(tmp_path: Path, judge: JudgeServer) -> None:
    """The other file is unchanged."""
    process, _, out = under_way(tmp_path, judge)
    other = out.with_name("other")
    other.write_bytes(out.read_bytes().splitlines(keepends=True)[0])
    other.replace(out)
    before = out.read_bytes()
    assert "was replaced during the run" in last_line(end(process), 1)
    assert out.read_bytes() == before
    assert len(records(out.with_name("out.jsonl.rescued"))) == len(replied(judge))


def test_a_moved_output_goes_on_under_its_new_name(tmp_path: Path, judge: JudgeServer) -> None:
    """The moved file has the same records; a run on it asks only the rest."""
    process, source, out = under_way(tmp_path, judge)
    moved = out.rename(out.with_name("moved.jsonl"))
    assert "was deleted during the run" in last_line(end(process), 1)
    judge_all(source, moved, judge.url, ROWS)


def test_a_second_loss_does_not_overwrite_the_first_rescue(tmp_path: Path, judge: JudgeServer) -> None:
    """Both rescue files exist."""
    for _ in range(2):
        process, _, out = under_way(tmp_path, judge)
        out.unlink()
        last_line(end(process), 1)
    rescued = [line for path in out.parent.glob("*.rescued*") for line in records(path)]
    assert len(rescued) == len(replied(judge))


def test_a_deleted_folder_is_a_clear_end(tmp_path: Path, judge: JudgeServer) -> None:
    """The rescue goes elsewhere when its folder is gone."""
    process, source, out = under_way(tmp_path, judge)
    shutil.rmtree(out.parent)
    assert "was deleted during the run" in last_line(end(process), 1)
    rescued = [line for path in tmp_path.rglob("*.rescued") for line in records(path)]
    assert len(rescued) > 4
    judge_all(source, out, judge.url, ROWS)


def test_a_file_in_place_of_the_folder_is_a_clear_end(tmp_path: Path, judge: JudgeServer) -> None:
    """One line says that no rescue was possible."""
    process, _, out = under_way(tmp_path, judge)
    moved = out.parent.rename(tmp_path / "moved")
    out.parent.write_text("a file\n")
    assert "during the run" in last_line(end(process), 1)
    assert out.parent.read_text() == "a file\n"
    assert len(records(moved / "out.jsonl")) > 4


def test_a_deleted_journal_costs_no_reply_of_a_run_that_is_not_killed(tmp_path: Path, judge: JudgeServer) -> None:
    """The run continues and every question is asked once."""
    process, _, out = under_way(tmp_path, judge, "--granularity", "item", "--concurrent-requests", "16")
    out.with_name("out.jsonl.journal").unlink()
    said(end(process), 0)
    assert rows_of(out) == all_rows(ROWS)
    assert set(counts(judge.log).values()) == {1}


def test_of_runs_started_together_one_goes_on(tmp_path: Path, judge: JudgeServer) -> None:
    """The others end with exit code 2 and one line, also when they use a link to the file."""
    source, out, link = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl", tmp_path / "link.jsonl"
    out.touch()
    link.symlink_to(out)
    judge.pause()  # the first run must not end before the last one has started
    processes = [start(source, name, judge.url, *FLAGS) for name in (out, link, out, link)]
    until(lambda: sum(process.poll() is not None for process in processes) == 3)
    judge.resume()
    results = [end(process) for process in processes]
    assert sorted(result.returncode for result in results) == [0, 2, 2, 2]
    for refused in (result.stderr for result in results if result.returncode):
        assert "is being written by another run" in refused and refused.count("\n") == 1
    assert rows_of(out) == all_rows(ROWS)
    assert set(counts(judge.log).values()) == {1}
