"""Paragraph for the methods section of a paper, from what the result files say."""

import platform
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from metajudge.metrics.statistics.intervals import LEVEL, MIN_CLUSTERS, MIN_STRATUM
from metajudge.records import Record, latest_records
from metajudge.reports.judge_settings import settings_of
from metajudge.reports.model_rows import ReportRow
from metajudge.reports.render import cell
from metajudge.text import listed, plural, printable
from metajudge.version import __version__

_UNKNOWN = "unknown"
_SETTINGS = {
    "instructions": "instructions' hash",
    "granularity": "granularity",
    "top_k": "model items judged",
    "samples": "samples per question",
    "temperature": "temperature",
}
"""Keys of a record's `judge` with their names in the paragraph."""
_NULL = {"top_k": "all", "temperature": "not sent"}
"""Meaning of null in a key; in any other it is unknown."""


_BOUNDS = (
    "With granularity row the judge names only the best model item of each human item: RC is given by its bounds, "
    "with an interval from the low end of the lower to the high end of the upper one; AP, precision and F1 are lower "
    "bounds."
)


@dataclass(frozen=True, slots=True)
class JudgeSettings:
    """Judges of one file's records, as text for the paragraph."""

    judges: tuple[str, ...]
    """Each judge model with its settings."""
    versions: tuple[str, ...]
    """Versions of this package that made the records."""


def judge_settings(path: Path, model: str, only: tuple[Any, ...] | None = None) -> JudgeSettings:
    """Return the judges of a file's latest records of `model`: of the finished ones, or of all if none is.

    `only`: leave out records of judges with other `settings_of`.
    """
    finished: dict[tuple[str, str], None] = {}
    others: dict[tuple[str, str], None] = {}
    for record in latest_records(path):
        own = record.model_be_evaluated
        if only is not None and settings_of(record.judged_by) != only:
            continue
        if own is None or own.lower() == model.lower():
            (finished if record.is_finished else others)[_judge(record), _setting(record, "version")] = None
    found = [*(finished or others)] or [(_judge(Record()), _UNKNOWN)]
    return JudgeSettings(
        tuple(dict.fromkeys(judge for judge, _ in found)), tuple(dict.fromkeys(version for _, version in found))
    )


def _judge(record: Record) -> str:
    settings = ", ".join(f"{name} {_setting(record, key)}" for key, name in _SETTINGS.items())
    return f"{_setting(record, 'model')} ({settings})"


def _setting(record: Record, key: str) -> str:
    """Return a value of the record's `judge` as text."""
    judge = record.judge if record.id is not None and record.judge is not None else {}
    adapted = judge.get("adapted")
    if isinstance(adapted, list) and key in adapted:  # the judge refused the parameter
        return "not sent"
    value = judge.get(key)
    if value is None:
        return _NULL.get(key, _UNKNOWN) if key in judge else _UNKNOWN
    return printable(str(value))


def methods_paragraph(rows: Sequence[ReportRow], cluster_field: str, resamples: int, top_k: int | None = None) -> str:
    """Return the paragraph about a report on result files; reads their judges from them again."""
    whole = [row for row in rows if row.group is None]
    tables = Counter(row.file.path for row in whole)
    settings = [
        judge_settings(
            row.file.path,
            row.file.model_be_evaluated,
            settings_of(row.file.judged_by) if tables[row.file.path] > 1 else None,
        )
        for row in whole
    ]
    versions = dict.fromkeys(version for one in settings for version in one.versions)
    sentences = [
        *_judge_sentences([row.model for row in whole], settings),
        *map(_rows_sentence, whole),
        *([] if top_k is None else [f"Of each model checklist the first {plural(top_k, 'item')} counted."]),
        *([_BOUNDS] if any(row.known for row in whole) else []),
        f"Rows with the same value of {printable(cluster_field)} form a cluster.",
        f"Intervals have a level of {LEVEL:.0%}: for RC, AP, AP soft, one-to-one precision, one-to-one F1 and "
        f"the reference metrics a bootstrap-t over clusters ({resamples:,} resamples, within domains of at least "
        f"{MIN_STRATUM} clusters), or Wilson's where few clusters differ; for outcome metrics Wilson's with n divided "
        f"by the design effect of the clusters; none below {MIN_CLUSTERS} clusters.",
        *_correction_sentences(whole),
        f"The records were made with MetaJudge {listed(versions)}; the figures were computed with MetaJudge "
        f"{__version__}, Python {platform.python_version()} and NumPy {np.__version__}.",
    ]
    return " ".join(sentences)


def _judge_sentences(models: Sequence[str], settings: Sequence[JudgeSettings]) -> list[str]:
    """Return a sentence for each set of judges; it names the models if there are several sets."""
    by_judges: dict[tuple[str, ...], list[str]] = {}
    for model, one in zip(models, settings, strict=True):
        by_judges.setdefault(one.judges, []).append(printable(model))
    sentences = []
    for judges, names in by_judges.items():
        whose = f"For {listed(names)} the" if len(by_judges) > 1 else "The"
        verb = "model was" if len(judges) == 1 else "models were"
        sentences.append(f"{whose} judge {verb} {listed(judges)}.")
    return sentences


def _correction_sentences(rows: Sequence[ReportRow]) -> Iterator[str]:
    own = [(row, row.corrected) for row in rows if row.corrected is not None]
    if own:
        figures = [
            f"{printable(row.model)} {cell(one.corrected)} with {one.labelled} labelled rows" for row, one in own
        ]
        yield (
            "RC was also corrected for the judge's errors by human labels (prediction-powered inference, arXiv "
            "2311.01453, with weights of 1 / probability of drawing and intervals over clusters that allow for "
            "skewness, Hall 1992): "
            f"{'; '.join(figures)}."
        )


def _rows_sentence(row: ReportRow) -> str:
    rows, clusters = plural(row.n, "row"), plural(row.clusters, "cluster")
    reasons = ", ".join(f"{count:,} {printable(reason)}" for reason, count in row.file.unscored.items())
    left_out = sum(row.file.unscored.values())
    unscored = f"{left_out:,} of the rows had no score ({reasons})" if reasons else "every row was scored"
    return f"{printable(row.model)} had {rows} in {clusters}; {unscored}."
