"""Shares of classes and flaws, differences of models, and what the reasons of a class are worth."""

import json
from pathlib import Path

import pytest

from metajudge.metrics.statistics.intervals import Interval
from metajudge.reports.flaws.figures import NO_FLAWS, TAGS, FlawFigures, flaw_figures, with_flaws
from metajudge.reports.flaws.tables import read_flaw_tables
from metajudge.reports.flaws.text import flaw_notes, render_flaws
from metajudge.reports.report import report
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.scored_files import score_files
from tests.unit.reports.flaws.files import flaw_file
from tests.unit.result_rows import Run, record, write

PLANTED = [["EG", "EG F4", "GS F1 F4"], ["CG", "EG", "GS F1"]] * 10


def figures(*paths: Path, results: tuple[Path, ...] = ()) -> FlawFigures:
    return flaw_figures(read_flaw_tables(paths), score_files(results, ScoringConfig()), 300)


def test_shares_are_those_of_the_reasons(tmp_path: Path) -> None:
    """60 reasons: 30 EG, 10 CG, 20 GS, 20 F1, 20 F4; nothing is unread."""
    (one,) = figures(flaw_file(tmp_path / "f.jsonl", PLANTED)).models
    assert (one.reasons, one.clusters, len(one.table.rows), one.unread) == (60, 20, 20, {})
    values = {tag: share.low.value for tag, share in one.shares.items()}
    assert values == pytest.approx(
        {"EG": 0.5, "CG": 1 / 6, "GS": 1 / 3, "F1": 1 / 3, "F4": 1 / 3}
        | dict.fromkeys(("F2", "F3", "F5", "F6", "F7"), 0)
    )
    assert all(share.low == share.high for share in one.shares.values())
    share = one.shares["EG"].low
    assert share.low is not None and share.high is not None and 0.3 < share.low < 0.5 < share.high < 0.7


def test_what_is_unread_is_counted_at_0_and_at_1(tmp_path: Path) -> None:
    """A false quote never counts as the class or flaw, nor against it."""
    rows = [["EG", "?EG", "EG ?F4", "EG F4"]] * 12
    (one,) = figures(flaw_file(tmp_path / "f.jsonl", rows)).models
    assert one.shares["EG"].ends == (0.75, 1.0) and one.shares["GS"].ends == (0.0, 0.25)
    assert one.shares["F4"].ends == (0.25, 0.5) and one.shares["F1"].ends == (0.0, 0.0)
    assert one.unread == {"class": 12, "F4": 12}
    found = one.as_json()["shares"]["F4"]
    assert found["unread_as"] == {"lowest": 0.25, "highest": 0.5} and found["low"] < 0.25 and found["high"] > 0.5


def test_rows_of_one_context_are_one_cluster(tmp_path: Path) -> None:
    """Rows that share a conversation are not independent."""
    (one,) = figures(flaw_file(tmp_path / "f.jsonl", PLANTED, context="the same")).models
    assert one.clusters == 1 and one.shares["EG"].low == Interval(0.5, None, None)


def test_models_are_compared_over_their_common_rows(tmp_path: Path) -> None:
    """By one judge; rows that one of both lacks do not count, and the unread goes to either side."""
    files = [
        flaw_file(tmp_path / "m.jsonl", [["EG", "EG"]] * 12 + [["GS", "GS"]] * 8, "M"),
        flaw_file(tmp_path / "n.jsonl", [["EG", "GS", "?EG", "GS"]] * 12, "N"),
        flaw_file(tmp_path / "other.jsonl", [["EG"]] * 12, "N", "another judge"),
    ]
    (pair,) = figures(*files).differences
    assert (pair.models, pair.judge, pair.rows) == (("M", "N"), "j", 12)
    assert pair.shares["EG"].ends == (0.5, 0.75) and pair.shares["GS"].ends == (-0.75, -0.5)
    assert pair.shares["F1"].ends == (0.0, 0.0)


def test_the_parts_of_the_classes_add_up_to_rationale_consistency(tmp_path: Path) -> None:
    """Two human points: the EG reason brings 1, the GS reason .5, the CG reason has no point left."""
    results = write(tmp_path / "r.jsonl", [record(n, [[1.0, 0.0, 0.0], [0.75, 0.5, 0.25]]) for n in range(20)])
    flaws = flaw_file(tmp_path / "f.jsonl", [["EG", "GS", "CG"]] * 20, **{"human-checklist": ["h"] * 2})
    (one,) = figures(flaws, results=(results,)).models
    assert one.credits == {}  # the records have another question id: another list, as far as one can tell
    ids = [json.loads(line) for line in results.read_text().splitlines()]
    (table,) = read_flaw_tables([flaws])
    same = [one | {"question_id": row.question_id} for one, row in zip(ids, table.rows, strict=True)]
    (one,) = figures(flaws, results=(write(results, same),)).models
    credit = one.credits["j"]
    assert {name: (own.reasons, own.per_reason.value, own.part_of_rc.value) for name, own in credit.items()} == {
        "EG": (20, 1.0, 0.5), "CG": (20, 0.0, 0.0), "GS": (20, 0.5, 0.25),
    }  # fmt: skip
    (table,) = score_files([results], ScoringConfig())
    parts = [own.part_of_rc.value or 0.0 for own in credit.values()]
    assert table.mean("paper", "rationale_consistency") == sum(parts)


def test_reasons_without_a_class_have_a_part_of_their_own(tmp_path: Path) -> None:
    """So that nothing is lost from the sum: unread ones, and those that were not asked about."""
    flaws = flaw_file(tmp_path / "f.jsonl", [["?EG", "", "EG"]] * 12, **{"human-checklist": ["h"]})
    (table,) = read_flaw_tables([flaws])
    results = [record(n, [[0.5, 0.75, 0.25]]) | {"question_id": row.question_id} for n, row in enumerate(table.rows)]
    (one,) = figures(flaws, results=(write(tmp_path / "r.jsonl", results),)).models
    credit = one.credits["j"]
    assert (credit["unread"].reasons, credit["unread"].part_of_rc.value) == (24, 0.75)
    assert (credit["EG"].reasons, credit["EG"].part_of_rc.value) == (12, 0.0)


def test_best_scores_alone_give_no_credit(tmp_path: Path) -> None:
    """With granularity row it is not known which reason is worth what."""
    flaws = flaw_file(tmp_path / "f.jsonl", [["EG"]] * 12, **{"human-checklist": ["h"]})
    (table,) = read_flaw_tables([flaws])
    results = [
        record(n, [[0.5]], row_granularity=True) | {"question_id": row.question_id} for n, row in enumerate(table.rows)
    ]
    (one,) = figures(flaws, results=(write(tmp_path / "r.jsonl", results),)).models
    assert one.credits == {}


# ------------------------------------------------------------------ the report


def test_the_report_finds_flaws_beside_results(tmp_path: Path, run: Run) -> None:
    """In the same directory; text, notes and JSON, from Python and by the command."""
    write(tmp_path / "M.jsonl", [record(n, [[0.5]]) for n in range(12)])
    flaw_file(tmp_path / "flaws.jsonl", [["EG F4"], ["GS ?F4"]] * 6)
    output = tmp_path / "report.json"
    code, out, err = run("report", tmp_path, "--resamples", "200", "--output-file", output)
    assert code == 0 and "Kinds of reasons, as j names them" in out
    assert "EG evidence-grounded          .500 " in out and "F4 praise without a contrast  .500–1.000 [" in out
    assert "M, flaws by j: of 12 reasons unread: F4 6" in err
    (row,) = json.loads(output.read_text())
    assert row["model"] == "M" and row["flaws"][0]["shares"]["F4"]["unread_as"] == {"lowest": 0.5, "highest": 1.0}
    assert list(row["flaws"][0]["shares"]) == list(TAGS)
    found = report(tmp_path, resamples=200)
    assert out.startswith(str(found)) and found.to_json() == [row]
    assert "M, flaws by j: of 12 reasons unread: F4 6" in found.notes


def test_the_report_of_flaws_alone(tmp_path: Path, run: Run) -> None:
    """The human points as a control beside the model; differences are to the first file."""
    files = [
        flaw_file(tmp_path / "m.jsonl", [["EG F4"]] * 12),
        flaw_file(tmp_path / "h.jsonl", [["EG"]] * 12, "human"),
    ]
    code, out, _ = run("report", *files, "--output-file", tmp_path / "report.json")
    assert code == 0 and out.startswith("Kinds of reasons") and "Shares of M, over the rows in common:" in out
    lines = [line.split() for line in out.splitlines()]
    assert ["rows", "in", "common", "12"] in lines and not any("RC" in line for line in lines)
    rows = json.loads((tmp_path / "report.json").read_text())
    assert [row["model"] for row in rows] == ["M", "human"]
    assert rows[0]["flaws"][0]["differences"][0]["differences"]["F4"]["unread_as"] == {"lowest": 1.0, "highest": 1.0}
    github = run("report", *files, "--format", "github")[1]
    assert "| EG evidence-grounded         | 1.0000 [.7575, 1.0000] |" in github
    code, out, err = run("report", *files, "--format", "csv")
    assert not out.strip() and "the kinds of reasons are not in the CSV text" in err


def test_many_models_are_shown_a_few_at_a_time_and_fit_the_width(tmp_path: Path) -> None:
    files = [flaw_file(tmp_path / f"{n}.jsonl", PLANTED, f"a-model-with-a-long-name-{n}") for n in range(6)]
    text = render_flaws(figures(*files), width=80)
    assert max(map(len, text.splitlines())) <= 80
    assert sum(line.startswith("reasons ") for line in text.splitlines()) == 3


def test_notes_name_what_failed_and_pairs_without_common_rows(tmp_path: Path) -> None:
    one = flaw_file(tmp_path / "m.jsonl", [["EG"], ["EG"]])
    lines = [json.loads(line) for line in one.read_text().splitlines()]
    del lines[0]["M-flaws"]
    write(one, [*lines, b"{\n"])
    other = flaw_file(tmp_path / "n.jsonl", [["EG"]], "N")
    unreadable, *notes = flaw_notes(figures(one, other))
    assert unreadable.startswith("m.jsonl: 1 unreadable line: line 3 is not JSON")
    assert notes == [
        "M, flaws by j: 1 row without any reason read; run flaws again",
        "M and N have no row with flaws in common",
    ]
    assert render_flaws(NO_FLAWS) == "" and with_flaws([], NO_FLAWS) == []
