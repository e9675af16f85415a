"""Controls and the human reference in reports."""

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from metajudge.metrics.statistics.intervals import NO_INTERVAL
from metajudge.records import HUMAN_REFERENCE, OTHER_ROW, SIDES_EXCHANGED, JudgeIdentity, split_controls
from metajudge.reports.controls import ControlFigures, control_figures, control_levels, render_controls
from metajudge.reports.judge_settings import settings_of
from metajudge.reports.report import report
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.rows_table import scores
from metajudge.reports.scored_files import score_files
from tests.unit.result_rows import Matrix, Run, one_item, record, write

ROWS = range(24)


def control(number: int | str, scores: Matrix, kind: str, model: str = "M", **fields: Any) -> dict[str, Any]:
    """Return a control record."""
    more = {"items": fields.pop("items")} if "items" in fields else {}
    judge = {"control": kind, **fields.pop("judge", {})}
    return {**record(number, scores, model, judge=judge, **fields), "control": {"kind": kind, **more}}


def figures(folder: Path) -> list[ControlFigures]:
    """Return the figures of a folder's files."""
    ordinary, controls = split_controls(sorted(folder.glob("*.jsonl")))
    return control_figures(controls, score_files(ordinary, ScoringConfig()), resamples=200)


def spread(number: int) -> float:
    return (number % 5) / 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with M's records, in which RC is 0 to 1, and a control of half the rows at a quarter of it."""
    write(tmp_path / "M.jsonl", [one_item(n, spread(n)) for n in ROWS])
    write(tmp_path / "M-other.jsonl", [control(n, [[spread(n) / 4]], OTHER_ROW) for n in ROWS if n % 2])
    return tmp_path


def test_a_control_is_compared_on_its_rows(folder: Path) -> None:
    """Rows of the odd numbers below 24; every difference is three quarters of RC."""
    (found,) = figures(folder)
    own = [spread(n) for n in ROWS if n % 2]
    mean = sum(own) / len(own)
    assert (found.model, found.judge_model, found.kind, found.n, found.clusters) == ("M", "j", OTHER_ROW, 12, 12)
    values = found.consistency.value, found.control.value, found.difference.value
    assert values == pytest.approx((mean, mean / 4, mean * 0.75))
    for one in (found.consistency, found.control, found.difference):
        assert one.low is not None and one.high is not None and one.value is not None
        assert one.low < one.value < one.high
    assert found.exact


def test_only_rows_that_both_have_scored_count(folder: Path) -> None:
    """An unscored record of either side leaves its row out."""
    for name, number in (("M.jsonl", 1), ("M-other.jsonl", 3)):
        lines = [json.loads(line) for line in (folder / name).read_text().splitlines()]
        bad = [one | {"status": "error"} if one["id"] == f"id{number}" else one for one in lines]
        write(folder / name, bad)
    (found,) = figures(folder)
    own = [spread(n) for n in ROWS if n % 2 and n not in (1, 3)]
    assert found.n == 10 and found.consistency.value == pytest.approx(sum(own) / 10)
    assert found.control.value == pytest.approx(sum(own) / 40)


def test_exchanged_reasons_are_compared_with_themselves(tmp_path: Path) -> None:
    """The model's RC counts the reasons that were exchanged, here the second and third."""
    matrix = [[1.0, 0.5, 0.0], [0.0, 0.25, 0.75]]
    write(tmp_path / "M.jsonl", [record(n, matrix) for n in ROWS])
    exchanged = [control(n, [[0.25, 0.0], [0.0, 0.0]], SIDES_EXCHANGED, items=[2, 3]) for n in ROWS]
    write(tmp_path / "sides.jsonl", exchanged)
    (found,) = figures(tmp_path)
    assert found.consistency.value == (0.5 + 0.75) / 2 and found.control.value == 0.125
    assert found.difference.value == 0.5 and found.n == 24


def test_every_sample_of_the_same_reasons_counts(tmp_path: Path) -> None:
    """With granularity row, too: samples of 0.25 and 0.75 for the second reason have a mean of 0.5."""
    texts = [f"<RESULT_START>\n- R1@S2: {score}\n<RESULT_END>" for score in (0.25, 0.75)]
    samples = [{"generated_text": text} for text in texts]
    own = [record(n, [[0.0, 0.25]], row_granularity=True) | {"samples": samples} for n in ROWS]
    write(tmp_path / "M.jsonl", own)
    exchanged = [control(n, [[0.0]], SIDES_EXCHANGED, items=[2], row_granularity=True) for n in ROWS]
    write(tmp_path / "sides.jsonl", exchanged)
    (found,) = figures(tmp_path)
    assert found.consistency.value == 0.5 and not found.exact


@pytest.mark.parametrize("items", [[4], [0], ["1"], [True]])
def test_numbers_of_no_reason_are_no_figure(tmp_path: Path, items: list[Any]) -> None:
    """A record of another list."""
    write(tmp_path / "M.jsonl", [record(n, [[1.0, 0.5, 0.0]]) for n in ROWS])
    write(tmp_path / "sides.jsonl", [control(n, [[0.25]], SIDES_EXCHANGED, items=items) for n in ROWS])
    (found,) = figures(tmp_path)
    assert found.n == 0 and found.consistency == found.control == found.difference == NO_INTERVAL


def human(model: str, scores: Iterable[float], **fields: Any) -> list[dict[str, Any]]:
    """Return records of the human reference: two annotators a row."""
    return [
        control(f"{n // 2}-annotator-{n % 2 + 1}", [[score]], HUMAN_REFERENCE, model, context=f"row {n // 2}", **fields)
        for n, score in enumerate(scores)
    ]


def test_the_human_reference_needs_no_ordinary_file_and_its_rows_are_clusters(tmp_path: Path) -> None:
    """A row's annotators are not independent."""
    write(tmp_path / "M-human.jsonl", human("M", [spread(n) / 2 for n in range(40)]))
    write(tmp_path / "annotators.jsonl", human("annotators", [spread(n) for n in range(40)]))
    (found,) = figures(tmp_path)
    assert (found.model, found.kind, found.n, found.clusters) == ("M", HUMAN_REFERENCE, 40, 20)
    values = found.consistency.value, found.control.value, found.difference.value
    assert values == pytest.approx((0.25, 0.5, -0.25))


def test_judges_are_not_mixed(folder: Path) -> None:
    """A control of another judge, or of another granularity, has no ordinary figure beside it."""
    for name, judge in (("x", {"model": "x"}), ("y", {"instructions": "other"})):
        write(folder / f"{name}.jsonl", [control(n, [[spread(n)]], OTHER_ROW, judge=judge) for n in ROWS])
    paired, *alone = figures(folder)
    assert paired.n == 12 and paired.difference.value
    assert [(one.n, one.consistency, one.difference) for one in alone] == [(24, NO_INTERVAL, NO_INTERVAL)] * 2
    assert all(one.control.value == pytest.approx(sum(map(spread, ROWS)) / 24) for one in alone)


def test_a_control_is_another_setting_of_the_judge() -> None:
    """So that no flag or difference goes across, whatever way the records come together."""
    judge = JudgeIdentity(model="j", granularity="item")
    assert settings_of(judge) != settings_of(replace(judge, control=OTHER_ROW))


def test_bounds_have_no_difference(tmp_path: Path) -> None:
    """With granularity row only the best reason of each human item is known."""
    own = [record(n, [[1.0, 0.0], [0.0, 0.5]], row_granularity=True) for n in ROWS]
    judge = {"granularity": "row", "top_k": None}
    other = [control(n, [[0.25, 0.0], [0.0, 0.5]], OTHER_ROW, row_granularity=True, judge=judge) for n in ROWS]
    write(tmp_path / "M.jsonl", own)
    write(tmp_path / "other.jsonl", other)
    (found,) = figures(tmp_path)
    assert not found.exact and found.difference == NO_INTERVAL and found.consistency.value == 0.75
    text = render_controls([found])
    assert text.split()[-5:] == [OTHER_ROW, "24", "≥.750", "≥.375", "n/a"] and "≥: lower bounds" in text


# ------------------------------------------------------------------ commands


def test_report_shows_controls_beside_rc_and_never_among_the_models(folder: Path, run: Run) -> None:
    """In text, in JSON, in other formats; CSV text has the models only."""
    out = folder / "r.json"
    code, text, _ = run("report", folder, "--output-file", out, "--resamples", "200")
    assert code == 0 and "weaker reasons" not in text
    line = next(line for line in text.splitlines() if OTHER_ROW in line and line.startswith("M "))
    assert line.split()[:3] == ["M", OTHER_ROW, "12"] and ".500 [" in line
    (row,) = json.loads(out.read_text())
    (figure,) = row["controls"]
    assert row["model"] == "M" and (figure["kind"], figure["n"]) == (OTHER_ROW, 12)
    assert figure["difference"]["value"] == pytest.approx(0.375)
    _, text, _ = run("report", folder, "--format", "github", "--metrics", "paper", "--resamples", "200")
    assert "Controls and human reference\n\n| Model" in text and text.count("| M ") == 2
    _, text, err = run("report", folder, "--format", "csv", "--resamples", "200")
    assert len(text.splitlines()) == 2 and "the controls are not in the CSV text" in err


def test_report_of_controls_alone_is_their_table(folder: Path, run: Run) -> None:
    """Without an overview of no model."""
    out = folder / "r.json"
    code, text, _ = run("report", folder / "M-other.jsonl", "--resamples", "200", "--output-file", out)
    assert code == 0 and text.startswith("Controls and human reference") and "n/a" in text
    assert [one["kind"] for one in json.loads(out.read_text())] == [OTHER_ROW]


def test_the_table_fits_the_width_and_names_the_judges_if_there_are_several(folder: Path) -> None:
    """Names are cut in the middle."""
    write(folder / "x.jsonl", [control(n, [[0.5]], OTHER_ROW, "M" * 60, judge={"model": "x" * 40}) for n in ROWS])
    text = render_controls(figures(folder), width=100)
    assert max(map(len, text.splitlines())) <= 100
    assert "Judge" in text and "Judge" not in render_controls(figures(folder)[:1])


def test_eval_model_chooses_among_the_controls_too(folder: Path, run: Run) -> None:
    """By the judge that the records name."""
    write(folder / "x.jsonl", [control(n, [[0.5]], OTHER_ROW, "N", judge={"model": "x"}) for n in ROWS])
    _, text, _ = run("report", folder, "--eval-model", "j", "--resamples", "200")
    assert "N  " not in text and text.count(f"M      {OTHER_ROW}") == 1


@pytest.mark.parametrize(
    "command", [["compare"], ["export"], ["plot", "--group-by", "domain", "--output-file", "p.svg"]]
)
def test_other_commands_leave_controls_out_and_say_so(
    folder: Path, run: Run, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Figures of controls are none of a model."""
    monkeypatch.chdir(folder)
    write(folder / "N.jsonl", [one_item(n, 0.5, "N", domain="d") for n in ROWS])
    _, text, err = run(*command, folder)
    assert "1 file of control records left out (M-other.jsonl): `report` shows them beside RC" in err
    assert OTHER_ROW not in text


def test_a_page_has_controls_only_if_nothing_else_is_named(folder: Path, run: Run) -> None:
    """To look at what the judge gave there."""
    page = folder / "p.html"
    _, _, err = run("view", folder, "--output-file", page, "--resamples", "200")
    assert "24 rows from 1 file" in err and "1 file of control records left out" in err
    _, _, err = run("view", folder / "M-other.jsonl", "--output-file", page, "--resamples", "200")
    assert "12 rows from 1 file" in err and "left out" not in err


def test_analysis_skips_controls(folder: Path, run: Run) -> None:
    """In a folder, and also if one is named: then there is nothing to analyse."""
    code, text, err = run("analysis", folder)
    assert code == 0 and text.count("M ") == 1
    assert "M-other.jsonl is skipped: control records (other-row); see `report`" in err
    code, text, err = run("analysis", folder / "M-other.jsonl")
    assert code == 1 and not text and "nothing to analyse: control records are shown by `report`" in err


def test_agreement_leaves_controls_out(folder: Path, run: Run) -> None:
    """Otherwise one judge would have two files of a model."""
    write(folder / "M-k.jsonl", [one_item(n, spread(n), judge={"model": "k"}) for n in ROWS])
    code, _, err = run("agreement", folder)
    assert code == 0 and "1 file of control records left out" in err


def test_a_file_that_mixes_both_has_its_ordinary_records_only(folder: Path, run: Run) -> None:
    """`allow_mixed` makes such a file."""
    mixed = [
        *(one_item(n, 0.5) for n in ROWS),
        *(control(n, [[0.0]], OTHER_ROW) | {"question_id": f"c{n}"} for n in ROWS),
    ]
    (table,) = score_files([write(folder / "mixed.jsonl", mixed)], ScoringConfig())
    assert table.mean("paper", "rationale_consistency") == 0.5 and not table.kind
    assert not score_files([folder / "M-other.jsonl"], ScoringConfig())
    assert table.other_models == {"M (control records)": len(ROWS)}


def test_the_report_from_python_has_the_controls(folder: Path) -> None:
    """In its text and its JSON, and never among its models; `scores` has the ordinary rows."""
    found = report([folder], resamples=200)
    assert [one.kind for one in found.controls] == [OTHER_ROW] and [*found.models] == ["M"]
    assert OTHER_ROW in str(found) and "Controls and human reference" in found.details()
    assert found.to_json()[0]["controls"][0]["n"] == 12
    assert not report([folder / "M.jsonl"], resamples=200).controls
    assert [row.model for row in scores([folder])] == ["M"] * len(ROWS)


def test_a_cut_to_the_first_reasons_holds_for_both_sides(tmp_path: Path) -> None:
    """Exchanged reasons are not cut: their first ones may be others."""
    matrix = [[0.5, 0.0, 0.75], [0.0, 0.25, 0.0]]
    write(tmp_path / "M.jsonl", [record(n, matrix) for n in ROWS])
    write(tmp_path / "other.jsonl", [control(n, [[0.25, 0.0, 1.0], [0.0, 0.0, 0.0]], OTHER_ROW) for n in ROWS])
    exchanged = [control(n, [[0.0, 0.25], [0.0, 0.0]], SIDES_EXCHANGED, items=[2, 3]) for n in ROWS]
    write(tmp_path / "sides.jsonl", exchanged)
    other, sides = report([tmp_path], options=ScoringConfig(top_k=1), resamples=200).controls
    assert (other.consistency.value, other.control.value) == (0.25, 0.125)
    assert (sides.consistency.value, sides.control.value) == (0.5, 0.125)


def test_the_picture_has_a_line_for_each_kind(folder: Path, run: Run) -> None:
    """The mean over the models, named in the caption."""
    write(folder / "N-other.jsonl", [control(n, [[0.5]], OTHER_ROW, "N") for n in ROWS])
    levels = control_levels(figures(folder))
    assert levels == {f"control {OTHER_ROW}": pytest.approx((0.5 + sum(spread(n) / 4 for n in ROWS if n % 2) / 12) / 2)}
    code, _, err = run("plot", folder, "--output-file", folder / "p.svg")
    assert code == 0 and "left out" not in err
    assert f"Dotted line: control {OTHER_ROW}, RC 0.312." in (folder / "p.svg").read_text().replace("\n", " ")
