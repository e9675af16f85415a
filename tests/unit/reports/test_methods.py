"""The paragraph for a paper says what the files say, and no more."""

import json
import platform
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import metajudge
from tests.unit.result_rows import JUDGE, Run, failed, one_item, write

FULL = {**JUDGE, "model": "gpt", "instructions": "abc123", "temperature": 0.6, "samples": 3, "version": "0.0.9"}


def paragraph(run: Run, *arguments: object) -> str:
    """Return the paragraph as one line."""
    _, out, _ = run("report", "--methods", "--resamples", "100", *arguments)
    assert out.endswith(".\n") and "\n\n" not in out and max(map(len, out.splitlines())) <= 100
    return " ".join(out.split())


def judged(path: Path, *judges: dict[str, Any], model: str = "M") -> Path:
    return write(path, [one_item(n, n / 10, model) | {"judge": judge} for n, judge in enumerate(judges)])


def test_the_paragraph_names_judge_rows_intervals_and_versions(tmp_path: Path, run: Run) -> None:
    """Worked by hand; ten rows of five sources, one of them without a reply, and one that nobody gave reasons for."""
    rows: list[dict[str, Any]] = [one_item(n, n / 20, context=f"question {n // 2}", judge=FULL) for n in range(10)]
    rows[7] = {**rows[7], "status": "error"}
    empty = {**rows[8], "status": "empty", "empty": "human", "n_human": 0, "score_matrix": None}
    rows[8] = {**empty, "metadata": {**rows[8]["metadata"], "human-checklist": []}}
    assert paragraph(run, write(tmp_path / "M.jsonl", rows)) == (
        "The judge model was gpt (instructions' hash abc123, granularity item, model items judged 5, samples per "
        "question 3, temperature 0.6). "
        "M had 10 rows in 5 clusters; 2 of the rows had no score (1 status error, 1 human checklist empty). "
        "Rows with the same value of context form a cluster. "
        "Intervals have a level of 95%: for RC, AP, AP soft, one-to-one precision, one-to-one F1 and the reference "
        "metrics a bootstrap-t over clusters (100 resamples, within domains of at least 20 clusters), or Wilson's "
        "where few clusters differ; for outcome metrics Wilson's with n divided by the design effect of the "
        "clusters; none below 10 clusters. "
        f"The records were made with MetaJudge 0.0.9; the figures were computed with MetaJudge "
        f"{metajudge.__version__}, Python {platform.python_version()} and NumPy {np.__version__}."
    )


@pytest.mark.parametrize(
    ("judge", "said"),
    [
        ({"model": "gpt"}, "gpt (instructions' hash unknown, granularity unknown, model items judged unknown, samples"),
        ({}, "The judge model was unknown (instructions' hash unknown"),
        (FULL | {"top_k": None}, "model items judged all, samples"),
        (FULL | {"temperature": None}, "temperature not sent)"),
        (FULL | {"adapted": ["temperature"]}, "temperature not sent)"),
        (FULL | {"adapted": ["max_tokens"]}, "temperature 0.6)"),
        (FULL | {"instructions": None}, "instructions' hash unknown"),
        (FULL | {"version": None}, "made with MetaJudge unknown;"),
        (FULL | {"model": "a\x1b[31m"}, r"The judge model was a\x1b[31m ("),
    ],
)
def test_what_a_record_does_not_say_is_unknown(tmp_path: Path, run: Run, judge: dict[str, Any], said: str) -> None:
    """Null and a parameter that the judge refused have their meaning."""
    assert said in paragraph(run, judged(tmp_path / "M.jsonl", judge))


def test_records_of_the_reference_scripts_say_nothing_about_their_judge(tmp_path: Path, run: Run) -> None:
    """Their judge and version are unknown."""
    plain = {key: value for key, value in one_item(1, 0.5, judge=FULL).items() if key in ("samples", "metadata")}
    text = paragraph(run, write(tmp_path / "M.jsonl", [plain]))
    assert "The judge model was unknown (" in text and "temperature unknown)" in text
    assert "M had 1 row in 1 cluster; 1 of the rows had no score" in text and "made with MetaJudge unknown;" in text


def test_each_table_of_a_file_of_two_judges_names_its_own_judge(tmp_path: Path, run: Run) -> None:
    """With its settings, once; a new version or another temperature is no other judge."""
    others = FULL | {"model": "qwen", "temperature": 0}, FULL | {"version": "0.0.8", "temperature": 0.7}
    text = paragraph(run, judged(tmp_path / "M.jsonl", FULL, *others, FULL))
    gpt = "For M (M.jsonl, gpt) the judge models were gpt ("
    assert gpt in text and "temperature 0.6) and gpt (" in text and "temperature 0.7). For M" in text
    assert "For M (M.jsonl, qwen) the judge model was qwen (" in text and text.count("qwen (") == 1
    assert "The records were made with MetaJudge 0.0.9 and 0.0.8;" in text


def test_judges_of_one_file_that_is_not_split_are_all_named(tmp_path: Path, run: Run) -> None:
    """Another temperature does not split a file."""
    rows = [one_item(1, 0.5, judge=FULL), one_item(2, 0.5, judge=FULL | {"temperature": 0})]
    text = paragraph(run, write(tmp_path / "M.jsonl", rows))
    assert "The judge models were gpt (" in text and "temperature 0.6) and gpt (" in text and "temperature 0)" in text


def test_files_of_different_judges_get_a_sentence_each(tmp_path: Path, run: Run) -> None:
    """It names the models; files of one judge share it, and groups add none."""
    files = [judged(tmp_path / f"{name}.jsonl", FULL, FULL, model=name) for name in "AB"]
    assert paragraph(run, *files, "--group-by", "n_human").count("judge model was") == 1
    files.append(judged(tmp_path / "C.jsonl", FULL | {"model": "qwen"}, model="C"))
    text = paragraph(run, *files)
    assert "For A and B the judge model was gpt (" in text and "For C the judge model was qwen (" in text


def test_the_judge_is_that_of_the_records_that_count(tmp_path: Path, run: Run) -> None:
    """Not of a failed record, unless there are only such, nor of another model's."""
    lost = failed(1, judge=FULL | {"model": "lost"})
    others = {**one_item(2, 0.5, "W", judge=FULL | {"model": "other"}), "model_be_evaluated": "W"}
    path = write(tmp_path / "M.jsonl", [one_item(0, 0.5, judge=FULL), lost, others])
    assert "The judge model was gpt (" in paragraph(run, path)
    assert "The judge model was lost (" in paragraph(run, write(tmp_path / "M.jsonl", [lost]))


def test_the_flags_of_the_report_change_the_paragraph(tmp_path: Path, run: Run) -> None:
    """The field of the clusters is named, and the JSON file is written as without `--methods`."""
    path = write(tmp_path / "M.jsonl", [one_item(n, n / 20, judge=FULL, source=n // 4) for n in range(20)])
    files = [tmp_path / f"{name}.json" for name in "ab"]
    text = paragraph(run, path, "--cluster-field", "source", "--output-file", files[0])
    assert "M had 20 rows in 5 clusters; every row was scored. Rows with the same value of source form" in text
    run("report", path, "--resamples", "100", "--cluster-field", "source", "--output-file", files[1])
    first, second = (json.loads(file.read_text()) for file in files)
    assert first == second and first[0]["clusters"] == 5
