"""The best one-to-one matching of human and model items (Eq. 1); it does not depend on the order of the rows.

Sums are exact integers. Of the matchings with the highest total, the one with the fewest pairs is taken, then the one
with the earliest model items, then the one with the higher scores at the earliest of them.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

UNITS = 10_000
"""Scores are compared in ten-thousandths: finer differences are ties, and below half of one a score is 0."""

Scores = Sequence[Sequence[float | None]]
Matrix = list[list[float | None]]


class Match(NamedTuple):
    """The score of a human item and a model item: one line of a reply, or one pair of a matching."""

    human_item: int
    """Number of the human item, from 1."""
    model_item: int
    """Number of the model item, from 1; 0 = no match."""
    score: float
    """0 to 1."""


def optimal_matching(scores: Scores) -> list[Match]:
    """Return the pairs of the best one-to-one matching, by model item.

    `scores`: human items as rows, model items as columns, 0 to 1; None = not asked, never matched. A score of 0 makes
    no pair. Raises `ValueError` for a score that is not a number within 0..1.
    """
    units = [[_units(score) for score in row] for row in scores]
    pairs = [(i, j) for i, row in enumerate(units) for j, value in enumerate(row) if value]
    rows, columns = sorted({i for i, _ in pairs}), sorted({j for _, j in pairs})
    if not len(rows) == len(columns) == len(pairs):  # otherwise no two pairs share an item
        weights = _weights([[units[i][j] for j in columns] for i in rows])
        pairs = [(rows[i], columns[j]) for i, j in _heaviest(weights)]
    return sorted((Match(i + 1, j + 1, float(scores[i][j] or 0.0)) for i, j in pairs), key=lambda pair: pair.model_item)


def _units(score: float | None) -> int:
    if score is None:
        return 0
    if not 0 <= score <= 1:  # NaN is not, either
        raise ValueError(f"a score of {str(score)[:20]} is not within 0..1")
    return round(score * UNITS)


def _weights(units: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return integers whose sum orders matchings by total, fewest pairs, earliest model items, their scores.

    Each criterion is worth more than everything the later ones can add up to. 0 where there is nothing to match.
    """
    if not units:
        return []
    width = len(units[0])
    rank = {value: place for place, value in enumerate(sorted({value for row in units for value in row}))}
    base = len(rank) + 1
    later = base**width  # the scores of the chosen model items, the earliest as the highest digit
    a_pair = later << width  # which model items are chosen, as a bit mask, the earliest as the highest bit
    total = a_pair * (min(len(units), width) + 1)
    return [
        [
            value * total - a_pair + (later << (width - 1 - j)) + rank[value] * base ** (width - 1 - j) if value else 0
            for j, value in enumerate(row)
        ]
        for row in units
    ]


def _heaviest(weights: list[list[int]]) -> list[tuple[int, int]]:
    """Return (row, column) of the pairs of a matching of the greatest total weight; weights are 0 (no pair) or more."""
    if not weights:
        return []
    if len(weights) > len(weights[0]):
        return [(i, j) for j, i in _heaviest([list(column) for column in zip(*weights, strict=True)])]
    owner = _assign([[-weight for weight in row] for row in weights])
    return [(i, j) for j, i in enumerate(owner) if i >= 0 and weights[i][j]]


def _assign(costs: list[list[int]]) -> list[int]:
    """Return the row of each column (-1 = none) in the cheapest assignment of every row; no more rows than columns.

    Shortest augmenting paths with potentials (Kuhn 1955, Munkres 1957, in the form of Jonker and Volgenant 1987).
    """
    width = len(costs[0])
    row_potential: list[float] = [0] * len(costs)
    column_potential: list[float] = [0] * (width + 1)
    owner = [-1] * (width + 1)  # the last column is virtual: it belongs to the row that needs a column
    for start in range(len(costs)):
        owner[width] = start
        column, reached, before = width, list[int](), dict[int, int]()
        # From the row `start` to the columns that are not reached; inf is only compared, all sums are of integers.
        distance = dict.fromkeys(range(width), math.inf)
        while owner[column] >= 0:
            row = owner[column]
            reached.append(column)
            for j, known in distance.items():
                reduced = costs[row][j] - row_potential[row] - column_potential[j]
                if reduced < known:
                    distance[j], before[j] = reduced, column
            column = min(distance, key=distance.__getitem__)
            shift = distance.pop(column)
            for j in reached:
                row_potential[owner[j]] += shift
                column_potential[j] -= shift
            for j in distance:
                distance[j] -= shift
        while column != width:
            owner[column], column = owner[before[column]], before[column]
    return owner[:width]


def best_matches(matrix: Matrix) -> list[Match]:
    """Return each human item with its best model item, the lowest on ties; S0 when nothing scores above 0."""
    marks = []
    for number, row in enumerate(matrix, 1):
        best = max((score for score in row if score is not None), default=0.0)
        marks.append(Match(number, row.index(best) + 1, best) if best > 0 else Match(number, 0, 0.0))
    return marks


def sparse_matrix(marks: Sequence[Match], n_human: int, n_model: int) -> Matrix:
    """Return the matrix of a reply about a whole row: one score per human item, at its best model item."""
    matrix: Matrix = [[None] * n_model for _ in range(n_human)]
    for mark in marks:
        if 1 <= mark.human_item <= n_human and 1 <= mark.model_item <= n_model:
            matrix[mark.human_item - 1][mark.model_item - 1] = mark.score
    return matrix
