"""Seconds for all intervals of a report on three models of 22,116 rows: `python -m tests.bench.intervals`.

The yardstick is drawing the random numbers of 10,000 resamples, which no such report avoids. The best of three runs
counts. Matrix products use one thread, as in the command.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy is imported

import numpy as np

from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.model_rows import report_rows
from metajudge.reports.outcome import TIE_RATE
from metajudge.reports.score_table import ScoreTable, score_names

ROWS, MODELS, MOST, ASKED = 22_116, 3, 3.5, 3.0


def scored(model: str, rng: np.random.Generator) -> ScoreTable:
    """Return a file with random metrics between 0 and 1."""
    columns = {name: rng.random(ROWS) * (rng.random(ROWS) < 0.6) for name in score_names()}
    for name in ("accuracy", "accuracy_3way"):
        columns["outcome", name] = (rng.random(ROWS) < 0.8).astype(np.float64)
    columns[TIE_RATE] = (rng.random(ROWS) < 0.1).astype(np.float64)
    return ScoreTable(
        model=model,
        model_be_evaluated=model,
        path=Path(f"{model}.jsonl"),
        judged_by=None,
        ids=tuple(map(str, range(ROWS))),
        question_ids=tuple(map(str, range(ROWS))),
        clusters=tuple(map(str, range(ROWS))),
        domains=tuple(str(number % 4) for number in range(ROWS)),
        groups=("",) * ROWS,
        n_human=(4,) * ROWS,
        columns=columns,
        samples=[[value] for value in columns["paper", "rationale_consistency"]],
        upper_bound=columns["paper", "rationale_consistency"],
        has_full_matrix=True,
        shared_rows=0,
        labels={"gold": ROWS, "readable": ROWS},
    )


def taken(work: Callable[[], None]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    rng = np.random.default_rng(0)
    files = [scored(f"model{number}", rng) for number in range(MODELS)]

    def draw() -> None:
        for _ in range(RESAMPLES // 50):
            rng.integers(0, ROWS, (50, ROWS))

    def report() -> None:
        rows = report_rows(files, FlagRule())
        assert len(rows) == MODELS and all(row.metrics["paper", "f1"].low is not None for row in rows)

    yardstick, seconds = (min(taken(work) for _ in range(3)) for work in (draw, report))
    print(f"report on {MODELS} × {ROWS} rows, {RESAMPLES} resamples: {seconds:.2f} s, at most {ASKED:g}")
    print(f"drawing the random numbers alone: {yardstick:.2f} s; ratio {seconds / yardstick:.1f}, at most {MOST}")
    return int(seconds > min(MOST * yardstick, ASKED))


if __name__ == "__main__":
    sys.exit(main())
