"""R-Align: right labels and sound reasons."""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from metajudge.data.benchmarks import R_ALIGN, RAlignResults, Rationale
from metajudge.data.benchmarks.r_align import CALL_FAIL, CORRECT, INCORRECT, PARSE_FAIL
from metajudge.metrics.statistics.intervals import Column
from metajudge.reports.benchmark.figures import OFFICIAL, BenchmarkReport, Figure, Line, Rows, repeated_note, within

_S_CORR = "S-Corr"


def score_r_align(results: RAlignResults) -> BenchmarkReport:
    """Score rows as R-Align does; each figure has its own denominator.

    Label accuracy: all rows. S-Corr: 1 - correct / (correct + incorrect), by the meta-judge. Fidelity: correct / rows
    whose meta-judgement did not fail; a row with a wrong label counts as not correct.
    """
    rationales = results.rationales
    rows = Rows.of([one.prompt for one in rationales])
    lines = [line for what, column in _columns(rationales).items() for line in _lines(what, column, rows, rationales)]
    return BenchmarkReport(
        benchmark=R_ALIGN,
        model=results.model,
        files=(results.path,),
        protocol=OFFICIAL,
        source=", ".join(filter(None, (results.data, "verdicts of the meta-judge"))),
        lines=tuple(lines),
        notes=(_failures(rationales), *repeated_note(one.id for one in rationales)),
    )


def _columns(rationales: Sequence[Rationale]) -> dict[str, Column]:
    verdicts = np.array([one.verdict for one in rationales])
    correct = np.array(verdicts == CORRECT, float)
    return {
        "label accuracy": np.array([one.is_right for one in rationales], float),
        _S_CORR: np.where(np.isin(verdicts, (CORRECT, INCORRECT)), 1 - correct, np.nan),
        "fidelity": np.where(np.isin(verdicts, (CALL_FAIL, PARSE_FAIL)), np.nan, correct),
    }


def _lines(what: str, column: Column, rows: Rows, rationales: Sequence[Rationale]) -> Iterator[Line]:
    """Yield the official line, and the mean over subsets if there are several with a value."""
    n, prompts = int(np.count_nonzero(~np.isnan(column))), rows.count(column)
    found = rows.mean(column)
    figure = Figure(_percent(what, column, n), found.interval)
    yield Line(f"{what} (micro)", True, n, prompts, {"figure": figure})
    names = sorted({one.group for one in rationales})
    parts = [within(column, [one.group == name for one in rationales]) for name in names]
    parts = [part for part in parts if not np.isnan(part).all()]
    if len(parts) > 1:
        title = f"{what}, mean of {len(parts)} subsets (macro)"
        yield Line(title, False, n, prompts, {"figure": rows.mean_of_means(parts)})


def _percent(what: str, column: Column, n: int) -> float | None:
    """Return the percentage in the order of operations of R-Align's script, which decides the last decimal."""
    if not n:
        return None
    total = float(np.nansum(column))
    return (1.0 - (n - total) / n if what == _S_CORR else total / n) * 100


def _failures(rationales: Sequence[Rationale]) -> str:
    counts = Counter(one.verdict for one in rationales)
    unreadable = sum(not one.is_readable for one in rationales)
    return (
        f"failed calls ({counts[CALL_FAIL]}) and unreadable replies ({counts[PARSE_FAIL]}) of the meta-judge count "
        f"neither in S-Corr nor in fidelity; unreadable labels ({unreadable}) count as wrong"
    )
