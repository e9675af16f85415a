"""The anchor in words: whether the judge has drifted, and the figures of comparable runs as a trend."""

from collections.abc import Sequence

from metajudge.metrics.statistics.intervals import Interval
from metajudge.reports.report import WIDTH
from metajudge.studies.anchors import AnchorRun, Drift
from metajudge.text import TABLE, plural, printable, render_rows, wrapped


def trend_text(drift: Drift) -> str:
    """Return the paragraph about the anchor, and the trend where the judge has not drifted."""
    lines = wrapped(_verdict(drift), WIDTH)
    if len(drift.runs) > 1 and not drift.has_drifted:
        lines += ["", _trend(drift.runs)]
    return "\n".join(lines)


def _verdict(drift: Drift) -> str:
    now, earlier = drift.runs[-1], plural(len(drift.runs) - 1, "earlier run")
    if len(drift.runs) == 1:
        return (
            f"Anchor: RC {_figure(now.consistency)}. It is the first run; the next one shows whether the judge changes."
        )
    if drift.difference.value is None:
        return f"Anchor: no row in common with the {earlier}, so nothing is known of a change of the judge."
    moved = f"RC moved by {_signed(drift.difference)} against {earlier} on the same rows"
    if drift.has_drifted:
        return (
            f"The judge has drifted: the anchor's {moved}, more than the margin {drift.margin:g}. The figures of this "
            "run cannot be compared with those before it: no trend is drawn."
        )
    return f"Anchor: {moved}, within the margin {drift.margin:g}. RC by run:"


def _trend(runs: Sequence[AnchorRun]) -> str:
    names = list(dict.fromkeys(name for run in runs for name in run.models))
    headings = ["Run", "Date", "Anchor", *map(printable, names)]
    cells = [
        [str(run.number), run.date, _figure(run.consistency), *(_figure(run.models.get(name)) for name in names)]
        for run in runs
    ]
    return render_rows(cells, headings, TABLE).rstrip("\n")


def _figure(value: float | None) -> str:
    return "n/a" if value is None else f"{value:.3f}"


def _signed(interval: Interval) -> str:
    ends = "" if interval.low is None or interval.high is None else f" ({interval.low:+.3f} to {interval.high:+.3f})"
    return f"{interval.value:+.3f}{ends}"
