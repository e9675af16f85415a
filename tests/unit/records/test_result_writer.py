"""The record file: appended, locked, repaired, resumed."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.rows import InputFile, Row
from metajudge.errors import DiskFull, OutputLost, UsageError
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.opening import row_key
from metajudge.records.record import Record, encode
from metajudge.records.result_writer import ResultWriter

JUDGE = {"model": "m", "instructions": "i", "granularity": "row", "samples": 1, "top_k": None, "temperature": 0.6}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "out.jsonl"


def record(number: int, status: str = "success", **fields: Any) -> dict[str, Any]:
    names = {"id": f"id{number}", "question_id": f"q{number}", "status": status}
    return {**names, "model_be_evaluated": "M", "judge": JUDGE, **fields}


def typed(number: int, status: str = "success") -> Record:
    return Record.from_json(record(number, status))


def opened(path: Path, **options: Any) -> ResultWriter:
    return ResultWriter(path, "M", JudgeIdentity.from_json(JUDGE), **options)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_records_are_appended_and_finished_rows_are_known_to_the_next_run(tmp_path: Path) -> None:
    """Success and empty are finished, failures are not; the order of a row's records does not matter."""
    path = tmp_path / "new" / "out.jsonl"
    with opened(path) as file:
        for number, status in enumerate(["success", "empty", "error", "format_error"]):
            file.append(typed(number, status))
    assert [line["id"] for line in lines(path)] == ["id0", "id1", "id2", "id3"]
    with opened(path) as file:
        assert file.finished == {row_key("id0", "q0"), row_key("id1", "q1")}
        assert file.failed == {row_key("id2", "q2"), row_key("id3", "q3")}
        file.append(typed(1, "error"))
        file.append(typed(2))
    with opened(path) as file:
        assert len(file.finished) == 3 and file.failed == {row_key("id3", "q3")}


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_set_aside_and_its_row_not_finished(path: Path, cut: int) -> None:
    """The torn bytes are kept in `<output>.torn`."""
    torn = encode(record(2))[:cut]
    path.write_bytes(encode(record(1)) + torn)
    with opened(path) as file:
        assert file.finished == {row_key("id1", "q1")}
        file.append(typed(3))
    assert [line["id"] for line in lines(path)] == ["id1", "id3"]
    assert path.with_name("out.jsonl.torn").read_bytes() == torn + b"\n"


def test_a_whole_last_line_that_lacks_only_its_newline_is_kept(path: Path) -> None:
    """The record counts and the next one begins a new line."""
    path.write_bytes(encode(record(1)).rstrip(b"\n"))
    with opened(path) as file:
        assert file.finished == {row_key("id1", "q1")}
        file.append(typed(2))
    assert [line["id"] for line in lines(path)] == ["id1", "id2"]
    assert not path.with_name("out.jsonl.torn").exists()


def test_unreadable_lines_in_the_middle_are_left_alone(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """They are counted in the log and never rewritten."""
    content = encode(record(1)) + b"garbage\n[1]\n\n" + encode(record(2))
    path.write_bytes(content)
    with opened(path) as file:
        assert len(file.finished) == 2
    assert path.read_bytes() == content
    assert "2 unreadable lines" in caplog.text


@pytest.mark.parametrize(
    ("line", "read"),
    [
        (b"\xef\xbb\xbf" + encode(record(2)), True),
        (encode(record(2)).replace(b"}\n", b', "x": "\xff"}\n'), False),
        (encode(record(2)).decode().rstrip("\n").encode("utf-16") + b"\n", False),
    ],
    ids=["BOM", "not UTF-8", "UTF-16"],
)
def test_an_unreadable_record_is_not_finished(path: Path, line: bytes, read: bool) -> None:
    """Its row is asked again; every reader skips a byte order mark of joined files."""
    path.write_bytes(encode(record(1)) + line + encode(record(3)))
    with opened(path) as file:
        assert len(file.finished) == 2 + read
    assert sum(isinstance(row, Row) for row in InputFile(path).rows()) == 2 + read


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"judge": JUDGE | {"model": "other"}}, "model 'other', not 'm'"),
        ({"judge": JUDGE | {"instructions": "x"}}, "instructions 'x', not 'i'"),
        ({"judge": JUDGE | {"samples": 3}}, "samples 3, not 1"),
        ({"judge": JUDGE | {"top_k": 5}}, "top_k 5, not None"),
        ({"judge": None}, "model None, not 'm'"),
        ({"model_be_evaluated": "Z"}, "evaluated model 'Z', not 'M'"),
    ],
)
def test_another_judges_file_is_refused_unless_mixing_is_allowed(
    path: Path, change: dict[str, Any], named: str
) -> None:
    path.write_bytes(encode(record(1)) + encode(record(2, **change)))
    with pytest.raises(UsageError) as caught:
        opened(path)
    assert named in str(caught.value) and "line 2" in str(caught.value) and "`allow_mixed`" in str(caught.value)
    with opened(path, allow_mixed=True) as file:
        assert len(file.finished) == 2


def test_granularities_never_mix_in_a_file(path: Path) -> None:
    """Not even where other judges may: no figure of both would mean anything. A record may lack its granularity."""
    path.write_bytes(encode(record(1)) + encode(record(2, judge=JUDGE | {"granularity": "item"})))
    for mixed in (False, True):
        with pytest.raises(UsageError, match=r"granularity 'item', not 'row' \(line 2\); granularities never mix"):
            opened(path, allow_mixed=mixed)
    path.write_bytes(encode(record(1, judge={"model": "other"})))
    with opened(path, allow_mixed=True) as file:
        assert len(file.finished) == 1


def test_another_temperature_or_spelling_of_the_model_is_the_same_judge(path: Path) -> None:
    """Only fields that change the question or the answerer count."""
    path.write_bytes(encode(record(1, judge=JUDGE | {"temperature": 0}, model_be_evaluated="m")))
    with opened(path) as file:
        assert len(file.finished) == 1


def test_a_file_of_something_else_is_refused(path: Path) -> None:
    """A record of the reference has no id."""
    content = b'{"status": "success", "samples": []}\n'
    path.write_bytes(content)
    for mixed in (False, True):
        with pytest.raises(UsageError, match=r"holds something other .*line 1 has no id"):
            opened(path, allow_mixed=mixed)
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [b"my notes", b"my notes\n", b"one\ntwo\nthree", b"[1, 2]\n", b"\xff\xfe"])
def test_somebody_elses_text_is_left_as_it_is(path: Path, content: bytes) -> None:
    """Its last line is no torn record, with or without a newline."""
    path.write_bytes(content)
    with pytest.raises(UsageError, match="holds something other than this program's records; name another file"):
        opened(path)
    assert path.read_bytes() == content and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("content", [b"", b"\n", b"\0\0\0", b'{"i', b'{"id": "0123', b'\xff\n{"id": "0123', b"{"])
def test_the_first_record_may_be_torn_anywhere(path: Path, content: bytes) -> None:
    """After a power loss it may be empty or zeros."""
    path.write_bytes(content)
    with opened(path) as file:
        assert not file.finished and not file.failed


@pytest.mark.parametrize("replace", [False, True])
def test_a_file_deleted_or_replaced_during_the_run_is_rescued(path: Path, replace: bool) -> None:
    """The records are saved beside it and the run ends; the foreign file is not touched."""
    file = opened(path)
    file.append(typed(1))
    path.unlink()
    if replace:
        path.write_text("another\n")
    with pytest.raises(OutputLost, match=r"was (deleted|replaced) .*out\.jsonl\.rescued"):
        file.append(typed(2))
    file.append(typed(3))  # a reply that was in flight is kept as well; the loss is reported once
    file.close()
    assert lines(path.with_name("out.jsonl.rescued")) == [record(1), record(2), record(3)]
    assert path.exists() == replace and (not replace or path.read_text() == "another\n")


def test_a_short_or_failed_write_is_a_full_disk_and_leaves_no_half_record(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file ends after the last whole record; the message of the system is shown."""

    def no_space(fd: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    with opened(path) as file:
        file.append(typed(1))
        whole, write = path.read_bytes(), os.write
        monkeypatch.setattr(os, "write", lambda fd, data: write(fd, data[:10]))
        with pytest.raises(DiskFull, match="no space left"):
            file.append(typed(2))
        monkeypatch.setattr(os, "write", no_space)
        with pytest.raises(DiskFull, match="No space left on device"):
            file.append(typed(2))
    assert path.read_bytes() == whole


@pytest.mark.parametrize("kind", ["directory", "device", "below a file"])
def test_a_path_that_cannot_hold_results_is_one_clear_line(tmp_path: Path, kind: str) -> None:
    (tmp_path / "file").write_text("")
    path = {"directory": tmp_path, "device": Path("/dev/null"), "below a file": tmp_path / "file" / "out.jsonl"}[kind]
    with pytest.raises(UsageError, match="`output_file`"):
        opened(path)


def test_every_second_sync_only_touches_what_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    with opened(tmp_path / "out.jsonl") as file:
        file.sync()
        assert synced == []
        file.append(typed(1))
        file.sync()
        file.sync()
        assert len(synced) == 1
