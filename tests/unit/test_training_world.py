"""The toy world of the training example: rows, demonstrations, measures and the table, without torch."""

import json
import random
from collections import Counter
from pathlib import Path

import pytest

from example.training import measures, table, world
from example.training.world import FLAWS, GENERIC, VERDICTS, A, B, Row, reason_line
from metajudge.embedded.matcher import score_matrix
from metajudge.rewards.reward import RewardConfig, select_reasons

TRAINING = Path(world.__file__).parent
ROWS = world.draw_rows(2000, "test")
ZEROS = (0,) * 8
BY_HAND = Row(ZEROS, ((1, 0, 0, 0, 0, 0, 0, 0), (0, 1, 1, 0, 0, 0, 0, 0)), label=A, cue=B)
"""A has the wrong currency; B has swapped units and a stale link."""


def text(reasons: list[str], verdict: int) -> str:
    """A generation."""
    return "".join(map(reason_line, reasons)) + VERDICTS[verdict]


# ------------------------------------------------------------------ rows


def test_flaws_are_the_slots_unlike_the_specification() -> None:
    """Worked by hand, A's before B's."""
    assert BY_HAND.flaws() == (
        "Response A: wrong currency", "Response B: swapped units", "Response B: stale link",
    )  # fmt: skip
    assert BY_HAND.record()["human-checklist"] == list(BY_HAND.flaws())
    assert BY_HAND.record()["overall_preference"] == -1


def test_a_prompt_has_27_tokens_of_a_vocabulary_of_80() -> None:
    """A line each; the specification, A and B stand slot by slot, then the cue."""
    lines = BY_HAND.prompt().splitlines(keepends=True)
    assert len(lines) == world.PROMPT_TOKENS == 27
    assert lines[:4] == ["Task:\n", "wanted: currency 0\n", "A: currency 1\n", "B: currency 0\n"]
    assert lines[-2:] == ["The longer one: B\n", "List of reasons:\n"]
    words = world.vocabulary()
    assert len(words) == len(set(words)) == 80
    assert {line for row in ROWS[:200] for line in row.prompt().splitlines(keepends=True)} <= set(words)


def test_rows_are_as_the_readme_says() -> None:
    """3 to 7 flaws, never as many in A as in B; 15 % of noise; the cue agrees in 90 %."""
    better, counts = [], Counter[int]()
    for row in ROWS:
        of_a, of_b = (sum(flaw in side for flaw in row.flaws()) for side in FLAWS)
        assert of_a != of_b
        counts[of_a + of_b] += 1
        better.append(A if of_a < of_b else B)
    assert set(counts) == {3, 4, 5, 6, 7}
    assert sum(row.label == one for row, one in zip(ROWS, better, strict=True)) / 2000 == pytest.approx(0.85, abs=0.025)
    assert sum(row.label == row.cue for row in ROWS) / 2000 == pytest.approx(0.9, abs=0.02)


def test_the_controls_rows_differ_in_the_cue_alone() -> None:
    """The same seed, another worth of the cue."""
    other = world.draw_rows(2000, "test", world.CUE_FAILS)
    assert [(r.specification, r.responses, r.label) for r in other] == [
        (r.specification, r.responses, r.label) for r in ROWS
    ]
    assert sum(row.label == row.cue for row in other) / 2000 == pytest.approx(0.6, abs=0.033)


# ------------------------------------------------------------------ demonstrations


def test_demonstrations_list_true_flaws_or_praise_and_their_verdict_follows() -> None:
    """Read back with the critic's grammar; 70 % list flaws, and their verdict is that of the listed ones."""
    rng, evidence = random.Random(1), 0
    for row in ROWS:
        lines = world.demonstrate(rng, row)
        assert len(lines) < world.GENERATED_TOKENS
        reading = measures.read("".join(lines))
        if reading.reasons[0] in world.EVIDENCE_REASONS:
            evidence += 1
            assert set(reading.reasons) <= set(row.flaws()) and 2 <= len(reading.reasons) <= 5
            assert reading.verdict == world.listed_verdict(reading.reasons)
        else:
            assert set(reading.reasons) <= set(GENERIC[row.cue]) and reading.verdict == row.cue
        assert len(set(reading.reasons)) == len(reading.reasons)
    assert evidence / 2000 == pytest.approx(0.7, abs=0.035)


def test_the_verdict_of_a_list_is_the_response_with_fewer_flaws() -> None:
    """None where both have as many."""
    assert world.listed_verdict([FLAWS[A][0]]) == B
    assert world.listed_verdict([FLAWS[A][0], FLAWS[B][1], FLAWS[B][2]]) == A
    assert world.listed_verdict([FLAWS[A][0], FLAWS[B][1]]) is None
    assert world.listed_verdict(list(GENERIC[A])) is None


# ------------------------------------------------------------------ the judge


def test_the_embedded_judge_knows_every_reason_apart() -> None:
    """Its matrix is the identity in any question, and no two reasons are merged."""
    flaws, generic = sorted(world.EVIDENCE_REASONS), sorted(world.GENERIC_REASONS)
    identity = [[float(one == other) for other in flaws + generic] for one in flaws]
    assert score_matrix(flaws, flaws + generic) == identity
    rng = random.Random(2)
    for _ in range(50):
        human, model = rng.sample(flaws, 5), rng.sample(flaws + generic, 5)
        assert score_matrix(human, model) == [[float(one == other) for other in model] for one in human]
    assert select_reasons(flaws + generic, RewardConfig(max_reasons=None)) == (*flaws, *generic)


# ------------------------------------------------------------------ measures


def test_measures_of_two_generations_by_hand() -> None:
    """The first names 2 of 3 flaws and one that is none; the second praises and follows the cue."""
    other = Row(ZEROS, ((0, 1, 1, 0, 0, 0, 0, 0), (0, 0, 0, 0, 0, 0, 0, 1)), label=B, cue=A)
    generations = [text([FLAWS[A][0], FLAWS[B][1], FLAWS[B][7]], A), text(GENERIC[A][:2], A)]
    found = measures.measure(generations, [BY_HAND.flaws(), other.flaws()], [A, B])
    assert found.rc == pytest.approx((2 / 3 + 0) / 2)
    assert found.rc_floor == pytest.approx((1 / 3 + 0) / 2)  # of the other row the first names the empty column
    assert found.outcome_accuracy == 0.5
    assert (found.evidence, found.generic) == (3 / 5, 2 / 5)
    assert found.follows_reasons == 1.0


def test_what_cannot_be_read_has_no_reasons_and_no_verdict() -> None:
    """Nor is its verdict right, or one that follows reasons. A reason that is said twice counts once."""
    broken = reason_line(FLAWS[A][0])
    assert measures.read(broken) == measures.Reading((), None)
    found = measures.measure([broken, text([FLAWS[A][0]] * 2, B)], [BY_HAND.flaws(), BY_HAND.flaws()], [A, A])
    assert found.rc == pytest.approx(1 / 6) and found.outcome_accuracy == 0
    assert found.follows_reasons == 1.0


# ------------------------------------------------------------------ the table


def test_the_table_has_means_and_ranges_of_the_seeds() -> None:
    """A figure that no seed has is a dash."""
    figures = dict.fromkeys(table.COLUMNS, 0.5)
    rows = [
        {"arm": "x", "seed": seed, "when": when, **figures, "rc": rc, "follows_reasons": None}
        for when, rcs in ((table.BEFORE, (0.25, 0.35)), (table.AFTER, (0.002, 1.0)))
        for seed, rc in enumerate(rcs)
    ]
    lines = table.markdown(rows).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| x | after the warm-up | .30 (.25–.35) | .50 (.50–.50) |")
    assert lines[3].startswith("| x | at the end | .50 (.002–1.00) |")
    assert " | - | " in lines[2]


def test_the_readmes_table_is_that_of_the_kept_results() -> None:
    """Line by line."""
    results = [json.loads(line) for line in (TRAINING / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert table.markdown(results) in (TRAINING / "README.md").read_text(encoding="utf-8")
