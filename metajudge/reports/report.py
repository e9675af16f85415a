"""The report from Python: figures, text and JSON of result files."""

import html
from dataclasses import dataclass, replace
from typing import Any

from metajudge.errors import UsageError
from metajudge.metrics.statistics.resampling import RESAMPLES
from metajudge.records import Paths, result_paths, split_controls, split_flaws
from metajudge.reports.controls import ControlFigures, control_figures, render_controls, with_controls
from metajudge.reports.deceptive_alignment import FlagRule
from metajudge.reports.flaws.figures import NO_FLAWS, FlawFigures, flaw_figures, with_flaws
from metajudge.reports.flaws.tables import read_flaw_tables
from metajudge.reports.flaws.text import flaw_notes, render_flaws
from metajudge.reports.human.corrections import corrected_means, correction_notes
from metajudge.reports.human.labels import read_human_labels
from metajudge.reports.model_rows import ReportRow, report_rows
from metajudge.reports.overview import render_overview
from metajudge.reports.render import file_notes, overview_notes, render_report, report_notes
from metajudge.reports.row_scores import ScoringConfig
from metajudge.reports.scored_files import score_files, select_judge
from metajudge.text import TABLE

GROUPS = ("paper", "outcome", "reference")
"""Groups of metrics in the order of the tables."""
WIDTH = 100
"""Columns of the overview where no terminal has another width."""


@dataclass(frozen=True, slots=True, repr=False)
class Report:
    """Every metric with its interval, by model and group; `str()` is the overview that `metajudge report` prints.

    A notebook shows the overview with the most important notes below it.
    """

    rows: tuple[ReportRow, ...]
    """A row for each model, followed by its groups."""
    rule: FlagRule
    """Rule of the deceptive-alignment flag."""
    controls: tuple[ControlFigures, ...] = ()
    """Controls and the human reference, if their files are among the paths."""
    flaws: FlawFigures = NO_FLAWS
    """Kinds of reasons, if files of `flaws` are among the paths."""

    @property
    def models(self) -> dict[str, ReportRow]:
        """The row of each model over all its rows, such as `report.models["m"].metrics["paper", "f1"].value`."""
        return {row.model: row for row in self.rows if row.group is None}

    @property
    def notes(self) -> list[str]:
        """Remarks on the figures, which the command prints on stderr with `--details`: rows left out, mixed judges."""
        return [
            *self._file_notes(),
            *report_notes(self.rows, GROUPS),
            *correction_notes(self.rows),
            *flaw_notes(self.flaws),
        ]

    def details(self) -> str:
        """Return the tables of every metric, which the command prints with `--details`."""
        return "\n".join(filter(None, [render_report(self.rows, GROUPS), render_controls(self.controls)]))

    def to_json(self) -> list[dict[str, Any]]:
        """Return the list that `metajudge report --output-file` writes, an object for each row."""
        return with_flaws(with_controls([row.as_json() for row in self.rows], self.controls), self.flaws)

    def __repr__(self) -> str:
        is_shown = bool(self.rows) or not (self.controls or self.flaws.models)
        overview = render_overview(self.rows, self.rule, WIDTH) if is_shown else ""
        overview += corrected_means(self.rows, TABLE)
        beside = render_controls(self.controls, width=WIDTH), render_flaws(self.flaws, width=WIDTH)
        return "\n".join(filter(None, [overview, *beside]))

    def _repr_html_(self) -> str:
        text = "\n".join(
            [
                str(self),
                *self._file_notes(),
                *overview_notes(self.rows),
                *correction_notes(self.rows),
                *flaw_notes(self.flaws),
            ]
        )
        return f"<pre>{html.escape(text)}</pre>"

    def _more_notes(self) -> list[str]:
        return [*correction_notes(self.rows), *flaw_notes(self.flaws)]

    def _file_notes(self) -> list[str]:
        return [note for row in self.models.values() for note in file_notes(row.file)]


def report(
    paths: Paths,
    group_by: str | None = None,
    options: ScoringConfig | None = None,
    rule: FlagRule | None = None,
    resamples: int = RESAMPLES,
    eval_model: str | None = None,
    human: Paths = (),
) -> Report:
    """Return the report on result files, or on directories of them.

    `group_by`: a field of the rows, or `n_human`, `preference_strength` or `label_correct`; replaces that of `options`.
    `options`: how rows are scored. `rule`: of the deceptive-alignment flag. `resamples` for each interval.
    `eval_model`: only the results of this judge. `human`: label files of people, which correct rationale consistency.
    Files of `flaws` among the paths give the kinds of reasons.
    Raises `UsageError` for a file without results.
    """
    scoring, rule = options or ScoringConfig(), rule or FlagRule()
    rest, flaw_files = split_flaws(paths)
    found = result_paths(rest)
    if not found and not flaw_files:
        raise UsageError("no result file is named")
    ordinary, others = split_controls(found)
    files = score_files(ordinary, scoring if group_by is None else replace(scoring, group_by=group_by))
    if eval_model is not None and (files or not others):
        files = select_judge(files, eval_model)
    labels = read_human_labels(human, files) if human else None
    controls = control_figures(others, files, scoring, resamples)
    shown = (one for one in controls if eval_model in (None, one.judge_model))
    kinds = flaw_figures(read_flaw_tables(flaw_files, scoring), files, resamples)
    return Report(tuple(report_rows(files, rule, resamples, labels)), rule, tuple(shown), kinds)
