"""One record per row: kept, dropped and refused."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.errors import DiskFull
from metajudge.records.dedupe import Compacted, dedupe
from metajudge.records.discovery import open_results
from metajudge.reports.scan import summarise


def record(name: str, status: str = "success", **more: Any) -> bytes:
    """Return a record of ours, as one line without its end."""
    metadata = {"human-checklist": ["h"], "m-checklist": ["s"]}
    scores = {"scores": [[1, 1, 0.5]], "is_ordered": True, "errors": []}
    data = {"id": name, "question_id": "q", "status": status, "model_be_evaluated": "m", "extraction_result": scores}
    return json.dumps(data | {"samples": [{}], "metadata": metadata} | more).encode()


def command(*arguments: str) -> int:
    """Return the exit code of the command."""
    return main(["dedupe", *arguments], "metajudge dedupe")


def test_each_row_keeps_its_finished_record_with_its_bytes_and_its_place(tmp_path: Path) -> None:
    """Odd spacing, CRLF and escapes survive; a later failure is dropped; the end of the last line is completed."""
    failed, first = record("a", "error"), record("a", note="é").replace(b": ", b" :  ")
    second, late = record("b", "empty") + b"\r", record("a", "format_error")
    other = record("b", "error", question_id="another")
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(b"\xef\xbb\xbf" + b"\n".join([failed, second, first, b"{torn", b"", late, other]))
    assert dedupe(source, target) == Compacted(kept=3, superseded=2, unreadable=1)
    assert target.read_bytes() == b"\n".join([second, first, other]) + b"\n"


def test_records_without_id_are_all_kept_without_the_byte_order_mark(tmp_path: Path) -> None:
    """Every record of the reference counts; the mark belongs to the file, and readers fail on it."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    line = b'{"samples": [], "metadata": {"m-checklist": []}}\n'
    source.write_bytes(b"\xef\xbb\xbf" + line * 3)
    assert dedupe(source, target).kept == 3
    assert target.read_bytes() == line * 3


def test_both_files_have_the_same_analysis(tmp_path: Path) -> None:
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    lines = [record("a"), record("b", "error"), record("a", "error"), record("b", "error"), record("c", "empty")]
    source.write_bytes(b"\n".join(lines) + b"\n")
    dedupe(source, target)
    before, after = (summarise(open_results(path, None), 10) for path in (source, target))
    assert (before.total, before.valid, before.errors) == (after.total, after.valid, after.errors) == (3, 1, 2)
    assert before.metrics == after.metrics


@pytest.mark.parametrize(
    ("source", "target", "message"),
    [
        ("in.jsonl", "in.jsonl", "is the file that is read"),
        ("in.jsonl", "link.jsonl", "is the file that is read"),
        ("in.jsonl", "there.jsonl", "exists; name another file, or replace it with --force"),
        ("in.jsonl", ".", "is a directory"),
        ("in.jsonl", "no/out.jsonl", "does not exist; create it first"),
        ("missing", "out.jsonl", "does not exist"),
        (".", "out.jsonl", "is a directory"),
        ("rows.jsonl", "out.jsonl", "holds input rows"),
        ("empty.jsonl", "out.jsonl", "it is empty"),
        ("in.jsonl", "out.json", "the output is JSONL; give it a name such as out.jsonl"),
        ("torn.jsonl", "out.jsonl", "no readable record: line 1 is not JSON"),
        ("pipe", "out.jsonl", "is no ordinary file"),
        ("in.jsonl", "/proc/out.jsonl", "cannot be written"),
    ],
)
def test_what_cannot_be_done_is_refused_in_one_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    source: str,
    target: str,
    message: str,
) -> None:
    """Exit code 2; no file is made or changed."""
    monkeypatch.chdir(tmp_path)
    Path("in.jsonl").write_bytes(record("a"))
    Path("link.jsonl").symlink_to("in.jsonl")
    Path("there.jsonl").write_bytes(b"kept")
    Path("rows.jsonl").write_bytes(b'{"human-checklist": [], "m-checklist": []}')
    Path("empty.jsonl").write_bytes(b"")
    Path("torn.jsonl").write_bytes(b"{\n")
    os.mkfifo("pipe")
    before = sorted(os.listdir())
    assert command(source, target) == 2
    err = capsys.readouterr().err
    assert message in err and err.count("\n") == 1
    assert sorted(os.listdir()) == before
    assert (Path("there.jsonl").read_bytes(), Path("in.jsonl").read_bytes()) == (b"kept", record("a"))


def test_force_replaces_another_file_but_never_the_source(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The flag is for the target; the closing line counts."""
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(record("a") + b"\n{\n")
    target.write_bytes(b"old")
    assert command(str(source), str(target), "--force") == 0
    assert target.read_bytes() == record("a") + b"\n"
    assert (
        "1 record kept; dropped: 0 superseded by another of the same row, 1 unreadable line" in capsys.readouterr().out
    )
    assert command(str(source), str(source), "--force") == 2


@pytest.mark.parametrize(
    ("error", "raised"),
    [(OSError(28, "No space left on device"), DiskFull), (KeyboardInterrupt(), KeyboardInterrupt)],
)
def test_a_full_disk_or_an_interrupt_leaves_the_old_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, raised: type[BaseException]
) -> None:
    """The target appears whole or not at all."""

    def fail(_: int) -> None:
        raise error

    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_bytes(record("a") + b"\n")
    target.write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(raised, match="No space left" if raised is DiskFull else None):
        dedupe(source, target, force=True)
    assert target.read_bytes() == b"old"
    assert sorted(os.listdir(tmp_path)) == ["in.jsonl", "out.jsonl"]
