"""Agreement between judges: coefficients worked by hand or taken from their authors, and the command around them."""

import argparse
import csv
import io
import itertools
import json
import math
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from metajudge.cli import agreement as command
from metajudge.errors import UsageError
from metajudge.metrics.statistics import agreement
from metajudge.metrics.statistics.agreement import Fit
from metajudge.reports.agreement_table import join, read_judges
from tests.unit import result_rows
from tests.unit.fakes import ScriptedJudge
from tests.unit.rows import JUDGE, block, row, run_samples, samples, task

NAN = math.nan
STEPS = st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0])
COLUMNS = st.lists(st.tuples(STEPS, STEPS), min_size=2, max_size=30).map(np.array)

# Krippendorff (2011): four observers, twelve units, 41 values, the last unit with a single one.
OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NAN, NAN, NAN],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NAN, 3],
        [NAN, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NAN],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NAN],
    ]
).T


def abstractors() -> tuple[agreement.Integers, agreement.Integers]:
    """Gwet's 100 charts that two abstractors put into three categories, as the ratings behind the table."""
    table = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
    ratings = [(k, l) for k in range(3) for l in range(3) for _ in range(table[k][l])]  # noqa: E741
    x, y = np.array(ratings, dtype=np.int64).T
    return x, y


def alpha_by_definition(units: Sequence[Sequence[float]], level: str) -> float:
    """Krippendorff's alpha through the coincidence matrix, as its author computes it; nan = missing."""
    given = [[v for v in unit if not math.isnan(v)] for unit in units]
    values = sorted({v for unit in given if len(unit) > 1 for v in unit})
    coincidences = {(c, k): 0.0 for c in values for k in values}
    for unit in (unit for unit in given if len(unit) > 1):
        for c, k in itertools.permutations(unit, 2):
            coincidences[c, k] += 1 / (len(unit) - 1)
    count = {c: sum(coincidences[c, k] for k in values) for c in values}
    total = sum(count.values())

    def delta(c: float, k: float) -> float:
        if level == "nominal":
            return float(c != k)
        if level == "interval":
            return (c - k) ** 2
        between = sum(count[g] for g in values if min(c, k) <= g <= max(c, k))
        return (between - (count[c] + count[k]) / 2) ** 2

    observed = sum(coincidences[c, k] * delta(c, k) for c in values for k in values)
    expected = sum(count[c] * count[k] * delta(c, k) for c in values for k in values)
    return 1 - (total - 1) * observed / expected


# ------------------------------------------------------------------ single scores


def test_alpha_is_the_published_one_of_four_observers_with_missing_values() -> None:
    """Krippendorff gives .743 (nominal, which proves the oracle), .815 (ordinal) and .849 (interval)."""
    assert alpha_by_definition(OBSERVERS.tolist(), "nominal") == pytest.approx(0.743, abs=5e-4)
    assert agreement.krippendorff_alpha(OBSERVERS, "ordinal") == pytest.approx(0.815, abs=5e-4)
    assert agreement.krippendorff_alpha(OBSERVERS, "interval") == pytest.approx(0.849, abs=5e-4)


@given(st.lists(st.lists(STEPS | st.just(NAN) | st.just(0.6), min_size=3, max_size=3), min_size=2, max_size=12))
def test_alpha_is_the_coincidence_matrixs(units: list[list[float]]) -> None:
    """Mid-ranks and sums of squares give what the definition gives, for three judges with gaps."""
    pairable = {v for unit in units for v in unit if not math.isnan(v) and sum(not math.isnan(w) for w in unit) > 1}
    for level in ("ordinal", "interval"):
        found = agreement.krippendorff_alpha(np.array(units), level)
        if len(pairable) < 2:
            assert found is None
        else:
            assert found == pytest.approx(alpha_by_definition(units, level), abs=1e-9)


def test_ac2_is_the_published_one_of_two_abstractors() -> None:
    """Gwet's package prints .940 for quadratic weights.

    Weights 1, .75, 0: p_a = .89 + .75 · .11 = .9725; Σw / (q (q − 1)) = 6 / 6 = 1; π = .13, .255, .615, so
    p_e = .1131 + .189975 + .236775 = .53985; (.9725 − .53985) / .46015 = .94024.
    """
    assert agreement.gwet_ac2(*abstractors(), categories=3) == pytest.approx(0.4326500 / 0.4601500)


def test_kappa_is_the_published_one_of_two_abstractors() -> None:
    """Gwet's package prints .892 for quadratic weights.

    Disagreements 0, .25, 1: observed .25 · .11 = .0275; expected .25 (.13 · .24 + .27 · .13 + .27 · .63 + .60 · .24)
    + .13 · .63 + .60 · .13 = .0951 + .1599 = .2550; 1 − .0275 / .2550 = .89216.
    """
    assert agreement.weighted_kappa(*abstractors(), categories=3) == pytest.approx(1 - 0.0275 / 0.2550)


def test_ac2_counts_steps_that_no_judge_used() -> None:
    """Two steps of five used.

    Two of four items differ by one step: p_a = 1 − ½ · 1/16 = .96875; Σw = 25 − 100/16 = 18.75 over 20 = .9375;
    π = ½, ½, so p_e = .9375 · .5 = .46875; .5 / .53125 = .94118.
    """
    x, y = np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])
    assert agreement.gwet_ac2(x, y) == pytest.approx(0.5 / 0.53125)


def test_ac2_stays_defined_where_all_scores_are_equal() -> None:
    """Full agreement on one step: p_e = 0, AC2 = 1, while kappa and alpha have no value."""
    zeros = np.zeros((4, 2))
    found = agreement.score_agreement(zeros, 1)
    assert (found.exact, found.gwet_ac2) == (1.0, 1.0)
    assert (found.weighted_kappa, found.alpha_ordinal, found.alpha_interval, found.positive) == (None,) * 4


def test_scores_off_the_scale_go_to_the_nearest_step_and_are_counted() -> None:
    """Halfway is the higher step; a rounding error is no other score. .6 and .5 are one step, but not equal."""
    scores = np.array([0.0, 0.1, 0.125, 0.3, 0.6, 0.9, 1.0, 0.25 + 1e-12])
    assert agreement.levels(scores).tolist() == [0, 0, 1, 1, 2, 4, 4, 1]
    assert agreement.score_agreement(np.array([scores, scores]).T, 1).off_scale == 10
    scores = np.array([[0.6, 0.5], [0.5, 0.5], [1.0, 0.0], [0.1 + 0.2, 0.3]])
    assert agreement.score_agreement(scores, 1).exact == 0.5


def test_positive_agreement_leaves_out_what_neither_found() -> None:
    """a = 2, b = 1, c = 1, three found by neither: 2 · 2 / (2 · 2 + 1 + 1) = .66667."""
    x = np.array([1.0, 0.5, 0.75, 0.25, 0.0, 0.0, 0.25])
    y = np.array([0.5, 1.0, 0.25, 0.50, 0.0, 0.25, 0.0])
    assert agreement.positive_agreement(x, y) == pytest.approx(4 / 6)
    assert agreement.positive_agreement(x[3:], x[3:]) is None


def test_the_same_match_is_asked_only_where_both_matched() -> None:
    """Five items, three matched by both, two of these with the same model item."""
    matches = np.array([[1, 1], [2, 2], [3, 1], [0, 2], [0, 0]])
    assert agreement.same_match(matches) == (3, pytest.approx(2 / 3))
    assert agreement.same_match(matches[3:]) == (0, None)


@given(COLUMNS)
def test_measures_of_scores_do_not_depend_on_who_is_first(scores: agreement.Floats) -> None:
    """Every one of them is symmetric in the two judges."""
    one, other = agreement.score_agreement(scores, 1), agreement.score_agreement(scores[:, ::-1], 1)
    for name in type(one).__dataclass_fields__:
        assert getattr(one, name) == pytest.approx(getattr(other, name), abs=1e-9), name


@given(st.lists(STEPS, min_size=2, max_size=30).filter(lambda scores: len(set(scores)) > 1 and max(scores) >= 0.5))
def test_a_judge_agrees_fully_with_itself(scores: list[float]) -> None:
    """Every measure of scores is 1."""
    found = agreement.score_agreement(np.array([scores, scores]).T, 1)
    values = (found.exact, found.gwet_ac2, found.alpha_ordinal, found.alpha_interval)
    assert (*values, found.weighted_kappa, found.positive) == pytest.approx((1.0,) * 6)


# ------------------------------------------------------------------ means of models


def test_concordance_punishes_a_shift_that_correlation_does_not_see() -> None:
    """y = x + 1: s_xy = s_x² = s_y² = 2, means 3 and 4, so 2 · 2 / (2 + 2 + 1) = .8; y = −x mirrored gives −1."""
    x = np.array([1.0, 2.0, 3.0, 4.0, 5.0])
    assert agreement.concordance(x, x + 1) == pytest.approx(0.8)
    assert agreement.concordance(x, 6 - x) == pytest.approx(-1.0)
    assert agreement.concordance(x * 0 + 2, x * 0 + 2) is None
    assert agreement.concordance(x * 0 + 2, x * 0 + 3) == 0.0


def test_tau_b_corrects_for_ties() -> None:
    """4 of 6 pairs are concordant and 0 discordant, x ties 1 and y 1: 4 / √(5 · 5) = .8."""
    x, y = np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 1.0, 2.0, 3.0])
    assert agreement.kendall_tau_b(x, y) == pytest.approx(0.8)
    assert agreement.kendall_tau_b(x, y * 0) is None


def test_lines_worked_by_hand() -> None:
    """x = 1, 2, 3 and y = 1, 2, 2.

    Through the origin: a = (1 + 4 + 6) / 14 = 11/14, residuals 3/14, 6/14, −5/14, squares 70/196; Σ(y − ȳ)² = 2/3,
    R² = 1 − (70/196) / (2/3) = .46429. With intercept: a = 1 / 2, b = 5/3 − 1 = 2/3, residuals −1/6, 1/3, −1/6,
    squares 1/6, R² = 1 − (1/6) / (2/3) = .75.
    """
    x, y = np.array([1.0, 2.0, 3.0]), np.array([1.0, 2.0, 2.0])
    through, line = agreement.origin_fit(x, y), agreement.linear_fit(x, y)
    expected = (11 / 14, 0.0, 1 - 70 / 196 * 1.5, math.sqrt(70 / 196 / 3))
    assert (through.slope, through.intercept, through.r_squared, through.rmse) == pytest.approx(expected)
    assert (line.slope, line.intercept, line.r_squared, line.rmse) == pytest.approx(
        (0.5, 2 / 3, 0.75, math.sqrt(1 / 18))
    )


def test_lines_without_variance_have_no_value() -> None:
    """x constant: no line; x all 0: none through the origin; y constant: no R²."""
    x, same = np.array([0.1, 0.2, 0.3]), np.array([0.1, 0.1, 0.1])
    assert agreement.linear_fit(same, x) == Fit(None, None, None, None)
    assert agreement.origin_fit(same * 0, x) == Fit(None, 0.0, None, None)
    assert agreement.linear_fit(x, same).r_squared is None
    assert agreement.linear_fit(x, same).rmse == pytest.approx(0.0)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 20)), min_size=3, max_size=12))
def test_tau_and_line_are_scipys(points: list[tuple[int, int]]) -> None:
    """An independent implementation gives the same, ties included."""
    x, y = np.array(points, dtype=float).T / 20
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        assert agreement.kendall_tau_b(x, y) is None
        return
    line, expected = agreement.linear_fit(x, y), scipy.stats.linregress(x, y)
    assert agreement.kendall_tau_b(x, y) == pytest.approx(scipy.stats.kendalltau(x, y).statistic, abs=1e-9)
    assert (line.slope, line.intercept) == pytest.approx((expected.slope, expected.intercept), abs=1e-9)
    assert line.r_squared == pytest.approx(scipy.stats.pearsonr(x, y).statistic ** 2, abs=1e-9)


def test_a_judge_ranks_models_as_itself() -> None:
    """Concordance, tau, slope and R² are 1, bias and error 0; a difference in the last digit is a tie."""
    x = np.array([0.1, 0.2, 0.3, 0.3, 0.5])
    found = agreement.model_agreement(np.array([x, [*x[:3], 0.1 + 0.2, 0.5]]).T)
    assert (found.concordance, found.kendall_tau_b, found.mean_bias) == pytest.approx((1.0, 1.0, 0.0))
    assert found.through_origin == Fit(pytest.approx(1.0), 0.0, pytest.approx(1.0), pytest.approx(0.0))


# ------------------------------------------------------------------ files


def record(judge: str, name: str, marks: Sequence[Sequence[Any]], model: str = "M", **more: Any) -> dict[str, Any]:
    """A record of ours in which `judge` has given row `name` these [r, s, score]."""
    own = more.pop("settings", {})
    matrix = more.pop("matrix", None)
    items = len(matrix[0]) if matrix else max([1, *(s for _, s, _ in marks)])
    return {
        "id": name,
        "question_id": f"q-{model.lower()}-{name}",
        "status": "success",
        "model_be_evaluated": model,
        "n_human": len(marks),
        "extraction_result": {"scores": marks, "is_ordered": True, "errors": []},
        "judge": JUDGE | {"model": judge} | own,
        "samples": [{}],
        "metadata": {"human-checklist": ["h"] * len(marks), f"{model}-checklist": ["s"] * items},
        **({"score_matrix": matrix} if matrix else {}),
    } | more


def write(path: Path, *records: dict[str, Any]) -> Path:
    """Return a result file of these records."""
    return result_rows.write(path, records)


def printed(capsys: pytest.CaptureFixture[str]) -> str:
    """Return the table without the blanks at the ends of its lines."""
    return "".join(f"{line.rstrip()}\n" for line in capsys.readouterr().out.splitlines())


def run(*arguments: object) -> int:
    """The exit code of the command."""
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return command.run(parser.parse_args(list(map(str, arguments))))


def test_rows_are_joined_by_model_id_and_question_and_the_rest_is_counted(tmp_path: Path) -> None:
    """Row b failed for y, row c is not in its file; a model's name may differ in case; a failure is superseded.

    A match beyond the fifth model item is a score, but no recall, as in the table of the analysis.
    """
    x = write(tmp_path / "x.jsonl", *(record("x", name, [[1, 1, 0.5], [2, 0, 0.0]]) for name in "abc"))
    later = record("y", "a", [[1, 2, 1.0], [2, 1, 0.25]], model="m")
    y = write(tmp_path / "y.jsonl", {**later, "status": "error"}, later, record("y", "b", [], status="format_error"))
    reading = read_judges([x, y])
    joined = join(reading)
    assert joined.items.tolist() == [[0.5, 1.0], [0.0, 0.25]]
    assert joined.matches.tolist() == [[1, 2], [0, 1]]
    assert (joined.rows, joined.models, joined.model_rows) == (1, ("M",), (1,))
    assert joined.recalls.tolist() == [[0.25, 0.625]]
    x = write(tmp_path / "x.jsonl", record("x", "a", [[1, 7, 1.0], [2, 1, 0.5]]))
    y = write(tmp_path / "y.jsonl", record("y", "a", [[1, 7, 1.0], [2, 1, 0.5]]))
    beyond = join(read_judges([x, y]))
    assert beyond.items.tolist() == [[1.0, 1.0], [0.5, 0.5]] and beyond.recalls.tolist() == [[0.25, 0.25]]
    counts = [rows.as_json(joined.rows) for rows in reading.judges.values()]
    assert [(each["rows"], each["scored"], each["not_common"]) for each in counts] == [(3, 3, 2), (2, 1, 0)]
    assert counts[1]["unscored"] == {"status format_error": 1}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"status": "error"}, "status error"),
        ({"status": "empty", "empty": "model"}, "model checklist empty"),
        ({"status": 7}, "status unknown"),
        ({"extraction_result": None}, "extraction_result unreadable"),
        ({"extraction_result": {"scores": [[1, 1, "1"]]}}, "extraction_result unreadable"),
        ({"extraction_result": {"scores": []}}, "extraction_result unreadable"),
        ({"extraction_result": {"scores": [[2, 1, 1]]}}, "extraction_result does not name every human item"),
        ({"n_human": 3}, "n_human or n_model is not the length of its list"),
        ({"metadata": {}}, "no list human-checklist in metadata"),
    ],
)
def test_a_row_without_scores_is_counted_with_its_reason(tmp_path: Path, more: dict[str, Any], reason: str) -> None:
    """Unscored is not 0."""
    good = [record(judge, "a", [[1, 1, 1.0], [2, 1, 0.5]]) for judge in "xy"]
    bad = record("y", "b", [[1, 1, 1.0]], **more)
    reading = read_judges([write(tmp_path / "x", good[0]), write(tmp_path / "y", good[1], bad)])
    assert reading.judges["y"].unscored == {reason: 1}
    assert join(reading).rows == 1


def test_s0_and_score_0_are_no_match(tmp_path: Path) -> None:
    """S0 counts 0 whatever its score."""
    marks = [[2, 0, 0.75], [1, 3, 0.5], [3, 1, 0.0]]
    joined = join(read_judges([write(tmp_path / judge, record(judge, "a", marks)) for judge in "xy"]))
    assert joined.items[:, 0].tolist() == [0.5, 0.0, 0.0]
    assert joined.matches[:, 0].tolist() == [3, 0, 0]


def test_pairs_are_compared_where_every_judge_has_a_matrix_and_was_asked(tmp_path: Path) -> None:
    """Row b has no matrix of y; one pair of row a was not asked of x."""
    marks = [[1, 1, 1.0], [2, 2, 0.5]]
    full = [[1.0, 0.0, 0.25], [0.0, 0.5, 0.0]]
    x = [record("x", "a", marks, matrix=[[1.0, 0.0, None], [0.25, 0.5, 0.0]])]
    y = [record("y", "a", marks, matrix=full), record("y", "b", marks)]
    x.append(record("x", "b", marks, matrix=full))
    joined = join(read_judges([write(tmp_path / "x", *x), write(tmp_path / "y", *y)]))
    assert joined.pairs.tolist() == [[1.0, 1.0], [0.0, 0.0], [0.25, 0.0], [0.5, 0.5], [0.0, 0.0]]
    assert (joined.rows, joined.pair_rows, joined.pairs_not_asked) == (2, 1, 1)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"score_matrix": [[NAN]]}, "row a7: a score of nan is not within 0..1"),
        ({"score_matrix": [[1.5]]}, "row a7: a score of 1.5 is not within 0..1"),
        ({"score_matrix": [[1], [0]]}, "row a7: score_matrix is not 1 × 1 numbers"),
        ({"extraction_result": {"scores": [[1, 1, NAN]]}}, "row a7: extraction_result has a score that is not"),
        ({"extraction_result": {"scores": [[1, 1, -0.5]]}}, "row a7: extraction_result has a score that is not"),
        (
            {"score_matrix": [[0.5, 0.5]], "metadata": {"human-checklist": ["h"], "M-checklist": ["s", "t"]}},
            "row a7 has lists of different length in",
        ),
    ],
)
def test_a_score_that_is_no_score_is_named_with_file_and_id(tmp_path: Path, more: dict[str, Any], message: str) -> None:
    """Such a file was changed by hand or is broken: nothing is computed from it."""
    files = [
        write(tmp_path / "x.jsonl", record("x", "a7", [[1, 1, 1.0]], score_matrix=[[1.0]])),
        write(tmp_path / "y.jsonl", record("y", "a7", [[1, 1, 1.0]], **more)),
    ]
    with pytest.raises(UsageError, match=r"y\.jsonl") as caught:
        run(*files)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_files_that_cannot_be_compared_are_refused(tmp_path: Path) -> None:
    """One line each, which says what to do."""
    x = write(tmp_path / "x.jsonl", record("x", "a", [[1, 1, 1.0]]))
    more = write(tmp_path / "more.jsonl", record("x", "a", [[1, 1, 1.0]]))
    other = write(tmp_path / "other.jsonl", record("y", "b", [[1, 1, 1.0]], model="N"))
    reference = write(tmp_path / "reference.jsonl", {"samples": [], "metadata": {"M-checklist": []}})
    rows = write(tmp_path / "rows.jsonl", row(1))
    os.mkfifo(tmp_path / "pipe")
    for files, message in (
        ([x], r"results of only one judge \(x\); name result files of at least two"),
        ([x, more], r"row a was judged by x in .*x\.jsonl and in .*more\.jsonl; name one file"),
        (
            [x, other],
            r"no row is scored by all judges \(x: 1 of 1 rows scored, evaluated model m; y: .* model n\); judge",
        ),
        ([x, reference], r"reference\.jsonl holds records that do not say who judged them .*; judge its rows again"),
        ([x, rows], r"rows\.jsonl holds input rows, no results"),
        ([x, tmp_path / "none"], r"none does not exist"),
        ([x, tmp_path / "pipe"], r"pipe is no ordinary file"),
    ):
        with pytest.raises(UsageError, match=message) as caught:
            run(*files)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["instructions", "granularity", "top_k"])
def test_judges_that_were_asked_otherwise_are_compared_only_on_demand(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """The judge differs by purpose, the question must not."""
    x = write(tmp_path / "x.jsonl", record("x", "a", [[1, 1, 1.0]]))
    y = write(tmp_path / "y.jsonl", record("y", "a", [[1, 1, 1.0]], settings={name: "other"}))
    text = f"the files differ in more than the judge: {name} {JUDGE[name]} in x.jsonl, other in y.jsonl"
    with pytest.raises(UsageError, match=f"{text}; .*--allow-mixed"):
        run(x, y)
    assert run(x, y, "--allow-mixed") == 0
    assert f"warning: {text}\n" in capsys.readouterr().err


def test_a_file_of_two_judges_is_compared_only_on_demand(tmp_path: Path) -> None:
    """A row of both judges counts for one of them only."""
    both = write(tmp_path / "xy.jsonl", record("x", "a", [[1, 1, 1.0]]), record("y", "b", [[1, 1, 1.0]]))
    other = write(tmp_path / "y.jsonl", record("y", "a", [[1, 1, 1.0]]))
    with pytest.raises(UsageError, match=r"xy\.jsonl holds x and y"):
        run(both, other)
    assert run(both, other, "--allow-mixed") == 0


def test_records_of_a_run_can_be_compared(tmp_path: Path) -> None:
    """An inference with granularity item writes 2 rows of 2 × 3 items."""
    todo = samples([row(1), row(2)])
    for judge, score in (("x", "0.5"), ("y", "0.75")):
        kind = task("item", model=judge)
        answers = ScriptedJudge(lambda message, _, score=score: block(message, score))  # type: ignore[misc]
        run_samples(tmp_path / judge, answers, todo, kind=kind)
    joined = join(read_judges([tmp_path / "x", tmp_path / "y"]))
    assert joined.items.tolist() == [[0.5, 0.75]] * 4
    assert joined.matches.tolist() == [[1, 1]] * 4
    assert (joined.pairs.tolist(), joined.pair_rows) == ([[0.5, 0.75]] * 12, 2)


# ------------------------------------------------------------------ the command


def judge_files(folder: Path, judge: str, models: int, shift: float) -> list[Path]:
    """A file for each evaluated model: row a with two human items, the second found by `shift` less."""
    marks = [[[1, 1, number / 8], [2, 2, max(0.0, 1 - shift)]] for number in range(models)]
    return [
        write(folder / f"{judge}{number}.jsonl", record(judge, "a", each, model=f"M{number}"))
        for number, each in enumerate(marks)
    ]


def test_the_output_file_has_every_pair_and_all_judges(tmp_path: Path) -> None:
    """Three judges of five models; z gives .125 less recall than x everywhere, y the same."""
    shifts = {"x": 0.0, "y": 0.0, "z": 0.25}
    files = [path for judge, shift in shifts.items() for path in judge_files(tmp_path, judge, 5, shift)]
    assert run(*files, "--output-file", tmp_path / "out.json") == 0
    report = json.loads((tmp_path / "out.json").read_text())
    assert [pair["judges"] for pair in report["pairs"]] == [["x", "y"], ["x", "z"], ["y", "z"]]
    same, less, _ = report["pairs"]
    assert (same["items"]["exact"], same["items"]["weighted_kappa"], same["same_match"]) == (1.0, 1.0, 1.0)
    assert (less["items"]["scores"], less["items"]["rows"], less["items"]["exact"]) == (10, 5, 0.5)
    assert less["over_models"]["mean_bias"] == pytest.approx(-0.125)
    assert less["over_models"]["linear"]["intercept"] == pytest.approx(-0.125)
    assert less["pairs"] is None
    assert less["undefined"] == {
        "pairs": "no row has a score_matrix of every judge; --granularity item and pairs write one"
    }
    assert report["models"][1] == {"model": "M1", "rows": 1, "recall": [0.5625, 0.5625, 0.4375]}
    assert report["judges"][2]["files"] == list(map(str, files[10:]))
    assert 0 < report["all_judges"]["items"]["alpha_interval"] < 1


def test_the_table_has_a_block_for_each_pair(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Below five models the line says so, and no column is there for what is not."""
    files = [*judge_files(tmp_path, "x", 4, 0.0), *judge_files(tmp_path, "y", 4, 0.25)]
    assert run(*files) == 0
    out = printed(capsys)
    assert "x = x, y = y\n                                  human items\n" in out
    assert "\nexact agreement                   0.5000\n" in out
    assert "n/a: models: a comparison over models needs five evaluated models\n" in out
    assert "\nM3                 1       0.6875  0.5625\n" in out
    assert "nan" not in out and "concordance" not in out


def test_a_directory_is_read_as_its_result_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Files of matches beside them have no samples and are skipped."""
    judge_files(tmp_path, "x", 2, 0.0)
    judge_files(tmp_path, "y", 2, 0.25)
    write(tmp_path / "x0.matches.jsonl", {"matched_human_item": 1})
    assert run(tmp_path) == 0
    assert "x = x, y = y" in capsys.readouterr().out


def test_what_is_left_out_is_named_beside_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Three judges: the alphas of all of them, y's failures by reason, and the pair that z was not asked about."""
    marks = [[1, 1, 1.0], [2, 0, 0.0]]
    matrices = {"x": [[1.0, 0.0], [0.0, 0.0]], "y": [[1.0, 0.0], [0.0, 0.0]], "z": [[1.0, None], [0.0, 0.0]]}
    files = [write(tmp_path / name, record(name, "a", marks, matrix=each)) for name, each in matrices.items()]
    with files[1].open("a", encoding="utf-8") as file:
        file.write("".join(json.dumps(record("y", name, [], status="error")) + "\n" for name in "bc"))
    assert run(*files) == 0
    out = printed(capsys)
    assert "y, not scored: 2 status error\n" in out
    assert "left out, as some judge was not asked: 1 of the pairs (R, S)\n" in out
    everyone = out[out.index("All 3 judges\n") :]
    assert "\nscores of each judge            2              3\n" in everyone
    assert "\nKrippendorff's alpha, interval  1.0000         1.0000\n" in everyone
    assert run(*files, "--format", "csv") == 0
    out, err = capsys.readouterr()
    assert 'all judges,,"pairs (R, S)","Krippendorff\'s alpha, ordinal",1.0000\n' in out
    assert "y: 3 rows, 1 scored, 0 not common to all judges\ny, not scored: 2 status error\n" in err


def test_what_is_undefined_is_not_available_with_its_reason(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All scores 0: nothing varies and nothing was matched."""
    files = [
        write(tmp_path / f"{judge}{model}", record(judge, "a", [[1, 0, 0.0]], model=f"M{model}"))
        for judge in "xy"
        for model in range(5)
    ]
    assert run(*files, "--output-file", tmp_path / "out.json") == 0
    out = printed(capsys)
    assert "\nCohen's kappa, quadratic          n/a\n" in out
    assert "n/a: Cohen's kappa, quadratic (human items): both judges gave one and the same step throughout\n" in out
    assert "n/a: same S where both matched (human items): no human item was matched by both judges\n" in out
    assert "n/a: y = a x: a (models), y = a x: RMSE (models): x gives all models the recall 0\n" in out
    (pair,) = json.loads((tmp_path / "out.json").read_text())["pairs"]
    assert pair["over_models"]["kendall_tau_b"] is None
    assert pair["undefined"]["over_models.kendall_tau_b"] == "a judge gives all models the same recall"


def test_other_formats_have_a_line_for_each_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A CSV reader sees one line per figure; the counts go to stderr."""
    files = [*judge_files(tmp_path, "x, 1", 1, 0.0), *judge_files(tmp_path, "y", 1, 0.25)]
    assert run(*files, "--format", "csv") == 0
    out, err = capsys.readouterr()
    lines = list(csv.reader(io.StringIO(out)))
    assert lines[0] == ["x", "y", "Unit", "Measure", "Value"]
    assert ["x, 1", "y", "human items", "exact agreement", "0.5000"] in lines
    assert "y: 1 row, 1 scored, 0 not common to all judges\n" in err
    assert run(*files, "--format", "github") == 0
    assert "| exact agreement " in capsys.readouterr().out


def test_names_from_the_files_cannot_command_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Control characters of a judge's name are shown as escapes; the embedded judge is named for what it is."""
    x = write(tmp_path / "x", record("embedded", "a", [[1, 1, 1.0]], model="M\x1b[2J"))
    y = write(tmp_path / "y", record("\x1b]0;y", "a", [[1, 1, 1.0]], model="M\x1b[2J"))
    assert run(x, y) == 0
    out, err = capsys.readouterr()
    assert "\x1b" not in out
    assert "the embedded judge is a lexical matcher" in err


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (".", "is a directory"),
        ("no/out.json", "does not exist; create it first"),
        ("x0.jsonl", "may hold results"),
        ("x", "is the input file"),
    ],
)
def test_the_output_file_never_replaces_results(tmp_path: Path, output: str, message: str) -> None:
    """Refused before anything is read."""
    plain = write(tmp_path / "x", record("x", "a", [[1, 1, 1.0]]))
    judge_files(tmp_path, "x", 1, 0.0)
    before = plain.read_bytes()
    with pytest.raises(UsageError, match=message):
        run(plain, tmp_path / "missing", "--output-file", tmp_path / output)
    assert plain.read_bytes() == before


def test_a_judge_without_a_scored_row_gives_not_available(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The table is printed, null in JSON, exit 1; a model that only one judge has scored is a row, too."""
    good = write(tmp_path / "x.jsonl", record("x", "a", [[1, 1, 1.0]]))
    bad = write(tmp_path / "y.jsonl", record("y", "a", [], status="error"))
    assert run(good, bad, "--output-file", tmp_path / "out.json") == 1
    out, err = capsys.readouterr()
    assert re.search(r"^M +0 +n/a +n/a *$", out, re.MULTILINE) and "0.0000" not in out
    assert "no row is scored by all judges (x: 1 of 1 rows scored" in err
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["models"] == [{"model": "M", "rows": 0, "recall": [None, None]}] and report["pairs"] == []
    files = [
        write(tmp_path / f"{judge}N.jsonl", record(judge, "a", [[1, 1, 1.0]], model="N", status=status))
        for judge, status in (("x", "success"), ("y", "success"))
    ]
    assert run(good, bad, *files) == 0
    assert re.search(r"^M +0 +n/a +n/a *$", capsys.readouterr().out, re.MULTILINE)
