"""Shards of a run and their merge, from the command line to the files."""

import contextlib
import io
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from metajudge.cli import main
from metajudge.errors import DiskFull
from metajudge.records import merge
from tests.e2e.driver import records
from tests.servers import running

SHARDS = 7
READABLE = "Reasons:\n- Response A is wrong about the year {}.\n\\boxed{{B>>A}}"
TIMES = re.compile(rb'"(latency_s|finished_at)": [^,]*, ')


class Files:
    """An input and the outputs of commands in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows, self.out, self.one = folder / "in.jsonl", folder / "out.jsonl", folder / "one.jsonl"
        self.error = self.said = ""

    def run(self, *words: str | Path) -> int:
        out, error = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
            code = main([str(word) for word in words])
        self.said, self.error = out.getvalue(), error.getvalue()
        return code

    def infer(self, output: Path, *flags: str, models: str = "M") -> int:
        files = ("--input-file", self.rows, "--output-file", output, "--model-be-evaluated", models)
        return self.run("infer", *files, *(flags if "--model" in flags else (*flags, "--model", "embedded")))

    def critic(self, output: Path, *flags: str) -> int:
        files = ("--input-file", self.rows, "--output-file", output)
        return self.run("critic", *files, "--name", "m", "--from-field", "said", *flags)

    def merge(self, *flags: str, shards: int = SHARDS) -> int:
        found = sorted(self.folder.glob(f"out.*-of-{shards}.jsonl"))
        random.Random(1).shuffle(found)  # the order of the names makes no difference
        return self.run("merge", *found, "--output-file", self.out, *flags)

    def shard(self, number: int, count: int = SHARDS) -> Path:
        return self.folder / f"out.{number}-of-{count}.jsonl"


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Files:
    """An input of the model M with empty lists, repeated rows, blank and broken lines."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    made = Files(tmp_path)
    write(made.rows, 40)
    return made


def row(number: int) -> dict[str, Any]:
    words = [f"the year {number}.{item} is wrong – \ud800" for item in range(1 + number % 3)]
    reasons = [f"A has the wrong year {number}.{item}" for item in range(number % 4)]
    return {"context": f"c{number}", "human-checklist": words, "M-checklist": reasons, "said": READABLE.format(number)}


def write(path: Path, count: int) -> None:
    lines = [json.dumps(row(number)) for number in range(count)]
    lines[8:8] = ["", "{broken", json.dumps({"no": "list"})]
    lines += [lines[1], lines[1], lines[4]]
    path.write_text("\n".join(lines) + "\n")


def in_input_order(path: Path, source: Path) -> list[bytes]:
    """Return the lines of a file of records in the order of the input, without times."""
    texts = [json.loads(line).get("context") for line in source.read_text().splitlines() if line.startswith('{"')]
    first = {text: place for place, text in reversed(list(enumerate(texts)))}
    repeats = [place for place in range(len(texts)) if first[texts[place]] != place]
    ranks = {}
    for line in path.read_bytes().splitlines(keepends=True):
        record = json.loads(line)
        place = first[record["metadata"]["context"]]
        repeat = int(record["id"].partition("-")[2] or 1)
        ranks[line] = [place, *(one for one in repeats if texts[one] == texts[place])][repeat - 1]
    return [TIMES.sub(b"", line) for line in sorted(ranks, key=lambda line: ranks[line])]


def test_seven_merged_shards_equal_one_run(files: Files) -> None:
    """Records and matches are equal byte for byte but for times; a run over the whole input asks nothing more."""
    assert files.infer(files.one) == 1  # two lines are unusable
    for number in range(SHARDS):
        assert files.infer(files.out, "--shard", f"{number}/{SHARDS}") == (1 if number in (3, 4) else 0)
        assert f"merge {files.folder}/out.*-of-7.jsonl --output-file {files.out}" in files.said or number in (3, 4)
    assert files.merge() == 0
    assert files.said == f"{files.out}: 43 rows of 7 shards\n"
    merged = [TIMES.sub(b"", line) for line in files.out.read_bytes().splitlines(keepends=True)]
    # Equal questions are asked once in each run, so repeated rows in other shards are no copies.
    alone = re.compile(rb', "usage": \{[^}]*\}(, "copied_from": "[^"]*")?|"attempts": \d+, ')
    one = in_input_order(files.one, files.rows)
    assert [alone.sub(b"", line) for line in merged] == [alone.sub(b"", line) for line in one]
    assert merged[:40] == one[:40]  # the repeated rows are the last three
    matches = [path.with_suffix(".matches.jsonl").read_bytes() for path in (files.out, files.one)]
    assert sorted(matches[0].splitlines()) == sorted(matches[1].splitlines())
    before = files.out.read_bytes()
    files.infer(files.out)
    assert "Requests  0," in files.said and files.out.read_bytes() == before


def test_the_shards_of_a_step_equal_one_run(files: Files) -> None:
    """Rows and records; skipped rows keep their place, and unreadable texts stay out of the next step."""
    lines = files.rows.read_text().splitlines()
    lines[2] = json.dumps({"context": "left out", "metajudge": {"status": "too_few"}})
    lines[5] = json.dumps({"context": "x", "said": "I like both."})
    lines[20] = json.dumps({"context": "left out", "metajudge": {"status": "error"}})
    files.rows.write_text("\n".join(lines) + "\n")
    files.critic(files.one)
    for number in range(SHARDS):
        files.critic(files.out, "--shard", f"{number}/{SHARDS}")
    assert files.merge() == 0, files.error
    assert files.out.read_bytes() == files.one.read_bytes() and len(records(files.out)) == 44
    ends = [Path(f"{path}.records") for path in (files.out, files.one)]
    assert ends[0].read_bytes() == ends[1].read_bytes()
    files.critic(files.out)
    assert "Requests  0," in files.said and files.out.read_bytes() == files.one.read_bytes()


def test_several_models_have_a_shard_each(files: Files) -> None:
    """All shards judge the same models, also where a model's lists begin in another shard."""
    lines = [row(number) for number in range(6)]
    lines[5]["late-checklist"] = ["B is wrong"]
    files.rows.write_text("".join(json.dumps(line) + "\n" for line in lines))
    for number in range(2):
        files.infer(files.folder / "{model}-out.jsonl", "--shard", f"{number}/2", "--limit", "1", models="all")
    names = {path.name for path in files.folder.glob("*-of-2.jsonl")}
    assert names == {f"{model}-out.{number}-of-2.jsonl" for model in ("M", "late") for number in range(2)}


def test_a_dry_run_and_a_limit_are_the_shards(files: Files) -> None:
    """Only its lines count."""
    assert files.infer(files.out, "--shard", "1/7", "--dry-run") == 0
    assert "Rows      7 read, 0 unusable\n" in files.said and f"to {files.shard(1)}" in files.said
    assert list(files.folder.iterdir()) == [files.rows]
    files.infer(files.out, "--shard", "1/7", "--limit", "2")
    assert [one["metadata"]["context"] for one in sorted_records(files.shard(1))] == ["c0", "c7"]


def sorted_records(path: Path) -> list[dict[str, Any]]:
    return sorted(records(path), key=lambda one: int(one["metadata"]["context"][1:]))


def test_a_shard_without_a_row_is_written_and_merged(files: Files) -> None:
    """More shards than rows: an array of jobs does not fail."""
    files.rows.write_text("".join(json.dumps(row(number)) + "\n" for number in range(1, 3)))
    for number in range(4):
        assert files.infer(files.out, "--shard", f"{number}/4") == 0, files.said
    assert files.shard(0, 4).read_bytes() == b""
    assert files.infer(files.out, "--shard", "0/4", "--dry-run") == 0
    assert files.said == f"No row to judge: shard 0/4 of {files.rows} is empty.\n"
    assert files.merge(shards=4) == 0 and len(records(files.out)) == 2
    files.rows.write_text("")
    assert files.infer(files.folder / "none.jsonl", "--shard", "0/4") == 1 and "is empty" in files.said


def in_shards(files: Files, count: int, *flags: str) -> None:
    for number in range(count):
        files.infer(files.out, "--shard", f"{number}/{count}", *flags)


def refused(files: Files, *words: str | Path) -> str:
    """Run a command that must be refused in one line, without a new file; return the line."""
    before = sorted(files.folder.iterdir())
    assert files.run(*words) == 2, files.said
    assert files.error.count("\n") == 1 and sorted(files.folder.iterdir()) == before
    return files.error


def test_a_shard_that_does_not_exist_is_refused(files: Files) -> None:
    line = "metajudge: error: --shard 8/7 does not exist: the first shard is 0/7, the last one 6/7\n"
    flags = ("--input-file", files.rows, "--output-file", files.out, "--shard", "8/7", "--model", "embedded")
    assert refused(files, "infer", *flags, "--model-be-evaluated", "M") == line
    assert refused(files, "critic", *flags, "--name", "m", "--from-field", "said") == line


def test_what_cannot_be_merged_is_refused_in_one_line(files: Files) -> None:
    """A missing shard, one that is there twice, other shards, files that are no shards."""
    in_shards(files, 3, "--limit", "2")
    end = ("--output-file", files.out)
    shards = [files.shard(number, 3) for number in range(3)]
    assert "shard 1/3 is missing; run it, or merge what is there with --allow-missing" in refused(
        files, "merge", shards[0], shards[2], *end
    )
    copy = files.folder / "copy.jsonl"
    for ending in ("", ".shard"):
        Path(f"{copy}{ending}").write_bytes(Path(f"{shards[0]}{ending}").read_bytes())
    assert f"shard 0/3 is there twice: {copy} and {shards[0]}" in refused(files, "merge", copy, *shards, *end)
    assert f"{files.rows} is no output of a shard" in refused(files, "merge", shards[0], files.rows, *end)
    assert "does not exist" in refused(files, "merge", files.folder / "no.jsonl", *end)
    assert "is the file that is read" in refused(files, "merge", *shards, "--output-file", shards[0], "--force")
    assert "rows of the shards have no record yet; run the shards again to finish them" in refused(
        files, "merge", *shards, *end
    )
    in_shards(files, 2, "--limit", "1")
    assert "is shard 0/2, but" in refused(files, "merge", *shards, files.shard(0, 2), *end)
    Path(f"{shards[1]}.shard").write_text("{")
    assert f"{shards[1]}.shard is damaged; run the shard again" in refused(files, "merge", *shards, *end)


def test_a_part_is_merged_if_it_is_wanted(files: Files) -> None:
    """The line counts what is left out; an existing output is replaced by force alone."""
    in_shards(files, 3, "--limit", "2")
    files.shard(2, 3).unlink()
    assert files.merge("--allow-missing", shards=3) == 0
    assert files.said.startswith(f"{files.out}: 4 rows of 2 shards; left out: 1 shard missing, ")
    assert [one["metadata"]["context"] for one in records(files.out)] == ["c0", "c2", "c3", "c5"]
    assert f"{files.out} exists" in refused_merge(files)
    assert files.merge("--allow-missing", "--force", shards=3) == 0


def refused_merge(files: Files) -> str:
    return refused(files, "merge", files.shard(0, 3), files.shard(1, 3), "--output-file", files.out)


def test_a_changed_input_is_refused(files: Files) -> None:
    """Both where a shard is resumed and where shards of two inputs are merged."""
    in_shards(files, 2)
    write(files.rows, 41)
    for command in ("--granularity", "item"), ():
        flags = ("--input-file", files.rows, "--output-file", files.out, "--model-be-evaluated", "M", *command)
        line = refused(files, "infer", *flags, "--model", "embedded", "--shard", "0/2")
        assert f"--input-file has changed since shard 0/2 was begun in {files.shard(0, 2)}" in line
    files.infer(files.out, "--shard", "0/2", "--allow-mixed")
    shards = [files.shard(number, 2) for number in range(2)]
    line = refused(files, "merge", *shards, "--output-file", files.out)
    assert "were made of different inputs" in line
    files.infer(files.out, "--shard", "1/2", "--allow-mixed")
    assert files.merge(shards=2) == 0 and f"{files.out}: 44 rows of 2 shards" in files.said


@pytest.fixture(scope="module")
def model() -> Iterator[str]:
    with running("tests.servers.scripted") as url:
        yield url


def test_records_of_two_judges_are_refused(files: Files, model: str) -> None:
    """A flag joins them as they are."""
    write(files.rows, 9)
    files.infer(files.out, "--shard", "0/2")
    files.infer(files.out, "--shard", "1/2", "--model", "other", "--api-base", model)
    shards = [files.shard(number, 2) for number in range(2)]
    line = refused(files, "merge", *shards, "--output-file", files.out)
    assert "model 'other', not 'embedded'); judge all shards alike, or join them as they are with --allow-mixed" in line
    assert files.merge("--allow-mixed", shards=2) == 0
    assert {one["judge"]["model"] for one in records(files.out)} == {"embedded", "other"}


def test_a_shard_that_is_being_written_is_not_merged(files: Files) -> None:
    import fcntl

    in_shards(files, 2)
    shards = [files.shard(number, 2) for number in range(2)]
    with shards[1].open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert f"{shards[1]} is being written by a run" in refused(files, "merge", *shards, "--output-file", files.out)


def test_a_full_disk_leaves_nothing_half_merged(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    in_shards(files, 2)
    before = sorted(files.folder.iterdir())

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(DiskFull, match="No space left on device; the shards are as they were"):
        merge([files.shard(number, 2) for number in range(2)], files.out)
    assert sorted(files.folder.iterdir()) == before
