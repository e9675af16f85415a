"""Outputs that may not be mixed, closed streams, deleted records; `tests/chaos` has kills and signals."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.driver import command, environment, infer, records, rows, start, until
from tests.servers import running

ROWS = 60


@pytest.fixture
def judge() -> Iterator[str]:
    with running("tests.servers.faulty", "--latency", "0.05") as url:
        yield url


def test_another_judge_is_refused_until_mixing_is_allowed(judge: str, tmp_path: Path) -> None:
    """Another model is refused and the file is unchanged. Other settings: tests/unit/records/test_results_file.py."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 3), tmp_path / "out.jsonl"
    infer(source, out, judge)
    before = out.read_bytes()
    refused = infer(source, out, judge, "--model", "other")
    assert refused.returncode == 2 and "--allow-mixed" in refused.stderr and refused.stderr.count("\n") == 1
    assert out.read_bytes() == before
    assert infer(source, out, judge, "--model", "other", "--allow-mixed").returncode == 0
    assert out.read_bytes() == before  # the rows are finished: nothing is asked again


@pytest.mark.parametrize("closed", ["1>&-", "2>&-", "1>&- 2>&-"])
def test_a_closed_stream_costs_no_row(judge: str, tmp_path: Path, closed: str) -> None:
    """A run without stdout or stderr writes all rows and exits with 0."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 3), tmp_path / "out.jsonl"
    words = " ".join(map(shlex.quote, command(source, out, judge)))
    assert subprocess.run(["bash", "-c", f"{words} {closed}"], env=environment(), check=False).returncode == 0
    assert len(records(out)) == 3


def test_decompose_whose_records_are_deleted_names_the_rescue(judge: str, tmp_path: Path) -> None:
    """The summary is that of any lost output and names no missing file."""
    source, out = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text(
        "".join(
            json.dumps({"said": f"Response {n} is wrong", "response1": "a", "response2": "b"}) + "\n"
            for n in range(ROWS)
        )
    )
    flags = ["--input-file", str(source), "--output-file", str(out), "--text-field", "said", "--api-base", judge]
    words = [sys.executable, "-m", "metajudge", "decompose", *flags]
    process = start([*words, "--max-retries", "0", "--concurrent-requests", "4"])
    kept = tmp_path / "out.jsonl.records"
    until(lambda: kept.exists() and kept.stat().st_size)
    kept.unlink()
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 1 and "Traceback" not in stderr
    assert f"is in {kept}.rescued" in stdout.splitlines()[-1] and "are safe in" not in stderr
    assert (tmp_path / "out.jsonl.records.rescued").stat().st_size and not out.exists()
