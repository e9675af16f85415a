"""Files after a power cut: cut at any byte, or NULs in place of data that did not reach the disk."""

import itertools
import os
import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from metajudge.llm.errors import RequestRejected
from tests.chaos.processes import all_rows, rows_of
from tests.e2e.driver import analysis
from tests.unit.fakes import ScriptedJudge, Turn
from tests.unit.rows import block, row, run_samples, samples, task

SAMPLES = samples(row(number, human=1, model=2, context=f"row {number}") for number in range(5))
STEPS = [pytest.param(29, id="here-and-there"), pytest.param(1, id="every-byte", marks=pytest.mark.slow)]


@pytest.fixture(autouse=True)
def _no_waiting_for_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda fd: None)


def judge_rows(out: Path, granularity: str = "row") -> list[str]:
    """Judge `SAMPLES` into `out`. Return the questions: "3" for row 3, "3.2" for its second item."""
    judge = ScriptedJudge(lambda message, _: block(message))
    run_samples(out, judge, SAMPLES, kind=task(granularity), concurrent_requests=1)
    pattern = r"^S\d+: m(\d+\.\d+)" if granularity == "item" else r"^S1: m(\d+)"
    return sorted(re.findall(pattern, "\n".join(judge.asked), re.MULTILINE))


def last_lines(data: bytes, count: int) -> list[tuple[int, int]]:
    """Return begin and end (newline not counted) of the last lines of a file."""
    ends = list(itertools.accumulate(map(len, data.splitlines(keepends=True)), initial=0))
    return [(begin, end - 1) for begin, end in itertools.pairwise(ends)][-count:]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


@pytest.fixture
def whole(out: Path) -> bytes:
    """All rows are judged into `out`; its content."""
    judge_rows(out)
    return out.read_bytes()


def set_aside(out: Path) -> bytes:
    torn = out.with_name(out.name + ".torn")
    data = torn.read_bytes() if torn.exists() else b""
    torn.unlink(missing_ok=True)
    return data


def cuts(spans: Sequence[tuple[int, int]], step: int) -> list[int]:
    """Return the places to cut the last three lines: every `step`-th byte, and each one near a line's end."""
    near = {place + by for span in spans[-3:] for place in span for by in range(-2, 4)}
    first, last = spans[-3][0], spans[-1][1] + 1
    return [cut for cut in range(first, last + 1) if cut in near or (cut - first) % step == 0]


@pytest.mark.parametrize("granularity", ["row", "item"])
@pytest.mark.parametrize("step", STEPS)
def test_what_a_cut_removed_is_asked_again_and_nothing_else(out: Path, granularity: str, step: int) -> None:
    """The file is cut anywhere in its last three records."""
    everything = judge_rows(out, granularity)
    whole = out.read_bytes()
    spans = last_lines(whole, len(SAMPLES))
    for cut in cuts(spans, step):
        out.write_bytes(whole[:cut])
        removed = [str(number) for number, (_, end) in enumerate(spans) if end > cut]
        assert judge_rows(out, granularity) == [name for name in everything if name.split(".")[0] in removed], cut
        assert rows_of(out) == all_rows(len(SAMPLES)), cut
        torn = [whole[begin:cut] + b"\n" for begin, end in spans if begin < cut < end]
        assert set_aside(out) == b"".join(torn), cut


def broken_rows(out: Path) -> list[tuple[int, int]]:
    """Judge rows whose second question fails, so that the first reply stays in the journal. Return its lines."""

    def script(message: str, times: int) -> Turn:
        return RequestRejected("413", "no") if "\nS2: " in message or message.startswith("S2: ") else block(message)

    run_samples(out, ScriptedJudge(script), SAMPLES, kind=task("item"), concurrent_requests=1)
    return last_lines(out.with_name("out.jsonl.journal").read_bytes(), len(SAMPLES))


@pytest.mark.parametrize("step", STEPS)
def test_a_journal_cut_anywhere_costs_only_the_replies_that_the_cut_removed(out: Path, step: int) -> None:
    """The cut is anywhere in the last three entries except right before a newline."""
    journal = out.with_name("out.jsonl.journal")
    spans = broken_rows(out)
    failed, kept = out.read_bytes(), journal.read_bytes()
    for cut in cuts(spans, step):
        if any(cut == end for _, end in spans):
            continue
        out.write_bytes(failed)
        journal.write_bytes(kept[:cut])
        removed = [f"{number}.1" for number, (_, end) in enumerate(spans) if end > cut]
        assert judge_rows(out, "item") == sorted([f"{number}.2" for number in range(len(SAMPLES))] + removed), cut
        assert rows_of(out) == all_rows(len(SAMPLES))
        assert not journal.exists()


def test_a_journal_entry_that_lacks_only_its_newline_is_kept(out: Path) -> None:
    """A whole entry without its newline counts, like a record."""
    journal = out.with_name("out.jsonl.journal")
    broken_rows(out)
    os.truncate(journal, journal.stat().st_size - 1)
    assert judge_rows(out, "item") == [f"{number}.2" for number in range(len(SAMPLES))]


@pytest.mark.parametrize("zeros", [1, 100, 4096, 1 << 21])
def test_a_tail_of_nuls_costs_nothing(out: Path, whole: bytes, zeros: int) -> None:
    """The NULs are set aside and no row is asked again."""
    out.write_bytes(whole + bytes(zeros))
    assert judge_rows(out) == []
    assert out.read_bytes() == whole
    assert set_aside(out) == bytes(zeros) + b"\n"


def test_nuls_in_place_of_the_last_records_end_cost_that_record(out: Path, whole: bytes) -> None:
    """The NULs replace two bytes, the whole record, or anything in between."""
    ((begin, end),) = last_lines(whole, 1)
    for zeros in [2, 3, *range(4, end - begin, 23), end - begin, end - begin + 1]:
        out.write_bytes(whole[:-zeros] + bytes(zeros))
        assert judge_rows(out) == ["4"], zeros
        assert rows_of(out) == all_rows(len(SAMPLES))
        assert set_aside(out) == whole[begin:-zeros] + bytes(zeros) + b"\n"


def test_a_nul_in_place_of_the_last_newline_costs_nothing(out: Path, whole: bytes) -> None:
    """The record itself is whole."""
    out.write_bytes(whole[:-1] + b"\0")
    assert judge_rows(out) == []
    assert rows_of(out) == all_rows(len(SAMPLES))


def test_a_hole_in_the_middle_costs_the_records_that_it_touches(out: Path, whole: bytes) -> None:
    """The damaged bytes stay in the file, and the analysis counts every row once."""
    table = analysis("--input-file", str(out)).stdout
    spans = last_lines(whole, len(SAMPLES))
    begin, end = spans[1][1] - 50, spans[2][0] + 50
    out.write_bytes(whole[:begin] + bytes(end - begin) + whole[end:])
    assert judge_rows(out) == ["1", "2"]
    assert judge_rows(out) == []
    result = analysis("--input-file", str(out))
    assert result.stdout == table and "1 unreadable line" in result.stderr


@pytest.mark.parametrize("zeros", [1, 500])
def test_nuls_at_the_journals_end_cost_only_what_they_replace(out: Path, zeros: int) -> None:
    """NULs behind the last entry cost nothing; in its place they cost that entry."""
    journal = out.with_name("out.jsonl.journal")
    spans = broken_rows(out)
    failed, kept = out.read_bytes(), journal.read_bytes()
    dead = [f"{number}.2" for number in range(len(SAMPLES))]
    journal.write_bytes(kept + bytes(zeros))
    assert judge_rows(out, "item") == dead
    out.write_bytes(failed)
    journal.write_bytes(kept[: spans[-1][0] + 10] + bytes(zeros))
    assert judge_rows(out, "item") == sorted(["4.1", *dead])
