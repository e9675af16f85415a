"""The report from Python: an object with rows, notes, text and JSON."""

import html
import json
from pathlib import Path

import pytest

from metajudge.cli.parameters import with_flags
from metajudge.errors import UsageError
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.report import report
from metajudge.reports.row_scores import ScoringConfig
from tests.unit.result_rows import Run, failed, one_item, write


def two_files(folder: Path) -> list[Path]:
    """G's scores are high, W's are low, in two domains; one row of W has no score."""
    rows = {model: [one_item(n, n / 12 / part, model, domain="cs"[n % 2]) for n in range(12)]
            for model, part in (("G", 1), ("W", 3))}  # fmt: skip
    return [write(folder / "G.jsonl", rows["G"]), write(folder / "W.jsonl", [*rows["W"], failed(12, "W")])]


def test_the_object_is_what_the_command_prints(tmp_path: Path, run: Run) -> None:
    """stdout is the text, stderr the notes, and the JSON file the list; paths may be texts or a directory."""
    two_files(tmp_path)
    found = report(str(tmp_path), resamples=200)
    command = ("report", tmp_path, "--resamples", "200", "--output-file", tmp_path / "report.json")
    assert run(*command)[1].startswith(str(found))
    code, out, err = run(*command, "--details")
    assert code == 0 and out == f"{found}\n{found.details()}\n"
    assert err.splitlines() == list(map(with_flags, found.notes))
    assert json.loads((tmp_path / "report.json").read_text()) == json.loads(json.dumps(found.to_json()))


def test_figures_are_found_by_model(tmp_path: Path) -> None:
    """A group is no model; the figures are the means of the scores."""
    found = report(two_files(tmp_path), "domain", resamples=100)
    assert list(found.models) == ["G", "W"] and len(found.rows) == 7
    figure = found.models["G"].metrics["paper", "rationale_consistency"]
    assert figure.value == pytest.approx(sum(n / 12 for n in range(12)) / 12)
    assert figure.low is not None and figure.low < figure.value
    assert found.models["W"].unscored == 1 and any("W: left out of the paper metrics: " in one for one in found.notes)


def test_options_rule_and_judge_are_taken(tmp_path: Path) -> None:
    """`group_by` of the options counts unless it is named itself; a judge that is not there is an error."""
    files = two_files(tmp_path)
    options = ScoringConfig(group_by="n_human", sound_threshold=1.0)
    assert {row.group for row in report(files, options=options, resamples=100).rows} == {None, "1"}
    by_domain = report(files, "domain", options, FlagRule(accuracy_margin=0.2), 100, eval_model="j")
    assert {row.group for row in by_domain.rows} == {None, "c", "s", "none"}
    with pytest.raises(UsageError, match="`eval_model` x: no file has results of this judge; there are j"):
        report(files, eval_model="x")


def test_a_notebook_gets_escaped_text(tmp_path: Path) -> None:
    """A name in a file cannot become a tag."""
    path = write(tmp_path / "m.jsonl", [one_item(n, 0.5, "<b>m</b>") for n in range(3)])
    path.write_bytes(path.read_bytes() + b"{<i>\n")
    found = report(path, resamples=100)
    shown = found._repr_html_()
    assert shown.startswith("<pre>") and "&lt;b&gt;m&lt;/b&gt;" in shown and "<b>" not in shown
    assert html.escape(found.notes[0]) in shown and "line" in found.notes[0]


def test_a_report_on_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="no result file is named"):
        report([])
