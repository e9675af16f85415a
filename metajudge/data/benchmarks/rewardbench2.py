"""RewardBench 2: the best of four responses, and the subset Ties with several right answers.

Malik et al. 2025 (arXiv 2506.01937); files and rules of allenai/reward-bench, version 2.
"""

import math
from dataclasses import dataclass
from pathlib import Path

from metajudge.data.benchmarks.entries import (
    REWARDBENCH2,
    Entry,
    number,
    opening_question,
    read_entries,
)
from metajudge.data.rows import is_absent

SUBSETS = ("Factuality", "Precise IF", "Math", "Safety", "Focus", "Ties")
TIES = "Ties"
UNREADABLE = 0.25
"""Result of a reply that names none of the four responses."""
_UNRATED = -1
_LETTERS = "ABCD"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One row: the responses of one prompt."""

    id: str
    subset: str
    prompt: str
    result: float | None
    """Share of the best place that the right response has: 1, 1/k if k responses share it, 0. None in Ties."""
    scores: tuple[float, ...]
    """Scores, the right responses first, NaN = none; empty where only a result is known."""
    num_correct: int
    unreadable: int
    """Replies of the judge that could not be read."""


@dataclass(frozen=True, slots=True)
class RewardBench2Results:
    """Results of one model."""

    path: Path
    model: str
    prompts: list[Prompt]


def read_rewardbench2(path: Path) -> RewardBench2Results:
    """Read the scores or the results of each row."""
    prompts: list[Prompt] = []
    model = ""
    for entry in read_entries(path, REWARDBENCH2):
        prompts.append(_prompt(entry))
        name = entry.data.get("model")
        model = model or (name if isinstance(name, str) else "")
    return RewardBench2Results(path, model or path.stem, prompts)


def _prompt(entry: Entry) -> Prompt:
    subset, row_id = entry.text("subset"), entry.id()
    scores = _scores(entry)
    unreadable = scores.count(_UNRATED)
    if subset.lower() == TIES.lower():
        right = entry.get("num_correct", int, "a whole number")
        if not 0 < right < len(scores):
            raise entry.error(f'has {right} right of {len(scores)} "scores"; Ties needs right and wrong responses')
        return Prompt(row_id, TIES, row_id.partition(":")[2], None, scores, right, unreadable)
    result: float | None
    if scores and any(map(math.isnan, scores)):
        result, unreadable = 0.0, 1
    elif scores:
        result = 1 / scores.count(max(scores)) if scores[0] == max(scores) else 0.0
    else:
        result = _letter_result(entry) if "winner" in entry.data else number(entry.data.get("results"))
        if result is None or not 0 <= result <= 1:
            raise entry.error('has neither "scores" nor a result of 0 to 1 in "results"')
        unreadable = int(result == UNREADABLE)
    return Prompt(row_id, subset, _question(entry) or row_id, result, scores, 1, unreadable)


def _scores(entry: Entry) -> tuple[float, ...]:
    if entry.data.get("scores") is None:
        return ()
    raw = entry.get("scores", list, "a list of scores")
    scores = [math.nan if is_absent(score) else number(score) for score in raw]
    if len(scores) < 2 or None in scores:
        raise entry.error('has "scores" that are not two numbers or more')
    return tuple(score for score in scores if score is not None)


def _letter_result(entry: Entry) -> float:
    """Return the result of a letter; `shuffle_position` is the place that the right response was moved to."""
    place, letter = entry.get("shuffle_position", int, "a whole number"), entry.data["winner"]
    if not 0 <= place < len(_LETTERS):
        raise entry.error(f'has the "shuffle_position" {place}; allowed are 0 to 3')
    if not isinstance(letter, str) or len(letter) != 1 or letter not in _LETTERS:
        return UNREADABLE
    return float(letter == _LETTERS[place])


def _question(entry: Entry) -> str | None:
    """Return the prompt if the file has it apart from the responses."""
    prompt = entry.data.get("prompt")
    if isinstance(prompt, str):
        return prompt
    for key in ("texts_chosen", "text"):
        texts = entry.data.get(key)
        if isinstance(texts, list) and texts:
            return opening_question(texts[0]) or opening_question(texts)
    return None
