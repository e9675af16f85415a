"""Differences and ranks of models at terminals of several widths."""

import json
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest

from metajudge.metrics.statistics.intervals import Interval
from metajudge.reports.comparison import Difference, compare
from metajudge.reports.comparison_table import render_differences
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import score_file
from metajudge.text import TABLE, columns
from tests.unit.result_rows import Run, one_item, record, write

COMPARE = ("compare", "--resamples", "200")
MODELS = {"model-low_deceptive_alignment": 0.5, "model-high_deceptive_alignment": 0.0, "回答一遗漏了关键条件" * 2: 0.25}
GAP = r"[+-]\.\d\d \[-?\.\d\d, -?\.\d\d\]"


@pytest.fixture
def three(tmp_path: Path) -> list[Path]:
    """Sixty rows of three models with long names and different reasons."""
    rng = random.Random(3)
    return [
        write(
            tmp_path / f"{number}.jsonl",
            [
                one_item(n, least + rng.choice([0, 0.25, 0.5]), model, label="A>B" if n % 3 else "B>A")
                for n in range(60)
            ],
        )
        for number, (model, least) in enumerate(MODELS.items())
    ]


def widest(text: str) -> int:
    return max(map(columns, text.splitlines()))


def lines_of(text: str, metric: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(f"{metric} ")]


def at(monkeypatch: pytest.MonkeyPatch, width: int) -> None:
    monkeypatch.setenv("COLUMNS", str(width))


def test_at_a_hundred_columns_each_pair_is_a_block_with_short_figures(
    three: list[Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both names are above the figures, in full; each metric is one line; what is left out is not explained."""
    at(monkeypatch, 100)
    code, out, err = run(*COMPARE, *three)
    assert code == 0 and widest(out) <= 100
    names, _, headings = out.splitlines()[:3]
    assert names == "A: model-low_deceptive_alignment, B: model-high_deceptive_alignment"
    assert headings.split() == ["Metric", "n", "A", "B", "A", "-", "B", "p", "Holm", "Win/tie/loss"]
    assert out.count("\nA: ") == 2 and len(lines_of(out, "RC")) == 3
    assert re.fullmatch(rf"RC +60 +\.\d\d +\.\d\d +{GAP} +\.0\d\d +\d+/\d+/\d+ *", lines_of(out, "RC")[0])
    assert "More: --details adds" in out and "detectable:" not in err and "Holm: corrected for all pairs" in err


def test_at_two_hundred_columns_the_full_table_is_as_with_details(
    three: list[Path], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Short and long figures are the same, rounded."""
    at(monkeypatch, 200)
    _, wide, err = run(*COMPARE, *three)
    assert lines_of(wide, "Metric")[0].split()[:4] == ["Metric", "A", "B", "n"] and "detectable:" in err
    assert "More:" not in wide and 150 < widest(wide) <= 200
    at(monkeypatch, 100)
    assert run(*COMPARE, *three, "--details")[1] == wide
    for short, full in zip(lines_of(run(*COMPARE, *three)[1], "RC"), lines_of(wide, "RC"), strict=True):
        values = [float(word) for word in short.split()[2:5]]
        assert values == pytest.approx([float(word) for word in full.split()[4:7]], abs=0.00501)
        assert short.split()[-1] == full.split()[-2]


@pytest.mark.parametrize(("width", "has_wins"), [(130, True), (90, True), (75, False)])
def test_between_them_columns_are_left_out_from_the_least_important(
    three: list[Path], run: Run, monkeypatch: pytest.MonkeyPatch, width: int, has_wins: bool
) -> None:
    """At 130 columns only the names leave the lines."""
    at(monkeypatch, width)
    out = run(*COMPARE, *three)[1]
    heading = lines_of(out, "Metric")[0]
    assert widest(out) <= width and ("Win/tie/loss" in heading) is has_wins
    assert ("Detectable" in heading) is ("Value A" in heading) is (width == 130) is ("More:" not in out)


def test_other_formats_and_json_do_not_depend_on_the_width(
    three: list[Path], run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    found = []
    for width in (80, 300):
        at(monkeypatch, width)
        texts = [run(*COMPARE, *three, "--format", style)[1] for style in ("csv", "github")]
        run(*COMPARE, *three, "--output-file", tmp_path / "c.json")
        found.append((texts, json.loads((tmp_path / "c.json").read_text(encoding="utf-8"))))
    assert found[0] == found[1] and found[0][0][0].startswith("Metric,A,B,n,Value A,")


def test_each_judge_is_named_above_its_pairs(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    at(monkeypatch, 100)
    for judge in "xy":
        for model in "AB":
            records = [one_item(n, n / 12, model, judge={"model": judge}) for n in range(12)]
            write(tmp_path / f"{model}-{judge}.jsonl", records)
    out = run(*COMPARE, tmp_path)[1]
    assert out.startswith("Judge: x\n\nA: A (A-x.jsonl), B: B (B-x.jsonl)\n\nMetric ")
    assert "\n\nJudge: y\n\nA: A (A-y.jsonl), B: B (B-y.jsonl)\n\nMetric " in out


def test_ranges_and_what_is_not_determined_fit(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A range has two signs; a metric without any bound is said once in its line."""
    at(monkeypatch, 100)
    matrices = {"A" * 30: [[1.0, 0.0], [0.0, 0.75]], "B" * 30: [[0.75, 0.0], [0.5, 0.0]]}
    paths = [
        write(tmp_path / f"{name}.jsonl", [record(n, one, name, row_granularity=True) for n in range(12)])
        for name, one in matrices.items()
    ]
    out = run(*COMPARE, *paths)[1]
    assert widest(out) <= 100
    assert re.search(r"^RC +12 +\.88 +\.38–\.62 +\+\.25 to \+\.50 \[n/a\] ", out, re.MULTILINE)
    assert lines_of(out, "AP soft")[0].split() == ["AP", "soft", "12", "not", "determined", "n/a", "n/a"]


def test_a_name_that_no_line_holds_is_cut(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Different names stay different, above the differences and in the ranks."""
    at(monkeypatch, 100)
    paths = [
        write(tmp_path / f"{end}.jsonl", [one_item(n, n / 12, f"{'long' * 40}-{end}") for n in range(12)])
        for end in "xy"
    ]
    out = run(*COMPARE, *paths)[1]
    assert widest(out) <= 100
    first, second = out.splitlines()[:2]
    assert first.startswith("A: long") and first.endswith("-x") and second.endswith("-y")
    assert len(re.findall(r"^long.*….*-[xy] ", out.split("Ranks by RC")[1], re.MULTILINE)) == 2


def test_a_small_difference_has_a_sign_and_no_minus_zero(three: list[Path]) -> None:
    """Rounded to two digits."""
    (one, *_) = compare([score_file(path, ScoringConfig()) for path in three[:2]], swaps=100)
    text = shown(one, Interval(-0.001, -0.004, 0.012))
    assert " +.00 [.00, .01] " in text
    assert " -1.00 [n/a] " in shown(one, Interval(-1.0, None, None))


def shown(one: Difference, interval: Interval) -> str:
    return render_differences({"j": [replace(one, difference=interval)]}, TABLE, 60)[0]
