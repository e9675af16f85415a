"""Paired comparisons of models."""

import json
import random
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from metajudge.errors import UsageError
from metajudge.metrics.statistics.intervals import Interval, cluster_rows, paired_difference
from metajudge.reports.comparison import Difference, check_comparable, compare
from metajudge.reports.render import cell, p_cell
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import score_file
from tests.unit.result_rows import Run, failed, one_item, record, write

COMPARE = ("compare", "--resamples", "500", "--details")


def files(tmp_path: Path, *models: list[float]) -> list[Path]:
    """Write one file per model, A, B, C …, with these rationale consistencies."""
    return [
        write(tmp_path / f"{name}.jsonl", [one_item(n, score, name) for n, score in enumerate(scores)])
        for name, scores in zip("ABC", models, strict=False)
    ]


def compared(paths: list[Path], metric: str = "rationale_consistency", group: str = "paper") -> list[Difference]:
    found = compare([score_file(path, ScoringConfig()) for path in paths], swaps=2000)
    return [one for one in found if one.metric == (group, metric)]


def test_a_difference_worked_by_hand(tmp_path: Path) -> None:
    """Common rows only; wins, ties, losses; detectable = (2.201 + .8755) · √(Σ(d - d̄)² / (n - 1) / n)."""
    gaps = [0.25, 0.5, 0, 0.25, -0.25, 0.25, 0.5, 0.25, 0, 0.25, 0.25, 0.5]
    paths = files(tmp_path, [0.5 + gap for gap in gaps] + [1.0] * 5, [0.5] * 12)
    (one,) = compared(paths)
    mean = sum(gaps) / 12
    error = sum((gap - mean) ** 2 for gap in gaps) ** 0.5 / 12
    assert (one.n, one.wins, one.ties, one.losses) == (12, 9, 2, 1)
    assert one.difference.value == pytest.approx(mean) and one.values == pytest.approx((0.5 + mean, 0.5))
    assert one.detectable == pytest.approx((2.20099 + 0.87553) * error * (12 / 11) ** 0.5, rel=1e-4)
    assert one.difference.low is not None and one.difference.high is not None
    assert 0 < one.difference.low < mean < one.difference.high
    assert 0.001 < one.p_value < 0.03


def test_few_rows_have_no_detectable_difference(tmp_path: Path) -> None:
    """Five swaps have 32 outcomes: no p value below 1/16, however large the difference."""
    (one,) = compared(files(tmp_path, [0.5, 0.75, 1.0, 0.75, 0.5], [0.25] * 5))
    assert one.detectable is None and one.difference.low is None and one.p_value > 0.05


def test_what_is_detectable_needs_eight_rows_that_differ(tmp_path: Path) -> None:
    """Three differing rows of thirty do not show the spread: the figure would have 35 % power, not 80."""
    for differing in (7, 8):
        (one,) = compared(files(tmp_path, [0.5] * (30 - differing) + [1.0] * differing, [0.5] * 30))
        assert (one.detectable is None) is (differing < 8), differing


def test_outcomes_are_proportions_and_nothing_is_detectable_of_spurious_correctness(tmp_path: Path) -> None:
    """The interval of paired proportions, also where many rows differ; S-Corr is about other rows for each model."""
    right = {"A": [n % 3 != 0 for n in range(40)], "B": [n % 2 == 0 for n in range(40)]}
    paths = []
    for name, rest in (("A", 0), ("B", 2)):
        labels = ["A>B" if own else "B>A" for own in right[name]]
        rows = [one_item(n, float(n % 4 == rest), name, label=label) for n, label in enumerate(labels)]
        paths.append(write(tmp_path / f"{name}.jsonl", rows))
    (one,) = compared(paths, "accuracy", "outcome")
    gaps = np.array(right["A"], float) - np.array(right["B"], float)
    assert one.difference == paired_difference(gaps, cluster_rows([str(n) for n in range(40)], [""] * 40))
    assert one.detectable is not None
    (spurious,) = compared(paths, "spurious_correctness", "outcome")
    assert spurious.detectable is None and spurious.difference.low is not None


def test_equal_models_have_no_minus_zero_and_a_p_is_never_zero(tmp_path: Path, run: Run) -> None:
    """Differences that cancel leave a rest of rounding."""
    paths = files(tmp_path, [0.1 + 0.2, 0.3] * 10, [0.3, 0.1 + 0.2] * 10)
    for pair in (paths, paths[::-1]):
        assert "-0.0000" not in run(*COMPARE, *pair)[1]
    assert (p_cell(1e-5), p_cell(0.0501), p_cell(None)) == ("<0.0001", "0.0501", "n/a")
    assert cell(Interval(-1e-6, -1e-6, 0.5), signed=True) == "+0.0000 [+0.0000, +0.5000]"


def test_of_two_records_of_a_row_the_last_is_compared(tmp_path: Path) -> None:
    """A list had changed: the row counts once, whichever file comes first."""
    good = write(tmp_path / "A.jsonl", [one_item(n, 0.75, "A") for n in range(12)])
    rows = [one_item(n, 0.25, "B") for n in range(12)] + [{**one_item(0, 0.5, "B"), "question_id": "changed"}]
    twice = write(tmp_path / "B.jsonl", rows)
    (there,), (back,) = compared([good, twice]), compared([twice, good])
    assert there.n == back.n == 12 and there.difference.value == pytest.approx((0.5 * 11 + 0.25) / 12)
    assert back.difference.value == pytest.approx(-(0.5 * 11 + 0.25) / 12)


def test_pairing_makes_a_small_steady_difference_sure(tmp_path: Path) -> None:
    """Rows differ far more than the models do: unpaired intervals would overlap."""
    rng = random.Random(5)
    base = [rng.choice([0.0, 0.25, 0.5, 0.75]) for _ in range(80)]
    better = [min(1.0, value + (0.25 if rng.random() < 0.4 else 0)) for value in base]
    (one,) = compared(files(tmp_path, better, base))
    assert one.p_value < 0.002 and one.difference.low is not None and one.difference.low > 0.04


def test_no_difference_is_not_made_up(tmp_path: Path) -> None:
    """Equal scores have p 1 and no interval, exchanged scores p 1 and an interval around 0."""
    (same,) = compared(files(tmp_path, [0.5, 0.25] * 10, [0.5, 0.25] * 10))
    assert same.p_value == 1.0 and same.difference.low is None and same.ties == 20
    (turned,) = compared(files(tmp_path, [0.5, 0.25] * 10, [0.25, 0.5] * 10))
    assert turned.p_value == 1.0 and turned.difference.low is not None and turned.difference.low < 0


def test_several_files_give_all_pairs_with_holm(tmp_path: Path) -> None:
    """Three pairs; the adjusted p is never below the plain one."""
    rng = random.Random(6)
    paths = files(tmp_path, *[[rng.choice([0, 0.25, 0.5]) + shift for _ in range(30)] for shift in (0.5, 0.2, 0.1)])
    found = compared(paths)
    assert [(one.first, one.second) for one in found] == [("A", "B"), ("A", "C"), ("B", "C")]
    assert all(one.p_holm >= one.p_value for one in found)
    assert found[1].p_holm == pytest.approx(3 * found[1].p_value)


def test_rows_scored_for_one_model_only_do_not_count(tmp_path: Path) -> None:
    """A failed row of the one is no win of the other."""
    first = write(tmp_path / "A.jsonl", [one_item(1, 1.0, "A"), {**one_item(2, 1.0, "A"), "status": "error"}])
    second = write(tmp_path / "B.jsonl", [one_item(1, 1.0, "B"), one_item(2, 0.0, "B")])
    (one,) = compared([first, second])
    assert (one.n, one.wins, one.ties, one.losses) == (1, 0, 1, 0) and one.values == (1.0, 1.0)


def test_less_spurious_correctness_is_a_win(tmp_path: Path) -> None:
    """Rows 1 to 3: A sound, B not (a win of A); row 4: both not; row 5: right in A alone. n: the rows of the values."""
    sound = [(1.0, 0.0), (1.0, 0.0), (1.0, 0.0), (0.0, 0.0), (1.0, 1.0)]
    labels = ["A>B"] * 4 + ["B>A"]
    first = write(tmp_path / "A.jsonl", [one_item(n, mine, "A") for n, (mine, _) in enumerate(sound)])
    theirs = [one_item(n, sound[n][1], "B", label=label) for n, label in enumerate(labels)]
    second = write(tmp_path / "B.jsonl", theirs)
    (one,) = compared([first, second], "spurious_correctness", "outcome")
    assert one.values == (0.2, 1.0) and one.difference.value == pytest.approx(-0.8)
    assert (one.n, one.wins, one.ties, one.losses) == (5, 3, 1, 0)
    (accuracy,) = compared([first, second], "accuracy", "outcome")
    assert (accuracy.n, accuracy.wins, accuracy.ties, accuracy.losses) == (5, 1, 4, 0)


def test_a_model_without_labels_has_no_outcome_differences_and_a_note_says_so(tmp_path: Path, run: Run) -> None:
    first = write(tmp_path / "A.jsonl", [one_item(n, n / 12, "A") for n in range(12)])
    second = write(tmp_path / "B.jsonl", [one_item(n, n / 24, "B", label=None) for n in range(12)])
    code, out, err = run(*COMPARE, first, second)
    assert code == 0 and not re.search("^(OA|S-Corr)", out, re.MULTILINE) and re.search("^RC +A ", out, re.MULTILINE)
    assert [line for line in err.splitlines() if "outcome" in line] == [
        "B: no readable B-label in its rows with a human preference: no outcome metrics"
    ]


@pytest.mark.parametrize(
    ("other", "what", "note"),
    [
        ({"model": "k"}, "judge model (j and k)", "come from different judges (j, k)"),
        ({"instructions": "z"}, "instructions (i and z)", "differ in instructions (i, z)"),
        ({"granularity": "row"}, "granularity (item and row)", "differ in granularity (item, row)"),
        ({"top_k": None}, "top_k (5 and None)", "differ in top_k (5, None)"),
    ],
)
def test_figures_that_mean_different_things_are_refused_unless_allowed(
    tmp_path: Path, run: Run, other: dict[str, Any], what: str, note: str
) -> None:
    """Judge, instructions, granularity and top-k must be equal. The report has a note."""
    first = write(tmp_path / "A.jsonl", [one_item(n, 0.5, "A") for n in range(3)])
    second = write(tmp_path / "B.jsonl", [one_item(n, n / 4, "B", judge=other) for n in range(3)])
    code, out, err = run(*COMPARE, first, second)
    assert code == 2 and out == "" and what in err and len(err.splitlines()) == 1
    assert ("--allow-mixed" in err) is ("granularity" not in other)
    assert run(*COMPARE, first, second, "--allow-mixed")[0] == (2 if "granularity" in other else 0)
    assert f"the files {note}: their figures cannot be compared" in run("report", first, second)[2]
    assert "cannot be compared" not in run("report", first)[2]


def test_a_file_of_two_judges_is_refused_in_any_place(tmp_path: Path) -> None:
    mixed = write(tmp_path / "A.jsonl", [one_item(n, n / 12, "A", judge={"model": "xy"[n % 2]}) for n in range(12)])
    plain = write(tmp_path / "B.jsonl", [one_item(n, n / 12, "B", judge={"model": "x"}) for n in range(12)])
    for paths in ((mixed, plain), (plain, mixed)):
        with pytest.raises(UsageError, match=r"A\.jsonl differ in judge model \(x and y\)"):
            check_comparable([score_file(path, ScoringConfig()) for path in paths])


def test_a_file_that_names_no_judge_is_refused_beside_one_that_does(tmp_path: Path) -> None:
    """Records of the reference have no judge; two such files can be compared."""
    ours = score_file(write(tmp_path / "A.jsonl", [one_item(1, 0.5, "A")]), ScoringConfig())
    plain = {key: value for key, value in one_item(1, 0.5, "B").items() if key not in ("id", "judge")}
    plain["samples"] = [{"generated_text": "<RESULT_START>\n- R1@S1: 0.5\n<RESULT_END>"}]
    theirs = score_file(write(tmp_path / "B.jsonl", [plain]), ScoringConfig())
    with pytest.raises(UsageError, match=r"B\.jsonl does not name its judge"):
        check_comparable([ours, theirs])
    check_comparable([theirs, theirs])


def test_files_without_a_common_row_are_one_line(tmp_path: Path, run: Run) -> None:
    """One file alone is refused in one line, too."""
    first = write(tmp_path / "A.jsonl", [one_item(1, 0.5, "A")])
    second = write(tmp_path / "B.jsonl", [one_item(2, 0.5, "B")])
    code, _, err = run(*COMPARE, first, second)
    assert code == 2 and "have no row in common" in err
    assert "needs two result files or more" in run(*COMPARE, first)[2]


def test_the_command_prints_a_table_and_writes_json(tmp_path: Path, run: Run) -> None:
    paths = files(tmp_path, [0.5, 0.75] * 8, [0.25, 0.5] * 8)
    code, out, err = run(*COMPARE, *paths, "--output-file", tmp_path / "c.json", "--format", "csv")
    assert code == 0 and "80 % power" in err
    assert out.splitlines()[0] == "Metric,A,B,n,Value A,Value B,A - B,p,Holm,Win/tie/loss,Detectable"
    assert any(line.startswith("RC,A,B,16,0.6250,0.3750,") for line in out.splitlines())
    assert [line.split(",")[0] for line in out.splitlines()[1:]] == [
        "RC", "AP", "AP soft", "One-to-one precision", "One-to-one F1",
        "Reference precision", "Reference recall", "Reference F1", "Reference AP",
        "OA", "OA 3-way", "S-Corr", "Fidelity",
    ]  # fmt: skip
    first = json.loads((tmp_path / "c.json").read_text())[0]
    assert first["metric"] == {"group": "paper", "name": "rationale_consistency"}
    assert first["difference"]["value"] == 0.25


def test_models_without_a_scored_row_are_a_row_of_not_available(tmp_path: Path, run: Run) -> None:
    """Nothing was measured: null in JSON, exit 1, and no figure is 0."""
    paths = [write(tmp_path / f"{name}.jsonl", [failed(n, name, metadata={}) for n in range(3)]) for name in "AB"]
    code, out, err = run(*COMPARE, *paths, "--format", "csv", "--output-file", tmp_path / "c.json")
    assert code == 1 and "nothing to compare" in err
    assert out.splitlines()[1] == "RC,A,B,0,n/a,n/a,n/a,n/a,n/a,0/0/0,n/a"
    (one,) = json.loads((tmp_path / "c.json").read_text())
    assert one["values"] == [None, None] and one["difference"]["value"] is None and one["p_value"] is None


def test_models_are_compared_within_each_judge(tmp_path: Path, run: Run) -> None:
    """A table each, never a difference across; a judge with one model is left out."""
    for judge, models in (("x", "AB"), ("y", "AB"), ("z", "A")):
        for model in models:
            records = [one_item(n, n / 12, model, judge={"model": judge}) for n in range(12)]
            write(tmp_path / f"{model}-{judge}.jsonl", records)
    code, out, err = run(*COMPARE, tmp_path, "--output-file", tmp_path / "c.json")
    assert code == 0 and len(re.findall("^Judge +Metric ", out, re.MULTILINE)) == 2
    assert "A (A-z.jsonl) is left out: the only file of its judge" in err
    found = json.loads((tmp_path / "c.json").read_text())
    assert {(one["judge_model"], one["first"], one["second"]) for one in found} == {
        ("x", "A (A-x.jsonl)", "B (B-x.jsonl)"),
        ("y", "A (A-y.jsonl)", "B (B-y.jsonl)"),
    }
    out = run(*COMPARE, tmp_path, "--format", "csv")[1]
    assert out.count("Judge,Metric,A,B") == 1 and "x,RC,A" in out and "y,RC,A" in out
    code, out, _ = run(*COMPARE, tmp_path, "--eval-model", "y")
    assert code == 0 and "Judge" not in out


# ------------------------------------------------------------------ a baseline


def three_models(tmp_path: Path) -> list[Path]:
    rng = random.Random(6)
    scores = [[rng.choice([0, 0.25, 0.5]) + shift for _ in range(30)] for shift in (0.5, 0.2, 0.1)]
    return files(tmp_path, *scores)


def test_each_model_is_compared_with_the_baseline_only(tmp_path: Path, run: Run) -> None:
    """Two tests in place of three: first is the model, second the baseline, and Holm is over these two."""
    paths = three_models(tmp_path)
    pairs = {(one.first, one.second): one for one in compared(paths)}
    code, out, err = run(
        *COMPARE, "--resamples", "2000", *paths, "--baseline", "b", "--output-file", tmp_path / "c.json"
    )
    assert code == 0 and "Holm: corrected for the tests against b" in err
    found = json.loads((tmp_path / "c.json").read_text())
    rc = [one for one in found if one["metric"] == {"group": "paper", "name": "rationale_consistency"}]
    assert [(one["first"], one["second"]) for one in rc] == [("A", "B"), ("C", "B")]
    assert {(one["first"], one["second"]) for one in found} == {("A", "B"), ("C", "B")}
    plain = [pairs["A", "B"], pairs["B", "C"]]
    assert [one["p_value"] for one in rc] == [one.p_value for one in plain]
    assert rc[1]["difference"]["value"] == pytest.approx(-plain[1].difference.value)
    assert (rc[1]["wins"], rc[1]["losses"]) == (plain[1].losses, plain[1].wins)
    least, most = sorted(one.p_value for one in plain)
    assert sorted(one["p_holm"] for one in rc) == pytest.approx([2 * least, max(2 * least, most)])
    assert [line.split()[2:4] for line in out.splitlines() if line.startswith("One-to-one F1")] == [
        ["A", "B"],
        ["C", "B"],
    ]


def test_ranks_beside_a_baseline_are_those_of_all_models(tmp_path: Path, run: Run) -> None:
    """The baseline changes the tests, not the ranks."""
    paths = three_models(tmp_path)
    tables = [run(*COMPARE, *paths, *more)[1].split("Ranks by RC")[1] for more in ((), ("--baseline", "C"))]
    assert tables[0] == tables[1] and len(tables[0].splitlines()) == 7


def test_a_baseline_that_no_file_is_about_is_one_line_with_the_models(tmp_path: Path, run: Run) -> None:
    code, out, err = run(*COMPARE, *three_models(tmp_path), "--baseline", "D")
    assert code == 2 and out == ""
    assert err.splitlines() == ["metajudge: error: --baseline D: no file is about this model; there are A, B, C"]


def test_a_baseline_of_several_files_is_named_with_its_file(tmp_path: Path, run: Run) -> None:
    """The names in the message are those that the flag takes."""
    paths = [write(tmp_path / f"{name}.jsonl", [one_item(n, n / 12, "AAB"[place]) for n in range(12)])
             for place, name in enumerate("xyz")]  # fmt: skip
    code, _, err = run(*COMPARE, *paths, "--baseline", "A")
    assert code == 2 and "several files are about it; name one: A (x.jsonl), A (y.jsonl)" in err
    code, out, _ = run(*COMPARE, *paths, "--baseline", "A (y.jsonl)", "--format", "csv")
    assert code == 0 and {tuple(line.split(",")[1:3]) for line in out.splitlines()[1:]} == {
        ("A (x.jsonl)", "A (y.jsonl)"),
        ("B", "A (y.jsonl)"),
    }


def test_a_judge_without_the_baseline_is_left_out_with_a_line(tmp_path: Path, run: Run) -> None:
    for judge, models in (("x", "AB"), ("y", "BC")):
        for model in models:
            records = [one_item(n, n / 12, model, judge={"model": judge}) for n in range(12)]
            write(tmp_path / f"{model}-{judge}.jsonl", records)
    code, out, err = run(*COMPARE, tmp_path, "--baseline", "A")
    assert code == 0 and "B (B-x.jsonl)" in out and " C " not in out
    assert "B (B-y.jsonl), C left out: no result of A by their judge" in err.splitlines()
    assert run(*COMPARE, tmp_path, "--baseline", "B")[1].count("Ranks by RC") == 2


# ------------------------------------------------------------------ bounds


def row_files(tmp_path: Path, *models: list[list[list[float]]]) -> list[Path]:
    """Write one file of row records per model, A, B, …, with the best scores of these matrices."""
    return [
        write(
            tmp_path / f"{name}.jsonl",
            [record(n, scores, name, row_granularity=True, label="A>B") for n, scores in enumerate(matrices)],
        )
        for name, matrices in zip("AB", models, strict=True)
    ]


SHARED = [[0.75, 0.0], [0.5, 0.0]]  # RC from .375 to .625
CLEAR = [[1.0, 0.0], [0.0, 0.75]]  # RC .875


def test_a_difference_of_bounds_is_a_range_worked_by_hand(tmp_path: Path) -> None:
    """A: eight rows at .875, eight from .375 to .625. B: all from .375 to .625."""
    (one,) = compared(row_files(tmp_path, [CLEAR] * 8 + [SHARED] * 8, [SHARED] * 16))
    assert one.values == (None, None) and one.difference.value is None
    assert one.bounds == ((0.625, 0.75), (0.375, 0.625), (0.0, 0.375))
    assert (one.wins, one.ties, one.losses, one.n) == (8, 0, 0, 16)
    assert one.p_value == one.p_holm == 1.0  # the difference may be 0
    assert one.difference.low is not None and one.difference.high is not None
    assert one.difference.low < 0 < 0.375 < one.difference.high


def test_a_difference_that_holds_anywhere_in_its_range_has_the_larger_p(tmp_path: Path) -> None:
    """All rows of A at .875: B is at least .25 below, the end with the larger p is the nearer one."""
    matrices = [CLEAR] * 10 + [[[0.5, 0.0], [0.0, 0.5]]] * 2
    (one,) = compared(row_files(tmp_path, matrices, [SHARED] * 12))
    exact = files(tmp_path, [0.875] * 10 + [0.5] * 2, [0.625] * 12)
    (nearer,) = compared(exact)
    assert one.bounds is not None and one.bounds[2][0] == pytest.approx(nearer.difference.value)
    assert one.p_value == nearer.p_value and one.difference.low == nearer.difference.low
    assert nearer.detectable is None or one.detectable == pytest.approx(nearer.detectable + 0.25)


def test_what_is_detectable_of_bounds_includes_their_range(tmp_path: Path) -> None:
    """The range is .25 wide in every row of B."""
    cycle = [CLEAR, [[0.5, 0.0], [0.0, 0.5]], [[1.0, 0.0], [0.0, 1.0]], [[0.25, 0.0], [0.0, 0.0]]]
    (one,) = compared(row_files(tmp_path, cycle * 5, [SHARED] * 20))
    (exact,) = compared(files(tmp_path, [0.875, 0.5, 1.0, 0.125] * 5, [0.625] * 20))
    assert exact.detectable is not None and one.detectable == pytest.approx(exact.detectable + 0.25)


def test_what_best_scores_do_not_determine_is_not_compared(tmp_path: Path, run: Run) -> None:
    """AP, precision and F1 are lower bounds, AP soft is not even that; outcome and reference figures are exact."""
    paths = row_files(tmp_path, [CLEAR] * 12, [SHARED] * 12)
    found = {one.metric: one for one in compare([score_file(path, ScoringConfig()) for path in paths], swaps=500)}
    open_ones = {name for (_, name), one in found.items() if not one.is_determined}
    assert open_ones == {"average_precision", "average_precision_soft", "precision", "f1"}
    assert all(one.p_value is None and one.values == (None, None) for one in found.values() if not one.is_determined)
    assert found["outcome", "fidelity"].values == (1.0, 1.0) and found["reference", "recall"].p_value is not None
    code, out, err = run(*COMPARE, *paths, "--output-file", tmp_path / "c.json")
    assert code == 0 and "p, wins and losses hold anywhere in it" in err
    assert re.search(r" 12 +0\.8750 +0\.3750–0\.6250 +\+0\.2500 to \+0\.5000 \[n/a\] ", out)
    assert out.count("not determined") == 3 * 4
    first = json.loads((tmp_path / "c.json").read_text())[0]
    assert first["bounds"]["difference"] == {"low": 0.25, "high": 0.5} and first["values"] == [None, None]
    _, _, err = run(*COMPARE, *files(tmp_path, [0.5] * 12, [0.75] * 12))
    assert "anywhere" not in err


def test_a_high_sound_threshold_leaves_outcomes_undetermined(tmp_path: Path) -> None:
    """Whether a matched pair has .75 is open in the shared rows, but not in those with a wrong label."""
    for labels, is_determined in (("A>B", False), ("B>A", True)):
        paths = [
            write(
                tmp_path / f"{name}.jsonl",
                [record(n, SHARED, name, row_granularity=True, label=labels) for n in range(12)],
            )
            for name in "AB"
        ]
        tables = [score_file(path, ScoringConfig(sound_threshold=0.75)) for path in paths]
        (one,) = (one for one in compare(tables, swaps=100) if one.metric == ("outcome", "fidelity"))
        assert one.is_determined is is_determined
