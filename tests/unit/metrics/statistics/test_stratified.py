"""Drawing rows with known probability."""

from collections import Counter

import numpy as np
import pytest

from metajudge.metrics.statistics.stratified import allocate, draw_rows

DOMAINS = ["code"] * 120 + ["general"] * 60 + ["rare"] * 3
SCORES = np.random.default_rng(0).random(len(DOMAINS))


def test_equal_arguments_draw_equal_rows_and_a_seed_changes_them() -> None:
    first, again, other = (draw_rows(SCORES, DOMAINS, 30, seed) for seed in (1, 1, 2))
    assert first == again and {one.place for one in first} != {one.place for one in other}
    assert len({one.place for one in first}) == 30


def test_strata_are_thirds_of_a_domain_and_small_domains_are_together() -> None:
    """Within a stratum all rows have one probability: drawn rows / rows."""
    drawn = draw_rows(SCORES, DOMAINS, 30, 1)
    assert {one.stratum for one in drawn} == {
        f"{domain}, {third}" for domain in ("code", "general", "other domains") for third in ("low", "middle", "high")
    }
    by_stratum = Counter(one.stratum for one in drawn)
    for one in drawn:
        size = {"code": 40, "general": 20, "other domains": 1}[one.stratum.split(", ")[0]]
        assert one.probability == pytest.approx(by_stratum[one.stratum] / size)
    low = [SCORES[one.place] for one in drawn if one.stratum == "code, low"]
    assert max(low) <= np.sort(SCORES[:120])[39]


def test_every_row_can_be_drawn_with_the_probability_that_is_given() -> None:
    """Over many seeds, each row is drawn as often as its probability says, and Σ 1 / probability is the number."""
    counts, said = np.zeros(len(DOMAINS)), np.zeros(len(DOMAINS))
    for seed in range(600):
        drawn = draw_rows(SCORES, DOMAINS, 30, seed)
        assert sum(1 / one.probability for one in drawn) == pytest.approx(len(DOMAINS))
        for one in drawn:
            counts[one.place] += 1
            said[one.place] = one.probability
    assert (counts > 0).all()
    assert np.abs(counts / 600 - said).max() < 0.1 and np.abs(counts / 600 - said).mean() < 0.02


def test_the_order_is_random() -> None:
    """Strata do not follow each other: who stops early has labelled a sample, too."""
    order = [one.stratum for one in draw_rows(SCORES, DOMAINS, 60, 3)]
    assert order != sorted(order) and len({*order[:20]}) > 4


def test_more_rows_than_there_are_draws_all_with_probability_1() -> None:
    drawn = draw_rows(SCORES, DOMAINS, 500, 0)
    assert len(drawn) == len(DOMAINS) and {one.probability for one in drawn} == {1.0}


def test_one_row_for_each_stratum_is_the_least() -> None:
    assert draw_rows(np.zeros(0), [], 5, 0) == []
    assert allocate(Counter(a=100, b=1, c=1), 2) == {"a": 1, "b": 1, "c": 1}
    assert allocate(Counter(a=70, b=20, c=10), 10) == {"a": 7, "b": 2, "c": 1}
    assert allocate(Counter(a=70, b=20, c=10), 11) == {"a": 8, "b": 2, "c": 1}


def test_equal_scores_fall_into_thirds_at_random() -> None:
    """Without a domain the stratum says so."""
    drawn = draw_rows(np.zeros(90), [""] * 90, 30, 0)
    assert Counter(one.stratum for one in drawn) == {f"no domain, {third}": 10 for third in ("low", "middle", "high")}
