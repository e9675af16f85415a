"""The judge's own variance, from samples."""

import numpy as np
import pytest

from metajudge.metrics.statistics.intervals import cluster_rows
from metajudge.metrics.statistics.judge_variance import Reliability
from metajudge.metrics.statistics.judge_variance import reliability as clustered


def reliability(samples: list[list[float]], keys: str | None = None) -> Reliability | None:
    """Return the reliability of rows that are separate clusters, or have the cluster that a letter names."""
    names = list(keys) if keys else [str(row) for row in range(len(samples))]
    return clustered(samples, cluster_rows(names, [""] * len(samples)))


def test_worked_by_hand() -> None:
    """Rows (0, .5) and (.5, 1): within .125; between = 2 · var(.25, .75) = .25; ICC = (.25-.125)/(.25+.125) = 1/3."""
    found = reliability([[0.0, 0.5], [0.5, 1.0]])
    assert found is not None
    assert (found.samples, found.rows, found.judge_variance) == (2, 2, 0.125)
    assert found.intraclass_correlation == pytest.approx(1 / 3)
    assert found.share_of_error == pytest.approx(0.5)


def test_a_judge_of_no_chance_and_one_of_pure_chance() -> None:
    """ICC 1 and about 0."""
    steady = reliability([[0.2, 0.2, 0.2], [0.9, 0.9, 0.9]])
    assert steady is not None and steady.intraclass_correlation == pytest.approx(1)
    assert steady.share_of_error == pytest.approx(0)
    noise = reliability(np.random.default_rng(0).uniform(0, 1, (4000, 3)).tolist())
    assert noise is not None and noise.intraclass_correlation == pytest.approx(0, abs=0.03)
    assert noise.share_of_error == pytest.approx(1, abs=0.05)


def test_one_sample_or_one_row_has_no_variance() -> None:
    """Equal samples throughout have no correlation."""
    assert reliability([[0.5], [0.7]]) is None and reliability([[0.5, 0.6]]) is None and reliability([[], []]) is None
    flat = reliability([[0.5, 0.5], [0.5, 0.5]])
    assert flat is not None and flat.intraclass_correlation is None and flat.share_of_error is None


def test_the_share_is_of_the_error_over_clusters_and_of_the_rows_that_count() -> None:
    """Means 0, 0, 1, 1 in two clusters: error² = 2 · (1/4)² · 2 = .25; .5 / 2 / 4 = .0625 of it is the judge's.

    By row it would be half as large, and the row of one sample counts nowhere.
    """
    found = reliability([[-0.5, 0.5], [-0.5, 0.5], [0.5, 1.5], [0.5, 1.5], [9.0]], "aabbc")
    assert found is not None and (found.samples, found.rows, found.judge_variance) == (2, 4, 0.5)
    assert found.share_of_error == pytest.approx(0.0625 / 0.25)


def test_one_cluster_has_no_error_to_share() -> None:
    rng = np.random.default_rng(1)
    found = reliability(rng.uniform(0, 1, (2000, 3)).tolist(), "a" * 2000)
    assert found is not None and found.share_of_error is None
