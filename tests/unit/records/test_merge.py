"""Joining shards: what is counted, what is left out, and files that do not belong together."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from metajudge.errors import DiskFull, UsageError
from metajudge.records import check_replaceable, merge
from metajudge.records.shard_file import ShardHead, check_shard, read_head, read_shard, shard_path, writing_shard

Line = tuple[str, str]
"""Id and status of a record."""


def record(name: str, status: str = "success", **more: Any) -> bytes:
    data = {"id": name, "question_id": f"q{name}", "status": status, "model_be_evaluated": "m", **more}
    return json.dumps({"judge": {"model": "j"}, "samples": [], **data}).encode() + b"\n"


def shard(
    folder: Path, number: int, rows: Sequence[tuple[int, str]], lines: Sequence[bytes], *, of: int = 2, step: str = ""
) -> Path:
    """Write the shard `number` with these rows (line and id) and records."""
    path = folder / f"out.{number}-of-{of}.jsonl"
    records = Path(f"{path}.records") if step else path
    if step:
        path.write_text(step)
    records.write_bytes(b"".join(lines))
    with writing_shard(records, ShardHead(number, of, "hash")) as add:
        for line, name in rows:
            add(line, name, f"q{name}" if name else "")
    return path


def ids(path: Path) -> list[str]:
    return [json.loads(line)["id"] for line in path.read_bytes().splitlines()]


def test_each_row_has_its_record_that_counts_in_the_order_of_the_input(tmp_path: Path) -> None:
    """The records of a shard are in the order of the replies; bytes stay, and the last line gets its end."""
    first = shard(tmp_path, 0, [(2, "b"), (4, "d")], [record("d"), b"{torn\n", record("b", "error"), record("b")])
    odd = record("c", "error").replace(b": ", b" :  ").rstrip(b"\n")
    second = shard(tmp_path, 1, [(1, "a"), (3, "c")], [record("old"), record("a"), odd])
    done = merge([second, first], tmp_path / "out.jsonl")
    assert ids(tmp_path / "out.jsonl") == ["a", "b", "c", "d"]
    assert odd + b"\n" in (tmp_path / "out.jsonl").read_bytes()
    assert (done.shards, done.rows, done.failed, done.superseded) == (2, 4, 1, 1)
    assert (done.others, done.unreadable, done.missing, done.missing_shards) == (1, 1, 0, 0)
    assert (tmp_path / "out.matches.jsonl").exists()


def test_rows_without_a_record_are_missing(tmp_path: Path) -> None:
    paths = [shard(tmp_path, 0, [(2, "b"), (4, "d")], [record("d")]), shard(tmp_path, 1, [(1, "a")], [])]
    with pytest.raises(UsageError, match=r"^2 rows of the shards have no record yet; run the shards again"):
        merge(paths, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()
    assert merge(paths, tmp_path / "out.jsonl", allow_missing=True).missing == 2
    assert ids(tmp_path / "out.jsonl") == ["d"]


def test_rows_of_a_step_are_joined_with_their_records(tmp_path: Path) -> None:
    """A row without a record has no line; a skipped row has a line and no record."""
    paths = [
        shard(tmp_path, 0, [(2, "b"), (4, "")], [record("b")], step="row 2\nrow 4\n"),
        shard(tmp_path, 1, [(1, "a"), (3, "c")], [record("c")], step="row 3"),
    ]
    done = merge(paths, tmp_path / "out.jsonl", allow_missing=True)
    assert (tmp_path / "out.jsonl").read_text() == "row 2\nrow 3\nrow 4\n"
    assert ids(tmp_path / "out.jsonl.records") == ["b", "c"] and (done.rows, done.missing) == (3, 1)
    assert not (tmp_path / "out.matches.jsonl").exists()


@pytest.mark.parametrize("rows", ["row 2\n", "row 2\nrow 4\nrow 6\n"])
def test_rows_that_do_not_belong_to_the_records_are_refused(tmp_path: Path, rows: str) -> None:
    path = shard(tmp_path, 0, [(2, "b"), (4, "d")], [record("b"), record("d")], step=rows, of=1)
    with pytest.raises(UsageError, match=r"out\.0-of-1\.jsonl does not hold the rows of .*; run the shard again"):
        merge([path], tmp_path / "out.jsonl")


def test_a_step_and_an_inference_are_not_joined(tmp_path: Path) -> None:
    paths = [shard(tmp_path, 0, [], [], step="\n"), shard(tmp_path, 1, [], [])]
    with pytest.raises(UsageError, match="are outputs of different commands"):
        merge(paths, tmp_path / "out.jsonl")


@pytest.mark.parametrize(
    "other", [{"model_be_evaluated": "x"}, {"judge": {"model": "x"}}, {"judge": {"model": "j", "settings": {"max": 1}}}]
)
def test_another_judge_or_model_is_named_with_its_line(tmp_path: Path, other: dict[str, Any]) -> None:
    """Upper and lower case of the evaluated model make no difference, nor do records that do not count."""
    line = json.dumps(json.loads(record("d")) | other).encode() + b"\n"
    same = record("b", model_be_evaluated="M") + record("old", judge={"model": "x"})
    paths = [shard(tmp_path, 1, [(1, "a")], [record("a")]), shard(tmp_path, 0, [(2, "b"), (4, "d")], [same, line])]
    with pytest.raises(
        UsageError, match=r"out\.0-of-2\.jsonl has records of another judge or model .*\(line 4 of the input: "
    ):
        merge(paths, tmp_path / "out.jsonl")
    assert merge(paths, tmp_path / "out.jsonl", allow_mixed=True).rows == 3


def test_a_question_that_a_line_asks_twice_has_one_record(tmp_path: Path) -> None:
    """Two annotators with the same list."""
    path = shard(tmp_path, 0, [(1, "a"), (1, "b"), (1, "a"), (2, "c")], [record("b"), record("a"), record("c")], of=1)
    assert merge([path], tmp_path / "out.jsonl").rows == 3
    assert ids(tmp_path / "out.jsonl") == ["a", "b", "c"]


def test_many_missing_shards_are_not_all_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"shards 0/9, 1/9, 2/9, 4/9, 5/9 and 3 more are missing; run them"):
        merge([shard(tmp_path, 3, [], [], of=9)], tmp_path / "out.jsonl")


def test_a_lock_file_means_that_the_shard_is_written(tmp_path: Path) -> None:
    """On file systems without locks."""
    path = shard(tmp_path, 0, [], [], of=1)
    Path(f"{path}.lock").write_text("process 1 on host")
    with pytest.raises(UsageError, match=r"is being written by a run; wait for its end, or remove .*\.lock"):
        merge([path], tmp_path / "out.jsonl")


@pytest.mark.parametrize("content", [b"", b"{}\n", b"[]\n", b'{"shard": 0, "of": 1, "input": "hash"}\n[1, 2]\n'])
def test_a_damaged_list_of_rows_is_named(tmp_path: Path, content: bytes) -> None:
    path = shard(tmp_path, 0, [], [], of=1)
    shard_path(path).write_bytes(content)
    with pytest.raises(UsageError, match=r"out\.0-of-1\.jsonl\.shard is damaged; run the shard again"):
        merge([path], tmp_path / "out.jsonl")


def test_a_list_of_rows_that_cannot_be_read_or_written_is_named(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    shard_path(path).mkdir()
    with pytest.raises(UsageError, match=r"\.shard cannot be read"):
        read_head(path)
    with pytest.raises(DiskFull, match=r"\.shard cannot be written"), writing_shard(path, ShardHead(0, 1, "hash")):
        pass


def test_the_output_of_one_shard_is_not_continued_as_another(tmp_path: Path) -> None:
    """Somebody has renamed it."""
    path = shard(tmp_path, 0, [(2, "b")], [])
    check_shard(path, ShardHead(0, 2, "hash"))
    assert list(read_shard(path)) == [(2, "b", "qb")]
    with pytest.raises(UsageError, match="is shard 0/2, not 1/2; name another file"):
        check_shard(path, ShardHead(1, 2, "hash"))


def test_a_file_is_replaced_only_if_the_shards_have_its_finished_rows(tmp_path: Path) -> None:
    """A failed row may be missing; another program's file stays."""
    shards = [
        shard(tmp_path, 0, [(2, "a")], [record("a")]),
        shard(tmp_path, 1, [(1, "b")], [record("b", "error")]),
    ]
    target = tmp_path / "out.jsonl"
    check_replaceable(target, shards)
    target.write_bytes(record("a", "error") + record("a") + record("b", "error") + record("c", "error"))
    check_replaceable(target, shards)
    target.write_bytes(record("a") + record("b"))
    with pytest.raises(UsageError, match="has 1 finished record that its shards lack"):
        check_replaceable(target, shards)
    target.write_text("no records\n")
    with pytest.raises(UsageError, match="holds something other"):
        check_replaceable(target, shards)
