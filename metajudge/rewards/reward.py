"""The rewards of training a critic: rationale, outcome and their product (arXiv 2602.04649, Eq. 3 and 4). Pure.

A generation is a critic's reply. Its reasons are matched with the human checklist, and its verdict is compared with
the human preference. `scorer` asks the judge; this module turns the judge's scores into rewards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from metajudge.data import sign
from metajudge.metrics import Match, Scores, optimal_matching, paper_metrics
from metajudge.options import check_options, option
from metajudge.rewards.gold import Gold
from metajudge.text import drop_near_duplicates, item_issues

HYBRID, ADDITIVE, OUTCOME, RATIONALE = "hybrid", "additive", "outcome", "rationale"
REWARDS = (HYBRID, ADDITIVE, OUTCOME, RATIONALE)
AVERAGE_PRECISION, SOFT, F1 = "average_precision", "average_precision_soft", "f1"
RATIONALE_METRICS = (AVERAGE_PRECISION, SOFT, F1)
DROP, TIE = "drop", "tie"
GOLD_TIES = (DROP, TIE)

GOLD_TIE, NO_GOLD, NO_HUMAN_ITEM = "gold tie", "no gold preference", "human checklist empty"
NEVER_SCORED = (GOLD_TIE, NO_GOLD, NO_HUMAN_ITEM)
"""Reasons why no generation of a row can have a reward."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RewardConfig:
    """The parts that are rewarded, and the reasons that count.

    The default is the paper's Eq. 4 over the first ten reasons. Near repetitions count once. A reason that is empty,
    generic, over-long or speaks to the judge does not count.
    """

    reward: str = option(HYBRID, "hybrid: rationale x outcome (Eq. 4); the others are for comparisons", choices=REWARDS)
    rationale_metric: str = option(
        AVERAGE_PRECISION, "the rationale reward; average_precision is Eq. 3", choices=RATIONALE_METRICS
    )
    min_score: float = option(0.0, "a score up to this is no match", least=0, most=1, metavar="S")
    """I(k) of Eq. 3 is 1 above it. The matching does not use pairs up to it."""
    rationale_weight: float = option(
        0.5, "share of the rationale reward with --reward additive", least=0, most=1, metavar="W"
    )
    """At 0 and 1 the reward is `outcome` or `rationale`."""
    gold_tie: str = option(
        DROP, "where humans see a tie: drop = no reward, tie = the verdict must be A=B", choices=GOLD_TIES
    )
    exact_label: bool = option(False, "all five levels of the verdict must agree, not only its direction")
    malformed: float = option(0.0, "reward of a generation whose verdict cannot be read", metavar="R")
    max_reasons: int | None = option(
        10, "only the first N reasons count; all = every one", least=1, metavar="N", none="all"
    )
    merge_duplicates: bool = option(True, "near repetitions of a reason count, too", off="--keep-duplicates")
    """True: a reason and its near repetitions (the words of one are all in the other) count once."""
    no_credit_for_suspicious: bool = option(
        True, "reasons that are empty, generic, over-long or speak to the judge can match, too", off="--keep-suspicious"
    )
    """True: they are not shown to the judge and match nothing."""
    gate: bool = option(
        True, "ask the judge also where the reward does not depend on it, for the logs", off="--no-gate"
    )

    def __post_init__(self) -> None:
        check_options(self)
        for name in ("min_score", "rationale_weight", "malformed"):
            object.__setattr__(self, name, float(getattr(self, name)))  # numpy's numbers are not JSON
        if self.reward == ADDITIVE and self.rationale_weight in (0, 1):
            # With one part alone, the same rows are dropped and the same questions are asked as with that reward.
            object.__setattr__(self, "reward", RATIONALE if self.rationale_weight else OUTCOME)


@dataclass(frozen=True, slots=True)
class Reward:
    """The reward of one generation, with its parts."""

    value: float | None
    """None = unscored, which is not 0."""
    outcome: float | None = None
    """1 if the verdict is right, otherwise 0; None if the row has no gold verdict."""
    rationale: float | None = None
    """The rationale reward, 0 to 1; None if the judge was not asked or did not answer."""
    matched: tuple[Match, ...] = ()
    """The optimal matching of human items and reasons (numbers from 1, after merging and cutting)."""
    n_reasons: int = 0
    """Number of reasons that counted."""
    unscored: str = ""
    """Reason why `value` is None."""
    malformed: str = ""
    """Reason why reasons and verdict could not be read."""
    answered: bool = False
    """True if the judge has scored the reasons. Without reasons, `rationale` is 0 and this is false."""


# ------------------------------------------------------------------ the equations


def rationale_reward(scores: Scores, n_reasons: int, options: RewardConfig) -> tuple[float, list[Match]]:
    """Return R_rationale (Eq. 3) and the optimal matching: the average precision of the reasons, or `rationale_metric`.

    `scores`: human items as rows, reasons as columns, 0 to 1, None = not asked. Raises `ValueError` without a human
    item and for a score that is no number within 0..1.
    """
    least = options.min_score
    if least:
        # The matching must not see such a pair: a filler that matches a little would make room there for more pairs of
        # an honest list. NaN or a number below 0 stays, so that the matching refuses it.
        scores = [[0.0 if score is not None and 0 <= score <= least else score for score in row] for row in scores]
    pairs = optimal_matching(scores)
    return float(getattr(paper_metrics(scores, n_reasons, least, pairs), options.rationale_metric)), pairs


def outcome_reward(verdict: int, gold: int | None, options: RewardConfig) -> float | None:
    """Return R_outcome: 1 if the verdict is that of the humans, otherwise 0; None without a gold verdict."""
    if gold is None or (gold == 0 and options.gold_tie == DROP):
        return None
    return float(verdict == gold if options.exact_label else sign(verdict) == sign(gold))


# ------------------------------------------------------------------ one generation


def select_reasons(reasons: Sequence[str], options: RewardConfig) -> tuple[str, ...]:
    """Return the reasons that count: without near repetitions of earlier ones, the first `max_reasons`."""
    if options.merge_duplicates:
        return drop_near_duplicates(reasons, options.max_reasons)
    return tuple(reasons[: options.max_reasons])


def visible_reasons(reasons: Sequence[str], options: RewardConfig) -> tuple[int, ...]:
    """Return the places, from 0, of the counted reasons that are shown to the judge.

    A suspicious reason (`text.item_issues`) keeps its place in the list without a match. If the judge saw it, it could
    also talk the judge into higher scores for the others.
    """
    hidden = options.no_credit_for_suspicious
    return tuple(place for place, reason in enumerate(reasons) if not (hidden and item_issues(reason)))


def expand_columns(scores: Scores, shown: Sequence[int], n_reasons: int) -> Scores:
    """Return the scores of the shown reasons as columns among all `n_reasons`; None for those not shown."""
    if len(shown) == n_reasons:
        return scores
    known = [dict(zip(shown, row, strict=True)) for row in scores]
    return [[row.get(place) for place in range(n_reasons)] for row in known]


def ineligible_reason(gold: Gold, options: RewardConfig) -> str:
    """Return why no generation of this row can have a reward; empty if one can."""
    if options.reward != OUTCOME and not gold.human:
        return NO_HUMAN_ITEM
    if options.reward == RATIONALE:
        return ""
    if gold.verdict is None:
        return NO_GOLD
    return GOLD_TIE if gold.verdict == 0 and options.gold_tie == DROP else ""


def needs_judge(outcome: float | None, gold: Gold, n_shown: int, options: RewardConfig) -> bool:
    """Return true if the reward depends on the judge's scores, or if `gate` is off and there is something to ask."""
    if not gold.human or not n_shown:
        return False
    if not options.gate:
        return True
    if options.reward == OUTCOME or ineligible_reason(gold, options):
        return False
    if options.reward == RATIONALE:
        return True
    return outcome is not None and (options.reward == ADDITIVE or outcome != 0)


def compute_reward(
    outcome: float | None,
    gold: Gold,
    reasons: Sequence[str],
    scores: Scores | None,
    options: RewardConfig,
    why: str = "judge not asked",
) -> Reward:
    """Return the reward of a generation with these counted `reasons`, which are the columns of `scores`.

    `scores` is None if the judge was not asked or gave no answer; `why` is the reason.
    """
    rationale, matched, answered = None, list[Match](), scores is not None
    if scores is None and not visible_reasons(reasons, options):
        scores = [[None] * len(reasons) for _ in gold.human]  # there is nothing to ask
    if gold.human and scores is not None:
        rationale, matched = rationale_reward(scores, len(reasons), options)
    unscored = ineligible_reason(gold, options)
    value = None if unscored else _combined(rationale, outcome, options)
    if value is None:
        unscored = unscored or why
    return Reward(value, outcome, rationale, tuple(matched), len(reasons), unscored, answered=answered)


def reward_of_malformed(reason: str, gold: Gold, options: RewardConfig) -> Reward:
    """Return the reward of a generation that cannot be read: `malformed`, or None if the row allows no reward."""
    unscored = ineligible_reason(gold, options)
    return Reward(None if unscored else options.malformed, unscored=unscored, malformed=reason)


def _combined(rationale: float | None, outcome: float | None, options: RewardConfig) -> float | None:
    """Return the reward on a row that allows one; None if it depends on an unknown rationale reward.

    Hybrid: R_rationale × R_outcome (Eq. 4). Additive, for comparisons: their weighted mean, which rewards a verdict
    without reasons, too.
    """
    if options.reward == RATIONALE:
        return rationale
    assert outcome is not None
    if options.reward == OUTCOME:
        return outcome
    if options.reward == HYBRID and outcome == 0:
        return 0.0
    if rationale is None:
        return None
    if options.reward == HYBRID:
        return rationale * outcome
    return options.rationale_weight * rationale + (1 - options.rationale_weight) * outcome
