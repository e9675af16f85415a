"""Agreement of the embedded matcher with labels written by hand: `python -m tests.bench.embedded_accuracy`.

The pairs of `tests/data/labelled_pairs.jsonl` were labelled before the thresholds were chosen, on split `dev` alone.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from metajudge.embedded.features import Item, look
from metajudge.embedded.matcher import score_matrix, similarities

PAIRS = Path(__file__).parents[1] / "data" / "labelled_pairs.jsonl"
STEP = 0.25
RELEVANT = 0.5

Matrix = list[list[float]]


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of scores with labels, over pairs."""

    n: int
    average_precision: float
    """AP of the pairs ranked by score; a label of at least 0.5 is relevant."""
    exact: float
    within_one_step: float
    kappa: float
    """Quadratically weighted."""
    bias: float
    """Mean of score minus label."""


def questions(split: str) -> list[dict[str, list]]:  # type: ignore[type-arg]
    """Return the labelled questions of one split."""
    lines = [json.loads(line) for line in PAIRS.read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line["split"] == split]


def pairs(split: str, scorer: Callable[[Sequence[str], Sequence[str]], Matrix]) -> list[tuple[float, float]]:
    """Return (score, label) of every pair of a split."""
    found = []
    for question in questions(split):
        matrix = scorer(question["human"], question["model"])
        for scores, labels in zip(matrix, question["labels"], strict=True):
            found += zip(scores, labels, strict=True)
    return [(float(score), float(label)) for score, label in found]


def average_precision(scored: Sequence[tuple[float, float]]) -> float:
    """Return the mean precision at each relevant pair, highest score first. Tied scores count as one block."""
    relevant = sum(label >= RELEVANT for _, label in scored)
    hits = seen = 0
    total = 0.0
    for value in sorted({score for score, _ in scored}, reverse=True):
        block = [label for score, label in scored if score == value]
        new = sum(label >= RELEVANT for label in block)
        hits, seen = hits + new, seen + len(block)
        total += new * hits / seen
    return total / relevant


def agreement(scored: Sequence[tuple[float, float]]) -> Agreement:
    """Return all figures of one set of pairs."""
    n = len(scored)
    steps = [(round(score / STEP), round(label / STEP)) for score, label in scored]
    observed = sum((a - b) ** 2 for a, b in steps) / n
    left, right = Counter(a for a, _ in steps), Counter(b for _, b in steps)
    expected = sum(left[a] * right[b] * (a - b) ** 2 for a in left for b in right) / n**2
    return Agreement(
        n,
        average_precision(scored),
        sum(a == b for a, b in steps) / n,
        sum(abs(a - b) <= 1 for a, b in steps) / n,
        1 - observed / expected,
        math.fsum(score - label for score, label in scored) / n,
    )


def words(text: str) -> Item:
    """Return an item whose grams are its words: the baseline without character n-grams."""
    return Item((), 0, frozenset(), frozenset(), Counter(re.findall(r"\w+", text.casefold())))


def without_idf(human: Sequence[str], model: Sequence[str]) -> Matrix:
    """Return the cosine of plain n-gram counts."""

    def cosine(a: Counter[str], b: Counter[str]) -> float:
        length = math.sqrt(sum(v * v for v in a.values()) * sum(v * v for v in b.values()))
        return sum(v * b[k] for k, v in a.items()) / length if length else 0.0

    columns = [look(text).grams for text in model]
    return [[cosine(look(text).grams, column) for column in columns] for text in human]


BASELINES: dict[str, Callable[[Sequence[str], Sequence[str]], Matrix]] = {
    "similarity alone, without rules": lambda h, m: similarities([look(x) for x in h], [look(x) for x in m]),
    "the same without idf": without_idf,
    "word tf-idf": lambda h, m: similarities([words(x) for x in h], [words(x) for x in m]),
}


def main() -> None:
    print(f"{'split':6} {'pairs':>5} {'AP':>6} {'exact':>6} {'±1':>6} {'kappa':>6} {'bias':>6}")
    for split in ("dev", "test"):
        found = agreement(pairs(split, score_matrix))
        print(
            f"{split:6} {found.n:5} {found.average_precision:6.3f} {found.exact:6.3f} {found.within_one_step:6.3f} "
            f"{found.kappa:6.3f} {found.bias:+6.3f}"
        )
        for name, scorer in BASELINES.items():
            print(f"       {'':5} {average_precision(pairs(split, scorer)):6.3f}   {name}")


if __name__ == "__main__":
    main()
