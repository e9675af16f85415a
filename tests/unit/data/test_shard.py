"""Shards of an input: their names, their lines and the ids of their rows."""

from pathlib import Path

import pytest

from metajudge.data import InputFile, InvalidRow, Row, RowIds, Shard
from metajudge.errors import UsageError


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7/7", "`shard` 7/7 does not exist: the first shard is 0/7, the last one 6/7"),
        ("8/7", "`shard` 8/7 does not exist: the first shard is 0/7, the last one 6/7"),
        ("0/0", "`shard` 0/0 does not exist: N is 1 or more"),
        *((text, f"`shard` {text} is not K/N, such as 0/16") for text in ("", "3", "-1/4", "1/2/3", "1,4", "a/b")),
    ],
)
def test_a_shard_that_does_not_exist_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        Shard.parse(text)
    assert str(caught.value) == message


def test_each_line_is_in_one_shard() -> None:
    """Line 1 is in shard 1, line N in shard 0."""
    shards = [Shard.parse(f"{number}/7") for number in range(7)]
    for line in range(1, 50):
        assert [shard.number for shard in shards if shard.holds(line)] == [line % 7]
    assert Shard.parse("0/1").is_whole and Shard().holds(1)


@pytest.mark.parametrize(
    ("output", "named"), [("a/out.jsonl", "a/out.3-of-7.jsonl"), ("out", "out.3-of-7"), ("a.b.txt", "a.b.3-of-7.txt")]
)
def test_the_output_of_a_shard_has_its_number(output: str, named: str) -> None:
    assert Shard(3, 7).path(Path(output)) == Path(named)
    assert Shard().path(Path(output)) == Path(output)


def test_ids_are_those_of_the_whole_file(tmp_path: Path) -> None:
    """Repetitions are counted over all lines; blank and broken lines keep their number."""
    path = tmp_path / "in.jsonl"
    texts = ["a", "a", "", "b", "a", "{", "b", "a", "a"]
    path.write_text("".join(f'{{"context": "{text}"}}\n' if text.isalpha() else f"{text}\n" for text in texts))

    def ids(shard: Shard) -> list[tuple[int, str]]:
        numbers, source = RowIds(), InputFile(path)
        rows = shard.rows(source.rows(), numbers)
        return [(row.line, numbers.id_of(row.data) if isinstance(row, Row) else "broken") for row in rows]

    whole = ids(Shard())
    assert [name.partition("-")[2] for _, name in whole] == ["", "2", "", "3", "", "2", "4", "5"]
    assert sorted(one for number in range(3) for one in ids(Shard(number, 3))) == whole
    assert isinstance(next(iter(Shard(0, 6).rows(InputFile(path).rows(), RowIds()))), InvalidRow)


def test_the_fingerprint_depends_on_the_lines_alone(tmp_path: Path) -> None:
    """Line ends and blank lines make no difference."""
    path, found = tmp_path / "in.jsonl", []
    for content in (b'{"a": 1}\n{}\n', b'\xef\xbb\xbf{"a": 1}\r\n\n{}', b'{}\n{"a": 1}\n', b'{"a": 2}\n{}\n'):
        path.write_bytes(content)
        found.append(InputFile(path).fingerprint())
    assert found[0] == found[1] and len(set(found)) == 3
