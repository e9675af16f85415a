"""A judge that copies from its question never writes an attacker's score into a record."""

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from metajudge.engine.question import Question
from metajudge.records.reference_reading import reference_reading
from metajudge.tasks.match.prompt import GRANULARITIES
from metajudge.tasks.match.reply import ParsedReply
from metajudge.text.reading import ParseFailure
from tests.attacks.checklists import ATTACKS, Attack
from tests.attacks.setting import (
    ECHOES,
    SIDES,
    answers,
    block_of,
    decided,
    is_true,
    read,
    row_of,
    sample_of,
    tasks,
    unanswered,
    undecided,
)
from tests.unit.fakes import ScriptedJudge
from tests.unit.rows import block, run_samples, samples, task

Replies = Callable[[str, str], dict[str, str]]

attacks = pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)


def echoing(attack: Attack, replies: Replies) -> Iterator[tuple[str, Question, ParsedReply | ParseFailure]]:
    """Yield every kind of echo for a question with the attack. The human lists also fit the example block."""
    large = sum(map(len, attack.items)) > 50_000
    for side, granularity in itertools.product(SIDES, GRANULARITIES):
        for what in ("the lists",) if large else ECHOES:
            # The ways of asking a question differ only in the whole question.
            for kind in tasks(granularity)[: None if what == "the whole question" else 1]:
                question = kind.questions(sample_of(attack, side))[0 if side == "model" else -1]
                for where, reply in replies(ECHOES[what](question), block_of(question)).items():
                    yield f"{side} {granularity}: {what} {where}", question, read(question, reply)


@attacks
def test_beside_a_whole_answer_an_echo_changes_nothing(attack: Attack) -> None:
    """The true scores are read for every place and content of the echo."""
    for case, question, value in echoing(attack, decided):
        assert isinstance(value, ParsedReply), (case, value)
        assert is_true(value, question), case


@attacks
def test_mixed_with_the_answer_an_echo_brings_no_score(attack: Attack) -> None:
    """The true scores are read, or the question is asked again."""
    for case, question, value in echoing(attack, undecided):
        assert isinstance(value, ParseFailure) or is_true(value, question), case


@attacks
def test_an_echo_never_replaces_an_answer(attack: Attack) -> None:
    """An echo alone, or one that completes half an answer, is rejected."""
    for case, _, value in echoing(attack, unanswered):
        assert isinstance(value, ParseFailure), case


@attacks
@pytest.mark.parametrize("granularity", GRANULARITIES)
def test_the_record_has_the_true_scores_for_both_analyses(attack: Attack, granularity: str) -> None:
    """Accepted scores agree with the text that the reference reads."""
    true = [[1, 1 if granularity == "item" else 2, 0.25], [2, 0, 0.0]]
    for side, what, where in itertools.product(SIDES, ("the whole question", "the items"), ("before", "around")):
        sample = sample_of(attack, side)
        for kind in tasks(granularity)[: None if what == "the whole question" else 1]:
            texts = answers(kind.questions(sample), lambda q: decided(ECHOES[what](q), block_of(q))[where])  # noqa: B023
            record = kind.record(sample, texts, 0.0).as_json()
            assert record["extraction_result"]["scores"] == true
            reading = reference_reading(record["samples"][0]["generated_text"])
            assert sorted(map(list, reading or [])) == true


@pytest.mark.parametrize("granularity", GRANULARITIES)
@pytest.mark.parametrize("side", SIDES)
def test_a_run_over_all_attacks_writes_the_true_scores(side: str, granularity: str, tmp_path: Path) -> None:
    """The judge first only echoes, then echoes behind its answer; the file has the true scores."""
    out = tmp_path / "out.jsonl"
    rows = [row_of(attack, side) for attack in ATTACKS]

    def judge(message: str, asked: int) -> str:
        return message if asked == 1 else f"{block(message, '0.25', 2)}\n{message}"

    _, stats = run_samples(out, ScriptedJudge(judge), samples(rows), kind=task(granularity))
    assert stats.success == len(ATTACKS) and not stats.failures
    best = 1 if granularity == "item" else 2
    for line in out.read_text(encoding="utf-8").split("\n")[:-1]:
        record = json.loads(line)
        assert record["extraction_result"]["scores"] == [[1, best, 0.25], [2, best, 0.25]]
        assert record["metadata"] == rows[[row["context"] for row in rows].index(record["metadata"]["context"])]
