"""Files of benchmarks: their forms, and what is no such file."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.benchmarks import (
    JUDGEBENCH,
    R_ALIGN,
    REWARDBENCH2,
    RM_BENCH,
    TITLES,
    read_judgebench,
    read_r_align,
    read_rewardbench2,
    read_rm_bench,
)
from metajudge.data.benchmarks.entries import kind_of, number, read_entries
from metajudge.errors import UsageError
from metajudge.reports.benchmark.figures import BenchmarkReport
from metajudge.reports.benchmark.score_judgebench import score_judgebench
from metajudge.reports.benchmark.score_r_align import score_r_align
from metajudge.reports.benchmark.score_rewardbench2 import score_rewardbench2
from metajudge.reports.benchmark.score_rm_bench import score_rm_bench
from tests.unit.benchmark_files import best_of, pair, rationale, styles, write

READERS: dict[str, Callable[[Path], Any]] = {
    JUDGEBENCH: read_judgebench,
    RM_BENCH: lambda path: read_rm_bench([path]),
    REWARDBENCH2: read_rewardbench2,
    R_ALIGN: read_r_align,
}
SCORED: dict[str, Callable[[Path], BenchmarkReport]] = {
    JUDGEBENCH: lambda path: score_judgebench(read_judgebench(path)),
    RM_BENCH: lambda path: score_rm_bench(read_rm_bench([path])[0]),
    REWARDBENCH2: lambda path: score_rewardbench2(read_rewardbench2(path)),
    R_ALIGN: lambda path: score_r_align(read_r_align(path)),
}
GOOD: dict[str, dict[str, Any]] = {
    JUDGEBENCH: pair(1, "mmlu-pro-law", "A", "AA"),
    RM_BENCH: styles(1, [1, 2, 3], [1, 2, 3], domain="chat"),
    REWARDBENCH2: best_of("1", "Math", [1, 0, 0, 0]),
    R_ALIGN: rationale(1, "A", "Correct"),
}


def error_of(benchmark: str, path: Path) -> str:
    """Return the one line with which a file is refused."""
    with pytest.raises(UsageError) as found:
        READERS[benchmark](path)
    text = str(found.value)
    assert "\n" not in text and str(path) in text
    return text


@pytest.mark.parametrize("benchmark", TITLES)
def test_each_benchmark_knows_its_own_rows(tmp_path: Path, benchmark: str) -> None:
    """A file of any other benchmark is named, with the command for it."""
    assert kind_of(GOOD[benchmark]) == benchmark
    path = write(tmp_path / "f.jsonl", [GOOD[benchmark]])
    READERS[benchmark](path)
    for other in READERS.keys() - {benchmark}:
        text = error_of(other, path)
        assert f"holds {TITLES[benchmark]}, not {TITLES[other]}; score it with: " in text
        assert f"metajudge benchmark {benchmark} {path}" in text


@pytest.mark.parametrize("benchmark", TITLES)
@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        ("{broken\n", "line 1 is not JSON"),
        ("[1, 2]\n", "line 1 is a JSON list, not an object"),
        ('{"a": 1, "b": 2}\n', "(line 1 has: a, b)"),
        ('{"Factuality": 0.8, "Math": 0.7, "Ties": 0.5, "model": "m"}\n', "holds a summary without rows"),
        ('{"id": "1", "samples": [], "metadata": {}}\n', "holds records of infer"),
        ('{"id": "1", "derived": {}, "samples": []}\n', "whose name lacks .records"),
        ('{"context": "c", "response1": "a", "response2": "b"}\n', "is no output of"),
    ],
)
def test_what_is_no_output_is_refused_in_a_line(tmp_path: Path, benchmark: str, content: str, said: str) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(content)
    assert said in error_of(benchmark, path)


def test_a_missing_file_is_refused_in_a_line(tmp_path: Path) -> None:
    assert "does not exist" in error_of(JUDGEBENCH, tmp_path / "none.jsonl")


@pytest.mark.parametrize("benchmark", TITLES)
def test_a_row_that_comes_twice_counts_twice_and_is_noted(tmp_path: Path, benchmark: str) -> None:
    """As in the official scripts, which count lines."""
    path = write(tmp_path / "f.jsonl", [GOOD[benchmark], GOOD[benchmark]])
    report = SCORED[benchmark](path)
    assert report.lines[0].n == 2
    assert report.notes[-1] == "1 row of the file repeated; each counts, as in the benchmark's own script"
    (path,) = [write(tmp_path / "g.jsonl", [GOOD[benchmark]])]
    assert "repeated" not in " ".join(SCORED[benchmark](path).notes)


MISSING = {
    JUDGEBENCH: ("pair_id", "source", "question", "label", "judgments", "response_model"),
    RM_BENCH: ("id", "prompt", "domain", "score_rejected"),
    REWARDBENCH2: ("id", "subset", "scores"),
    R_ALIGN: ("metarm_verdict",),
}


@pytest.mark.parametrize(("benchmark", "key"), [(name, key) for name, keys in MISSING.items() for key in keys])
def test_a_missing_field_is_named_with_its_line(tmp_path: Path, benchmark: str, key: str) -> None:
    """The second row lacks it."""
    other = {"pair_id": "other", "id": "2"} if benchmark != RM_BENCH else {"id": 2}
    row = {name: value for name, value in (GOOD[benchmark] | other).items() if name != key}
    text = error_of(benchmark, write(tmp_path / "f.jsonl", [GOOD[benchmark], row]))
    assert "line 2 has n" in text and key in text


def test_arrays_and_packed_files_are_read(tmp_path: Path) -> None:
    """The line is the number of the element."""
    rows = [GOOD[JUDGEBENCH], pair(2, "mmlu-pro-law", "B", "BB")]
    array, packed = tmp_path / "array.json", tmp_path / "packed.jsonl.gz"
    array.write_text(json.dumps(rows, indent=4))
    with gzip.open(packed, "wt") as file:
        file.write("\n".join(map(json.dumps, rows)))
    for path in (array, packed):
        assert [(entry.line, entry.data["pair_id"]) for entry in read_entries(path, JUDGEBENCH)] == [
            (1, "p1"),
            (2, "p2"),
        ]


@pytest.mark.parametrize(
    "summary", [{"Factuality": 0.8, "Math": 0.7, "Ties": 0.5, "model": "m"}, {"chat": 0.6, "hard_acc": 0.4}]
)
def test_a_summary_over_several_lines_is_named_as_such(tmp_path: Path, summary: dict[str, Any]) -> None:
    """As RewardBench 2 and RM-R1 write it beside the rows."""
    path = tmp_path / "m.json"
    path.write_text(json.dumps(summary, indent=4))
    for benchmark in (REWARDBENCH2, RM_BENCH):
        assert "holds a summary without rows; name the file with the scores of each row" in error_of(benchmark, path)


def test_columns_of_other_lengths_belong_to_every_row(tmp_path: Path) -> None:
    """On one line or on several, and packed."""
    columns = {
        "id": ["1", "2"],
        "subset": ["Math"] * 2,
        "scores": [[1, 0], [0, 1]],
        "num_correct": [1, 1],
        "models": ["x"],
    }
    files: list[tuple[int | None, Callable[[bytes], bytes]]] = [(None, bytes), (2, bytes), (2, gzip.compress)]
    for number_of_file, (indent, packed) in enumerate(files):
        path = tmp_path / f"{number_of_file}.json"
        path.write_bytes(packed(json.dumps(columns, indent=indent).encode()))
        found = [entry.data for entry in read_entries(path, REWARDBENCH2)]
        assert [row["scores"] for row in found] == [[1, 0], [0, 1]] and [row["models"] for row in found] == [["x"]] * 2


def test_a_score_is_a_number() -> None:
    """Also alone in a list, as some models give it, and infinite, as half precision gives it."""
    assert [number(value) for value in (1, -0.5, [2.5], float("-inf"))] == [1.0, -0.5, 2.5, float("-inf")]
    assert [number(value) for value in (None, True, "1", float("nan"), [], [1, 2], [None], 10**400)] == [None] * 8
