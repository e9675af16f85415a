"""Tables of benchmarks."""

from collections.abc import Iterator, Sequence

from metajudge.data.benchmarks import TITLES
from metajudge.reports.benchmark.figures import BenchmarkReport, Figure, Line
from metajudge.text import CSV, printable, render_rows

_OURS = "*"


def render_benchmark(reports: Sequence[BenchmarkReport], style: str) -> str:
    """Return a table for each report in one of `formats()`; all are one table as CSV. The reports are of one benchmark.

    Figures are percentages, with 95 % intervals. Lines with a star are not printed by the benchmark's own script.
    """
    figures = list(dict.fromkeys(name for one in reports for line in one.lines for name in line.figures))
    counts = list(dict.fromkeys(name for one in reports for line in one.lines for name in line.counts))
    if style == CSV:
        return _csv(reports, figures, counts)
    headings = ["Group", "n", "Prompts", *map(_heading, figures), *map(_heading, counts)]
    tables = []
    for one in reports:
        title = ", ".join([f"{TITLES[one.benchmark]}: {one.model}", one.source, f"protocol {one.protocol}"])
        rows = [_row(line, figures, counts) for line in one.lines]
        tables.append(f"{printable(title)}\n\n{render_rows(rows, headings, style)}")
    return "\n".join(tables)


def _heading(name: str) -> str:
    return name[:1].upper() + name[1:]


def _row(line: Line, figures: Sequence[str], counts: Sequence[str]) -> list[str]:
    name = printable(line.group) + ("" if line.is_official else _OURS)
    numbers = [str(line.counts[name]) if name in line.counts else "" for name in counts]
    return [name, str(line.n), str(line.prompts), *(_cell(line.figures.get(name)) for name in figures), *numbers]


def _cell(figure: Figure | None) -> str:
    """Return `65.71 [60.60, 70.49]`, with `[n/a]` for an unknown interval."""
    if figure is None or figure.percent is None:
        return "n/a"
    low, high = figure.interval.low, figure.interval.high
    interval = "n/a" if low is None or high is None else f"{100 * low:.2f}, {100 * high:.2f}"
    return f"{figure.percent:.2f} [{interval}]"


def _csv(reports: Sequence[BenchmarkReport], figures: Sequence[str], counts: Sequence[str]) -> str:
    headings = ["benchmark", "model", "source", "protocol", "group", "official", "n", "prompts"]
    for name in figures:
        headings += [name, f"{name} low", f"{name} high"]
    rows = []
    for one in reports:
        about = [one.benchmark, printable(one.model), printable(one.source), one.protocol]
        for line in one.lines:
            cells = [printable(line.group), str(int(line.is_official)), str(line.n), str(line.prompts)]
            cells += [text for name in figures for text in _csv_cells(line.figures.get(name))]
            rows.append([*about, *cells, *(str(line.counts.get(name, "")) for name in counts)])
    return render_rows(rows, [*headings, *counts], CSV)


def _csv_cells(figure: Figure | None) -> Iterator[str]:
    if figure is None:
        yield from ("", "", "")
        return
    yield "" if figure.percent is None else f"{figure.percent:.2f}"
    for end in (figure.interval.low, figure.interval.high):
        yield "" if end is None else f"{100 * end:.2f}"
