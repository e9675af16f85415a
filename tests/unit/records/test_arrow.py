"""Records and rows that went through Arrow, Parquet or pandas: null is an absent key, 1.0 is the integer 1."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from metajudge.cli import main
from metajudge.data.rows import Row, is_skipped
from metajudge.data.samples import Sample, evaluated_models, make_sample
from metajudge.records.dedupe import dedupe
from metajudge.records.discovery import SkippedFile, open_directory
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.latest import latest_records
from metajudge.records.record import Record, ScoredLists, encode
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.scan import summarise_file
from metajudge.reports.score_table import score_file
from tests.unit.rows import answers_of, block, row, samples, task

Records = list[dict[str, Any]]


def records_of(granularity: str) -> Records:
    """Return a scored, an empty and a failed record, with more fields in one row than in the others."""
    kind = task(granularity, top_k=5)
    rows = [row(1, 2, 2, **{"M-label": "A>B", "overall_preference": 1, "domain": "d"}), row(2, 2, 2), row(3, 1, 0)]
    found = []
    for sample in samples(rows):
        assert isinstance(sample, Sample)
        texts = [block(question.messages[-1]["content"]) for question in kind.questions(sample)]
        found.append(kind.record(sample, answers_of(kind, sample, texts), 1.5).as_json())
    failed = found[1] | {"id": "f", "status": "error", "error_message": "no", "extraction_result": None}
    return json.loads(json.dumps([*found, failed]))  # type: ignore[no-any-return]


def table(records: Records) -> pyarrow.Table:
    """Return the records as an Arrow table: every struct has every field, lists of numbers are floats."""
    keys = dict.fromkeys(key for record in records for key in record)  # pyarrow takes the columns of the first row
    return pyarrow.Table.from_pylist([dict.fromkeys(keys) | record for record in records])


def through_arrow(records: Records) -> Records:
    """Return the records as they come out of Arrow."""
    return table(records).to_pylist()  # type: ignore[no-any-return]


def as_floats(value: Any) -> Any:
    """Return a value as pandas may write it: every integer is a float."""
    if isinstance(value, dict):
        return {key: as_floats(one) for key, one in value.items()}
    if isinstance(value, list):
        return [as_floats(one) for one in value]
    return float(value) if type(value) is int else value


def write(path: Path, records: Records) -> Path:
    path.write_bytes(b"".join(map(encode, records)))
    return path


FORMS: dict[str, Callable[[Path, Records], Any]] = {
    "arrow": lambda path, records: write(path, through_arrow(records)),
    "floats": lambda path, records: write(path, as_floats(through_arrow(records))),
    "NaN": lambda path, records: write(path, [dict.fromkeys(["extra", "M-x"], float("nan")) | r for r in records]),
    "array": lambda path, records: path.write_text(json.dumps(records, indent=1)),
    "gzip": lambda path, records: path.write_bytes(gzip.compress(b"".join(map(encode, records)))),
    "parquet": lambda path, records: pyarrow.parquet.write_table(table(records), path),
}


@pytest.mark.parametrize("granularity", ["row", "item"])
@pytest.mark.parametrize("form", FORMS)
def test_a_result_file_in_any_form_has_the_same_figures(tmp_path: Path, granularity: str, form: str) -> None:
    """The table, the paper's metrics, the records that count and their order are those of our own file."""
    records = records_of(granularity)
    own, other = write(tmp_path / "own.jsonl", records), tmp_path / "other.jsonl"
    FORMS[form](other, records)
    first, second = (summarise_file(path).as_json() | {"file": ""} for path in (own, other))
    assert first == second and first["valid_samples"] == 2 and first["error_samples"] == 1
    tables = [score_file(path, ScoringConfig(group_by="domain")) for path in (own, other)]
    assert tables[0].ids == tables[1].ids and tables[0].judged_by == tables[1].judged_by
    means = [{key: table.mean(*key) for key in table.columns} for table in tables]
    assert means[0] == means[1]
    kept = [[record.id for record in latest_records(path)] for path in (own, other)]
    assert kept[0] == kept[1] and len(kept[0]) == 4
    dedupe(other, tmp_path / "copy.jsonl")
    assert summarise_file(tmp_path / "copy.jsonl").as_json() | {"file": ""} == first


def test_whole_floats_are_integers_and_nulls_are_absent() -> None:
    """Other values stay as they are."""
    record = Record.from_json(
        {"id": "a", "n_human": 2.0, "n_model": 1.5, "attempts": None, "note": None, "latency_s": 2.0}
    )
    assert (record.n_human, record.n_model, record.attempts, record.latency_s) == (2, None, None, 2.0)
    assert type(record.n_human) is int and record.extra == {"n_model": 1.5, "note": None}
    assert Record.from_json({"id": None, "samples": None}).id is None


@pytest.mark.parametrize(
    ("scores", "is_scored"),
    [
        ([[1.0, 1.0, 0.75]], True),
        ([[1, 0.0, 0]], True),
        ([[1.5, 1.0, 0.75]], False),
        ([[1.0, 1.0, None]], False),
        ([[True, 1.0, 0.5]], False),
        ([None], False),
        ([[float("nan"), 1.0, 0.5]], False),
    ],
)
def test_item_numbers_may_be_whole_floats(scores: list[Any], is_scored: bool) -> None:
    record = Record.from_json(
        {
            "id": "a", "status": "success", "n_human": 1.0, "n_model": 1.0, "extraction_result": {"scores": scores},
            "metadata": {"human-checklist": ["h"], "M-checklist": ["m"], "N-checklist": None},
        }
    )  # fmt: skip
    assert isinstance(record.scored_lists("M"), ScoredLists) is is_scored


def test_a_judge_with_nulls_and_floats_is_the_same_judge() -> None:
    judge = {"model": "m", "samples": 1, "top_k": 5, "max_tokens": 8192, "temperature": 1, "instructions": "i"}
    other = JudgeIdentity.from_json(as_floats(judge) | {"adapted": None, "settings": None, "guard": None})
    assert other == JudgeIdentity.from_json(judge) and type(other.top_k) is type(other.samples) is int


def test_nulls_of_a_row_are_absent_keys() -> None:
    """A null list names no model, and a stamp without a status leaves no row out."""
    data = {"human-checklist": ["h"], "M-checklist": ["m"], "N-checklist": None}
    assert evaluated_models(data) == ["M"]
    assert isinstance(make_sample(Row(1, data), "id", "M"), Sample)
    assert not is_skipped({"metajudge": None}) and not is_skipped({"metajudge": {"status": None, "doubts": None}})
    assert is_skipped({"metajudge": {"status": "too_few"}})


def test_a_folder_may_hold_gzip_and_parquet(tmp_path: Path) -> None:
    """A Git LFS pointer is skipped with its reason; other files are none of ours."""
    records = records_of("row")
    FORMS["gzip"](tmp_path / "a.jsonl.gz", records)
    FORMS["parquet"](tmp_path / "b.parquet", records)
    FORMS["array"](tmp_path / "c.json", records)
    (tmp_path / "d.jsonl").write_text("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n")
    found = list(open_directory(tmp_path, None, None))
    assert [file.path.name for file in found] == ["a.jsonl.gz", "b.parquet", "d.jsonl"]
    assert isinstance(found[-1], SkippedFile) and found[-1].reason.startswith("is a Git LFS pointer")


def test_several_processes_read_compressed_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A temporary copy belongs to one process; another one makes its own."""
    for name in "ab":
        FORMS["gzip"](tmp_path / f"{name}.jsonl.gz", records_of("row"))
    found = []
    for jobs in ("1", "2"):
        code = main(["analysis", "--input-dir", str(tmp_path), "--jobs", jobs])
        found.append((code, capsys.readouterr().out))
    assert found[0] == found[1] and found[0][0] == 0 and found[0][1].count("\nM ") == 2
