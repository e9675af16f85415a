"""Pictures of reports: `models` (rationale consistency against outcome accuracy), `training` (rewards over steps)."""

from metajudge.reports.plots.points import Point, has_figures, points_from_csv, points_from_report
