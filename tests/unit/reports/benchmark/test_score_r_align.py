"""R-Align's three figures with their three denominators."""

from pathlib import Path

import pytest

from metajudge.data.benchmarks import read_r_align
from metajudge.reports.benchmark.figures import BenchmarkReport
from metajudge.reports.benchmark.score_r_align import score_r_align
from tests.unit.benchmark_files import rationale, write

# The counts of the published demo: seven right labels, one of them with a failed call; 5 correct, 1 incorrect.
DEMO = [
    *(rationale(n, "A", "Correct") for n in range(5)),
    rationale(5, "A", "Incorrect"),
    rationale(6, "A", "CallFail"),
    rationale(7, "B", "SkippedLabelMismatch"),
    rationale(8, "B", "SkippedLabelMismatch"),
    rationale(9, None, "SkippedLabelMismatch"),
]


def scored(tmp_path: Path, rows: list[dict[str, object]]) -> BenchmarkReport:
    return score_r_align(read_r_align(write(tmp_path / "ppe_aug__m.jsonl", rows)))


def test_each_figure_has_its_denominator(tmp_path: Path) -> None:
    """7/10 labels; 1 - 5/6; 5/9, because the failed call is left out and wrong labels are not."""
    report = scored(tmp_path, DEMO)
    found = [(line.group, line.n, f"{line.figures['figure'].percent:.2f}") for line in report.lines]
    assert found == [
        ("label accuracy (micro)", 10, "70.00"),
        ("S-Corr (micro)", 6, "16.67"),
        ("fidelity (micro)", 9, "55.56"),
    ]
    assert report.model == "the-critic" and report.notes == (
        "failed calls (1) and unreadable replies (0) of the meta-judge count neither in S-Corr nor in fidelity; "
        "unreadable labels (1) count as wrong",
    )


def test_model_and_data_are_in_the_name_of_the_file(tmp_path: Path) -> None:
    """As R-Align names its outputs; rows that name their model win."""
    row = rationale(1, "A", "Correct")
    path = tmp_path / "helpsteer3_aug__gpt-5_metarm_gemini-3.jsonl"
    report = score_r_align(read_r_align(write(path, [row])))
    assert (report.model, report.source) == ("the-critic", "helpsteer3_aug, verdicts of the meta-judge")
    del row["meta"]
    assert score_r_align(read_r_align(write(path, [row]))).model == "gpt-5"
    report = score_r_align(read_r_align(write(tmp_path / "mine.jsonl", [row])))
    assert (report.model, report.source) == ("mine", "verdicts of the meta-judge")


def test_subsets_have_a_mean_beside_that_of_all_rows(tmp_path: Path) -> None:
    """Labels: 3 of 4 in one subset, 0 of 1 in the other; S-Corr has a value in one subset only."""
    rows = [rationale(n, "A", "Correct", source={"subset": "x"}) for n in range(3)]
    rows += [rationale(3, "B", "Skipped", source={"subset": "x"}), rationale(4, "B", "Skipped", source={"subset": "y"})]
    found = {line.group: (line.figures["figure"].percent, line.is_official) for line in scored(tmp_path, rows).lines}
    assert found == {
        "label accuracy (micro)": (60.0, True),
        "label accuracy, mean of 2 subsets (macro)": (37.5, False),
        "S-Corr (micro)": (0.0, True),
        "fidelity (micro)": (60.0, True),
        "fidelity, mean of 2 subsets (macro)": (37.5, False),
    }


def test_rows_without_a_label_are_wrong(tmp_path: Path) -> None:
    """No gold label, or no label of the model: 1 of 3."""
    rows = [rationale(n, "A", "Correct") for n in range(3)]
    rows[0]["gt_label"] = None
    del rows[1]["model_pred"]
    report = scored(tmp_path, rows)
    assert report.lines[0].figures["figure"].percent == pytest.approx(100 / 3)
    assert report.notes[0].endswith("unreadable labels (1) count as wrong")


def test_without_a_judged_reason_there_is_no_s_corr(tmp_path: Path) -> None:
    """All labels wrong, or all calls failed."""
    report = scored(tmp_path, [rationale(1, "A", "CallFail")])
    assert [line.figures["figure"].percent for line in report.lines] == [100.0, None, None]
