"""Rows with known true scores, and a judge with errors in single pairs, for simulations of corrections by labels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from metajudge.metrics.paper import paper_metrics
from metajudge.metrics.statistics.intervals import Clusters, Interval, cluster_rows, clustered_error
from metajudge.metrics.statistics.ppi import Correction, Labels, correct
from metajudge.metrics.statistics.stratified import draw_rows

Floats = NDArray[np.float64]
Error = Callable[[np.random.Generator, Floats], Floats]
STEPS, SHARES = np.array([0.25, 0.5, 0.75, 1.0]), np.array([0.2, 0.25, 0.25, 0.3])


def lenient(rng: np.random.Generator, scores: Floats, share: float = 0.06) -> Floats:
    """Give a share of the pairs that are 0 a score of up to 0.75."""
    hit = (scores == 0) & (rng.random(scores.shape) < share)
    return np.where(hit, rng.choice(STEPS[:3], scores.shape), scores)


def missing(rng: np.random.Generator, scores: Floats, share: float = 0.3) -> Floats:
    """Give a share of the pairs that are above 0 the score 0."""
    return np.where((scores > 0) & (rng.random(scores.shape) < share), 0.0, scores)


def both(rng: np.random.Generator, scores: Floats) -> Floats:
    return missing(rng, lenient(rng, scores))


@dataclass(frozen=True)
class World:
    """Rationale consistency of two models' rows, (models, rows), by people and by the judge."""

    people: Floats
    judge: Floats
    clusters: NDArray[np.intp]
    domains: NDArray[np.intp]

    def draw(self, rng: np.random.Generator, clusters: int) -> tuple["World", Clusters]:
        """Return a file of this many clusters, drawn with replacement."""
        _, starts, sizes = np.unique(self.clusters, return_index=True, return_counts=True)
        chosen = rng.integers(len(starts), size=clusters)
        keys = np.repeat(np.arange(clusters), sizes[chosen])
        rows = np.concatenate(
            [np.arange(start, start + size) for start, size in zip(starts[chosen], sizes[chosen], strict=True)]
        )
        file = World(self.people[:, rows], self.judge[:, rows], keys, self.domains[rows])
        return file, cluster_rows(list(map(str, keys)), list(map(str, file.domains)))

    def probabilities(self, n: int, seed: int) -> Floats:
        """Return the probability of each of `n` drawn rows, otherwise NaN."""
        found = np.full(len(self.clusters), np.nan)
        for one in draw_rows(self.judge.mean(axis=0), list(map(str, self.domains)), n, seed):
            found[one.place] = one.probability
        return found


def world(seed: int, rows: int, errors: Sequence[Error], skills: Sequence[float] = (0.3, -1.5)) -> World:
    """Make rows of 2 to 6 human and 3 to 5 model items; one cluster in five has two rows, of one difficulty."""
    rng = np.random.default_rng(seed)
    sizes = 1 + (rng.random(rows) < 0.2)
    clusters = np.repeat(np.arange(rows), sizes)[:rows]
    domains = rng.integers(3, size=rows)[clusters]
    ease = (rng.normal(0, 0.6, rows))[clusters] + (domains - 1) * 0.3
    found = np.zeros((2, len(skills), rows))
    for row in range(rows):
        n_human = rng.integers(2, 7)
        for model, (skill, error) in enumerate(zip(skills, errors, strict=True)):
            scores = np.zeros((n_human, rng.integers(3, 6)))
            share = 1 / (1 + np.exp(-(skill + ease[row] + rng.normal(0, 0.5))))
            for item in np.flatnonzero(rng.random(n_human) < share):
                scores[item, rng.integers(scores.shape[1])] = rng.choice(STEPS, p=SHARES)
            for side, own in enumerate((scores, error(rng, scores))):
                found[side, model, row] = paper_metrics(own.tolist(), own.shape[1]).rationale_consistency
    return World(found[0], found[1], clusters, domains)


@dataclass
class Coverage:
    """Shares of intervals that hold the truth, and their mean widths, for both models and their difference."""

    hits: Floats
    """(corrected, labels alone, raw) × (first, second, difference)."""
    widths: Floats


def coverage(of: World, n: int, repetitions: int, clusters: int = 330) -> Coverage:
    """Draw files and labelled rows from a world, and correct them."""
    rng = np.random.default_rng(20_260_204)
    truth = [*of.people.mean(axis=1), (of.people[0] - of.people[1]).mean()]
    hits, widths = np.zeros((3, 3)), np.zeros((3, 3))
    for seed in range(repetitions):
        file, groups = of.draw(rng, clusters)
        drawn = file.probabilities(n, seed)
        for place, (people, judge) in enumerate(_figures(file)):
            labels = Labels(np.where(np.isnan(drawn), np.nan, people), drawn)
            found = correct(judge, labels, groups, is_difference=place == 2)
            for kind, (low, high) in enumerate(_intervals(found, judge, groups)):
                hits[kind, place] += low <= truth[place] <= high
                widths[kind, place] += high - low
    return Coverage(hits / repetitions, widths / repetitions)


def _figures(file: World) -> list[tuple[Floats, Floats]]:
    pairs = list(zip(file.people, file.judge, strict=True))
    return [*pairs, (file.people[0] - file.people[1], file.judge[0] - file.judge[1])]


def _intervals(found: Correction, judge: Floats, groups: Clusters) -> list[tuple[float, float]]:
    value, error, _ = clustered_error(judge, groups)
    raw = Interval(value, value - 1.97 * error, value + 1.97 * error)
    ends = [(one.low, one.high) for one in (found.corrected, found.labels_alone, raw)]
    return [(low, high) for low, high in ends if low is not None and high is not None]
