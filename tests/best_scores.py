"""Random rows as a judge of every pair scores them, and with the best score of each human item alone."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from metajudge.metrics import Known, Match, PaperMetrics, RowBounds, optimal_matching, paper_metrics, row_bounds
from metajudge.metrics import sparse_matrix as sparse
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.model_rows import report_rows
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.score_table import score_file
from tests.unit.result_rows import record, write

NEAR = 1e-9


@dataclass(frozen=True, slots=True)
class Sides:
    """One row of known scores."""

    scores: Sequence[Sequence[float]]
    threshold: float
    full: PaperMetrics
    """Figures of all scores."""
    best: PaperMetrics
    """Figures of the best scores."""
    bounds: RowBounds

    @classmethod
    def of(cls, scores: Sequence[Sequence[float]], named: Sequence[int], threshold: float = 0.0) -> "Sides":
        """Score a row; `named`: place of the best model item that the judge names for each human item."""
        n_model = len(scores[0])
        marks = [
            Match(r, s + 1 if row[s] else 0, row[s]) for r, (row, s) in enumerate(zip(scores, named, strict=True), 1)
        ]
        matrix = sparse(marks, len(scores), n_model)
        bounds = row_bounds(matrix, optimal_matching(matrix), n_model, threshold)
        figures = [paper_metrics(one, n_model, threshold) for one in (scores, matrix)]
        return cls(scores, threshold, figures[0], figures[1], bounds)

    def known(self) -> dict[str, Known]:
        """Return what is claimed of each figure."""
        totals = ("rationale_consistency", "precision", "f1")
        average = {name: getattr(self.bounds, name) for name in ("average_precision", "average_precision_soft")}
        return dict.fromkeys(totals, self.bounds.total) | average

    def claims(self) -> set[str]:
        """Return the kinds of claims."""
        return {f"{name} {known.name}" for name, known in self.known().items()}

    @staticmethod
    def possible(steps: int) -> Iterator[tuple[str, Known]]:
        """Yield every kind of claim that random rows give rise to."""
        for name in ("rationale_consistency", "precision", "f1"):
            yield from ((name, known) for known in (Known.EXACT, Known.LOWER_BOUND))
        yield from (("average_precision", known) for known in Known)
        yield from (("average_precision_soft", known) for known in (Known.EXACT, Known.NOT_DETERMINED))


def random_sides(rng: random.Random, steps: int) -> Sides:
    """Return a row of up to 6 × 6 scores, `steps` between 0 and 1; of equal best ones any may be named."""
    n_human, n_model, zeros = rng.randint(1, 6), rng.randint(1, 6), rng.random()
    scores = [
        [0.0 if rng.random() < zeros else rng.randint(1, steps) / steps for _ in range(n_model)] for _ in range(n_human)
    ]
    named = [rng.choice([place for place, score in enumerate(row) if score == max(row)]) for row in scores]
    return Sides.of(scores, named, rng.choice([0.0, 0.0, 0.25, 0.5]))


def broken_claims(row: Sides) -> list[str]:
    """Return the claims about the row that all its scores disprove."""
    broken = []
    for name, known in row.known().items():
        full, best = getattr(row.full, name), getattr(row.best, name)
        if (known == Known.EXACT and abs(full - best) > NEAR) or (known == Known.LOWER_BOUND and best > full + NEAR):
            broken.append(f"{name} {known.name}")
    if not row.full.rationale_consistency <= row.bounds.rationale_consistency + NEAR:
        broken.append("upper bound")
    least, most = row.bounds.best_pair_score
    if not least - NEAR <= row.full.best_pair_score <= most + NEAR:
        broken.append("best pair")
    for threshold in (0.25, 0.5, 0.75, 1.0):
        is_sound = [one.best_pair_score >= threshold for one in (row.full, row.best)]
        if row.bounds.sound(threshold) == Known.EXACT and is_sound[0] != is_sound[1]:
            broken.append(f"sound at {threshold}")
    return broken


@dataclass(frozen=True, slots=True)
class Population:
    """Rows of an evaluated model as one judge scores them: 3 to 7 human items, 5 model items, a skill per row."""

    share: float = 0.45
    """Mean share of human items that a model item makes a point of."""
    broad: float = 0.35
    """Chance that a human item has its best score at the row's broad model item."""

    TRUTH: ClassVar[float] = 0.3531
    """Rationale consistency of the population with these numbers, the mean of 100,000 rows (± .0015)."""

    def rows(self, rng: random.Random, n: int) -> list[list[list[float]]]:
        """Return the score matrices of n rows."""
        return [self._row(rng) for _ in range(n)]

    def _row(self, rng: random.Random) -> list[list[float]]:
        skill, broad = rng.betavariate(2 * self.share, 2 * (1 - self.share)), rng.randrange(5)
        matrix = []
        for _ in range(rng.randint(3, 7)):
            row = [rng.choice([0.0, 0.0, 0.0, 0.25, 0.5]) * (rng.random() < skill) for _ in range(5)]
            if rng.random() < skill:
                place = broad if rng.random() < self.broad else rng.randrange(5)
                row[place] = rng.choice([0.5, 0.75, 1.0])
            matrix.append(row)
        return matrix

    def rationale_consistency(self, rng: random.Random, n: int) -> float:
        """Return the mean of Eq. 2 over n rows."""
        return sum(paper_metrics(row, 5).rationale_consistency for row in self.rows(rng, n)) / n


def files_held(folder: Path, files: int, rows: int) -> tuple[int, int, int]:
    """Return in how many simulated files the range holds the exact RC, its interval the truth, and the exact one's."""
    population, truth = Population(), Population.TRUTH
    rng, in_range, in_interval, in_exact = random.Random(2), 0, 0, 0
    for _ in range(files):
        matrices = population.rows(rng, rows)
        sides = []
        for name, flag in (("R", True), ("I", False)):
            records = (record(n, one, row_granularity=flag) for n, one in enumerate(matrices))
            table = score_file(write(folder / f"{name}.jsonl", records), ScoringConfig())
            sides += [row.as_json() for row in report_rows([table], FlagRule(), 999)]
        row, exact = sides[0], sides[1]["paper"]["rationale_consistency"]
        bounds, ends = row["rationale_consistency_bounds"], row["rationale_consistency_bounds_interval"]
        in_range += bounds["low"] <= exact["value"] <= bounds["high"]
        in_interval += ends["low"] <= truth <= ends["high"]
        in_exact += exact["low"] <= truth <= exact["high"]
    return in_range, in_interval, in_exact
