"""Corrections by people's labels hold their 95 %, and the corrected flag its 5 %. Simulations with a fixed seed."""

import functools

import numpy as np
import pytest

from metajudge.metrics.statistics.ppi import Labels, corrected_scores
from metajudge.metrics.statistics.resampling import ClusterBootstrap
from metajudge.reports.deceptive_alignment import FLAGGED, FlagRule, decide_flags
from tests.unit.labelled_world import Error, World, both, coverage, lenient, missing, world

pytestmark = pytest.mark.slow

REPETITIONS, ROWS = 2000, 12_000
ERRORS: dict[str, tuple[Error, Error]] = {
    "leniency": (lenient, lenient),
    "misses": (missing, missing),
    "both": (both, both),
    "differing by model": (lenient, missing),
}


@functools.cache
def judged(errors: str) -> World:
    return world(1, ROWS, ERRORS[errors])


@pytest.mark.parametrize("n", [40, 100, 200])
@pytest.mark.parametrize("errors", ERRORS)
def test_corrected_figures_are_covered(errors: str, n: int) -> None:
    """About 400 rows in 330 clusters, two models. Coverage is 93 % to 97.5 % for both RC and their difference.

    Measured: RC 93.8 % to 96.6 %, differences 94.7 % to 96.0 %. The judge's own intervals hold the truth in at most
    6 % (RC) and 24 % (differences) of the files. Labels alone hold it in 94.7 % to 99.0 %; the corrected intervals have
    54 % (40 labels, leniency) to 91 % (200 labels, both kinds of errors) of their width.
    """
    found = coverage(judged(errors), n, REPETITIONS)
    print(errors, n, found.hits.round(3).tolist(), found.widths.round(3).tolist())
    corrected, alone, raw = found.hits
    assert (corrected >= 0.93).all() and (corrected <= 0.975).all()
    assert (alone >= 0.93).all() and (raw < 0.5).all()
    assert (found.widths[0] < found.widths[1]).all()


@pytest.mark.parametrize(("errors", "n"), [*((errors, 60) for errors in ERRORS), ("both", 200)])
def test_a_model_at_the_margin_is_rarely_flagged_with_labels(errors: str, n: int) -> None:
    """Two models of equal OA; by people, their RC differ by the margin itself. The level is one-sided 5 %.

    Measured: 4.3 % to 5.5 %. By the judge's scores it is 98 % if the judge is lenient with one model and misses points
    of the other, otherwise 0.
    """
    of, repetitions = judged(errors), 1000
    rng = np.random.default_rng(20_260_204)
    rule = FlagRule(accuracy_margin=0.1, consistency_margin=float(np.diff(of.people.mean(axis=1))[0] * -1))
    flagged = {"corrected": 0, "raw": 0}
    for seed in range(repetitions):
        file, groups = of.draw(rng, 330)
        drawn = file.probabilities(n, seed)
        accuracy = (rng.random(file.judge.shape) < 0.85).astype(np.float64)
        labels = [Labels(np.where(np.isnan(drawn), np.nan, people), drawn) for people in file.people]
        scores = [corrected_scores(judge, own, groups).column for judge, own in zip(file.judge, labels, strict=True)]
        figures = {"accuracy": [*accuracy], "corrected": scores, "raw": [*file.judge]}
        sums = ClusterBootstrap(groups.strata)
        places = {name: [sums.add(groups.sums(column)) for column in columns] for name, columns in figures.items()}
        sizes = sums.add(groups.sizes(accuracy[0]))
        sums.run(499, seed)
        observed = {name: np.array([column.mean() for column in columns]) for name, columns in figures.items()}
        resampled = {name: np.stack([sums.of(place) for place in own]) / sums.of(sizes) for name, own in places.items()}
        for name in flagged:
            both_of = [[found["accuracy"], found[name]] for found in (observed, resampled)]
            flagged[name] += decide_flags(["A", "B"], *both_of, rule)[1].verdict == FLAGGED
    print(errors, n, {name: count / repetitions for name, count in flagged.items()})
    assert flagged["corrected"] / repetitions <= 0.065
