"""Stratified drawing of rows with known probability: strata are a domain and a third of the judge's scores."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from metajudge.metrics.statistics.resampling import Floats

THIRDS = ("low", "middle", "high")
REST = "other domains"
"""Stratum of the domains that are too small for one row of each third."""


@dataclass(frozen=True, slots=True)
class Draw:
    """One drawn row."""

    place: int
    """Place of the row, from 0."""
    stratum: str
    """Such as `code, low`."""
    probability: float
    """Probability with which the row was drawn, above 0 and at most 1."""


def draw_rows(scores: Floats, domains: Sequence[str], n: int, seed: int) -> list[Draw]:
    """Draw `n` rows, or all if there are fewer, in random order; equal arguments give equal rows.

    `scores`: one for each row. A stratum is a third of a domain's scores. Each stratum gives at least one row, and the
    rest of the `n` rows in proportion to its size. Within a stratum every row has the same probability.
    """
    rng = np.random.default_rng(seed)
    strata = _strata(scores, domains, n, rng)
    sizes = Counter(strata)
    counts = allocate(sizes, n)
    drawn = []
    for stratum, count in counts.items():
        inside = np.flatnonzero([own == stratum for own in strata])
        chosen = rng.choice(inside, count, replace=False)
        drawn += [Draw(int(place), stratum, count / sizes[stratum]) for place in chosen]
    return [drawn[place] for place in rng.permutation(len(drawn))]


def _strata(scores: Floats, domains: Sequence[str], n: int, rng: np.random.Generator) -> list[str]:
    """Return the stratum of each row; equal scores fall into thirds at random."""
    share = n / max(len(scores), 1)
    large = {domain for domain, size in Counter(domains).items() if size * share >= len(THIRDS)}
    names = [(domain or "no domain") if domain in large else REST for domain in domains]
    strata = [""] * len(names)
    for name in dict.fromkeys(names):
        inside = rng.permutation(np.flatnonzero([own == name for own in names]))
        ordered = inside[np.argsort(scores[inside], kind="stable")]
        for rank, place in enumerate(ordered):
            strata[place] = f"{name}, {THIRDS[rank * len(THIRDS) // len(ordered)]}"
    return strata


def allocate(sizes: Counter[str], n: int) -> dict[str, int]:
    """Return the number of rows to draw from each stratum: at least one, otherwise in proportion to its size.

    Together they are `n`, but at least one for each stratum and at most all rows.
    """
    n = min(n, sizes.total())
    shares = {name: size * n / sizes.total() for name, size in sizes.items()}
    counts = {name: max(1, math.floor(share)) for name, share in shares.items()}
    while (missing := n - sum(counts.values())) > 0:
        open_strata = [name for name in counts if counts[name] < sizes[name]]
        for name in sorted(open_strata, key=lambda name: counts[name] - shares[name])[:missing]:
            counts[name] += 1
    return counts
