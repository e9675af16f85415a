"""Products of a study: the report as text and JSON, the picture, and the page."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from metajudge.errors import UsageError
from metajudge.records import HUMAN_REFERENCE, replacing
from metajudge.reports.controls import control_levels
from metajudge.reports.flaws.text import flaw_notes
from metajudge.reports.page.writer import PageOptions, write_page
from metajudge.reports.plots import points_from_report
from metajudge.reports.render import file_notes, overview_notes
from metajudge.reports.report import Report, report
from metajudge.reports.score_table import RC
from metajudge.studies.anchors import Drift, close_anchor, measure_drift
from metajudge.studies.files import StudyFiles
from metajudge.studies.row_values import row_values
from metajudge.studies.study import Study
from metajudge.studies.trend import trend_text

PICTURE, FLAW_PICTURE, PAGE, JSON = "overall_compare.png", "flaws_compare.png", "page.html", "report.json"


@dataclass(frozen=True, slots=True)
class Products:
    """The report of a study and the files that were written."""

    report: Report
    text: str
    notes: tuple[str, ...]
    """Remarks on the figures, and products that could not be made."""
    written: tuple[Path, ...]
    drift: Drift | None = None


def write_products(study: Study, *, is_complete: bool = True) -> Products | None:
    """Write report, picture and page of what has been judged so far; None if nothing has.

    `is_complete`: no stage was stopped, so that the next run judges the anchor anew.
    """
    files = StudyFiles(study)
    ordinary = [path for model in study.models if _has_records(path := files.results(model))]
    if not ordinary:
        return None
    settings = study.report
    kinds = [path for model in study.models if study.flaws and _has_records(path := files.flaws(model))]
    paths = [*ordinary, *_controls(study, files), *kinds]
    found = report(paths, options=settings.scoring, resamples=settings.resamples)
    notes = [note for row in found.models.values() for note in file_notes(row.file)]
    notes += [*overview_notes(found.rows), *flaw_notes(found.flaws)]
    drift = _drift(study, files, found)
    text = "\n\n".join(part.rstrip("\n") for part in (str(found), *([trend_text(drift)] if drift else []))) + "\n"
    rows = [json.dumps(_with_values(found, row), allow_nan=False) for row in found.to_json()]
    whole = "[\n" + ",\n".join(rows) + "\n]\n"  # a line a model: the figures by row would make thousands
    written = [_write(study.folder / JSON, whole), _write(files.report, text)]
    written += _pictures(study.folder, found, notes)
    options = PageOptions(settings.scoring, settings.texts, resamples=settings.resamples)
    try:
        write_page([*ordinary, *kinds], study.folder / PAGE, options)
        written.append(study.folder / PAGE)
    except UsageError as error:  # too long: the report is there all the same
        notes.append(f"no page: {error}")
    if drift is not None and is_complete:
        close_anchor(files.anchors, drift)
    return Products(found, text, tuple(dict.fromkeys(notes)), tuple(written), drift)


def _controls(study: Study, files: StudyFiles) -> list[Path]:
    kinds = [*study.controls, *([HUMAN_REFERENCE] if study.human_reference else [])]
    paths = [files.control(kind, model) for kind in kinds for model in study.models]
    paths += [files.annotators_judged] if study.human_reference else []
    return [path for path in paths if _has_records(path)]


def _has_records(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _drift(study: Study, files: StudyFiles, found: Report) -> Drift | None:
    if study.anchor is None:
        return None
    figures = {name: row.metrics[RC].value for name, row in found.models.items()}
    return measure_drift(files.anchors, study.anchor.margin, figures)


def _with_values(found: Report, row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of the report with the figures of its rows of data, which a later study can be compared with."""
    model = found.models.get(row["model"]) if row.get("group", "") is None else None
    return row if model is None else row | {"row_values": row_values(model.file)}


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as file:
        file.write(text.encode("utf-8"))
    return path


def _pictures(folder: Path, found: Report, notes: list[str]) -> list[Path]:
    """Draw the pictures; add a note for what is not possible."""
    panels = points_from_report(row.as_json() for row in found.models.values())
    kinds = [one for one in found.flaws.models if one.reasons]
    if not panels:
        notes.append("no picture: no model has both outcome accuracy and rationale consistency")
    if not panels and not kinds:
        return []
    try:
        from metajudge.reports.plots import flaws, models, picture  # matplotlib is optional
    except ImportError:
        notes.append("no picture: it needs matplotlib; install it with: pip install '.[plot]'")
        return []
    figures = {}
    if panels:
        figures[PICTURE], unnamed = models.draw(panels, models.Look(levels=control_levels(found.controls)))
        if unnamed:
            notes.append(f"no place in the picture for the names of {', '.join(unnamed)}")
    if kinds:
        figures[FLAW_PICTURE] = flaws.draw(kinds)
    for name, figure in figures.items():
        try:
            picture.save(figure, folder / name)
        except OSError as error:
            raise UsageError(f"{folder / name} cannot be written: {error.strerror}") from None
    return [folder / name for name in figures]
