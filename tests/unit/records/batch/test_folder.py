"""The folder of batches: parts within their limits, and the manifest."""

import json
from pathlib import Path

import pytest

from metajudge.errors import UsageError
from metajudge.records import BatchFolder, Manifest, PartLimits, PartWriter


def manifest() -> Manifest:
    return Manifest("out.jsonl", "infer", {"model": "m"}, "f", "0", "http://127.0.0.1:1/v1", "/u", 0.5)


@pytest.fixture
def folder(tmp_path: Path) -> BatchFolder:
    made = BatchFolder.beside(tmp_path / "out.jsonl")
    made.path.mkdir()
    return made


def line(number: int) -> bytes:
    return json.dumps({"custom_id": f"mj-{number}"}).encode() + b"\n"


@pytest.mark.parametrize(
    ("limits", "sizes"),
    [
        (PartLimits(), [7]),
        (PartLimits(requests=3), [3, 3, 1]),
        (PartLimits(size=2 * len(line(0))), [2, 2, 2, 1]),
        (PartLimits(tokens=25), [2, 2, 2, 1]),
    ],
)
def test_parts_keep_their_limits(folder: BatchFolder, limits: PartLimits, sizes: list[int]) -> None:
    """Every request is in one part, in its order."""
    writer = PartWriter(folder, limits, manifest())
    for number in range(7):
        writer.add(line(number), 10)
    writer.close()
    assert [part.requests for part in writer.parts] == sizes
    assert [name for part in writer.parts for name in folder.custom_ids(part)] == [f"mj-{n}" for n in range(7)]
    assert all(folder.requests(part).stat().st_size == part.size for part in writer.parts)
    assert len({part.mark for part in writer.parts}) == len(sizes)


@pytest.mark.parametrize("limits", [PartLimits(size=5), PartLimits(tokens=9)])
def test_a_request_larger_than_a_part_is_refused(folder: BatchFolder, limits: PartLimits) -> None:
    writer = PartWriter(folder, limits, manifest())
    with pytest.raises(UsageError, match="raise `max_"):
        writer.add(line(0), 10)


def test_discarded_parts_leave_no_file(folder: BatchFolder) -> None:
    """Neither a complete one nor one that is being written."""
    writer = PartWriter(folder, PartLimits(requests=1), manifest())
    for number in range(3):
        writer.add(line(number), 1)
    writer.discard()
    assert not list(folder.path.iterdir())


def test_new_parts_go_behind_those_of_the_manifest_with_marks_for_themselves(folder: BatchFolder) -> None:
    """The mark differs although the requests are the same."""
    whole = manifest()
    for _ in range(2):
        writer = PartWriter(folder, PartLimits(), whole)
        writer.add(line(0), 1)
        writer.close()
        whole.parts += writer.parts
    first, second = whole.parts
    assert (first.name, second.name) == ("001", "002")
    assert first.sha256 == second.sha256 and first.mark != second.mark


def test_a_manifest_is_read_as_it_was_written(folder: BatchFolder) -> None:
    """Keys of a later version are ignored; a later schema is refused."""
    assert folder.read() is None
    whole = manifest()
    writer = PartWriter(folder, PartLimits(), whole)
    writer.add(line(0), 1)
    writer.close()
    whole.parts = writer.parts
    folder.write(whole)
    assert folder.read() == whole
    path = folder.path / "manifest.json"
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "later": 1, "parts": [{**data["parts"][0], "later": 1}]}))
    assert folder.read() == whole
    path.write_text(json.dumps({**data, "schema": 2}))
    with pytest.raises(UsageError, match="schema 2"):
        folder.read()


def test_the_folder_is_found_by_each_of_its_names(folder: BatchFolder) -> None:
    folder.write(manifest())
    for path in (folder.path, folder.path / "manifest.json", folder.output):
        assert BatchFolder.of(path).path == folder.path
    with pytest.raises(UsageError, match="has no batches"):
        BatchFolder.of(folder.path.parent / "other.jsonl")


def test_one_command_works_in_the_folder_at_a_time(tmp_path: Path) -> None:
    """A folder in which nothing was made is removed."""
    folder = BatchFolder.beside(tmp_path / "out.jsonl")
    with folder.locked():
        with pytest.raises(UsageError, match="being written"), folder.locked():
            pass
        assert (folder.path / "lock").exists()
    assert not folder.path.exists()
    with folder.locked():
        folder.write(manifest())
    assert (folder.path / "manifest.json").exists()
