"""Input files that are no plain JSONL: rewritten, or named with what to do."""

import gzip
import io
import json
import sys
import tracemalloc
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from metajudge.data import formats
from metajudge.data.formats import UnreadableForm
from metajudge.data.rows import InputFile, Row
from metajudge.data.samples import check_spelling
from metajudge.errors import UsageError

packed = partial(gzip.compress, mtime=0)  # equal names of the tests at every collection
ROWS: list[dict[str, Any]] = [
    {"a": 'quotes " \\" and \\ and {[,]}\n é 中', "list": [1, {"b": [[]]}]},
    {},
    {"a": "\ud800", "n": 1.5, "t": None},
]
GZIP = b"\x1f\x8b"


def dumped(rows: object, **style: Any) -> bytes:
    return json.dumps(rows, **style).encode()


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(dumped(row) + b"\n" for row in rows)


def read(path: Path, content: bytes) -> list[Any]:
    """Return the rows of a file, the reasons of lines that are none."""
    path.write_bytes(content)
    rows = InputFile(path).rows()
    return [row.data if isinstance(row, Row) else row.reason for row in rows]


@pytest.mark.parametrize(
    "content",
    [
        dumped(ROWS),
        dumped(ROWS, indent=2),
        dumped(ROWS, indent=2).replace(b"\n", b"\r\n"),
        b"\xef\xbb\xbf \n" + dumped(ROWS) + b"\n\n",
        packed(jsonl(ROWS)),
        packed(jsonl(ROWS[:1])) + packed(jsonl(ROWS[1:])),
        packed(dumped(ROWS, indent=1)),
        packed(packed(jsonl(ROWS))),
    ],
    ids=["array", "indented", "crlf", "bom", "gzip", "two members", "array in gzip", "gzip in gzip"],
)
def test_arrays_and_gzip_are_read_as_jsonl_is(tmp_path: Path, content: bytes) -> None:
    """The form is found by the content, whatever the name; rows are numbered from 1 and can be read twice."""
    path = tmp_path / "rows.txt"
    assert read(path, content) == ROWS
    source = InputFile(path)
    assert [row.line for row in source.rows()] == [row.line for row in source.rows()] == [1, 2, 3]
    offsets = [offset for _, offset, _ in source.lines()]
    assert [json.loads(line) for line in source.lines_at(reversed(offsets))] == ROWS[::-1]


@pytest.mark.parametrize("content", [dumped(ROWS), packed(jsonl(ROWS)), packed(dumped(ROWS))])
def test_standard_input_may_be_of_any_form(content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert [row.data for row in InputFile(Path("-")).rows() if isinstance(row, Row)] == ROWS


@pytest.mark.parametrize("size", [1, 2, 3, 7, 1000])
def test_an_array_is_cut_alike_in_pieces_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """Strings, escapes and characters of several bytes may lie across the pieces."""
    monkeypatch.setattr(formats, "_CHUNK", size)
    assert read(tmp_path / "rows.json", json.dumps(ROWS[:2], ensure_ascii=False).encode()) == ROWS[:2]


def test_the_memory_does_not_grow_with_an_array(tmp_path: Path) -> None:
    """40 MB in rows of 1 kB are read in less than 8 MB."""
    path = tmp_path / "rows.json"
    with path.open("wb") as file:
        file.write(b"[" + b",".join([dumped({"text": "x" * 1000})] * 40_000) + b"]")
    tracemalloc.start()
    try:
        count = sum(isinstance(row, Row) for row in InputFile(path).rows())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 40_000 and peak < 8e6


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"[]", []),
        (b'[{"a": 1}, [2], 3, {"b": 4}]', [{"a": 1}, "a JSON list", "a JSON number", {"b": 4}]),
        (b'[{"a": 1}, {"b": \xff}, {"c": 2}]', [{"a": 1}, "not UTF-8", {"c": 2}]),
        (b'[{"a": 1}, {"b": 2', [{"a": 1}, "not JSON", "not JSON"]),
        (b'[{"a": 1}, {"b": 2}', [{"a": 1}, {"b": 2}, "not JSON"]),
        (b'[{"a": 1} {"b": 2}]', ["not JSON"]),
        (b'[{"a": 1}]\n{"b": 2}\n', ["a JSON list", {"b": 2}]),
        (b'[{"a": 1}]\n[{"b": 2}]\n', ["a JSON list", "a JSON list"]),
        (b'[1, 2]\n{"b": 2}\n', ["a JSON list", {"b": 2}]),
        (b'[INFO] start\n{"b": 2}\n', ["not JSON", {"b": 2}]),
        (b'{"a": \n{"b": 2}\n', ["not JSON", {"b": 2}]),
    ],
)
def test_what_is_no_row_is_named_and_the_rest_is_read(tmp_path: Path, content: bytes, expected: list[Any]) -> None:
    """A torn array has one unreadable line more; a file of several arrays stays JSONL."""
    found = read(tmp_path / "rows.json", content)
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        assert one == other or (isinstance(other, str) and other in one)


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (POINTER, "is a Git LFS pointer, not the file itself; fetch the file with: git lfs pull"),
        (packed(jsonl(ROWS))[:-12], "is a damaged gzip file"),
        (GZIP + b"x" * 30, "is a damaged gzip file"),
        (dumped(ROWS[0], indent=2), "is a JSON object over several lines, no JSONL; "),
        (dumped({"data": [{"a": 1}]}, indent=2), "such as with: jq -c '.[\"data\"][]' FILE > rows.jsonl"),
        (b"\n".join(dumped(row, indent=4) for row in ROWS[::2]), "such as with: jq -c '.' FILE > rows.jsonl"),
        (b",\n".join(dumped(row) for row in ROWS), "a comma follows each object; remove them, such as with: sed"),
        (
            dumped({"context": [{"role": "user", "content": "x"}]}, indent=2),
            "such as with: jq -c '.' FILE > rows.jsonl",
        ),
        (b"\x28\xb5\x2f\xfd....", "is compressed with zstd; decompress it first"),
        (b"PK\x03\x04....", "is a zip archive or a spreadsheet"),
        (b"\n<!DOCTYPE html><html>", "is a web page, no data"),
        (b"PAR1....", "is Parquet that cannot be read"),
    ],
)
def test_a_form_that_cannot_be_read_is_one_line_with_the_remedy(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "rows.jsonl"
    with pytest.raises(UnreadableForm, match=r"rows\.jsonl is ") as caught:
        read(path, content)
    assert reason in str(caught.value) and "\n" not in str(caught.value)


def test_parquet_is_read_where_pyarrow_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it the message says what to install."""
    path = tmp_path / "rows.parquet"
    rows = [{"human-checklist": ["x"], "n": number} for number in range(3)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    assert [row.data for row in InputFile(path).rows() if isinstance(row, Row)] == rows
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(UsageError, match="reading Parquet needs pyarrow: pip install pyarrow"):
        InputFile(path)


def test_a_full_disk_names_the_directory_of_the_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    def full() -> Iterator[bytes]:
        raise OSError(28, "No space left on device")
        yield b""

    with pytest.raises(UsageError, match="No space left on device; set TMPDIR"):
        formats.spooled(full())


# ------------------------------------------------------------------ keys with an underscore


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"human_checklist": [], "M-checklist": []}, '(line 1): rename "human_checklist" to "human-checklist" in'),
        ({"human_checklist": [], "M_checklist": []}, 'and "M_checklist" to "M-checklist" in every row'),
        ({"human-checklist": [], "M_Checklist": []}, 'rename "M_Checklist" to "M-checklist" in every row'),
        ({"human-checklist": [], "human_checklist": [], "M-checklist": []}, ""),
        ({"human-checklist": [], "M-checklist": [], "other_checklist": []}, ""),
        ({"human-checklist": [], "M-checklist": [], "human_checklist_notes": []}, ""),
    ],
)
def test_keys_with_an_underscore_are_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(jsonl([row]))
    if not message:
        check_spelling(InputFile(path))
        return
    with pytest.raises(UsageError) as caught:
        check_spelling(InputFile(path))
    assert message in str(caught.value)
