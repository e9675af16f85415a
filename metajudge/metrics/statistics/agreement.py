"""Agreement of judges: on single scores, and on evaluated models.

A figure is None, never nan, if the data do not define it: nothing varies, or nothing was matched. In every pair of
judges x is the first one, y the second one.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from metajudge.metrics.statistics.resampling import Floats

Integers = NDArray[np.int64]

CATEGORIES = 5
"""The steps of the scale: 0, 0.25, 0.5, 0.75, 1."""
POSITIVE = 0.5
"""Lowest score of a human item that counts as found."""
MODELS_NEEDED = 5
"""Least number of evaluated models for a comparison over models."""
_SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Joined:
    """Rows, items and pairs that all judges have scored; one column per judge."""

    judges: tuple[str, ...]
    rows: int
    """Rows that all judges have scored."""
    items: Floats
    """Human items × judges: the best score, 0 to 1."""
    matches: Integers
    """Human items × judges: number of the best model item, from 1; 0 = no match."""
    pair_rows: int
    """Rows that have a score matrix of every judge."""
    pairs: Floats
    """Pairs of a human and a model item × judges: their score, 0 to 1."""
    pairs_not_asked: int
    """Pairs that some judge was not asked about; they are not in `pairs`."""
    models: tuple[str, ...]
    """Evaluated models."""
    model_rows: tuple[int, ...]
    recalls: Floats
    """Evaluated models × judges: mean over the model's rows of Σ_r best score / |R|."""


@dataclass(frozen=True, slots=True)
class ScoreAgreement:
    """Agreement of two judges' scores of the same things."""

    scores: int
    """Things scored by both: human items, or pairs of a human and a model item."""
    rows: int
    off_scale: int
    """Scores of both judges that are none of the five steps; only AC2 and kappa round them."""
    exact: float
    """Share of the things with the same score from both, without rounding."""
    gwet_ac2: float
    alpha_ordinal: float | None
    alpha_interval: float | None
    weighted_kappa: float | None
    positive: float | None


@dataclass(frozen=True, slots=True)
class Fit:
    """A straight line y = slope · x + intercept through the evaluated models."""

    slope: float | None
    intercept: float | None
    r_squared: float | None
    """1 − Σ(y − ŷ)² / Σ(y − ȳ)²; below 0 when the mean of y fits better."""
    rmse: float | None
    """Root of the mean squared vertical distance from the line, √(Σ(y − ŷ)² / n)."""


@dataclass(frozen=True, slots=True)
class ModelAgreement:
    """Agreement of two judges' mean recalls of the evaluated models."""

    models: int
    concordance: float | None
    mean_bias: float
    """Mean of y − x: above 0 when the second judge gives higher scores."""
    kendall_tau_b: float | None
    through_origin: Fit
    linear: Fit


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """All measures of one pair of judges."""

    judges: tuple[str, str]
    items: ScoreAgreement
    """Agreement on the best scores of the human items."""
    both_matched: int
    """Human items for which both judges found a model item."""
    same_match: float | None
    """Share of these with the same model item from both."""
    pairs: ScoreAgreement | None
    """Agreement on the scores of every pair (R, S); None unless both have score matrices."""
    over_models: ModelAgreement | None
    """None below `MODELS_NEEDED` evaluated models."""


@dataclass(frozen=True, slots=True)
class Alpha:
    """Krippendorff's alpha over all judges at once."""

    scores: int
    rows: int
    alpha_ordinal: float | None
    alpha_interval: float | None


# ------------------------------------------------------------------ all measures together


def compare_judges(joined: Joined, first: int, second: int) -> PairAgreement:
    """Return the agreement of the judges in the columns `first` and `second`."""
    both = [first, second]
    matched, same = same_match(joined.matches[:, both])
    return PairAgreement(
        judges=(joined.judges[first], joined.judges[second]),
        items=score_agreement(joined.items[:, both], joined.rows),
        both_matched=matched,
        same_match=same,
        pairs=score_agreement(joined.pairs[:, both], joined.pair_rows) if len(joined.pairs) else None,
        over_models=model_agreement(joined.recalls[:, both]) if len(joined.models) >= MODELS_NEEDED else None,
    )


def alpha_of(scores: Floats, rows: int) -> Alpha:
    """Return both alphas of the `scores` (things scored × judges) of `rows` rows."""
    return Alpha(len(scores), rows, krippendorff_alpha(scores, "ordinal"), krippendorff_alpha(scores, "interval"))


def score_agreement(scores: Floats, rows: int) -> ScoreAgreement:
    """Return every measure of two judges' `scores` (things scored × 2, at least one) of `rows` rows."""
    x, y = scores.T
    return ScoreAgreement(
        scores=len(scores),
        rows=rows,
        off_scale=int(np.count_nonzero(np.abs(scores - levels(scores) / (CATEGORIES - 1)) > _SAME)),
        exact=float(np.mean(np.abs(x - y) <= _SAME)),
        gwet_ac2=gwet_ac2(levels(x), levels(y)),
        alpha_ordinal=krippendorff_alpha(scores, "ordinal"),
        alpha_interval=krippendorff_alpha(scores, "interval"),
        weighted_kappa=weighted_kappa(levels(x), levels(y)),
        positive=positive_agreement(x, y),
    )


def model_agreement(recalls: Floats) -> ModelAgreement:
    """Return every measure of two judges' mean `recalls` (evaluated models × 2)."""
    x, y = np.round(recalls, 12).T  # equal means are ties, even if they were summed in another order
    return ModelAgreement(
        models=len(x),
        concordance=concordance(x, y),
        mean_bias=float(np.mean(y - x)),
        kendall_tau_b=kendall_tau_b(x, y),
        through_origin=origin_fit(x, y),
        linear=linear_fit(x, y),
    )


# ------------------------------------------------------------------ single scores


def levels(scores: Floats) -> Integers:
    """Return the nearest step of each score as a number from 0 to 4, the higher step halfway between two."""
    return np.floor(scores * (CATEGORIES - 1) + 0.5).astype(np.int64)


def positive_agreement(x: Floats, y: Floats) -> float | None:
    """Return 2a / (2a + b + c), a = both scores at least `POSITIVE`, b and c = one of them alone; None without any.

    Cicchetti and Feinstein (1990), High agreement but low kappa II, p_pos.
    """
    found_x, found_y = x >= POSITIVE, y >= POSITIVE
    marked = np.count_nonzero(found_x) + np.count_nonzero(found_y)
    return float(2 * np.count_nonzero(found_x & found_y) / marked) if marked else None


def same_match(matches: Integers) -> tuple[int, float | None]:
    """Return the number of human items that both judges matched, and the share of these with the same model item.

    The share is None if there are no such items. `matches`: human items × 2, numbers of model items, 0 = no match.
    """
    both = matches[(matches > 0).all(axis=1)]
    return len(both), float(np.mean(both[:, 0] == both[:, 1])) if len(both) else None


def quadratic_weights(categories: int) -> Floats:
    """Return w_kl = 1 − (k − l)² / (q − 1)² for the q categories of an even scale; Cohen (1968), Weighted kappa."""
    numbers = np.arange(categories, dtype=np.float64)
    return np.asarray(1 - (numbers[:, None] - numbers) ** 2 / (categories - 1) ** 2)


def _shares(x: Integers, y: Integers, categories: int) -> Floats:
    """Return p_kl: share of the things that x puts into category k and y into l."""
    table = np.bincount(x * categories + y, minlength=categories**2).reshape(categories, categories)
    return table / len(x)


def gwet_ac2(x: Integers, y: Integers, categories: int = CATEGORIES) -> float:
    """Return (p_a − p_e) / (1 − p_e) with p_a = Σ w_kl p_kl and p_e = Σw / (q (q − 1)) · Σ_k π_k (1 − π_k).

    π_k = mean of both judges' shares of category k; all q categories of the scale count, used or not, so that
    p_e is at most (Σw / q²) < 1. Gwet (2014), Handbook of Inter-Rater Reliability, 4th edition, AC2 for two raters.
    """
    weights, shares = quadratic_weights(categories), _shares(x, y, categories)
    prevalence = (shares.sum(axis=0) + shares.sum(axis=1)) / 2
    observed = np.sum(weights * shares)
    expected = weights.sum() / (categories * (categories - 1)) * np.sum(prevalence * (1 - prevalence))
    return float((observed - expected) / (1 - expected))


def weighted_kappa(x: Integers, y: Integers, categories: int = CATEGORIES) -> float | None:
    """Return 1 − Σ v_kl p_kl / Σ v_kl p_k· p_·l with the disagreements v = 1 − w of the quadratic weights w.

    None if both put everything into the same category. Cohen (1968), Weighted kappa.
    """
    disagreements, shares = 1 - quadratic_weights(categories), _shares(x, y, categories)
    expected = np.sum(disagreements * np.outer(shares.sum(axis=1), shares.sum(axis=0)))
    return float(1 - np.sum(disagreements * shares) / expected) if expected > 0 else None


def krippendorff_alpha(scores: Floats, level: Literal["ordinal", "interval"]) -> float | None:
    """Return 1 − D_o / D_e, None if all scores are equal. `scores`: things scored × judges, nan = not scored.

    With n values in things that have m ≥ 2 of them: D_o = (1/n) Σ_things (1/(m − 1)) Σ_{i≠j} δ²(v_i, v_j) and
    D_e = (1/(n (n − 1))) Σ_{i≠j} δ²(v_i, v_j). Interval: δ² = (c − k)². Ordinal: δ² = (n_c/2 + … + n_k/2)², the
    values between counted whole, which is the squared distance of the mid-ranks.
    Krippendorff (2011), Computing Krippendorff's Alpha-Reliability.
    """
    given = ~np.isnan(scores)
    pairable = given & (given.sum(axis=1, keepdims=True) >= 2)
    values, thing = scores[pairable], np.nonzero(pairable)[0]
    if values.size == 0 or np.ptp(values) == 0:
        return None
    if level == "ordinal":
        values = _mid_ranks(values)
    _, thing, sizes = np.unique(thing, return_inverse=True, return_counts=True)
    means = np.bincount(thing, weights=values) / sizes
    # Σ_{i≠j} (v_i − v_j)² of m values is 2m times their squares about the mean.
    within = np.bincount(thing, weights=(values - means[thing]) ** 2)
    observed = np.sum(2 * sizes * within / (sizes - 1)) / len(values)
    expected = 2 * np.sum((values - values.mean()) ** 2) / (len(values) - 1)
    return float(1 - observed / expected)


def _mid_ranks(values: Floats) -> Floats:
    """Count the values below each one, and half of those equal to it."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - counts / 2)[inverse])


# ------------------------------------------------------------------ means of models


def concordance(x: Floats, y: Floats) -> float | None:
    """Return 2 s_xy / (s_x² + s_y² + (x̄ − ȳ)²), moments divided by n; None when all values of both are equal.

    Lin (1989), A concordance correlation coefficient to evaluate reproducibility.
    """
    if np.ptp(np.concatenate([x, y])) == 0:
        return None
    covariance = np.mean((x - x.mean()) * (y - y.mean()))
    return float(2 * covariance / (x.var() + y.var() + (x.mean() - y.mean()) ** 2))


def kendall_tau_b(x: Floats, y: Floats) -> float | None:
    """Return (C − D) / √((N − T_x)(N − T_y)): C concordant, D discordant, T tied of all N pairs of models.

    None if all values of one side are equal. Kendall (1945), The treatment of ties in ranking problems.
    """
    signs_x, signs_y = np.sign(x[:, None] - x), np.sign(y[:, None] - y)
    untied = np.count_nonzero(signs_x) * np.count_nonzero(signs_y)
    return float(np.sum(signs_x * signs_y) / np.sqrt(untied)) if untied else None


def origin_fit(x: Floats, y: Floats) -> Fit:
    """Return the least squares line y = a·x, a = Σxy / Σx²; without a slope when x is 0 throughout."""
    squares = float(np.sum(x * x))
    return _fit(x, y, float(np.sum(x * y)) / squares, 0.0) if squares else Fit(None, 0.0, None, None)


def linear_fit(x: Floats, y: Floats) -> Fit:
    """Return the least squares line y = a·x + b, a = s_xy / s_x² and b = ȳ − a·x̄; without them when x does not vary."""
    if np.ptp(x) == 0:
        return Fit(None, None, None, None)
    slope = float(np.sum((x - x.mean()) * y) / np.sum((x - x.mean()) ** 2))
    return _fit(x, y, slope, float(y.mean() - slope * x.mean()))


def _fit(x: Floats, y: Floats, slope: float, intercept: float) -> Fit:
    """Compute a fit; R² is R₁² of Kvålseth (1985), about the mean of y for a line through the origin, too."""
    residual = float(np.sum((y - slope * x - intercept) ** 2))
    r_squared = None if np.ptp(y) == 0 else 1 - residual / float(np.sum((y - y.mean()) ** 2))
    return Fit(slope, intercept, r_squared, float(np.sqrt(residual / len(x))))
