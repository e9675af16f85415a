"""The real command against a judge that fails in every way."""

import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.processes import end, start
from tests.e2e.driver import analysis, infer, log, records, rows, run, scores, until
from tests.servers import running

FATAL = {"401": "refused the key (401)", "quota": "quota is used up"}
FATAL_AT_FIRST = {"403": "refused the key (403)", "404": "check --model and --api-base"}


@pytest.fixture(scope="module")
def judge() -> Iterator[str]:
    with running("tests.servers.faulty") as url:
        yield url


def test_what_cannot_be_repaired_costs_its_row_and_says_why(judge: str, tmp_path: Path) -> None:
    """Every permanent fault becomes a record of a failure, and the exit code is 1."""
    faults = ["content-filter", "context-length", "413", "malformed", "truncated", "500", ""]
    source = rows(tmp_path / "in.jsonl", [f"[[{fault}]]" if fault else "" for fault in faults])
    out = tmp_path / "out.jsonl"
    result = infer(source, out, judge)
    assert result.returncode == 1
    by_row = {record["metadata"]["context"]: record for record in records(out)}
    found = [by_row[f"row {number}"] for number in range(len(faults))]
    assert [record["status"] for record in found] == ["error"] * 3 + ["format_error"] * 2 + ["error", "success"]
    assert found[3]["samples"][0]["raw_text"] == "R1 is matched by S1, I would say."
    assert "raise `max_tokens`" in found[4]["format_error"] and found[4]["attempts"] == 2
    assert found[5]["attempts"] == 3
    assert "1 judged, 0 empty, 6 failed" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("6 rows failed. Run the same command again to retry")
    table = analysis("--input-file", str(out))
    assert table.returncode == 0 and " 1 " in table.stdout.splitlines()[6]
    assert "status error" in table.stderr and "status format_error" in table.stderr


def test_what_no_row_survives_stops_the_run_with_one_line(judge: str, tmp_path: Path) -> None:
    """The exit code is 2, judged rows are kept, and the same command resumes up to the next fault."""
    out = tmp_path / "out.jsonl"
    source = rows(tmp_path / "in.jsonl", [text for fault in FATAL for text in ("", f"[[{fault}x1]]")] + [""] * 10)
    for number, message in enumerate(FATAL.values()):
        result = infer(source, out, judge, "--concurrent-requests", "1")
        assert result.returncode == 2
        judged, last = 2 * number + 1, result.stdout.splitlines()[-1]
        assert message in last and last.startswith(f"Stopped with {14 - judged} rows left")
        assert len(records(out)) == judged
    again = infer(source, out, judge)
    assert again.returncode == 0 and "11 judged" in again.stdout and "3 resumed" in again.stdout
    assert len(scores(out)) == 14


@pytest.mark.parametrize(("fault", "message"), FATAL_AT_FIRST.items())
def test_a_refusal_is_the_runs_before_the_judge_has_answered_and_the_rows_after(
    judge: str, tmp_path: Path, fault: str, message: str
) -> None:
    """A firewall that refuses one row must stop neither this run nor each one after it."""
    one_by_one = ("--concurrent-requests", "1")
    source = rows(tmp_path / "first.jsonl", [f"[[{fault}]]", ""])
    result = infer(source, tmp_path / "first-out.jsonl", judge, *one_by_one)
    assert result.returncode == 2 and message in result.stdout.splitlines()[-1]
    source, out = rows(tmp_path / "later.jsonl", ["", f"[[{fault}]]", "", ""]), tmp_path / "out.jsonl"
    result = infer(source, out, judge, *one_by_one)
    assert result.returncode == 1 and f"3 judged, 0 empty, 1 failed ({fault} 1)" in result.stdout
    again = infer(source, out, judge, "--skip-failed")
    assert "0 judged" in again.stdout and len(records(out)) == 4


def test_a_judge_that_comes_back_after_an_outage_costs_no_row(tmp_path: Path) -> None:
    """The judge starts only after the run has found it unreachable."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    source, errors = rows(tmp_path / "in.jsonl", [""] * 12), tmp_path / "stderr"
    with errors.open("w") as stderr:
        url = f"http://127.0.0.1:{port}/v1"
        process = start(source, tmp_path / "out.jsonl", url, "--max-retries", "0", stderr=stderr)
    until(lambda: "holding new questions" in errors.read_text())
    with running("tests.servers.faulty", "--port", str(port)):
        ended = end(process)
    assert ended.returncode == 0 and "12 judged, 0 empty, 0 failed" in ended.stdout, errors.read_text()


def test_bounded_flight_is_seen_by_the_server(tmp_path: Path) -> None:
    """The server sees seven requests in flight and never more."""
    with running("tests.servers.faulty", "--latency", "0.1") as url:
        infer(rows(tmp_path / "in.jsonl", [""] * 40), tmp_path / "out.jsonl", url, "--concurrent-requests", "7")
        assert log(url)["most_in_flight"] == 7


def test_a_reader_that_goes_away_ends_the_analysis_quietly() -> None:
    """`| head -1` causes no traceback."""
    script = f"{sys.executable} metajudge_analysis.py --input-dir example | head -1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    result = run("bash", "-c", script)
    assert "Traceback" not in result.stderr and result.stdout.strip() in ("0", "1")
