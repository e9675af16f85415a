"""Rows of a file become samples."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.rows import InputFile, InvalidRow, Row
from metajudge.data.samples import RowIds, Sample, evaluated_models, make_sample, read_samples
from metajudge.errors import UsageError

GOOD = {"context": [], "response1": "a", "response2": "b", "human-checklist": ["h"], "M-checklist": ["m"]}


def rows_of(tmp_path: Path, data: bytes) -> list[Row | InvalidRow]:
    path = tmp_path / "in.jsonl"
    path.write_bytes(data)
    return list(InputFile(path).rows())


def test_bom_crlf_and_blank_lines_are_skipped_and_lines_keep_their_numbers(tmp_path: Path) -> None:
    """A file saved by a Windows editor reads like any other."""
    line = json.dumps(GOOD).encode()
    rows = rows_of(tmp_path, b"\xef\xbb\xbf" + line + b"\r\n\r\n  \n" + line + b"\r\n")
    assert [(row.line, isinstance(row, Row)) for row in rows] == [(1, True), (4, True)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{broken", "is not JSON (Expecting property name enclosed in double quotes at column 2)"),
        (b'{"a": "\xff"}', "is not UTF-8 (byte 0xff at position 8)"),
        (b"[1]", "is a JSON list, not an object"),
        (b"null", "is a JSON null, not an object"),
        (b"3", "is a JSON number, not an object"),
        (b'{"a": ' + b"9" * 5000 + b"}", "is JSON that cannot be read (a number too long, or nested too deep)"),
        (b"[" * 100_000, "is JSON that cannot be read (a number too long, or nested too deep)"),
    ],
)
def test_a_line_that_is_no_row_is_named_with_its_reason(tmp_path: Path, line: bytes, reason: str) -> None:
    good = json.dumps(GOOD).encode()
    rows = rows_of(tmp_path, good + b"\n" + line + b"\n" + good + b"\n")
    assert rows[1] == InvalidRow(2, reason)
    assert isinstance(rows[0], Row) and isinstance(rows[2], Row)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({"human-checklist": []}, 'has no "M-checklist"'),
        ({"M-checklist": []}, 'has no "human-checklist"'),
        (GOOD | {"human-checklist": None}, 'has no "human-checklist"'),
        (GOOD | {"M-checklist": "one"}, 'has a "M-checklist" that is a string, not a list of strings'),
        (GOOD | {"M-checklist": ["x", 3]}, 'has a "M-checklist" whose item 2 is a number, not a string'),
        (GOOD | {"M-checklist": [True]}, 'has a "M-checklist" whose item 1 is a true/false, not a string'),
    ],
)
def test_a_checklist_that_is_no_list_of_strings_makes_the_row_unusable(row: dict[str, Any], reason: str) -> None:
    """The reason names the key and the kind of value found."""
    assert make_sample(Row(7, row), "id", "M") == InvalidRow(7, reason)


def test_the_key_is_found_without_regard_to_case_and_the_rows_first_one_wins() -> None:
    row = {"human-checklist": ["h"], "gpt-CHECKLIST": ["first"], "GPT-checklist": ["second"]}
    sample = make_sample(Row(1, row), "id", "Gpt")
    assert isinstance(sample, Sample) and sample.model_items == ("first",)
    assert evaluated_models(row) == ["gpt"]


def test_empty_strings_keep_their_number() -> None:
    sample = make_sample(Row(1, GOOD | {"M-checklist": ["", "x"]}), "id", "M")
    assert isinstance(sample, Sample) and sample.model_items == ("", "x")


def test_repeated_rows_are_numbered_in_file_order_and_ids_do_not_depend_on_the_model() -> None:
    """The second and third occurrence get -2 and -3; the id leaves the model's list out."""
    samples = list(read_samples([Row(n, GOOD | {"n-checklist": ["z"]}) for n in (1, 2, 3)], ["M", "n"]))
    ids = [sample.id for sample in samples if isinstance(sample, Sample)]
    assert ids[0] == ids[1] and ids[2] == ids[3] == f"{ids[0]}-2" and ids[4] == f"{ids[0]}-3"
    questions = {sample.question_id for sample in samples if isinstance(sample, Sample)}
    assert len(questions) == 2


def test_the_id_depends_on_each_of_its_four_fields_and_on_nothing_else() -> None:
    """An absent field equals null; other fields do not count."""
    base = RowIds().id_of(GOOD)
    for key in ("context", "response1", "response2", "human-checklist"):
        assert RowIds().id_of(GOOD | {key: "other"}) != base
    assert RowIds().id_of(GOOD | {"domain": "code"}) == base
    without = {key: value for key, value in GOOD.items() if key != "context"}
    assert RowIds().id_of(without) == RowIds().id_of(GOOD | {"context": None})
    assert len(RowIds().id_of(GOOD | {"response1": "\ud800"})) == 16  # JSON can hold half a character


@pytest.mark.parametrize("name", ["missing.jsonl", "."])
def test_a_path_that_is_no_file_is_one_clear_line(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=r"^`input_file` .*(does not exist|is a directory)[^\n]*$"):
        InputFile(tmp_path / name)


def test_a_pipe_can_be_read_twice(tmp_path: Path) -> None:
    """A pipe is copied, so that counting and judging both see all rows."""
    read, write = os.pipe()
    os.write(write, json.dumps(GOOD).encode() + b"\n")
    os.close(write)
    source = InputFile(Path(f"/dev/fd/{read}"))
    os.close(read)
    assert len(list(source.rows())) == len(list(source.rows())) == 1


def test_standard_input_is_named_by_a_dash(monkeypatch: pytest.MonkeyPatch) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(GOOD).encode() + b"\n"))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert len(list(InputFile(Path("-")).rows())) == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="needs to become another user")
def test_an_unreadable_file_is_one_clear_line(tmp_path: Path) -> None:
    path = tmp_path / "secret.jsonl"
    path.write_text("{}")
    path.chmod(0)
    code = (
        "import os, sys; from pathlib import Path\n"
        "from metajudge.errors import UsageError; from metajudge.data.rows import InputFile\n"
        "os.setuid(65534)\n"
        "try: InputFile(Path(sys.argv[1]))\n"
        "except UsageError as error: print(error)"
    )
    root = Path(__file__).parents[3]
    result = subprocess.run(
        [sys.executable, "-c", code, str(path)], capture_output=True, text=True, cwd=root, check=False
    )
    assert "cannot be read: Permission denied" in result.stdout
