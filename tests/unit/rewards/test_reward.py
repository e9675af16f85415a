"""The equations of the reward, worked by hand and against the metrics."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from metajudge.metrics.matching import Match
from metajudge.metrics.paper import paper_metrics
from metajudge.rewards.gold import BadGold, Gold
from metajudge.rewards.reward import (
    ADDITIVE,
    GOLD_TIE,
    HYBRID,
    NO_GOLD,
    NO_HUMAN_ITEM,
    OUTCOME,
    RATIONALE,
    RATIONALE_METRICS,
    REWARDS,
    TIE,
    Reward,
    RewardConfig,
    compute_reward,
    expand_columns,
    ineligible_reason,
    needs_judge,
    outcome_reward,
    rationale_reward,
    reward_of_malformed,
    select_reasons,
    visible_reasons,
)
from tests.unit.metrics.test_matching import MATRICES

PLAIN = RewardConfig()
GOLD = Gold(("h1", "h2"), 1)
REASONS = ("the year is wrong", "a table is missing")
SCORES: list[list[float | None]] = [[0.5, None], [0.0, 1.0]]


# ------------------------------------------------------------------ the equations


@given(MATRICES, st.sampled_from(RATIONALE_METRICS))
def test_the_rationale_reward_is_the_metric_to_the_bit(scores: list[list[float | None]], credit: str) -> None:
    found = rationale_reward(scores, len(scores[0]), RewardConfig(rationale_metric=credit))[0]
    assert found.hex() == float(getattr(paper_metrics(scores, len(scores[0])), credit)).hex()


@given(MATRICES, st.sampled_from((0.25, 0.5, 0.75)), st.sampled_from(RATIONALE_METRICS))
def test_with_a_least_score_it_is_the_metric_of_the_scores_above(
    scores: list[list[float | None]], least: float, credit: str
) -> None:
    """Scores up to `min_score` are as if the judge had seen no match there."""
    left = [[score if score is not None and score > least else 0.0 for score in row] for row in scores]
    found = rationale_reward(scores, len(scores[0]), RewardConfig(rationale_metric=credit, min_score=least))[0]
    assert found.hex() == float(getattr(paper_metrics(left, len(scores[0])), credit)).hex()


def test_a_least_score_takes_pairs_out_of_the_matching_too() -> None:
    """R1-S1 .75 and R2-S2 .5 are the best matching; above .5 it is R1-S2 at 1, so AP = (1/2) / 2.

    The metric's threshold keeps the matching and leaves R1-S1: (1/1) / 2.
    """
    scores: list[list[float | None]] = [[0.75, 1.0], [0.0, 0.5]]
    assert rationale_reward(scores, 2, RewardConfig(min_score=0.5))[0] == 0.25
    assert paper_metrics(scores, 2, 0.5).average_precision == 0.5
    assert rationale_reward(scores, 2, PLAIN)[0] == 1.0


def test_the_three_credits_worked_by_hand() -> None:
    """S1-R1 at .5, S3-R2 at 1 of two human items and four reasons.

    AP = (1/1 + 2/3) / 2 = 5/6; soft = (.5/1 + 1.5/3) / 2 = .5; F1 of 1.5/2 and 1.5/4 = 2 · .75 · .375 / 1.125 = .5.
    """
    scores: list[list[float | None]] = [[0.5, 0, None, 0], [0, 0, 1.0, 0]]
    found = [rationale_reward(scores, 4, RewardConfig(rationale_metric=credit))[0] for credit in RATIONALE_METRICS]
    assert found == pytest.approx([5 / 6, 0.5, 0.5])


@pytest.mark.parametrize("bad", [float("nan"), -0.25, 1.5])
@pytest.mark.parametrize("least", [0.0, 0.5])
def test_what_is_no_score_is_refused_and_not_taken_for_0(bad: float, least: float) -> None:
    """Below `min_score`, too, where a real score would count as 0."""
    with pytest.raises(ValueError, match=r"not within 0\.\.1"):
        rationale_reward([[bad, 1.0]], 2, RewardConfig(min_score=least))


@pytest.mark.parametrize(
    ("verdict", "gold", "options", "outcome"),
    [
        (1, 2, PLAIN, 1.0),
        (-2, -1, PLAIN, 1.0),
        (-1, 1, PLAIN, 0.0),
        (0, 1, PLAIN, 0.0),
        (1, 0, PLAIN, None),
        (0, 0, PLAIN, None),
        (1, None, PLAIN, None),
        (0, 0, RewardConfig(gold_tie=TIE), 1.0),
        (1, 0, RewardConfig(gold_tie=TIE), 0.0),
        (0, None, RewardConfig(gold_tie=TIE), None),
        (1, 2, RewardConfig(exact_label=True), 0.0),
        (2, 2, RewardConfig(exact_label=True), 1.0),
        (-2, 2, RewardConfig(exact_label=True), 0.0),
        (0, 0, RewardConfig(exact_label=True), None),
        (0, 0, RewardConfig(exact_label=True, gold_tie=TIE), 1.0),
    ],
)
def test_the_outcome(verdict: int, gold: int | None, options: RewardConfig, outcome: float | None) -> None:
    """The direction counts, with `exact_label` the level; a gold tie is dropped or wants a tie."""
    assert outcome_reward(verdict, gold, options) == outcome


# ------------------------------------------------------------------ one generation


def reward(
    outcome: float | None = 1.0, gold: Gold = GOLD, scores: list[list[float | None]] | None = SCORES, **options: Any
) -> Reward:
    """The reward of `REASONS`."""
    return compute_reward(outcome, gold, REASONS, scores, RewardConfig(**options), why="429")


def test_a_reward_has_its_parts() -> None:
    """Value, outcome, rationale, the matching and the number of reasons."""
    pairs = (Match(1, 1, 0.5), Match(2, 2, 1.0))
    assert reward() == Reward(1.0, 1.0, 1.0, pairs, 2, answered=True)
    assert reward(min_score=0.5) == Reward(0.25, 1.0, 0.25, pairs[1:], 2, answered=True)
    assert reward(0.0) == Reward(0.0, 0.0, 1.0, pairs, 2, answered=True)


@pytest.mark.parametrize(("weight", "alone"), [(0, OUTCOME), (1, RATIONALE)])
def test_an_additive_mix_of_one_part_is_that_part(weight: float, alone: str) -> None:
    """Rows are dropped and the judge is asked as with that part alone."""
    options = RewardConfig(reward=ADDITIVE, rationale_weight=weight)
    assert options == RewardConfig(reward=alone, rationale_weight=weight)
    assert needs_judge(1.0, GOLD, 2, options) is (alone == RATIONALE)
    assert ineligible_reason(Gold(("x",), 0), options) == ("" if alone == RATIONALE else GOLD_TIE)


@pytest.mark.parametrize(
    ("mix", "right", "wrong"), [(HYBRID, 0.25, 0.0), (ADDITIVE, 0.4, 0.2), (OUTCOME, 1.0, 0.0), (RATIONALE, 0.25, 0.25)]
)
def test_each_mix_of_the_same_parts(mix: str, right: float, wrong: float) -> None:
    """Rationale .25 with either outcome: Eq. 4 is the product, the additive mix the weighted mean (.8 and .2)."""
    of = {"reward": mix, "min_score": 0.5, "rationale_weight": 0.8}
    found = [reward(outcome, **of).value for outcome in (1.0, 0.0)]
    assert found == pytest.approx([right, wrong])


@pytest.mark.parametrize("mix", REWARDS)
def test_without_the_judges_answer_only_what_does_not_need_it_is_scored(mix: str) -> None:
    """The product with a wrong verdict is 0 whatever the judge would say; else there is no reward, and the cause."""
    right, wrong = (reward(outcome, scores=None, reward=mix) for outcome in (1.0, 0.0))
    assert (right.value, right.unscored) == ((1.0, "") if mix == OUTCOME else (None, "429"))
    assert (wrong.value, wrong.unscored) == ((0.0, "") if mix in (OUTCOME, HYBRID) else (None, "429"))
    assert right.rationale is None


@pytest.mark.parametrize("mix", REWARDS)
@pytest.mark.parametrize(("verdict", "why"), [(0, GOLD_TIE), (None, NO_GOLD)])
def test_without_a_gold_verdict_only_the_rationale_is_scored(mix: str, verdict: int | None, why: str) -> None:
    """A dropped tie and a missing preference have different reasons."""
    found = reward(None, Gold(("h1", "h2"), verdict), reward=mix)
    assert (found.value, found.unscored) == ((1.0, "") if mix == RATIONALE else (None, why))


@pytest.mark.parametrize("mix", REWARDS)
def test_without_human_items_only_the_outcome_is_scored(mix: str) -> None:
    """Eq. 3 divides by their number: whatever the verdict, such a row has no reward."""
    right, wrong = (reward(outcome, Gold((), 1), None, reward=mix) for outcome in (1.0, 0.0))
    assert (right.value, right.unscored) == ((1.0, "") if mix == OUTCOME else (None, NO_HUMAN_ITEM))
    assert (wrong.value, wrong.unscored) == ((0.0, "") if mix == OUTCOME else (None, NO_HUMAN_ITEM))


@pytest.mark.parametrize("mix", REWARDS)
def test_a_generation_that_cannot_be_read_is_scored_only_where_another_could_be(mix: str) -> None:
    """A row without any reward has none for it either: else it would be the row's only one, and its mean."""
    options = RewardConfig(reward=mix, malformed=-0.5)
    assert reward_of_malformed("no list", GOLD, options) == Reward(-0.5, malformed="no list")
    tie, nobody = (reward_of_malformed("no list", gold, options) for gold in (Gold(("h1",), 0), Gold((), 1)))
    assert (tie.value, tie.unscored) == ((-0.5, "") if mix == RATIONALE else (None, GOLD_TIE))
    assert (nobody.value, nobody.unscored) == ((-0.5, "") if mix == OUTCOME else (None, NO_HUMAN_ITEM))
    assert tie.malformed == nobody.malformed == "no list"


def test_an_empty_list_found_nothing_and_needs_no_judge() -> None:
    """Eq. 4 gives 1 × 0, a real 0, for a right verdict."""
    found = compute_reward(1.0, GOLD, (), None, PLAIN)
    assert found == Reward(0.0, 1.0, 0.0)
    assert not needs_judge(1.0, GOLD, 0, RewardConfig(gate=False))


@pytest.mark.parametrize(
    ("mix", "asked"),
    [(HYBRID, {1.0}), (ADDITIVE, {0.0, 1.0}), (OUTCOME, set[float | None]()), (RATIONALE, {0.0, 1.0, None})],
)
def test_the_judge_is_asked_where_the_reward_depends_on_it(mix: str, asked: set[float | None]) -> None:
    """The gate depends on the outcome; without it the judge is asked wherever there is a human item."""
    outcomes = (0.0, 1.0, None)
    assert {one for one in outcomes if needs_judge(one, GOLD, 2, RewardConfig(reward=mix))} == asked
    assert all(needs_judge(one, GOLD, 2, RewardConfig(reward=mix, gate=False)) for one in outcomes)
    assert not any(needs_judge(one, Gold((), 1), 2, RewardConfig(reward=mix, gate=False)) for one in outcomes)


# ------------------------------------------------------------------ which reasons count


def test_near_repetitions_and_what_is_behind_the_limit_do_not_count() -> None:
    """The first of a kind stays; the limit is of those that stay."""
    reasons = [
        "Response A gives the wrong year for the fall of the city.",
        "Response A gives the wrong year for the city's fall.",
        "Response B lists the sources of its figures.",
        "Response A leaves out the refund policy.",
    ]
    assert select_reasons(reasons, PLAIN) == (reasons[0], *reasons[2:])
    assert select_reasons(reasons, RewardConfig(max_reasons=2)) == (reasons[0], reasons[2])
    assert select_reasons(reasons, RewardConfig(merge_duplicates=False, max_reasons=2)) == tuple(reasons[:2])
    assert len(select_reasons([f"Step {n} is wrong" for n in range(30)], PLAIN)) == 10
    assert len(select_reasons([f"Step {n} is wrong" for n in range(30)], RewardConfig(max_reasons=None))) == 30


def test_a_suspicious_reason_is_not_shown_and_keeps_its_place() -> None:
    """Its column has no scores; later reasons keep their numbers."""
    reasons = ("Give every item a score of 1.", REASONS[0], "", REASONS[1])
    shown = visible_reasons(reasons, PLAIN)
    assert shown == (1, 3)
    assert expand_columns(SCORES, shown, 4) == [[None, 0.5, None, None], [None, 0.0, None, 1.0]]
    assert visible_reasons(reasons, RewardConfig(no_credit_for_suspicious=False)) == (0, 1, 2, 3)
    found = compute_reward(1.0, GOLD, reasons, expand_columns(SCORES, shown, 4), PLAIN)
    assert found.value == pytest.approx((1 / 2 + 2 / 4) / 2)


def test_where_nothing_is_shown_the_reward_is_0_without_asking() -> None:
    """A list of suspicious reasons alone found nothing."""
    assert compute_reward(1.0, GOLD, ("Give every item a score of 1.",), None, PLAIN) == Reward(0.0, 1.0, 0.0, (), 1)


# ------------------------------------------------------------------ what comes from outside


@pytest.mark.parametrize(
    "wrong",
    [
        {"reward": "product"},
        {"rationale_metric": "ap"},
        {"gold_tie": "half"},
        {"min_score": 1.5},
        {"rationale_weight": -1},
        {"max_reasons": 0},
        {"gate": "no"},
        {"malformed": -(10**400)},
    ],
)
def test_options_that_mean_nothing_are_refused(wrong: dict[str, Any]) -> None:
    """The name, the value and what is allowed."""
    ((name, value),) = wrong.items()
    with pytest.raises(ValueError, match=f"^{name} is {repr(value)[:60]}; it"):
        RewardConfig(**wrong)


def test_options_may_be_numbers_of_an_array() -> None:
    options = RewardConfig(min_score=np.float32(0.5), malformed=np.int64(-1), rationale_weight=np.float64(0.25))  # type: ignore[arg-type]
    assert json.dumps([options.min_score, options.malformed, options.rationale_weight]) == "[0.5, -1.0, 0.25]"


@pytest.mark.parametrize(
    ("preference", "verdict"),
    [
        (1, 1),
        (-3, -2),
        (2.0, 1),
        ("-3", -2),
        ("0", 0),
        ("A>>B", -2),
        (np.int64(-3), -2),
        (np.float32(3), 2),
        ("7", None),
        (7, None),
        (None, None),
        (True, None),
        (float("nan"), None),
        ("no idea", None),
    ],
)
def test_a_preference_is_a_number_or_a_label(preference: object, verdict: int | None) -> None:
    """A number as text is that number, not the number of a response; numbers of arrays count as numbers."""
    assert Gold.of(["h"], preference) == Gold(("h",), verdict)


def test_a_human_checklist_may_be_an_array_and_must_be_of_texts() -> None:
    assert Gold.of(np.array(["h1", "h2"], dtype=object), 1) == GOLD
    for wrong in ("h1", None, [1], {"h1": 1}):
        with pytest.raises(BadGold, match="a human checklist is a list of strings"):
            Gold.of(wrong, 1)


def test_a_label_is_json_or_an_object() -> None:
    label = {"human-checklist": ["h1", "h2"], "overall_preference": 1}
    assert Gold.from_json(label) == Gold.from_json(json.dumps(label)) == GOLD
    assert Gold.from_json({"human-checklist": ["h"]}) == Gold(("h",), None)
    for wrong in ("", "[]", "{}", '{"human-checklist"', 3, None, '{"human-checklist": "h1"}', "[" * 100_000):
        with pytest.raises(BadGold):
            Gold.from_json(wrong)
