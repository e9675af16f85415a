"""Rows as a table: figures, cells and formats, and the command `export`."""

import csv
import io
import json
import math
import statistics
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from pyarrow import parquet

from metajudge.errors import UsageError
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.rows_table import RowTable, scores
from tests.unit.result_rows import Run, failed, one_item, record, write

HEAD = (
    "id,line,model,judge,granularity,domain,cluster,gold,label,right,exact,rc,rc_upper,ap,ap_soft,precision,f1,"
    "reference_precision,reference_recall,reference_f1,reference_ap,matched_1,matched_075,matched_05,matched_025,matched_0,sound,n_human,"
    "n_model,status,unscored,prompt_tokens,completion_tokens,latency_s"
)
PAPER = {
    "rc": "rationale_consistency",
    "ap": "average_precision",
    "ap_soft": "average_precision_soft",
    "precision": "precision",
    "f1": "f1",
}
REFERENCE = {
    "reference_precision": "precision",
    "reference_recall": "recall",
    "reference_f1": "f1",
    "reference_ap": "average_precision",
}


def empty(number: int, side: str, model: str = "M") -> dict[str, Any]:
    """A record whose `human` or `model` checklist has no item."""
    scores: list[list[float]] = [] if side == "human" else [[]]
    key = "human" if side == "human" else model
    one = {**one_item(number, 0, model), "status": "empty", "empty": side, "score_matrix": scores}
    one["metadata"] = {**one["metadata"], f"{key}-checklist": []}
    return {**one, "n_human": int(side == "model"), "n_model": int(side == "human")}


def varied(tmp_path: Path) -> list[Path]:
    """Two models with every kind of row: samples, ties, bad labels, failures, empty lists, a long list, bounds."""
    thirds = [[1 / 3, 0.1, 0.7], [0.75, 0.2, 0.0]]
    rows = [one_item(n, n / 13, label="A>B" if n % 3 else "B>A", domain="code") for n in range(13)]
    rows += [record(20, thirds, more_samples=[[[0.9, 0, 0], [0, 0, 0.3]]], domain="=stem")]
    rows += [one_item(21, 0.3, label="tie"), one_item(22, 0.6, label="?"), one_item(23, 0.6, preference=0)]
    rows += [failed(24), empty(25, "human"), empty(26, "model"), record(27, [[0.1] * 11]), one_item(28, 1, label=None)]
    other = [record(n, thirds, "W", row_granularity=True, label=1 - n % 2 * 2) for n in range(12)]
    return [write(tmp_path / "M.jsonl", rows), write(tmp_path / "W.jsonl", other)]


def exported(run: Run, *arguments: object) -> list[dict[str, Any]]:
    """Return the lines that `export` writes as JSONL, by its JSON names."""
    path = Path(str(arguments[0])).parent / "exported-rows.jsonl"
    code, _, err = run("export", *arguments, "--output-file", path)
    assert code == 0, err
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def row_of(run: Run, tmp_path: Path, one: dict[str, Any], *flags: str) -> dict[str, Any]:
    """Return the exported line of a single record."""
    (row,) = exported(run, write(tmp_path / "M.jsonl", [one]), *flags)
    return row


def values(rows: list[dict[str, Any]], name: str, model: str) -> list[float]:
    return [row[name] for row in rows if row["model"] == model and row[name] is not None]


def test_the_means_are_those_of_the_report_to_the_last_digit(tmp_path: Path, run: Run) -> None:
    """Paper, reference and outcome metrics; a tie or a bad label counts as the report counts it."""
    import numpy as np  # whose sum the report takes

    files, summary = varied(tmp_path), tmp_path / "report.json"
    run("report", *files, "--resamples", "100", "--output-file", summary)
    rows = exported(run, *files)
    for report in json.loads(summary.read_text()):
        model = report["model"]
        assert len([row for row in rows if row["model"] == model]) == report["n"]

        def mean(name: str, model: str = model) -> float:
            found = values(rows, name, model)
            return float(np.sum(found)) / len(found)

        for names, group in ((PAPER, "paper"), (REFERENCE, "reference")):
            for column, metric in names.items():
                if report[group][metric].get("reason"):
                    assert (model, column) == ("W", "ap_soft") and not values(rows, column, model)
                    continue
                assert mean(column) == report[group][metric]["value"], (model, column)
        assert {row["exact"] for row in rows if row["model"] == model and row["rc"] is not None} == {report["exact"]}
        bounds = report["rationale_consistency_bounds"]
        assert mean("rc_upper") == (bounds["high"] if bounds else report["paper"]["rationale_consistency"]["value"])
        assert mean("right") == report["outcome"]["accuracy"]["value"]
        both = [row for row in rows if row["model"] == model and None not in (row["right"], row["sound"])]
        fidelity = sum(row["right"] * row["sound"] for row in both) / len(both)
        assert fidelity == pytest.approx(report["outcome"]["fidelity"]["value"], abs=1e-15)
        unsound = statistics.fmean(1 - row["sound"] for row in both if row["right"])
        assert unsound == pytest.approx(report["outcome"]["spurious_correctness"]["value"], abs=1e-15)


def test_the_means_are_those_of_the_analysis_to_the_last_digit(tmp_path: Path, run: Run) -> None:
    """A row that the analysis skips or cannot score has no reference figures."""
    files, summaries = varied(tmp_path), tmp_path / "analysis.json"
    run("analysis", *files, "--paper", "--output-file", summaries)
    rows = exported(run, *files)
    for summary in json.loads(summaries.read_text()):
        for column, metric in REFERENCE.items():
            found = values(rows, column, summary["model"])
            assert len(found) == summary["valid_samples"]
            assert math.fsum(found) / len(found) == summary[metric], (summary["model"], column)


def test_csv_has_the_columns_in_order_and_every_digit(tmp_path: Path, run: Run) -> None:
    """Read back, each cell is the value of the JSONL file; no value is an empty cell there and null here."""
    files = varied(tmp_path)
    code, out, err = run("export", *files)
    assert code == 0 and err == "" and out.splitlines()[0] == HEAD
    lines = list(csv.DictReader(io.StringIO(out)))
    rows = exported(run, *files)
    assert len(lines) == len(rows) == 34 and {row["rc"] for row in rows} > {None, 1 / 13}
    for line, row in zip(lines, rows, strict=True):
        assert ",".join(row) == HEAD
        for name, value in row.items():
            assert line[name].removeprefix("'") == ("" if value is None else str(value))


def test_a_lower_bound_is_marked_and_what_is_less_is_empty(tmp_path: Path, run: Run) -> None:
    """R1: S1 .5; R2: S1 .75, S5 .5. Its best scores do not say whether a matched pair has .75."""
    matrix = [[0.5, 0, 0, 0, 0], [0.75, 0, 0, 0, 0.5]]
    names = ("exact", "rc", "rc_upper", "ap", "ap_soft", "precision", "sound")
    row = row_of(run, tmp_path, record(1, matrix), "--sound-threshold", "0.75")
    assert [row[name] for name in names] == [1, 0.5, 0.5, 0.7, 0.35, 0.2, 0]
    row = row_of(run, tmp_path, record(1, matrix, row_granularity=True), "--sound-threshold", "0.75")
    assert [row[name] for name in names] == [0, 0.375, 0.625, 0.5, None, 0.15, None]
    row = row_of(run, tmp_path, record(1, matrix, row_granularity=True), "--match-threshold", "0.5")
    assert [row[name] for name in names] == [0, 0.375, 0.625, None, None, 0.15, 1]


def test_the_same_csv_goes_to_stdout_and_to_a_file(tmp_path: Path, run: Run) -> None:
    """A lone minus is stdout, as no output; a suffix in capitals is one, too; stderr counts the rows."""
    files, output = varied(tmp_path), tmp_path / "rows.CSV"
    plain = run("export", *files)[1]
    assert run("export", *files, "--output-file", "-")[1] == plain
    code, out, err = run("export", *files, "--output-file", output)
    assert (code, out, err) == (0, "", f"{output}: 34 rows from 2 files\n")
    assert output.read_bytes().decode() == plain


def test_a_directory_is_all_its_result_files(tmp_path: Path, run: Run) -> None:
    """An earlier table in it is no result file, and is replaced."""
    varied(tmp_path)
    output = tmp_path / "rows.jsonl"
    for _ in range(2):
        assert run("export", tmp_path, "--output-file", output)[0] == 0
        assert len(output.read_text().splitlines()) == 34


@pytest.mark.parametrize(
    "text", ["=1+1", "+a", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1+1", '=HYPERLINK("x","y")', "-a, \"b\"\n'c'"]
)
def test_a_text_that_begins_like_a_formula_is_quoted_in_csv_alone(tmp_path: Path, run: Run, text: str) -> None:
    """The other formats keep it. It is shown in every column that holds text of the file."""
    judge, model = {"model": text}, f"{text}M"
    path = write(tmp_path / "M.jsonl", [one_item(1, 0.5, model, label=text, judge=judge, domain=text, context=text)])
    (line,) = csv.DictReader(io.StringIO(run("export", path)[1], newline=""))
    (row,) = exported(run, path)
    for name in ("judge", "domain", "label", "cluster"):
        assert (line[name], row[name]) == (f"'{text}", text), name
    assert (line["model"], row["model"]) == (f"'{model}", model)


@pytest.mark.parametrize(("value", "cell"), [(-2, "-2"), (-0.5, "-0.5"), ("a-b", "a-b"), ([-1], "[-1]"), ("", "")])
def test_numbers_and_other_texts_are_not_quoted(tmp_path: Path, run: Run, value: Any, cell: str) -> None:
    path = write(tmp_path / "M.jsonl", [one_item(1, 0.5, preference=value)])
    (line,) = csv.DictReader(io.StringIO(run("export", path)[1]))
    assert line["gold"] == cell


@pytest.mark.parametrize(
    ("scores", "counts"),
    [
        ([[1.0, 0.5], [0.75, 1.0], [0.5, 0.5], [0.25, 0.0], [0.0, 0.0]], [2, 0, 1, 1, 1]),
        ([[0.99], [0.75], [0.74], [0.3], [0.24]], [0, 2, 1, 1, 1]),
        ([[None, 0.5]], [0, 0, 1, 0, 0]),
    ],
    ids=["steps", "between steps", "not asked"],
)
def test_human_items_are_counted_by_the_step_of_their_best_score(
    tmp_path: Path, run: Run, scores: list[list[float | None]], counts: list[int]
) -> None:
    row = row_of(run, tmp_path, record(1, scores))
    found = [row[name] for name in ("matched_1", "matched_075", "matched_05", "matched_025", "matched_0")]
    assert found == counts and sum(found) == row["n_human"] == len(scores) and row["n_model"] == len(scores[0])


def test_a_row_without_scores_has_its_reason_and_no_figures(tmp_path: Path, run: Run) -> None:
    """Without human items nothing is defined; without model items each human item is unmatched."""
    names = [*PAPER, *REFERENCE, "matched_0", "sound"]
    rows = exported(run, write(tmp_path / "M.jsonl", [failed(1), empty(2, "human"), empty(3, "model")]))
    assert [(row["status"], row["unscored"]) for row in rows] == [
        ("error", "status error"),
        ("empty", "human checklist empty"),
        ("empty", None),
    ]
    assert all(row[name] is None for row in rows[:2] for name in names)
    assert [rows[2][name] for name in names] == [0.0] * 5 + [None] * 4 + [1, 0.0]


def test_facts_of_the_record_are_summed_over_its_samples(tmp_path: Path, run: Run) -> None:
    """The line is that of the record that counts; what a record does not say, or says wrongly, is no value."""
    usages: list[Any] = [{"prompt_tokens": 100, "completion_tokens": 7}, {"prompt_tokens": 11}, None]
    samples = [{"generated_text": "", "usage": usage} for usage in usages]
    counted = {**one_item(1, 0.5), "samples": samples, "latency_s": 2}
    wrong = {**one_item(2, 0.5), "samples": [{"usage": {"prompt_tokens": -1, "completion_tokens": 2**70}}, 3]}
    path = write(tmp_path / "M.jsonl", [failed(1), b"torn", counted, wrong])
    first, second = exported(run, path)
    facts = ("line", "judge", "prompt_tokens", "completion_tokens", "latency_s")
    assert [first[name] for name in facts] == [3, "j", 111, 7, 2.0]
    assert [second[name] for name in facts] == [4, "j", None, None, None]


def test_records_of_the_reference_scripts_are_exported(tmp_path: Path, run: Run) -> None:
    """They name no judge and no id: the id is made from the row, as in the report."""
    text = "<RESULT_START>\n- R1@S1: 0.5\n<RESULT_END>"
    plain = {"samples": [{"generated_text": text}], "metadata": one_item(1, 0, "M")["metadata"]}
    row = row_of(run, tmp_path, plain)
    assert (row["rc"], row["judge"], row["status"], row["latency_s"], row["n_model"]) == (0.5, None, None, None, 1)
    assert len(row["id"]) == 16


def test_rows_of_one_source_have_one_cluster(tmp_path: Path, run: Run) -> None:
    """A short value is shown, a long one is its hash, and a row without a value is a cluster by itself."""
    contexts: list[Any] = ["doc-1", "doc-1", [{"role": "user", "content": "x" * 99}], [{"content": "y" * 99}], None]
    rows = [one_item(n, 0.5, context=context) for n, context in enumerate([*contexts, contexts[2]])]
    found = [row["cluster"] for row in exported(run, write(tmp_path / "M.jsonl", rows))]
    assert found[:2] == ["doc-1", "doc-1"] and found[4] == "row id4"
    assert found[2] == found[5] != found[3] and len(found[2]) == 16
    assert row_of(run, tmp_path, one_item(1, 0.5, source=7), "--cluster-field", "source")["cluster"] == "7"


def test_scoring_flags_are_those_of_the_report(tmp_path: Path, run: Run) -> None:
    """Thresholds, labels and the gold field."""
    names = ("ap", "sound", "gold", "right")
    path = write(
        tmp_path / "M.jsonl", [one_item(n, 0.6, label=label, winner="B>A") for n, label in enumerate(["A>B", "?"])]
    )
    plain = exported(run, path)
    assert [[row[name] for name in names] for row in plain] == [[1, 1, -1, 1], [1, 1, -1, 0]]
    flags = ["--match-threshold", ".7", "--sound-threshold", ".7", "--gold-field", "winner", "--invalid-label", "drop"]
    changed = exported(run, path, *flags)
    assert [[row[name] for name in names] for row in changed] == [[0, 0, "B>A", 0], [0, 0, "B>A", None]]


def test_two_files_of_one_model_are_two_models(tmp_path: Path, run: Run) -> None:
    """As in the report, so that no mean over a model mixes them."""
    files = [write(tmp_path / f"{name}.jsonl", [one_item(1, 0.5)]) for name in "ab"]
    assert [row["model"] for row in exported(run, *files)] == ["M (a.jsonl)", "M (b.jsonl)"]


def test_parquet_holds_the_same_values_and_always_one_schema(tmp_path: Path, run: Run) -> None:
    """Files with labels of any type can be read together; labels are text in it."""
    files, tables = varied(tmp_path), []
    for number, paths in enumerate((files, files[1:], [write(tmp_path / "N.jsonl", [failed(1)])])):
        output = tmp_path / f"{number}.parquet"
        assert run("export", *paths, "--output-file", output)[0] == 0
        tables.append(parquet.read_table(output))
    assert tables[0].schema == tables[1].schema == tables[2].schema and ",".join(tables[0].column_names) == HEAD
    for line, row in zip(tables[0].to_pylist(), exported(run, *files), strict=True):
        texts = {name: None if row[name] is None else str(row[name]) for name in ("gold", "label")}
        assert line == {**row, **texts}


def test_without_pyarrow_the_command_says_so_before_it_reads(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    code, out, err = run("export", tmp_path / "missing.jsonl", "--output-file", tmp_path / "rows.parquet")
    assert code == 2 and out == "" and len(err.splitlines()) == 1
    assert "pyarrow, which is not installed: pip install pyarrow, or name a .csv or .jsonl file" in err


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("rows.json", None, "rows.json: name a .csv, .jsonl, .parquet file, or - for CSV on stdout"),
        ("rows", None, "rows: name a .csv"),
        ("nowhere/rows.csv", None, "does not exist; create it first"),
        ("rows.jsonl", b'{"samples": []}\n', "exists and may hold results"),
        ("rows.jsonl", b"not JSON\n", "exists and may hold results"),
        ("M.jsonl", None, "exists and may hold results"),
    ],
)
def test_an_output_that_would_be_wrong_is_refused(
    tmp_path: Path, run: Run, name: str, content: bytes | None, message: str
) -> None:
    """Nothing is written, and what is there stays."""
    source, output = write(tmp_path / "M.jsonl", [one_item(1, 0.5)]), tmp_path / name
    if content is not None:
        output.write_bytes(content)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    code, out, err = run("export", source, "--output-file", output)
    assert code == 2 and out == "" and message in err and len(err.splitlines()) == 1
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("name", ["rows.csv", "rows.jsonl", "rows.parquet"])
def test_a_text_that_cannot_be_encoded_does_not_prevent_the_table(tmp_path: Path, run: Run, name: str) -> None:
    """A lone surrogate, which JSON can hold."""
    path = write(tmp_path / "M.jsonl", [one_item(1, 0.5, label="\ud800", domain="\udcff")])
    assert run("export", path, "--output-file", tmp_path / name)[0] == 0
    assert (tmp_path / name).stat().st_size > 200 and run("export", path)[0] == 0


def test_on_a_terminal_no_text_steers_it(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or a pipe gets the text as it is."""
    path = write(tmp_path / "M.jsonl", [one_item(1, 0.5, label="\x1b[31mred")])
    assert "\x1b[31mred" in run("export", path)[1]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    out = run("export", path)[1]
    assert "\x1b" not in out and r"\x1b[31mred" in out and len(out.splitlines()) == 2


def test_from_python_the_lines_are_those_of_export(tmp_path: Path, run: Run) -> None:
    """All values and the notes of stderr; a directory and texts are paths, too."""
    varied(tmp_path)
    table = scores(str(tmp_path))
    assert [asdict(row) for row in table] == exported(run, tmp_path / "M.jsonl", tmp_path / "W.jsonl")
    torn = write(tmp_path / "torn.jsonl", [one_item(1, 0.5), b"{"])
    found = scores(torn, ScoringConfig(sound_threshold=0.4))
    (row,), (note,) = found, found.notes
    assert row.sound == 1 and "torn.jsonl" in note and note in run("export", torn)[2]


def test_a_judge_selects_rows(tmp_path: Path, run: Run) -> None:
    """By the record or the file's name, also in a file of two judges; an unknown one is named with those there are."""
    mixed = [one_item(1, 0.5), one_item(2, 0.5, judge={"model": "k"})]
    path = write(tmp_path / "M.jsonl", mixed)
    assert [row.id for row in scores([path], eval_model="k")] == ["id2"]
    assert len(scores([path], eval_model="M.js")) == 2
    assert run("export", path, "--eval-model", "k")[1].count("\n") == 2
    with pytest.raises(UsageError, match="`eval_model` x: no row has this judge; there are j, k"):
        scores([path], eval_model="x")


def test_a_data_frame_has_the_columns_and_keeps_missing_values(tmp_path: Path) -> None:
    """Missing whole numbers are <NA> and other figures NaN, so that means leave them out; labels stay as they are."""
    pandas = pytest.importorskip("pandas")
    table = scores(varied(tmp_path))
    frame = table.to_pandas()
    assert list(frame.columns) == HEAD.split(",") and len(frame) == len(table)
    assert str(frame["right"].dtype) == "Int64" and str(frame["rc"].dtype) == "float64"
    means = {model: statistics.fmean(row.rc for row in table if row.model == model and row.rc is not None)
             for model in ("M", "W")}  # fmt: skip
    assert frame.groupby("model")["rc"].mean().to_dict() == pytest.approx(means)
    assert [None if pandas.isna(one) else one for one in frame["right"]] == [row.right for row in table]
    assert frame["gold"].tolist() == [row.gold for row in table]


def test_without_pandas_the_message_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UsageError, match="needs pandas, which is not installed: pip install pandas"):
        scores(write(tmp_path / "M.jsonl", [one_item(1, 0.5)])).to_pandas()


def test_a_notebook_shows_the_first_lines(tmp_path: Path) -> None:
    """Twenty of them, escaped, with the number of those left out."""
    path = write(tmp_path / "M.jsonl", [one_item(n, 1 / 3, domain="<b>") for n in range(22)])
    shown = scores(path)._repr_html_()
    assert shown.count("<tr>") == 21 and "and 2 more rows" in shown
    assert "&lt;b&gt;" in shown and "<b>" not in shown and "0.3333" in shown
    assert "more row" not in RowTable(scores(path)[:3], [])._repr_html_()
