"""The report: rows, notes, JSON, and the command."""

import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.report import report as report_object
from tests.best_scores import files_held
from tests.unit.result_rows import Run, best, failed, one_item, record, write

STEPS = [0.0, 0.25, 0.5, 0.75, 1.0]
REPORT = ("report", "--resamples", "500", "--details")


def report(paths: list[Path], **options: Any) -> list[dict[str, Any]]:
    """Return the report's JSON list."""
    return report_object(paths, **options).to_json()


def two_models(tmp_path: Path, n: int = 30) -> list[Path]:
    """G reasons well, W badly; both are right in 80 %."""
    rng = random.Random(1)
    files = []
    for model, weights in (("G", [1, 1, 2, 3, 5]), ("W", [8, 2, 1, 0, 0])):
        records = []
        for number in range(n):
            matrix = [[rng.choices(STEPS, weights)[0] if r == s else 0.0 for s in range(3)] for r in range(3)]
            label = "A>B" if number % 5 else "B>A"
            records.append(record(number, matrix, model, label=label, domain=["code", "stem"][number % 2]))
        files.append(write(tmp_path / f"{model}.jsonl", records))
    return files


def test_the_json_has_a_row_a_model_and_group_with_every_metric(tmp_path: Path) -> None:
    """`group` null over all rows comes first; each metric has value, low and high around it."""
    rows = report(two_models(tmp_path), group_by="domain", resamples=500)
    assert [(row["model"], row["group"]) for row in rows] == [
        (model, group) for model in "GW" for group in (None, "code", "stem")
    ]
    for row in rows:
        assert [*row["paper"]][:3] == ["rationale_consistency", "average_precision", "average_precision_soft"]
        assert [*row["paper"]][3:] == ["precision", "f1"]
        assert [*row["reference"]] == ["precision", "recall", "f1", "average_precision"]
        assert [*row["outcome"]] == ["accuracy", "accuracy_3way", "spurious_correctness", "fidelity", "tie_rate"]
        assert row["n"] == row["clusters"] == (30 if row["group"] is None else 15) and row["unscored"] == 0
        for metric in ({**row["paper"]} | row["outcome"]).values():
            assert metric["low"] <= metric["value"] <= metric["high"]
    json.dumps(rows, allow_nan=False)


def test_values_are_the_means_of_the_rows(tmp_path: Path) -> None:
    """Worked from the matrices: a diagonal one has RC = its mean."""
    path = two_models(tmp_path)[0]
    records = [json.loads(line) for line in path.read_text().splitlines()]
    expected = sum(sum(score for _, _, score in best(one["score_matrix"])) / 3 for one in records) / 30
    (row,) = report([path], resamples=200)
    assert row["paper"]["rationale_consistency"]["value"] == pytest.approx(expected)
    assert row["outcome"]["accuracy"]["value"] == pytest.approx(0.8)


def test_rc_is_given_for_right_and_for_wrong_labels(tmp_path: Path) -> None:
    records = [one_item(n, 1.0 if n < 12 else 0.25, label="A>B" if n < 12 else "B>A") for n in range(24)]
    (row,) = report([write(tmp_path / "M.jsonl", records)], resamples=200)
    given = row["rationale_consistency_given"]
    assert (given["right"]["value"], given["wrong"]["value"]) == (1.0, 0.25)


def test_unscored_rows_are_counted_and_shown_at_both_ends(tmp_path: Path, run: Run) -> None:
    """10 rows at .5, 2 failed: .5; with them at 0 and at 1: 5/12 and 7/12."""
    path = write(tmp_path / "M.jsonl", [*(one_item(n, 0.5) for n in range(10)), failed(10), failed(11)])
    (row,) = report([path], resamples=200)
    assert row["unscored"] == 2 and row["paper"]["rationale_consistency"]["value"] == 0.5
    assert row["rationale_consistency_unscored_as"] == {"zero": pytest.approx(5 / 12), "one": pytest.approx(7 / 12)}
    assert "2 unscored rows; RC is 0.4167 with them at 0 and 0.5833 with them at 1" in run(*REPORT, path)[2]


def test_rows_without_human_items_are_undefined_not_unscored(tmp_path: Path) -> None:
    """Nobody said what a good reason would be."""
    empty = {**one_item(1, 1), "status": "empty", "empty": "human", "n_human": 0, "score_matrix": None}
    empty["metadata"] = {**empty["metadata"], "human-checklist": []}
    (row,) = report([write(tmp_path / "M.jsonl", [empty, one_item(2, 0.5)])], resamples=200)
    assert row["n"] == 2 and row["unscored"] == 0 and row["unscored_reasons"] == {"human checklist empty": 1}


def test_row_records_show_both_bounds(tmp_path: Path, run: Run) -> None:
    """S1 is the best of both human items: RC is between .75/2 and 1.25/2."""
    path = write(tmp_path / "M.jsonl", [record(n, [[0.75, 0], [0.5, 0]], row_granularity=True) for n in range(3)])
    (row,) = report([path], resamples=200)
    assert row["rationale_consistency_bounds"] == {"low": 0.375, "high": 0.625} and row["shared_rows"] == 3
    assert "RC is between 0.3750 and 0.6250 (3 rows have a model item that several" in run(*REPORT, path)[2]


def test_several_samples_show_the_judges_own_variance(tmp_path: Path, run: Run) -> None:
    rng = random.Random(3)
    records = [one_item(n, rng.choice(STEPS), more_samples=[[[rng.choice(STEPS)]]]) for n in range(20)]
    path = write(tmp_path / "M.jsonl", records)
    found = report([path], resamples=200)[0]["reliability"]
    assert found["samples"] == 2 and found["rows"] == 20 and found["judge_variance"] > 0.01
    assert "2 samples per row: the judge's own variance of RC is" in run(*REPORT, path)[2]


def test_a_model_as_right_with_worse_reasons_is_flagged(tmp_path: Path, run: Run) -> None:
    """Equal labels and far worse reasons are sure even with 60 rows. The better model is not flagged."""
    code, out, err = run(*REPORT, *two_models(tmp_path, 60))
    assert code == 0 and "S-Corr" in out
    assert "deceptive alignment: W: flagged (OA 0.000 below, RC 0." in err
    assert "deceptive alignment: G: not flagged (it has the highest RC)" in err
    flags = {row["model"]: row["deceptive_alignment"] for row in report(two_models(tmp_path, 60), resamples=500)}
    assert (
        flags["W"]["verdict"] == "flagged"
        and flags["W"]["against"] == "G"
        and flags["W"]["p_value"] == pytest.approx(0.0378, abs=1e-4)
    )


def test_too_few_resamples_for_many_models_get_a_note(tmp_path: Path, run: Run) -> None:
    """Seven models and 100 resamples: the least p is 6/101."""
    files = [write(tmp_path / f"{m}.jsonl", [one_item(n, n % 5 / 5, m) for n in range(12)]) for m in "ABCDEFG"]
    note = "of 7 models none can be flagged with 100 resamples: raise --resamples"
    assert note in run(*REPORT, *files, "--resamples", "100")[2]
    assert note not in run(*REPORT, *files[:5], "--resamples", "100")[2]


def test_the_flag_takes_the_last_record_of_a_row(tmp_path: Path, run: Run) -> None:
    """Second records of changed lists move no gap beyond what the models' own figures allow, in either order."""

    def rows(model: str, score: float, n: int, **more: Any) -> list[dict[str, Any]]:
        return [one_item(i, score, model, label="A>B" if i % 5 else "B>A") | more for i in range(n)]

    good = write(tmp_path / "G.jsonl", rows("G", 0.75, 60))
    weak = write(tmp_path / "W.jsonl", rows("W", 0.25, 60) + rows("W", 0.25, 30, question_id="changed"))
    for files in ((good, weak), (weak, good)):
        assert "W: flagged (OA 0.000 below, RC 0.500 below G; p" in run(*REPORT, *files)[2]


def test_a_model_without_labels_says_so_and_the_rest_works(tmp_path: Path, run: Run) -> None:
    records = [one_item(n, 0.5 + n % 3 / 10, "B", label=None) for n in range(20)]
    bare, copy = (write(tmp_path / f"{name}.jsonl", records) for name in "BC")
    code, out, err = run(*REPORT, *two_models(tmp_path), bare, "--metrics", "outcome")
    assert code == 0 and "B: no readable B-label in its rows with a human preference: no outcome metrics" in err
    (line,) = [line for line in out.splitlines() if line.startswith("B")]
    assert line.split()[-4:] == ["n/a"] * 4 and "0.8000 [0." in out
    assert "B (C.jsonl): no readable B-label in its rows" in run(*REPORT, bare, copy)[2]


@pytest.mark.parametrize(
    ("records", "note", "absent"),
    [
        ([one_item(1, 0.5)], "M: 1 cluster of scored rows: too few for an interval (at least 10)", "equal"),
        ([one_item(n, 0.5) for n in range(20)], "M: all scores are equal: no interval can be estimated", "too few"),
        (
            [*(one_item(n, n / 8) for n in range(7)), *(failed(n) for n in range(7, 12))],
            "M: 7 clusters of scored rows: too few for an interval (at least 10)",
            "equal",
        ),
        (
            [one_item(n, 1, **{"human-checklist": []}) | {"n_human": 0, "score_matrix": []} for n in range(12)],
            "12 human checklist empty",
            "interval",
        ),
        (
            [one_item(n, n % 2, context=f"question {n // 2}") for n in range(24)],
            "M: all means of clusters are equal: no interval can be estimated",
            "too few",
        ),
    ],
    ids=["one row", "equal scores", "failed rows are no clusters", "undefined rows", "equal means"],
)
def test_a_note_says_why_there_is_no_interval(
    tmp_path: Path, run: Run, records: list[dict[str, Any]], note: str, absent: str
) -> None:
    _, out, err = run(*REPORT, write(tmp_path / "M.jsonl", records))
    assert "n/a" in out and note in err and absent not in err


def test_unscored_rows_without_any_metadata_are_unscored(tmp_path: Path) -> None:
    """Their human items are unknown: 12 rows at .5 and 2 such rows give 6/14 and 8/14."""
    bare = [{**failed(n), "metadata": None, "n_human": None} for n in (12, 13)]
    (row,) = report([write(tmp_path / "M.jsonl", [*(one_item(n, 0.5) for n in range(12)), *bare])], resamples=200)
    assert row["unscored"] == 2
    assert row["rationale_consistency_unscored_as"] == {"zero": pytest.approx(6 / 14), "one": pytest.approx(8 / 14)}


def test_ends_are_shown_above_one_per_cent_of_unscored_rows(tmp_path: Path) -> None:
    """1 of 100 is 1 % and shows none, 2 of 101 do."""
    rows = [one_item(n, 0.5) for n in range(99)]
    for failures, is_shown in ((1, False), (2, True)):
        path = write(tmp_path / "M.jsonl", [*rows, *(failed(100 + n) for n in range(failures))])
        assert (report([path], resamples=100)[0]["rationale_consistency_unscored_as"] is not None) == is_shown


def test_records_of_another_model_are_left_out_with_a_note(tmp_path: Path, run: Run) -> None:
    """The figures are those of the file's model alone; its name may differ in case."""
    own = [one_item(n, 0.5, label="A>B" if n % 3 else "B>A") for n in range(12)]
    own.append({**one_item(12, 0.25), "model_be_evaluated": "m"})
    others = [{**one_item(n, 1.0, "W"), "question_id": f"w{n}"} for n in range(12)]
    (alone,) = report([write(tmp_path / "M.jsonl", own)], resamples=200)
    path = write(tmp_path / "M.jsonl", [*own, *others])
    assert report([path], resamples=200) == [alone] and alone["n"] == 13
    code, _, err = run(*REPORT, path)
    assert code == 0 and "M.jsonl is about M; records of other models are left out: 12 of W\n" in err
    assert "unscored" not in err and "left out of the paper metrics" not in err


def test_verdicts_against_their_reasons_are_shown(tmp_path: Path, run: Run) -> None:
    """A line with the number of rows, if there are any."""
    reasons = {"M-checklist": ["Response B is correct", "Response A omits the unit"]}
    rows = [record(n, [[1.0, 0.0]], label="A>B" if n else "B>A", **reasons) for n in range(3)]
    line = "M: in 2 rows the verdict is against all reasons that take a side (by their words)"
    assert line in run(*REPORT, write(tmp_path / "M.jsonl", rows))[2]
    assert "take a side" not in run(*REPORT, write(tmp_path / "N.jsonl", rows[:1]))[2]


def test_the_tie_rate_is_shown_beside_the_counts(tmp_path: Path, run: Run) -> None:
    """3 ties among 12 readable labels; an invalid label and a row without human preference do not count."""
    labels = [*["tie"] * 3, *["A>B"] * 9, "who knows"]
    rows = [one_item(n, n / 13, label=label) for n, label in enumerate(labels)]
    rows.append(one_item(20, 0.5, label="tie", preference=None))
    path = write(tmp_path / "M.jsonl", rows)
    rate = report([path], resamples=200)[0]["outcome"]["tie_rate"]
    assert rate["value"] == 0.25 and 0 < rate["low"] < 0.25 < rate["high"] < 1
    interval = f"[{rate['low']:.4f}, {rate['high']:.4f}]"
    assert f"M: of 13 labelled rows 3 predicted ties (tie rate 0.2500 {interval}), 1 invalid" in run(*REPORT, path)[2]


def test_a_field_that_no_row_has_is_refused(tmp_path: Path, run: Run) -> None:
    """The error lists the known names; a field of any one file is accepted."""
    first = write(tmp_path / "A.jsonl", [one_item(n, 0.5, "A") for n in range(3)])
    code, out, err = run(*REPORT, first, "--group-by", "domian")
    assert code == 2 and out == "" and len(err.splitlines()) == 1
    assert "--group-by domian: no row has a value there; there are n_human, preference_strength, label_correct" in err
    assert ", context, human-checklist, A-checklist, A-label, overall_preference" in err
    second = write(tmp_path / "B.jsonl", [one_item(n, 0.5, "B", domain="code") for n in range(3)])
    assert run(*REPORT, first, second, "--group-by", "domain")[0] == 0
    assert run(*REPORT, first, "--group-by", "preference_strength")[0] == 0


def test_a_file_of_two_judges_or_changed_lists_gets_a_note(tmp_path: Path, run: Run) -> None:
    """Each judge has a table; a record of a changed row counts, too."""
    records = [one_item(1, 1, judge={"model": "x"}), one_item(2, 0.5, judge={"model": "y"})]
    records.append({**one_item(2, 0.75, judge={"model": "y"}), "question_id": "changed"})
    code, _, err = run(*REPORT, write(tmp_path / "M.jsonl", records))
    assert code == 0
    assert "the files come from different judges (x, y)" in err
    assert "M.jsonl: 1 of its records count beside an earlier one of the same row" in err


def test_two_files_of_one_model_are_distinguished(tmp_path: Path, run: Run) -> None:
    """The file's name, or its path, follows the model's, also in the notes on the flag."""
    better = write(tmp_path / "b.jsonl", [one_item(n, 1 - n / 60) for n in range(30)])
    worse = write(tmp_path / "w.jsonl", [one_item(n, n / 60) for n in range(30)])
    code, out, err = run(*REPORT, worse, better)
    assert code == 0 and "M (b.jsonl)" in out and "M (w.jsonl)" in out
    assert [line for line in err.splitlines() if "highest RC" in line] == [
        "deceptive alignment: M (b.jsonl): not flagged (it has the highest RC)"
    ]
    (tmp_path / "other").mkdir()
    same_name = write(tmp_path / "other" / "b.jsonl", [one_item(n, 0.5) for n in range(30)])
    _, out, _ = run(*REPORT, same_name, better)
    assert f"M ({same_name})" in out and f"M ({better})" in out


def test_models_with_other_rows_are_marked(tmp_path: Path, run: Run) -> None:
    first = write(tmp_path / "a.jsonl", [one_item(n, 0.5, "A") for n in range(3)])
    second = write(tmp_path / "b.jsonl", [one_item(n, 0.5, "B") for n in range(5)])
    _, out, err = run(*REPORT, first, second)
    assert "\nB* " in out and "\nA " in out
    assert "B*: 2 of its 5 rows are not in all files" in err


def test_a_file_without_a_scored_row_is_exit_1(tmp_path: Path, run: Run) -> None:
    """The reasons are on stderr, the row is on stdout; a name cannot steer the terminal."""
    code, out, err = run(*REPORT, write(tmp_path / "M.jsonl", [failed(n, "M\x1b[31mred") for n in (1, 2)]))
    assert code == 1 and "n/a" in out and "nothing scored for M" in err and "2 status error" in err
    assert "\x1b" not in out + err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere.jsonl"], "does not exist"),
        (["--metrics", "paper,nonsense"], "--metrics paper,nonsense: there are paper, outcome, reference"),
        (["--output-file", "missing/x.json"], "the directory missing does not exist"),
    ],
)
def test_bad_arguments_get_one_line(tmp_path: Path, run: Run, arguments: list[str], message: str) -> None:
    path = write(tmp_path / "M.jsonl", [one_item(1, 0.5)])
    code, _, err = run(*REPORT, path, *arguments)
    assert code == 2 and message in err and len(err.splitlines()) == 1


@pytest.mark.parametrize(
    "line",
    ["report {}", "compare {}", "plot {}", "agreement {} {}", "show {}", "dedupe {} x", "report x --output-file {}"],
)
def test_a_path_that_cannot_be_looked_at_is_no_output_that_cannot_be_written(run: Run, line: str) -> None:
    """A name that is too long fails before the file is opened, as one in a closed directory does."""
    code, _, err = run(*(f"{'a' * 300}.jsonl" if word == "{}" else word for word in line.split()))
    assert code == 2 and "cannot be used: File name too long; check the path" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("command", ["report", "compare", "plot", "agreement"])
def test_lines_that_are_no_records_get_a_note(tmp_path: Path, run: Run, command: str) -> None:
    paths = []
    for name in "MW":
        judge = {"model": name} if command == "agreement" else {}
        paths.append(write(tmp_path / f"{name}.jsonl", [one_item(n, n / 12, name, judge=judge) for n in range(12)]))
    with paths[0].open("a") as file:
        file.write('{"id": "torn\n' * 4 + "[]\n")
    more = ["--resamples", "100"] if command in ("compare", "report") else []
    err = run(command, *paths, *more, *(["--output", tmp_path / "p.svg"] if command == "plot" else []))[2]
    line = "line 13 is not JSON (Invalid control character at column 13)"
    assert f"M.jsonl: 5 unreadable lines: {line}; {line.replace('13 is', '14 is')}" in err and "; and 2 more\n" in err
    assert "W.jsonl" not in err


@pytest.mark.parametrize("line", ["report x --ap-key=sk-secret", "plot training x --seed 1"])
def test_the_help_of_the_command_is_named_for_a_mistyped_flag(capsys: pytest.CaptureFixture[str], line: str) -> None:
    """The general help has no flags; the text after `=` may be a key and is not shown."""
    with pytest.raises(SystemExit, match="2"):
        main(line.split())
    err = capsys.readouterr().err
    flag = "--ap-key" if "key" in line else "--seed"
    assert f"unrecognized arguments: {flag}; " in err and "sk-secret" not in err
    assert err.endswith(f"see metajudge {line.split()[0]} --help\n")


@pytest.mark.parametrize("command", ["report", "compare", "plot", "agreement"])
def test_paths_without_a_flag_are_named_without_one(tmp_path: Path, run: Run, command: str) -> None:
    """These commands have no --input-file or --input-dir to correct. A log is drawn by another command."""
    (tmp_path / "empty").mkdir()
    write(tmp_path / "log.jsonl", [{"arm": "hybrid", "seed": 1, "step": 1, "outcome": 0.5, "rationale": 0.1}])
    for name, message in (
        ("no.jsonl", "does not exist"),
        ("empty", "has no *.jsonl file"),
        ("log.jsonl", "holds the steps of a training run, no results; draw them with: python3 -m metajudge plot-train"),
    ):
        code, _, err = run(command, tmp_path / name, tmp_path / name)
        assert code == 2 and f"{tmp_path / name} {message}" in err and "--input" not in err


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="counts the threads of a Linux process")
def test_a_command_computes_with_one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads of the matrix library wait for each other on busy cores; a setting of the user is kept."""
    path = write(tmp_path / "M.jsonl", [one_item(n, n / 20) for n in range(20)])
    code = (
        "import os, sys; from metajudge.cli import main; main(sys.argv[1:]); "
        "print('threads', len(os.listdir('/proc/self/task')), os.environ['OPENBLAS_NUM_THREADS'])"
    )
    command = [sys.executable, "-c", code, "report", "--resamples", "100", str(path)]
    monkeypatch.delenv("OPENBLAS_NUM_THREADS", raising=False)
    assert subprocess.check_output(command, text=True).rstrip().endswith("threads 1 1")
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "2")
    assert subprocess.check_output(command, text=True).rstrip().endswith(" 2")


def test_every_format_and_a_directory(tmp_path: Path, run: Run) -> None:
    """Files of a directory without results are skipped."""
    files = two_models(tmp_path)
    (tmp_path / "rows.jsonl").write_text('{"response1": "x"}\n')
    code, out, _ = run(*REPORT, tmp_path, "--format", "csv", "--metrics", "paper")
    header, *lines = out.splitlines()
    assert code == 0 and len(lines) == len(files)
    assert header.startswith(
        "model,group,n,clusters,unscored,paper_rationale_consistency,paper_rationale_consistency_low"
    )
    assert len(lines[0].split(",")) == len(header.split(",")) == 5 + 3 * 5 + 1
    code, out, _ = run(*REPORT, tmp_path, "--format", "github", "--group-by", "domain")
    assert code == 0 and "| G       | stem    |" in out


def test_output_file_holds_the_same_as_the_function(tmp_path: Path, run: Run) -> None:
    path = two_models(tmp_path)[0]
    run(*REPORT, path, "--output-file", tmp_path / "out.json")
    written: Any = json.loads((tmp_path / "out.json").read_text())
    assert written == json.loads(json.dumps(report([path], resamples=500)))


def test_a_cluster_field_that_no_row_has_is_refused(tmp_path: Path, run: Run) -> None:
    """Else every row would silently be a cluster; rows without the default field are allowed."""
    first = write(tmp_path / "A.jsonl", [one_item(n, n / 12, "A", context=None, prompt="p") for n in range(12)])
    second = write(tmp_path / "B.jsonl", [one_item(n, n / 12, "B", context=None, source="s") for n in range(12)])
    for command in (REPORT, ("compare",), ("plot", "--output-file", tmp_path / "x.png")):
        code, out, err = run(*command, first, second, "--cluster-field", "sorce")
        assert code == 2 and out == "" and len(err.splitlines()) == 1
        assert "--cluster-field sorce: no row has a value there; there are human-checklist, A-checklist" in err
    assert run(*REPORT, first, second, "--cluster-field", "source")[0] == 0
    code, _, err = run(*REPORT, first, second)
    assert code == 0 and "A.jsonl: rows without a context: prompt is taken as the context (--cluster-field)" in err
    assert "B.jsonl: rows without a context" not in err


def test_rows_with_long_model_lists_are_counted_in_the_reference_table(tmp_path: Path, run: Run) -> None:
    """A column, a note and JSON; `--max-checklist-len` takes them."""
    path = write(tmp_path / "M.jsonl", [one_item(1, 1), one_item(2, 1), record(3, [[0.5] * 11])])
    (row,) = report([path], resamples=200)
    assert row["reference_left_out"] == 1 and row["unscored"] == 0
    assert row["reference_left_out_reasons"] == {"model checklist longer than 10": 1}
    code, out, err = run(*REPORT, path, "--metrics", "reference")
    assert code == 0 and re.search(r"^M +3 +3 +0 +1 ", out, re.MULTILINE)
    assert "M: left out of the reference metrics: 1 model checklist longer than 10" in err
    code, out, err = run(*REPORT, path, "--metrics", "reference", "--max-checklist-len", "11")
    assert code == 0 and re.search(r"^M +3 +3 +0 +0 ", out, re.MULTILINE) and "left out" not in err


def test_fidelity_of_a_group_is_unknown_where_no_right_row_is_judged(tmp_path: Path) -> None:
    rows = [one_item(n, 1.0, domain="code", label="A>B" if n else "B>A") for n in range(3)]
    rows += [{**one_item(n, 0.0, domain="stem", label="B>A" if n > 4 else "A>B"), "status": "error"} for n in (3, 4, 5)]
    whole, code, stem = report([write(tmp_path / "M.jsonl", rows)], group_by="domain", resamples=200)
    assert [row["outcome"]["fidelity"]["value"] for row in (whole, code, stem)] == [0.5, pytest.approx(2 / 3), None]


def two_judges(tmp_path: Path) -> Path:
    """A folder in which the embedded judge finds better reasons in the same two models than the judge x."""
    folder = tmp_path / "output"
    folder.mkdir()
    for judge, drop in (("embedded", 0.0), ("x", 0.5)):
        for model in "GW":
            records = [one_item(n, (0.5 + n % 2 / 4) - drop, model, judge={"model": judge}) for n in range(30)]
            write(folder / f"{model}-{judge}.jsonl", records)
    return folder


def test_each_judge_has_a_table_and_no_flag_goes_across(tmp_path: Path, run: Run) -> None:
    """A model is not flagged against itself because another judge is stricter."""
    folder = two_judges(tmp_path)
    code, out, err = run(*REPORT, folder, "--metrics", "paper", "--output-file", tmp_path / "r.json")
    tables = out.split("Paper metrics (one-to-one matching), judge ")
    assert code == 0 and [table.split("\n")[0] for table in tables[1:]] == ["embedded", "x"]
    assert all(re.search(r"^Judge +Model ", table, re.MULTILINE) for table in tables[1:])
    assert ": flagged" not in err and err.count("(it has the highest RC)") == 2
    rows = json.loads((tmp_path / "r.json").read_text())
    assert [row["judge_model"] for row in rows] == ["embedded"] * 2 + ["x"] * 2
    assert {row["judge_model"]: row["deceptive_alignment"]["against"] for row in rows} == {
        "embedded": "G (G-embedded.jsonl)",
        "x": "G (G-x.jsonl)",
    }
    code, out, err = run(*REPORT, folder, "--eval-model", "x")
    assert code == 0 and "Judge  " not in out and "embedded" not in out + err
    assert run(*REPORT, folder, "--metrics", "paper", "--format", "csv")[1].startswith("judge,model,group,n,")
    code, out, err = run(*REPORT, folder, "--eval-model", "y")
    assert code == 2 and "--eval-model y: no file has results of this judge; there are embedded, x" in err


def test_the_judges_of_one_file_have_a_table_each(tmp_path: Path, run: Run) -> None:
    """So do the granularities of one judge; failures alone make no judge."""
    records = [one_item(n, n % 2, judge={"model": "xy"[n > 5]}) for n in range(12)]
    rows = report([write(tmp_path / "M.jsonl", records)], resamples=200)
    assert [(row["model"], row["judge_model"], row["n"]) for row in rows] == [
        ("M (M.jsonl, x)", "x", 6), ("M (M.jsonl, y)", "y", 6),
    ]  # fmt: skip
    (row,) = report([write(tmp_path / "M.jsonl", [*records[:6], failed(6, judge={"model": "y"})])], resamples=200)
    assert row["model"] == "M" and row["n"] == 7
    files = [
        write(tmp_path / f"{model}.jsonl", [record(n, [[0.5]], model, row_granularity=flag) for n in range(6)])
        for model, flag in (("A", True), ("B", False))
    ]
    out = run(*REPORT, *files, "--metrics", "paper")[1]
    assert "judge j (granularity row, top_k all)" in out and "judge j (granularity item, top_k 5)" in out


def test_labels_alone_are_enough_for_the_outcome(tmp_path: Path, run: Run) -> None:
    """Rows of an input file without any checklist: OA and tie rate, nothing about reasons, exit 0."""
    rows = [
        {"context": f"q{n}", "overall_preference": -1, "M-label": "A>B" if n < 9 else "B>A", "N-label": "B>A"}
        for n in range(12)
    ]
    path = write(tmp_path / "rows.jsonl", [*rows, b"{"])
    code, out, err = run(*REPORT, path, "--metrics", "outcome", "--output-file", tmp_path / "r.json")
    assert code == 0 and "flagged" not in err and "rows.jsonl: 1 unreadable line: line 13" in err
    first, second = json.loads((tmp_path / "r.json").read_text())
    assert (first["model"], first["n"], first["outcome"]["accuracy"]["value"]) == ("M", 12, 0.75)
    assert (second["model"], second["outcome"]["accuracy"]["value"]) == ("N", 0.0)
    assert first["outcome"]["fidelity"]["value"] is second["outcome"]["fidelity"]["value"] is None
    assert first["unscored_reasons"] == {"not judged": 12} and re.search(r"^M +12 +12 +12 +0.7500", out, re.MULTILINE)
    code, out, err = run(*REPORT, path)
    assert code == 2 and out == ""
    unlabelled = write(tmp_path / "none.jsonl", [{**row, "overall_preference": None} for row in rows])
    assert run(*REPORT, unlabelled, "--metrics", "outcome")[0] == 1


def test_results_without_a_scored_row_have_an_outcome(tmp_path: Path, run: Run) -> None:
    path = write(tmp_path / "M.jsonl", [failed(n) for n in range(12)])
    assert run(*REPORT, path, "--metrics", "outcome")[0] == 0 and run(*REPORT, path)[0] == 1


def test_rc_of_row_records_is_a_range_whose_interval_holds_both_bounds(tmp_path: Path, run: Run) -> None:
    """The same scores with every pair: the exact RC is within the range."""
    rng = random.Random(5)
    matrices = [[[rng.choice(STEPS) for _ in range(3)] for _ in range(3)] for _ in range(30)]
    rows = write(tmp_path / "R.jsonl", [record(n, one, row_granularity=True) for n, one in enumerate(matrices)])
    items = write(tmp_path / "I.jsonl", [record(n, one) for n, one in enumerate(matrices)])
    (row,), (exact,) = (report([path], resamples=500) for path in (rows, items))
    bounds, interval = row["rationale_consistency_bounds"], row["rationale_consistency_bounds_interval"]
    assert (row["exact"], exact["exact"]) == (False, True) and exact["rationale_consistency_bounds_interval"] is None
    value = exact["paper"]["rationale_consistency"]
    assert interval["low"] < bounds["low"] < value["value"] < bounds["high"] < interval["high"]
    assert interval["low"] <= value["low"] and value["high"] <= interval["high"]
    shown = f"{bounds['low']:.4f}–{bounds['high']:.4f} [{interval['low']:.4f}, {interval['high']:.4f}]"
    assert shown in run(*REPORT, rows, "--metrics", "paper")[1]
    assert "–" not in run(*REPORT, items, "--metrics", "paper")[1]
    for given in row["rationale_consistency_given"].values():
        assert given["bound"] == "lower" and given["high"] is None


def test_the_range_of_simulated_row_records_holds_the_exact_value(tmp_path: Path) -> None:
    """20 files of 40 rows; tests/slow does the same with 1,000."""
    in_range, in_interval, _ = files_held(tmp_path, 20, 40)
    assert in_range == 20 and in_interval >= 19


def test_lower_bounds_are_marked_and_what_is_less_is_not_determined(tmp_path: Path, run: Run) -> None:
    """AP, precision and F1 with `≥` and the low end of their interval; AP soft has no value but a reason."""
    rng = random.Random(5)
    matrices = [[[rng.choice(STEPS) for _ in range(3)] for _ in range(3)] for _ in range(30)]
    rows = write(tmp_path / "R.jsonl", [record(n, one, row_granularity=True) for n, one in enumerate(matrices)])
    items = write(tmp_path / "I.jsonl", [record(n, one) for n, one in enumerate(matrices)])
    (row,), (exact,) = (report([path], resamples=500) for path in (rows, items))
    lower, none = {"bound": "lower"}, {"reason": "not determined by the best score of each human item"}
    for name in ("average_precision", "precision", "f1"):
        found = row["paper"][name]
        assert found == {"value": found["value"], "low": found["low"], "high": None, **lower}
        assert found["low"] < found["value"] < exact["paper"][name]["value"]
        assert f"≥{found['value']:.4f} [≥{found['low']:.4f}]" in run(*REPORT, rows, "--metrics", "paper")[1]
    nothing = {"value": None, "low": None, "high": None, **none}
    assert row["paper"]["average_precision_soft"] == nothing
    assert row["paper"]["rationale_consistency"] == {
        "value": row["rationale_consistency_bounds"]["low"], **row["rationale_consistency_bounds_interval"], **lower
    }  # fmt: skip
    assert not {"bound", "reason"} & {key for figure in exact["paper"].values() for key in figure}
    assert "not determined" in run(*REPORT, rows, "--metrics", "paper")[1]
    assert "≥ marks a lower bound" in run(*REPORT, rows)[2] and "≥" not in "".join(run(*REPORT, items)[1:])
    strict = run(*REPORT, rows, "--match-threshold", "0.25", "--output-file", tmp_path / "strict.json")
    assert strict[1].count("not determined") == 2  # AP, too
    assert json.loads((tmp_path / "strict.json").read_text())[0]["paper"]["average_precision"] == nothing
    header, line = (text.split(",") for text in run(*REPORT, rows, "--format", "csv")[1].splitlines())
    cells = dict(zip(header, line, strict=True))
    assert cells["exact"] == "0" and cells["paper_average_precision_soft"] == cells["paper_f1_high"] == ""


@pytest.mark.parametrize(("threshold", "is_known"), [("0.5", True), ("0.75", False)])
def test_outcomes_above_a_sound_threshold_of_a_half_are_not_determined(
    tmp_path: Path, run: Run, threshold: str, is_known: bool
) -> None:
    """A best pair of .75 may give way to two of .5; one of .5 that is the best is sound at .5."""
    path = write(tmp_path / "M.jsonl", [record(n, [[0.75, 0], [0.5, 0]], row_granularity=True) for n in range(12)])
    run(*REPORT, path, "--sound-threshold", threshold, "--output-file", tmp_path / "r.json")
    outcome = json.loads((tmp_path / "r.json").read_text())[0]["outcome"]
    for name in ("fidelity", "spurious_correctness"):
        assert (outcome[name]["value"] is not None, "reason" not in outcome[name]) == (is_known, is_known)
    assert outcome["accuracy"]["value"] == 1


def test_a_group_without_a_shared_item_is_exact(tmp_path: Path) -> None:
    """Only the rows of a group decide what is known of its figures."""
    shared, clear = [[0.75, 0.0], [0.5, 0.0]], [[0.75, 0.0], [0.0, 0.5]]
    records = [record(n, (shared, clear)[n % 2], row_granularity=True, domain="ab"[n % 2]) for n in range(24)]
    every, own, other = report([write(tmp_path / "M.jsonl", records)], group_by="domain", resamples=200)
    assert [row["exact"] for row in (every, own, other)] == [False, False, True]
    assert other["rationale_consistency_bounds"] is None and other["paper"]["average_precision_soft"]["value"] == 0.6875


def test_unscored_rows_are_1_beside_the_upper_bound(tmp_path: Path) -> None:
    """Ten rows from .375 to .625 and two failed ones: from 3.75 / 12 to (6.25 + 2) / 12."""
    rows = [record(n, [[0.75, 0.0], [0.5, 0.0]], row_granularity=True) for n in range(10)]
    (row,) = report([write(tmp_path / "M.jsonl", [*rows, failed(10), failed(11)])], resamples=200)
    assert row["rationale_consistency_unscored_as"] == {"zero": 0.3125, "one": 0.6875}


def test_a_human_item_whose_match_lost_its_credit_may_have_another_match(tmp_path: Path) -> None:
    """The guard took R2's S2: the next best one is unknown, so R2 counts 1 in the upper bound."""
    guarded = {"judge": {"guard": "zero"}, "row_granularity": True}
    clean, marked = (record(n, [[0.5, 0.0], [0.0, 0.0]], **guarded) for n in (1, 2))
    for one, names in ((clean, {}), (marked, {"S2": ["generic"]})):
        (row,) = report([write(tmp_path / "M.jsonl", [{**one, "guard": names}])], resamples=200)
        assert row["rationale_consistency_bounds"] == ({"low": 0.25, "high": 0.75} if names else None)


def test_the_flag_has_paired_differences(tmp_path: Path) -> None:
    """Worked by hand; the third model has no label in row 0, which then counts for none."""
    files = []
    for model, score in (("G", 0.75), ("W", 0.25), ("U", 0.5)):
        records = [one_item(n, score + (n % 2) / 4, model, label="A>B" if n % 4 else "B>A") for n in range(41)]
        if model == "W":  # wrong in the odd rows from 21 on; equally good reasons in row 1
            records = [
                one_item(n, 1.0 if n == 1 else score, model, label="B>A" if n % 4 == 0 or (n > 20 and n % 2) else "A>B")
                for n in range(41)
            ]
        if model == "U":
            records[0]["status"] = "error"
        files.append(write(tmp_path / f"{model}.jsonl", records))
    flags = {row["model"]: row["deceptive_alignment"] for row in report(files, resamples=200)}
    assert flags["G"]["against"] == "G" and flags["G"]["paired_consistency"] is None
    accuracy, paired, right = (
        flags["W"][f"paired_{name}"] for name in ("accuracy", "consistency", "consistency_both_right")
    )
    # 40 rows: 20 even ones .5 apart, 19 odd ones .75 and row 1 equal; both right: 10 even rows, row 1, 9 odd ones.
    assert paired["n"] == 40 and paired["least"] == paired["most"] == pytest.approx((20 * 0.5 + 19 * 0.75) / 40)
    assert right["n"] == 20 and right["least"] == pytest.approx((10 * 0.5 + 9 * 0.75) / 20)
    assert accuracy["value"] == pytest.approx(10 / 40) == flags["W"]["accuracy_gap"]
    for one in (paired, right):
        assert one["low"] < one["least"] < one["high"]
    assert flags["W"]["consistency_gap"] == pytest.approx(paired["least"])


def test_the_differences_of_row_records_are_between_bounds(tmp_path: Path) -> None:
    """S1 is the best of both human items, so that each RC has two ends; 1 or .75 in G, .5 and 0 or .25 in W.

    Even rows: G between .5 and 1, W at .25. Odd rows: G between .375 and .75, W between .25 and .375.
    """
    good = [record(n, [[1 - n % 2 / 4, 0]] * 2, "G", row_granularity=True) for n in range(20)]
    weak = [record(n, [[0.5, 0], [n % 2 / 4, 0]], "W", row_granularity=True) for n in range(20)]
    files = [write(tmp_path / f"{name}.jsonl", rows) for name, rows in (("G", good), ("W", weak))]
    paired = report(files, resamples=200)[1]["deceptive_alignment"]["paired_consistency"]
    assert (paired["least"], paired["most"]) == pytest.approx(((0.25 + 0) / 2, (0.75 + 0.5) / 2))
    assert paired["low"] < paired["least"] and paired["most"] < paired["high"]


def test_the_model_to_compare_with_can_be_named(tmp_path: Path, run: Run) -> None:
    """By the name in the rows or as shown; of several judges each has its own. An unknown name is refused."""
    files = two_models(tmp_path, 60)
    _, _, err = run(*REPORT, *files, "--flag-reference", "w")
    assert "deceptive alignment: W: not flagged (the others are compared with it)" in err
    assert "deceptive alignment: G: not flagged (OA 0.000 below, RC 0." in err and " above W; p 1.0000)" in err
    code, out, err = run(*REPORT, *files, "--flag-reference", "X")
    assert code == 2 and out == ""
    assert "--flag-reference X: not the name of one model with labels; there are G, W" in err
    assert run(*REPORT, *files, "--flag-min-oa", "0.95")[2].count("deceptive alignment: W: not flagged") == 1
    folder = two_judges(tmp_path)
    rows = report([*folder.iterdir()], rule=FlagRule(reference="W"), resamples=100)
    assert {row["deceptive_alignment"]["against"] for row in rows} == {"W (W-embedded.jsonl)", "W (W-x.jsonl)"}


def test_a_name_of_two_models_is_not_enough_to_compare_with(tmp_path: Path, run: Run) -> None:
    files = [write(tmp_path / f"{name}.jsonl", [one_item(n, n / 30) for n in range(30)]) for name in "ab"]
    code, _, err = run(*REPORT, *files, "--flag-reference", "M")
    assert code == 2 and "there are M (a.jsonl), M (b.jsonl)" in err
    assert "(the others are compared with it)" in run(*REPORT, *files, "--flag-reference", "M (b.jsonl)")[2]


def test_the_overview_is_the_default_and_tables_are_chosen(tmp_path: Path, run: Run) -> None:
    """`--details` adds tables and notes to the overview; `--metrics` and `--format` print the tables alone."""
    files = two_models(tmp_path, 60)
    titles = ("Paper metrics", "Outcome", "Reference metrics")
    short = ("report", "--resamples", "200", *files)
    for more, overview, tables, notes in (
        ((), True, (), False),
        (("--details",), True, titles, True),
        (("--metrics", "outcome"), False, titles[1:2], True),
        (("--format", "github"), False, titles, True),
    ):
        code, out, err = run(*short, *more)
        assert code == 0 and ("Judge: j" in out) is overview and ("deceptive alignment: W: flagged" in err) is notes
        assert tuple(title for title in titles if f"\n{title}" in f"\n{out}") == tables
        assert bool(err) is notes and ("More: --details" in out) is (more == ())
    assert run(*short, "--methods")[1].startswith("The judge model was j")


def test_notes_without_which_the_figures_mislead_are_always_there(tmp_path: Path, run: Run) -> None:
    """Two judges, an unreadable line, no labels, nothing scored; no other note."""
    first = write(tmp_path / "A.jsonl", [*(one_item(n, n / 12, "A") for n in range(12)), b"{"])
    second = write(
        tmp_path / "B.jsonl", [one_item(n, n / 12, "B", label=None, judge={"model": "k"}) for n in range(12)]
    )
    third = write(tmp_path / "C.jsonl", [failed(n, "C") for n in range(12)])
    code, out, err = run("report", "--resamples", "200", first, second, third)
    assert code == 1 and "Judge: k" in out
    assert [re.sub(r"\(.*", "", line) for line in err.splitlines()] == [
        "A.jsonl: 1 unreadable line: line 13 is not JSON ",
        "C: left out of the paper metrics: 12 status error",
        "B: no readable B-label in its rows with a human preference: no outcome metrics",
        "the files come from different judges ",
        "nothing scored for C: the reasons are above",
    ]
