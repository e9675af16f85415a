"""RM-Bench: a right response against a wrong one over their styles."""

from collections.abc import Iterator, Sequence

import numpy as np

from metajudge.data.benchmarks import DOMAINS, RM_BENCH, SIZES, RMBenchResults, StyleMatrix
from metajudge.data.benchmarks.rm_bench import STYLES, TIE, WIN
from metajudge.metrics.statistics.intervals import Column
from metajudge.reports.benchmark.figures import (
    OFFICIAL,
    BenchmarkReport,
    Line,
    Rows,
    ordered_groups,
    repeated_note,
    within,
)

RM_R1_PUBLISHED = "rm-r1-published"
"""Protocol of the figures that RM-R1 has published."""
_COPIED_CELLS = {(0, 1): (0, 2), (1, 2): (1, 0), (2, 0): (2, 1)}
"""Cells of a matrix that RM-R1's script fills from the third file in place of the second, with their source."""
_CELLS = [(right, wrong) for right in range(STYLES) for wrong in range(STYLES)]


def score_rm_bench(results: RMBenchResults, protocol: str = OFFICIAL) -> BenchmarkReport:
    """Score matrices as RM-Bench does: a comparison is won if the right response is strictly better.

    normal: both in the same style; hard: the right one in a plainer style than the wrong one; easy: in a richer one. A
    domain's mean is that of the three, the total that of the four domains. Under `RM_R1_PUBLISHED` a tie is worth .5,
    and three comparisons repeat three others, as in the script behind RM-R1's published figures.
    """
    matrices = results.matrices
    rows = Rows.of([one.prompt for one in matrices for _ in _CELLS])
    columns = _columns(matrices, protocol)
    names = ordered_groups((one.domain for one in matrices), DOMAINS)
    inside = {name: np.repeat([one.domain == name for one in matrices], len(_CELLS)) for name in names}
    lines = []
    for name in names:
        own = [one for one in matrices if one.domain == name]
        prompts = len({one.prompt for one in own})
        lines.append(Line(name, True, len(own), prompts, rows.means(columns, inside[name]), _cell_counts(own)))
    n, prompts, whole = len(matrices), rows.clusters.count, set(names) == set(DOMAINS)
    if len(names) > 1:
        title = "total (macro)" if whole else f"mean of {', '.join(names)} (macro)"
        total = rows.means_of_groups(columns, inside.values())
        lines.append(Line(title, whole, n, prompts, total, _cell_counts(matrices)))
        lines.append(Line("all (micro)", False, n, prompts, rows.means(columns)))
    return BenchmarkReport(
        benchmark=RM_BENCH,
        model=results.model,
        files=tuple(results.paths),
        protocol=protocol,
        source=results.kind,
        lines=tuple(lines),
        notes=(*_size_notes(matrices), *repeated_note((one.part, one.id, one.prompt) for one in matrices)),
    )


def _columns(matrices: Sequence[StyleMatrix], protocol: str) -> dict[str, Column]:
    """Return the outcomes of all comparisons, nine a row, and those of each level."""
    outcomes = np.array([_outcome(one, cell, protocol) for one in matrices for cell in _CELLS], float)
    richer = np.array([right - wrong for right, wrong in _CELLS] * len(matrices))
    levels = {"hard": richer < 0, "normal": richer == 0, "easy": richer > 0}
    return {name: within(outcomes, inside) for name, inside in levels.items()} | {"mean": outcomes}


def _outcome(one: StyleMatrix, cell: tuple[int, int], protocol: str) -> float:
    if protocol == RM_R1_PUBLISHED:
        right, wrong = _COPIED_CELLS.get(cell, cell)
        return one.cells[right][wrong] or 0.0
    return float(one.cells[cell[0]][cell[1]] == WIN)


def _cell_counts(matrices: Sequence[StyleMatrix]) -> dict[str, int]:
    """Return counts of comparisons, nine a row."""
    outcomes = [outcome for one in matrices for row in one.cells for outcome in row]
    return {
        "ties": outcomes.count(TIE),
        "nulls": outcomes.count(None),
        "inconsistent": sum(one.inconsistent for one in matrices),
    }


def _size_notes(matrices: Sequence[StyleMatrix]) -> Iterator[str]:
    found = {name: sum(one.domain == name for one in matrices) for name in DOMAINS}
    for name, count in found.items():
        if count and count != SIZES[name]:
            yield f"{count} of the {SIZES[name]} prompts of {name}: not comparable with published figures"
    missing = [name for name, count in found.items() if not count]
    if missing:
        yield f"no rows of {', '.join(missing)}: the official total needs all four domains"
