"""From a benchmark's data to its table in three commands, with a served model that prefers the longer response."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.driver import metajudge
from tests.servers import running
from tests.unit.benchmark_files import pair, styles, write


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with running("tests.servers.scripted") as url:
        yield url


Lines = dict[str, dict[str, Any]]


@pytest.fixture
def figures(model: str, tmp_path: Path) -> Callable[..., Lines]:
    """Return a function that makes rows, has them judged and scores them."""

    def call(name: str, data: Sequence[Path], *flags: str) -> Lines:
        rows, judged = tmp_path / "new" / "rows.jsonl", tmp_path / "judged.jsonl"
        assert metajudge("benchmark", name, *data, "--make", rows).returncode == 0
        files = ["--input-file", rows, "--output-file", judged, "--api-base", model, "--model", "scripted"]
        asked = metajudge("critic", *files, "--name", "long", *flags)
        assert asked.returncode == 0, asked.stderr
        return scores(name, judged)

    return call


def scores(name: str, *paths: Path) -> Lines:
    out = paths[0].with_suffix(".figures.json")
    result = metajudge("benchmark", name, *paths, "--output-file", out)
    assert result.returncode == 0, result.stderr
    (report,) = json.loads(out.read_text())
    return {line["group"]: line for line in report["lines"]}


def test_judgebench_from_data_to_table(figures: Callable[..., Lines], tmp_path: Path) -> None:
    """The second response is always the longer one: right where the label says B, in both orders."""
    sources = ["mmlu-pro-law", "livebench-reasoning", "livebench-math", "livecodebench"]
    data = [pair(n, sources[n % 4], "B" if n % 3 else "A") for n in range(12)]
    found = figures("judgebench", [write(tmp_path / "pairs.jsonl", data)], "--orders", "both", "--orders-rule", "sum")
    every = found["all (micro)"]
    assert every["figures"]["accuracy"]["percent"] == every["figures"]["both orders"]["percent"] == 66.67
    assert every["counts"] == {"wrong": 4, "even": 0, "inconsistent": 0, "ties": 0, "nulls": 0}


def test_rm_bench_from_verdicts_is_that_from_scores(figures: Callable[..., Lines], tmp_path: Path) -> None:
    """The lengths as scores give the same figures as the verdicts of a model that prefers the longer response."""
    rows = []
    for n in range(5):
        chosen, rejected = ["x" * (n + k + 1) for k in range(3)], ["y" * (2 * k + 2) for k in range(3)]
        texts = {"chosen": chosen, "rejected": rejected}
        rows.append({**styles(n, list(map(len, chosen)), list(map(len, rejected))), **texts})
    data = write(tmp_path / "chat_filtered.json", rows)
    from_scores = scores("rm-bench", data)
    assert 0 < from_scores["chat"]["figures"]["mean"]["percent"] < 100 and from_scores["chat"]["counts"]["ties"] > 0
    assert figures("rm-bench", [data]) == from_scores
