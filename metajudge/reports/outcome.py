"""Outcome metrics: labels against human preferences, and with them the judge's scores, as columns."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from metajudge.metrics.statistics.intervals import Column
from metajudge.reports.row_scores import ScoringConfig

OUTCOME = {"accuracy": "OA", "accuracy_3way": "OA 3-way", "spurious_correctness": "S-Corr", "fidelity": "Fidelity"}
ACCURACY, FIDELITY = ("outcome", "accuracy"), ("outcome", "fidelity")
SPURIOUS = ("outcome", "spurious_correctness")
"""The only score that is better when low; unpaired, since each model has other rows with the right label."""
TIE_RATE = ("outcome", "tie_rate")
"""Name of a column that is no score: more ties are neither better nor worse."""


def label_counts(predicted: Sequence[int | None], gold: Sequence[int | None]) -> Iterator[str]:
    """Yield the keys of `ScoreTable.labels` under which each row is counted."""
    for label, true in zip(predicted, gold, strict=True):
        if true is None:
            yield "no_gold"
            continue
        yield "gold"
        if true == 0:
            yield "human_ties"
        yield "invalid" if label is None else "readable"
        if label == 0:
            yield "predicted_ties"


def outcome_columns(
    sound: Column, predicted: Sequence[int | None], gold: Sequence[int | None], options: ScoringConfig
) -> dict[tuple[str, str], Column]:
    """Return the outcome metrics and the tie rate of every row, NaN outside of each metric's rows.

    `sound`: share of the judge's samples with a sound rationale by row, NaN where unscored.

    accuracy: rows without a human tie. accuracy_3way: all rows, a tie among the answers. spurious_correctness: rows
    with the right label and a scored rationale; 1 where no matched pair reaches the sound threshold. fidelity: rows
    with a wrong label, scored or not, and scored rows with the right one; 1 with the right label and a sound rationale;
    no row if right ones are there and none is scored. tie_rate: rows with a readable label and a human preference; 1
    where the model calls a tie.
    """
    label, true = (np.array([math.nan if one is None else one for one in side], float) for side in (predicted, gold))
    ties = np.where(np.isnan(label) | np.isnan(true), np.nan, label == 0)
    if np.isnan(ties).all():  # no label can be compared: unknown, not wrong
        return dict.fromkeys([*(("outcome", name) for name in OUTCOME), TIE_RATE], ties)
    counted = ~np.isnan(true) & ~(options.drop_invalid_labels & np.isnan(label))
    right = np.where(counted, np.sign(label) == np.sign(true), np.nan)
    decided = np.where(true == 0, np.nan, right)
    fidelity = np.where(decided == 0, 0.0, decided * sound)
    if np.isnan(sound).all() or is_unknown(fidelity, decided):
        fidelity = np.full(len(sound), np.nan)
    return {
        ACCURACY: decided,
        ("outcome", "accuracy_3way"): right,
        SPURIOUS: np.where(decided == 1, 1 - sound, np.nan),
        FIDELITY: fidelity,
        TIE_RATE: ties,
    }


def is_unknown(fidelity: Column, accuracy: Column) -> bool:
    """Return True if rows with the right label are there and none of them is scored."""
    right = accuracy == 1
    return bool(right.any() and np.isnan(fidelity[right]).all())
