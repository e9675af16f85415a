"""Agreement on categories without an order."""

import numpy as np
import pytest

from metajudge.metrics.statistics.intervals import cluster_rows
from metajudge.metrics.statistics.nominal import NominalAgreement, nominal_agreement


def agreement(table: list[list[int]]) -> NominalAgreement:
    """Return the agreement of the things of a table, a row each."""
    cells = [(x, y) for x, row in enumerate(table) for y, count in enumerate(row) for _ in range(count)]
    x, y = np.array(cells, np.int64).T
    return nominal_agreement(
        x, y, len(table), cluster_rows([str(n) for n in range(len(cells))], [""] * len(cells)), 500
    )


def values(table: list[list[int]]) -> list[float | None]:
    return [one.value for one in agreement(table).measures.values()]


def test_kappa_and_ac2_worked_by_hand() -> None:
    """40 of 50 agree. Kappa: p_e = .6 · .5 + .4 · .5; AC2: p_e = 2 · .55 · .45."""
    exact, kappa, gwet = values([[40, 20], [10, 30]])
    assert exact == pytest.approx(0.7)
    assert kappa == pytest.approx((0.7 - 0.5) / 0.5) and gwet == pytest.approx((0.7 - 0.495) / 0.505)


def test_three_categories_have_no_order() -> None:
    """A distant category is as wrong as the next one."""
    near, far = values([[10, 5, 0], [5, 10, 0], [0, 0, 10]]), values([[10, 0, 5], [0, 10, 0], [5, 0, 10]])
    assert near == pytest.approx(far)


def test_a_rare_flaw_has_a_low_kappa_and_a_high_ac2() -> None:
    """Gwet's paradox: both agree in 98 %, on nearly nothing but its absence."""
    exact, kappa, gwet = values([[98, 1], [1, 0]])
    assert exact == 0.98 and kappa is not None and kappa < 0 and gwet is not None and gwet > 0.97


def test_where_both_give_one_category_throughout_kappa_is_unknown_and_nothing_has_ends() -> None:
    found = agreement([[30, 0], [0, 0]])
    assert [(one.value, one.low, one.high) for one in found.measures.values()] == [
        (1.0, None, None), (None, None, None), (1.0, None, None),
    ]  # fmt: skip
    assert found.things == 30 and found.confusion == [[30, 0], [0, 0]]


def test_intervals_are_over_clusters() -> None:
    """The same things in fewer rows are less sure."""
    x = np.array([0, 0, 1, 1] * 25)
    y = np.array([0, 1, 1, 1] * 25)
    widths = []
    for keys in ([str(n) for n in range(100)], [str(n // 4 // 2 + n % 4 * 20) for n in range(100)]):
        one = nominal_agreement(x, y, 2, cluster_rows(keys, [""] * 100), 500).measures["exact"]
        assert one.low is not None and one.high is not None
        widths.append(one.high - one.low)
    assert widths[1] > widths[0]
