"""Output of a step, built from rows and records without a model."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from metajudge.data.rows import InputFile
from metajudge.data.samples import find_checklist
from metajudge.engine.question import Answer
from metajudge.llm.completion import Reply, Usage
from metajudge.records.judge_identity import JudgeIdentity
from metajudge.records.result_writer import ResultWriter
from metajudge.tasks.critic.reply import Critique
from metajudge.tasks.critic.step import CriticStep
from metajudge.tasks.decompose.reply import Claims
from metajudge.tasks.decompose.step import DecomposeStep
from metajudge.tasks.step import Step, StepRow, StepTask, step_rows
from metajudge.tasks.step_output import OutputCounts, write_output
from tests.unit.rows import JUDGE

CRITIC = CriticStep("my-model")
CRITIQUE = Critique(("A is long",), -1, "A>B")
CLAIMS = Claims(("one point", "two points", "three points"), ())


def row(number: int, **fields: Any) -> dict[str, Any]:
    """A row that can be decomposed and criticised."""
    said = [{"reasoning": "one point, two points, three points"}]
    return {"context": f"q{number}", "response1": "a", "response2": "b", "individual_preference": said, **fields}


def write_rows(path: Path, rows: Sequence[dict[str, Any]]) -> InputFile:
    """An input file."""
    path.write_text("".join(json.dumps(one) + "\n" for one in rows))
    return InputFile(path)


def make(
    tmp_path: Path, rows: Sequence[dict[str, Any]], step: Step, value: Any, limit: int | None = None
) -> OutputCounts:
    """A run in which every row within the limit that has no record is answered by `value`; then the product."""
    source = write_rows(tmp_path / "in.jsonl", rows)
    answer_rows(source, tmp_path, step, value, limit)
    return write_output(source, limit, tmp_path / "out.jsonl", tmp_path / "records", step)


def answer_rows(
    source: InputFile, tmp_path: Path, step: Step, value: Any, limit: int | None, model: str = "first"
) -> None:
    """Write the records that are missing, as made by `model`."""
    judge = JudgeIdentity.from_json({**JUDGE, "model": model})
    task = StepTask(step, judge)
    reply = Reply("said", "stop", Usage(1, 1, 2), 0.1)
    with ResultWriter(tmp_path / "records", step.spec.name, judge, allow_mixed=True) as file:
        for number, one in enumerate(step_rows(source.rows(), step)):
            assert isinstance(one, StepRow)
            if (limit is None or number < limit) and one.precomputed is None and number >= len(file.finished):
                file.append(task.record(one, [Answer(reply, value)], 0.1))


def output(tmp_path: Path) -> list[dict[str, Any]]:
    """The product's rows."""
    return [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]


@pytest.mark.parametrize(
    ("step", "value", "old", "name", "items"),
    [
        (CRITIC, CRITIQUE, "My-Model-checklist", "my-model", ["A is long"]),
        (DecomposeStep(), CLAIMS, "Human-Checklist", "human", list(CLAIMS.items)),
    ],
)
def test_a_new_field_replaces_a_key_that_differs_in_case_alone(
    tmp_path: Path, step: Step, value: Any, old: str, name: str, items: list[str]
) -> None:
    """The first of two such keys would be the one that is judged."""
    make(tmp_path, [row(0, **{old: ["OLD"]})], step, value)
    (found,) = output(tmp_path)
    assert old not in found and find_checklist(found, name) == (True, items)
    assert [key for key in found if key.lower() == old.lower()] == [f"{name}-checklist"]


def test_the_stamp_names_the_model_that_made_the_row(tmp_path: Path) -> None:
    """Another model may have made the rest."""
    source = write_rows(tmp_path / "in.jsonl", [row(number) for number in range(3)])
    answer_rows(source, tmp_path, CRITIC, CRITIQUE, 2, "first")
    answer_rows(source, tmp_path, CRITIC, CRITIQUE, None, "second")
    write_output(source, None, tmp_path / "out.jsonl", tmp_path / "records", CRITIC)
    assert [one["metajudge"]["model"] for one in output(tmp_path)] == ["first", "first", "second"]


def test_a_smaller_limit_takes_no_row_away(tmp_path: Path) -> None:
    """Rows beyond the limit keep the lines that an earlier run has made, unfit ones included, in their order."""
    unfit = {"metajudge": {"status": "too_few"}}
    rows = [row(0), row(1), row(2), row(3, **unfit), row(4), row(5, **unfit)]
    make(tmp_path, rows, CRITIC, CRITIQUE)
    before = output(tmp_path)
    assert [one["context"] for one in before] == ["q0", "q1", "q2", "q3", "q4", "q5"]
    written = make(tmp_path, rows, CRITIC, CRITIQUE, limit=2)
    assert output(tmp_path) == before
    assert written.by_status == {"success": 4, "skipped": 2}


def test_a_limit_ends_the_output_where_nothing_was_made_before(tmp_path: Path) -> None:
    """No row beyond it appears, be it fit or not."""
    rows = [row(0), row(1), row(2), row(3, metajudge={"status": "too_few"})]
    make(tmp_path, rows, CRITIC, CRITIQUE, limit=2)
    assert [one["context"] for one in output(tmp_path)] == ["q0", "q1"]
