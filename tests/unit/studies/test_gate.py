"""Requirements: missed only where the rows are sure of it; else the number of rows that would tell."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from metajudge.errors import UsageError
from metajudge.metrics.statistics import intervals
from metajudge.reports.comparison import compare
from metajudge.reports.report import Report
from metajudge.studies import (
    Verdict,
    check_against,
    check_requirements,
    parse_margin,
    parse_requirement,
    read_tables,
    run_study,
    without_partner,
    write_products,
)
from metajudge.studies.gate import METRICS
from metajudge.studies.row_values import as_table, row_values
from tests.unit.studies.files import GOOD, study_of


def report_of(folder: Path, good: int, count: int = 40, models: tuple[str, ...] = ("m",)) -> Report:
    """Return the report of a study in which the first `good` rows have a reason that makes a human point."""
    folder.mkdir()
    text = GOOD.replace('[[models]]\nname = "m"\n', "".join(f'[[models]]\nname = "{one}"\n' for one in models))
    study = study_of(folder, f"{text}[report]\nresamples = 200\n", models, count=count)
    lines = [json.loads(line) for line in study.rows.read_text().splitlines()]
    for line in lines[good:]:
        line.update({f"{model}-checklist": ["It is polite."] for model in models})
    study.rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert run_study(study).exit_code == 0
    products = write_products(study)
    assert products is not None
    return products.report


@pytest.fixture(scope="module")
def half(tmp_path_factory: pytest.TempPathFactory) -> Report:
    """RC is .5 in 20 of 40 rows, 0 in the others."""
    return report_of(tmp_path_factory.mktemp("half") / "s", good=20)


def test_a_requirement_is_met_missed_or_open(half: Report) -> None:
    """RC is .25 with an interval of about .17 to .33."""
    texts = ("rc(m) >= 0.1", "RC( M )>=0.5", "rc(m) >= 0.24", "rc(m) <= 0.5", "rc(m) < 0.1", "oa(m) > 0.8")
    checked = check_requirements(half, [parse_requirement(text) for text in texts])
    assert [one.verdict for one in checked] == ["met", "missed", "cannot tell", "met", "missed", "met"]
    assert checked[0].figures.value == pytest.approx(0.25) and checked[0].n == 40


def test_the_rows_that_would_tell_follow_from_the_spread(half: Report) -> None:
    """Ten times as many rows with this spread would have the smallest detectable distance that is asked for."""
    (checked,) = check_requirements(half, [parse_requirement("rc(m) >= 0.24")])
    quantiles = intervals.t_quantile(0.975, 39) + intervals.t_quantile(0.8, 39)
    sd = np.std([0.5] * 20 + [0.0] * 20, ddof=1)
    assert checked.rows_needed == pytest.approx((quantiles * sd / 0.01) ** 2, rel=0.01)
    assert re.search(r"rc\(m\) >= 0.24: cannot tell: 0\.250 .*; about [\d,]+ rows would tell", str(checked))


def test_nothing_scored_is_missed_and_not_passed_over(half: Report) -> None:
    """A gate that measures nothing must not let a change through."""
    row = half.rows[0]
    nothing = dict.fromkeys(row.metrics, intervals.NO_INTERVAL)
    columns = {name: np.full(40, np.nan) for name in row.file.columns}
    empty = replace(half, rows=(replace(row, metrics=nothing, file=replace(row.file, columns=columns)),))
    (checked,) = check_requirements(empty, [parse_requirement("rc(m) >= 0.1")])
    assert checked.verdict is Verdict.MISSED and "nothing is scored" in str(checked)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rc >= 0.25", r"write it as in 'rc\(my-model\) >= 0.25'; there are rc, ap,"),
        ("rc(m) = 0.25", "write it as in"),
        ("rc(m) >= x", "write it as in"),
        ("rc(m) >= nan", "write it as in"),
        ("recal(m) >= 0.25", r"no metric recal; did you mean recall\?"),
    ],
)
def test_a_requirement_that_cannot_be_meant_is_refused(text: str, message: str) -> None:
    """Before anything is asked."""
    with pytest.raises(UsageError, match=message):
        parse_requirement(text)


@pytest.mark.parametrize("text", ["rc", "rc:", "rc:-0.1", "rc:a lot", "rc=0.02"])
def test_a_margin_that_cannot_be_meant_is_refused(text: str) -> None:
    """A margin is a loss from 0 up."""
    with pytest.raises(UsageError, match=r"write it as in rc:0\.02"):
        parse_margin(text)


def test_an_unknown_model_is_refused(half: Report) -> None:
    """The message names the model that was probably meant, or all."""
    with pytest.raises(UsageError, match="no model other in the report; there are m"):
        check_requirements(half, [parse_requirement("rc(other) >= 0")])


def test_a_model_is_worse_only_where_the_paired_rows_are_sure(tmp_path: Path, half: Report) -> None:
    """From 20 to 2 good rows is surely a loss of more than .02, from 20 to 19 nobody knows, 20 to 20 is none."""
    far, near, same = (report_of(tmp_path / f"{good}", good) for good in (2, 19, 20))
    earlier = read_tables(half.rows[0].file.path.parents[2])
    verdicts = [check_against(one, earlier, [parse_margin("rc:0.02")])[0].verdict for one in (far, near, same)]
    assert verdicts == [Verdict.MISSED, Verdict.UNKNOWN, Verdict.MET]
    (wide,) = check_against(near, earlier, [parse_margin("rc(M):0.2")])
    assert wide.verdict is Verdict.MET and wide.figures.value == pytest.approx(-0.5 / 40)
    (lower,) = check_against(far, earlier, [parse_margin("s-corr:0.02")])
    assert lower.verdict is Verdict.MISSED, "spurious correctness is worse when it is higher"
    assert lower.figures.value is not None and lower.figures.value > 0.3


def test_the_rows_that_would_tell_a_loss_follow_from_the_paired_spread(tmp_path: Path, half: Report) -> None:
    """Ten rows got worse and six better: a mean loss of .05 that the margin of .02 nearly hides."""
    other = report_of(tmp_path / "s", good=0)
    table = other.rows[0].file
    values = half.rows[0].file.columns["paper", "rationale_consistency"].copy()
    values[:10] -= 0.5
    values[20:26] += 0.5
    table.columns["paper", "rationale_consistency"][:] = values
    (checked,) = check_against(other, [half.rows[0].file], [parse_margin("rc:0.02")])
    assert checked.verdict is Verdict.UNKNOWN and checked.figures.value == pytest.approx(-0.05)
    gaps = np.array([-0.5] * 10 + [0.0] * 10 + [0.5] * 6 + [0.0] * 14)
    quantiles = intervals.t_quantile(0.975, 39) + intervals.t_quantile(0.8, 39)
    assert checked.rows_needed == pytest.approx((quantiles * np.std(gaps, ddof=1) / 0.03) ** 2, rel=0.01)


def test_the_earlier_report_keeps_the_figures_but_no_text(half: Report) -> None:
    """The columns come back as they were; contexts are hashed."""
    table = half.rows[0].file
    back = as_table(table.path, "m", json.loads(json.dumps(row_values(table))))
    for name, column in table.columns.items():
        np.testing.assert_array_equal(back.columns[name], column)
    assert "question" not in json.dumps(row_values(table))
    assert [name for name in METRICS.values() if name not in back.columns] == []


def test_rows_of_one_source_count_as_one_cluster_against_an_earlier_study(half: Report) -> None:
    """Eight sources are too few for an interval, as for `compare` on the tables themselves; forty are enough."""
    row = half.rows[0]
    rc = ("paper", "rationale_consistency")
    better = row.file.columns[rc] + np.repeat([0.3, -0.1, 0.2, 0.0], 10)
    single = replace(row.file, columns={**row.file.columns, rc: better})
    sourced = replace(single, clusters=[f"question {n // 5}" for n in range(40)][::-1])
    earlier = replace(row.file, clusters=["another text"] * 40)
    tables = {"single": single, "sourced": sourced}
    found = {}
    for name, table in tables.items():
        report = replace(half, rows=(replace(row, file=table),))
        saved = as_table(table.path, "m", json.loads(json.dumps(row_values(earlier))))
        (found[name],) = check_against(report, [saved], [parse_margin("rc:0.1")])
    (direct,) = (one for one in compare([sourced, replace(row.file, model="before")], 100) if one.metric == rc)
    assert found["sourced"].figures.low is None and direct.difference.low is None, "eight clusters are too few"
    assert found["single"].figures.low is not None and found["single"].figures.value == direct.difference.value


def test_models_of_one_study_only_are_named(tmp_path: Path, half: Report) -> None:
    """They cannot be compared."""
    both = report_of(tmp_path / "s", 20, models=("m", "other"))
    earlier = [half.rows[0].file]
    assert list(without_partner(both, earlier)) == ["other"]
    with pytest.raises(UsageError, match="no such model in both studies; there are m"):
        check_against(both, earlier, [parse_margin("rc(other):0.1")])
    with pytest.raises(UsageError, match="has no model of this study; it has m"):
        check_against(report_of(tmp_path / "t", 20, models=("third",)), earlier, [parse_margin("rc:0.1")])


def test_an_earlier_study_of_another_judge_is_refused(half: Report) -> None:
    """The setting is named with both values."""
    table = half.rows[0].file
    assert table.judged_by is not None
    other = replace(table, judged_by=replace(table.judged_by, model="gpt-4o"))
    with pytest.raises(UsageError, match=r"its judge differs in model \(embedded and gpt-4o\): .* judge both studies"):
        check_against(half, [other], [parse_margin("rc:0.1")])


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "does not exist"), ("no JSON", "is no report of a study"),
     ("{}", "no figures by row"), ("[1]", "no report"),
     ("[]", "no figures by row"), ('[{"model": "m", "row_values": {}}]', "is no report of a study")],
)  # fmt: skip
def test_another_file_than_a_report_is_refused(tmp_path: Path, content: str | None, message: str) -> None:
    """One line; the remedy is in it."""
    if content is not None:
        (tmp_path / "report.json").write_text(content)
    with pytest.raises(UsageError, match=message) as raised:
        read_tables(tmp_path)
    assert "name the report.json of a study" in str(raised.value)
