"""A judge that is unreachable for a while, paused, or always failing. Nothing is lost, little is repeated."""

import json
import time
from pathlib import Path

import pytest

from tests.chaos.processes import JudgeServer, all_rows, end, judge_all, last_line, rows_of, said, start
from tests.chaos.served import asks, counts
from tests.e2e.driver import analysis, infer, records, rows, until

ROWS, IN_FLIGHT = 100, 8
FLAGS = ("--concurrent-requests", str(IN_FLIGHT))


@pytest.mark.parametrize(
    ("granularity", "seconds"),
    [("row", 2), pytest.param("row", 60, marks=pytest.mark.slow), pytest.param("item", 60, marks=pytest.mark.slow)],
)
def test_a_judge_that_is_down_for_a_while_costs_no_row(tmp_path: Path, granularity: str, seconds: float) -> None:
    """Only the questions in flight are repeated when the judge returns on the same port."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    flags = (*FLAGS, "--granularity", granularity)
    with JudgeServer(tmp_path / "served.log", "--latency", "0.1") as judge:
        process = start(source, out, judge.url, *flags)
        until(lambda: counts(judge.log).total() > 30)
        judge.stop()
        time.sleep(seconds)
        judge.start()
        text = said(end(process), 0)
        assert "holding new questions" in text and "the judge answers again" in text
        assert rows_of(out) == all_rows(ROWS)
        assert counts(judge.log).total() - len(asks(judge.log)) <= IN_FLIGHT
        clean = tmp_path / "clean"
        clean.mkdir()
        assert infer(source, clean / "out.jsonl", judge.url, *flags, "--concurrent-requests", "64").returncode == 0
    tables = [analysis("--input-file", str(path)).stdout for path in (out, clean / "out.jsonl")]
    assert tables[0] == tables[1] and f" {ROWS} " in tables[0]


def test_a_judge_that_dies_again_and_again_costs_no_row(tmp_path: Path) -> None:
    """Three short outages are shorter or longer than the pause between tries."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    with JudgeServer(tmp_path / "served.log", "--latency", "0.3") as judge:
        process = start(source, out, judge.url, *FLAGS, "--max-retries", "5")
        for number in range(3):
            before = counts(judge.log).total()
            until(lambda before=before: counts(judge.log).total() > before + 10)  # type: ignore[misc]
            judge.stop()
            time.sleep((0, 0.2, 1)[number])
            judge.start()
        said(end(process), 0)
        assert rows_of(out) == all_rows(ROWS)
        assert counts(judge.log).total() - len(asks(judge.log)) <= 3 * 2 * IN_FLIGHT


def test_a_paused_judge_is_waited_for(tmp_path: Path) -> None:
    """A pause of two seconds repeats nothing under a timeout of ten."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    with JudgeServer(tmp_path / "served.log", "--latency", "0.1") as judge:
        process = start(source, out, judge.url, *FLAGS, "--timeout", "10")
        until(lambda: counts(judge.log).total() > 30)
        judge.pause()
        time.sleep(2)
        judge.resume()
        said(end(process), 0)
        assert rows_of(out) == all_rows(ROWS)
        assert set(counts(judge.log).values()) == {1}


def test_an_outage_longer_than_the_patience_is_a_clear_end(tmp_path: Path) -> None:
    """The exit code is 1, the last line says how to continue, and judged rows are kept."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    with JudgeServer(tmp_path / "served.log", "--latency", "0.1") as judge:
        process = start(source, out, judge.url, *FLAGS, "--outage-timeout", "2")
        until(lambda: counts(judge.log).total() > 30)
        judge.stop()
        last, judged = last_line(end(process), 1), len(records(out))
        assert last.startswith(f"Stopped with {ROWS - judged} rows left") and last.endswith("again to resume.")
        judge.start()
        judge_all(source, out, judge.url, ROWS, *FLAGS)
        assert counts(judge.log).total() - len(asks(judge.log)) <= IN_FLIGHT


@pytest.mark.parametrize(
    ("fault", "flags", "most", "code"),
    [
        ("500", ("--max-consecutive-failures", "5"), 5, 1),
        ("malformed", (), 20, 2),
        ("hang", ("--timeout", "0.5"), 20, 1),
    ],
)
def test_a_judge_that_only_fails_stops_the_run(
    tmp_path: Path, fault: str, flags: tuple[str, ...], most: int, code: int
) -> None:
    """Too many consecutive failures end the run with one line and few requests. A good judge finishes."""
    source, out = rows(tmp_path / "in.jsonl", [""] * ROWS), tmp_path / "out.jsonl"
    with JudgeServer(tmp_path / "served.log", "--always", fault) as judge:
        result = infer(source, out, judge.url, *FLAGS, "--max-retries", "0", *flags)
        last = last_line(result, code)
        assert last.startswith("Stopped with ") and str(most) in last and last.endswith("again to resume.")
        assert most <= counts(judge.log).total() <= most + 2 * IN_FLIGHT
        judge.restart("--latency", "0")
        judge_all(source, out, judge.url, ROWS, *FLAGS)


def test_failures_between_good_replies_do_not_stop_the_run(tmp_path: Path) -> None:
    """Every second row fails, and all others are judged."""
    faults = ["[[413]]" if number % 2 else "" for number in range(ROWS)]
    source, out = rows(tmp_path / "in.jsonl", faults), tmp_path / "out.jsonl"
    with JudgeServer(tmp_path / "served.log") as judge:
        result = infer(source, out, judge.url, "--concurrent-requests", "1", "--max-consecutive-failures", "3")
    assert result.returncode == 1
    assert len(records(out)) == ROWS and len(rows_of(out)) == ROWS // 2


def test_rows_that_need_no_judge_do_not_hide_one_that_only_fails(tmp_path: Path) -> None:
    """The run stops although every third row has no model items."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    found = rows(tmp_path / "full.jsonl", [""] * ROWS).read_text().splitlines()
    found[::3] = [json.dumps({**json.loads(line), "M-checklist": []}) for line in found[::3]]
    source.write_text("\n".join(found) + "\n")
    with JudgeServer(tmp_path / "served.log", "--always", "500") as judge:
        flags = ("--concurrent-requests", "1", "--max-retries", "0", "--max-consecutive-failures", "5")
        result = infer(source, out, judge.url, *flags)
    assert last_line(result, 1).startswith("Stopped with ")
    assert counts(judge.log).total() <= 5 + 2
