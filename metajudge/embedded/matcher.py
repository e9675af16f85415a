"""The embedded judge's matcher: lexical, deterministic, the same on every machine.

Similarity is the cosine of character n-gram tf-idf vectors. The idf is taken from the items of the question itself:
what all its items share (the topic, "response") weighs next to nothing. Sides, tone, numbers and names are compared
by rule.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence

from metajudge.embedded.features import Item, look

STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
# Lower bounds of the steps above 0. Similarities are rounded to six digits and these lie between two of
# them, so that no difference in the last bit of a logarithm can change a step.
THRESHOLDS = (0.0600005, 0.1000005, 0.1400005, 0.2000005)


def score_matrix(human_items: Sequence[str], model_items: Sequence[str]) -> list[list[float]]:
    """Score how far each model item (columns) makes each human item's point (rows), on the five steps."""
    human, model = [look(text) for text in human_items], [look(text) for text in model_items]
    similar = similarities(human, model)
    return [
        [judge(one, other, similar[row][column]) for column, other in enumerate(model)] for row, one in enumerate(human)
    ]


def judge(human: Item, model: Item, similarity: float) -> float:
    """Return the score of one pair: the similarity's step, bounded by the rules."""
    step = sum(similarity > threshold for threshold in THRESHOLDS)
    return STEPS[min(step, _bound(human, model))]


def _bound(human: Item, model: Item) -> int:
    """Return the highest step (0 to 4) that sides, tone, numbers and names allow."""
    opposite_tone = human.tone * model.tone < 0
    if human.sides and model.sides and human.sides[0] != model.sides[0]:
        # The other response: the same fault there is a contradiction, praise there at most hints at the fault here.
        both = len(human.sides) == len(model.sides) == 2
        return 4 if both and opposite_tone else 1 if opposite_tone else 0
    if opposite_tone:
        return 0
    bound = 4
    if human.numbers and human.numbers != model.numbers:
        bound = 1 if model.numbers and not human.numbers & model.numbers else 3
    if human.names and model.names and not _share(human.names, model.names):
        bound = min(bound, 2)
    return bound


def _share(some: frozenset[str], others: frozenset[str]) -> bool:
    return any(one in other or other in one for one in some for other in others)


def similarities(human: Sequence[Item], model: Sequence[Item]) -> list[list[float]]:
    """Return cosines of tf-idf vectors: human items as rows, rounded to six digits; 0 for an item without text."""
    items = [*human, *model]
    frequency = Counter(gram for item in items for gram in item.grams)
    weights = {gram: math.log((len(items) + 1) / count) for gram, count in frequency.items()}
    vectors = [_unit(item.grams, weights) for item in items]
    rows, columns = vectors[: len(human)], vectors[len(human) :]
    return [[_cosine(row, column) for column in columns] for row in rows]


def _unit(grams: Mapping[str, int], weights: Mapping[str, float]) -> dict[str, float]:
    vector = {gram: (1 + math.log(count)) * weights[gram] for gram, count in grams.items()}
    length = math.sqrt(math.fsum(value * value for value in vector.values()))
    return {gram: value / length for gram, value in vector.items()} if length else {}


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    # fsum is exact before its one rounding: the order of the n-grams does not matter.
    return round(math.fsum(value * other[gram] for gram, value in one.items() if gram in other), 6)
