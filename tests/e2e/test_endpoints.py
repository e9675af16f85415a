"""A run over two endpoints of one judge, of which one is a dead address, ends in the middle, or refuses."""

import contextlib
import time
from pathlib import Path

import pytest

from tests.e2e.driver import command, infer, log, records, rows, start, until
from tests.servers import running

NOWHERE = "http://127.0.0.1:9/v1"


def asked(url: str) -> int:
    return sum(log(url)["asked"].values())


def test_both_endpoints_are_asked_and_a_dead_one_is_left_out(tmp_path: Path) -> None:
    """Every row is judged once."""
    source = rows(tmp_path / "in.jsonl", [""] * 40)
    with running("tests.servers.scripted") as first, running("tests.servers.scripted") as second:
        result = infer(source, tmp_path / "out.jsonl", f"{first},{NOWHERE},{second}")
        assert result.returncode == 0, result.stderr
        assert min(asked(first), asked(second)) >= 5 and asked(first) + asked(second) == 40
    assert {one["status"] for one in records(tmp_path / "out.jsonl")} == {"success"}
    assert f"its questions go to the other endpoints, {NOWHERE} is tried again" in result.stderr


def test_an_endpoint_that_ends_loses_no_row(tmp_path: Path) -> None:
    """Its questions in flight are asked at the other one."""
    source, out = rows(tmp_path / "in.jsonl", [""] * 120), tmp_path / "out.jsonl"
    with contextlib.ExitStack() as ending, running("tests.servers.scripted", "--latency", "0.1") as alive:
        url = ending.enter_context(running("tests.servers.scripted", "--latency", "0.1"))
        process = start(command(source, out, f"{url},{alive}", "--concurrent-requests", "5"))
        until(lambda: out.exists() and len(out.read_bytes().splitlines()) > 20)
        ending.close()
        _, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    assert [one["status"] for one in records(out)] == ["success"] * 120


def test_an_endpoint_without_capacity_holds_no_row(tmp_path: Path) -> None:
    """It refuses every request and asks to wait a second; the other one answers all."""
    source, begin = rows(tmp_path / "in.jsonl", [""] * 60), time.monotonic()
    with running("tests.servers.faulty", "--always", "429s") as full, running("tests.servers.scripted") as alive:
        result = infer(source, tmp_path / "out.jsonl", f"{full},{alive}")
        assert result.returncode == 0, result.stderr
        assert asked(alive) == 60
    assert [one["status"] for one in records(tmp_path / "out.jsonl")] == ["success"] * 60
    assert time.monotonic() - begin < 30


@pytest.mark.parametrize("base", ["{url},{url}/", "{url},", "{url},nowhere"])
def test_endpoints_that_cannot_be_meant_are_one_line(tmp_path: Path, base: str) -> None:
    result = infer(rows(tmp_path / "in.jsonl", [""]), tmp_path / "out.jsonl", base.format(url=NOWHERE))
    assert result.returncode == 2 and result.stderr.count("\n") == 1 and "--api-base" in result.stderr
