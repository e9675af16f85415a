"""The head of a record: the same as parsing the line, or none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metajudge.records.record import Judges, read_head
from metajudge.records.results_file import encode
from metajudge.reports.scan import Unscored, rate_head, score_record, summarise_file
from metajudge.tasks.match.prompt import Prompt
from metajudge.tasks.match.task import MatchTask
from tests.unit.rows import JUDGE, row, samples, task
from tests.unit.tasks.match.test_task import answers

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        '{"id": "0123456789abcdef", "status": "success"',
        ', "judge": {"model": "x"}',
        '"}\n{"id": "',
        "\\",
        '\\"',
        "}\n",
        "\u2028",
    ]
)


def written(human: int = 2, model: int = 3, granularity: str = "row", status: str = "success", **fields: Any) -> bytes:
    """A line as the program writes it."""
    (sample,) = samples([row(1, human, model, **fields)])
    kind = task(granularity)
    if status == "empty":
        return encode(kind.record(sample, [], 0.1))  # type: ignore[arg-type]
    numbers = range(1, model + 1) if granularity == "item" else (0,)
    texts = [
        "<RESULT_START>\n" + "\n".join(f"- R{r}@S{s or 1}: 0.5" for r in range(1, human + 1)) + "\n<RESULT_END>"
        for s in numbers
    ]
    record = kind.record(sample, answers(sample, texts, granularity), 0.1)  # type: ignore[arg-type]
    return encode({**record, "status": status})


def both_ways(line: bytes, model: str = "M", most: int = 10) -> tuple[Any, Any]:
    """What the head says of a line, and what the whole line says."""
    head = read_head(line)
    assert head is not None
    return rate_head(head, model, most), score_record(json.loads(line), model, most)


@settings(max_examples=300)
@given(
    st.integers(0, 4),
    st.integers(0, 6),
    st.sampled_from(["row", "item"]),
    st.sampled_from(["success", "error", "format_error"]),
    st.dictionaries(TEXTS, TEXTS | st.lists(TEXTS), max_size=3),
    st.sampled_from(["M", "m", "other"]),
    st.integers(1, 6),
)
def test_head_and_whole_line_agree_on_everything_that_is_written(
    human: int, items: int, granularity: str, status: str, fields: dict[str, Any], model: str, most: int
) -> None:
    """Whatever the row holds beside its lists: look-alike heads, quotation marks, line ends."""
    whole = "empty" if not human or not items else status
    fields = {key: value for key, value in fields.items() if not key.lower().endswith("-checklist")}
    line = written(human, items, granularity, whole, **fields)
    by_head, by_line = both_ways(line, model, most)
    assert by_head == by_line
    head, record = read_head(line), json.loads(line)
    assert head is not None and Judges().of(line, head) == record["judge"]
    assert (head.id, head.question_id, head.status) == (record["id"], record["question_id"], record["status"])
    assert (head.n_human, head.n_model, head.empty) == (human, items, record.get("empty", ""))


def test_a_judge_of_any_name_is_read() -> None:
    """Quotation marks and other letters in model names and replies do not mislead."""
    kind = MatchTask(Prompt("item"), {**JUDGE, "model": 'ü", "judge": {"model": "x', "granularity": "item"})
    (sample,) = samples([row(1, 1, 1)])
    text = ', "judge": {"model": "y"} <RESULT_START>\n- R1@S1: 1\n<RESULT_END>'
    line = encode(kind.record(sample, answers(sample, [text], "item"), 0.1))  # type: ignore[arg-type]
    head, judges = read_head(line), Judges()
    assert head is not None
    assert [(judges.of(line, head) or {})["model"] for _ in range(2)] == ['ü", "judge": {"model": "x'] * 2


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-1],  # no newline
        lambda line: line[:-2] + b"\n",  # torn
        lambda line: b" " + line,
        lambda line: b"\xef\xbb\xbf" + line,
        lambda line: line.replace(b"\n", b"\r\n"),
        lambda line: line.replace(b'"schema": 1', b'"schema": 2', 1),
        lambda line: line.replace(b'"schema": 1', b'"schema":1', 1),
        lambda line: line.replace(b'"status": "success"', b'"status": "done"', 1),
        lambda line: line.replace(b'"question_id"', b'"question"', 1),
        lambda line: line.replace(b'"n_human": 2', b'"n_human": null', 1),
        lambda line: line.replace(b"[[1, 1, 0.5]", b"[[1, 1, NaN]", 1),
        lambda line: line.replace(b"[[1, 1, 0.5]", b"[[1, 1 0.5]", 1),
        lambda line: line.replace(b'"judge"', b'"jury"', 1),
        lambda line: line[:-20] + b"\0" * 10 + line[-10:],
        lambda line: json.dumps(dict(reversed(json.loads(line).items()))).encode() + b"\n",
        lambda line: b'{"id": 7}\n',
        lambda line: b"\n",
    ],
)  # fmt: skip
def test_a_line_of_any_other_bytes_has_no_head(spoil: Any) -> None:
    """It is parsed as a whole, or reported."""
    line = written()
    assert read_head(line) is not None
    assert read_head(spoil(line)) is None


def test_a_file_of_both_kinds_of_lines_is_summed_up_alike(tmp_path: Path) -> None:
    """The same records with other spaces have no head: the same summary."""
    lines = [written(), written(3, 2, context="b"), written(0, 2, status="empty"), written(2, 0, status="empty")]
    lines += [written(2, 2, status="error", context="c"), written(2, 12, context="d")]
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines))
    loose = [json.dumps(json.loads(line), separators=(",", ":")).encode() + b"\n" for line in lines]
    (tmp_path / "b.jsonl").write_bytes(b"".join(loose))
    assert all(read_head(line) for line in lines) and not any(read_head(line) for line in loose)
    first, second = (summarise_file(tmp_path / name).as_json() for name in ("a.jsonl", "b.jsonl"))
    assert first | {"file": ""} == second | {"file": ""}
    assert first["valid_samples"] == 2 and first["judge_models"] == ["m"]


@pytest.mark.parametrize(
    "score", [b"[0, 1, 0.5]", b"[1, 1, 1.5]", b"[1, -1, 0.5]", b"[1, 1]", b"[1, 1, 2]", b"[1, 1, 1e5]"]
)
def test_scores_that_are_no_scores_have_no_head(score: bytes) -> None:
    """The whole line tells that they are unreadable."""
    line = written().replace(b"[1, 1, 0.5]", score, 1)
    assert read_head(line) is None
    assert score_record(json.loads(line), "M", 10) == Unscored("extraction_result unreadable")


def test_small_scores_are_read_as_floats_are_written() -> None:
    """1e-05 is a score."""
    line = written().replace(b"[1, 1, 0.5]", b"[1, 1, 1e-05]", 1)
    by_head, by_line = both_ways(line)
    assert by_head == by_line and read_head(line).scores[0][2] == 1e-05  # type: ignore[union-attr]
