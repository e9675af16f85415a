"""Picture of models: outcome accuracy across, rationale consistency upwards, one point per model; needs matplotlib."""

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.lines import Line2D
from matplotlib.text import Text

from metajudge.metrics.statistics.resampling import Floats
from metajudge.reports.plots import picture
from metajudge.reports.plots.label_placement import place_labels, span
from metajudge.reports.plots.picture import Theme
from metajudge.reports.plots.points import Panels, Point
from metajudge.reports.plots.zones import (
    MARKER,
    PLACES,
    REACH,
    ZONES,
    Borders,
    borders_of,
    draw_zones,
    place_names,
    spots_of,
    whiskers_of,
)
from metajudge.text import printable, wrapped

_MARKERS = "osD^vPX<>ph"  # 11 markers and 8 colours: 88 pairs before one repeats
_NAME_COLUMNS = 34
_LINES: Mapping[str, Any] = {"Dotted": ":", "Dash-dotted": "-.", "Long-dashed": (0, (9, 3))}
"""Styles of the lines of `Look.levels`."""


@dataclass(frozen=True, slots=True)
class Look:
    """Choices of the user."""

    theme: str = "light"
    title: str = ""
    oa_zone: float | None = None
    rc_zone: float | None = None
    """Borders of the right-hand and the upper zones; None = the median of the points, if there are several."""
    one_sided: bool = False
    """True if a panel can hold points on one side of the OA border only: no zones."""
    levels: Mapping[str, float] = field(default_factory=dict)
    """RC of controls and of annotators by their names, drawn as horizontal lines."""


def draw(panels: Panels, look: Look) -> tuple[Figure, list[str]]:
    """Draw one panel per group, grown until every name has a place; return also the models without a place."""
    plan = _Plan.of(panels, look)
    with picture.styled(plan.theme):
        for columns, height in _shapes(panels):
            figure, unnamed, hidden = _attempt(plan, columns, height)
            if not unnamed:
                break
        if hidden:  # zones without space for their name: the caption has it
            texts = [f"{PLACES[place]}: {ZONES[place]}." for place in sorted(hidden)]
            figure, unnamed, _ = _attempt(replace(plan, caption=" ".join([plan.caption, *texts])), columns, height)
    figure.set_label(". ".join(_in_words(group, point) for group, inside in panels.items() for point in inside))
    return figure, unnamed


# ------------------------------------------------------------------ independent of the size


@dataclass(frozen=True, slots=True)
class _Plan:
    panels: Panels
    theme: Theme
    title: str
    caption: str
    borders: Borders | None
    levels: Mapping[str, float]
    marks: Mapping[str | None, tuple[str, str]]  # colour and marker by family
    has_families: bool

    @classmethod
    def of(cls, panels: Panels, look: Look) -> "_Plan":
        """Plan the picture of these panels."""
        points = [point for inside in panels.values() for point in inside]
        has_families = any(point.family for point in points)
        if not has_families:  # each model has its mark, so that it can be followed through the panels
            panels = {group: [replace(one, family=one.model) for one in inside] for group, inside in panels.items()}
        theme = picture.THEMES[look.theme]
        kinds = dict.fromkeys(point.family for inside in panels.values() for point in inside)
        marks = dict(zip(kinds, zip(itertools.cycle(theme.families), itertools.cycle(_MARKERS)), strict=False))
        caption = ["Whiskers: 95 % intervals."] if any(point.whiskers() for point in points) else []
        caption += ["Wide bars: RC is anywhere in them."] if any(point.rc_bounds for point in points) else []
        borders, note = borders_of(points, look.oa_zone, look.rc_zone, look.one_sided)
        lines = zip(look.levels.items(), itertools.cycle(_LINES), strict=False)
        caption += [f"{style} line: {name}, RC {value:.3f}." for (name, value), style in lines]
        return cls(panels, theme, look.title, " ".join([*caption, *note]), borders, look.levels, marks, has_families)


def _in_words(group: str | None, point: Point) -> str:
    """Describe the figures for those who cannot see the picture."""
    name = point.model if group is None else f"{group}, {point.model}"
    bounds = point.rc_bounds
    rc = f"{point.rationale_consistency:.3f}" if bounds is None else f"{bounds[0]:.3f} to {bounds[1]:.3f}"
    return f"{printable(name)}: OA {point.outcome_accuracy:.3f}, RC {rc}"


def _shapes(panels: Panels) -> Iterator[tuple[int, float]]:
    """Yield columns and a panel's height in inches, to be tried in order; a third column would be too narrow."""
    crowd = max(map(len, panels.values()))
    for columns in (2, 1) if len(panels) > 1 else (1,):
        height = (5.0 if columns == 1 else 3.3) + 0.08 * max(0, crowd - 8)
        yield from ((columns, height * growth) for growth in (1, 1.4, 2))


# ------------------------------------------------------------------ around the points


def _attempt(plan: _Plan, columns: int, height: float) -> tuple[Figure, list[str], set[int]]:
    """Draw the figure; return it with the models and the zones whose names have no place."""
    figure = picture.new_figure()
    rows = math.ceil(len(plan.panels) / columns)
    every = list(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).flat)
    axes: list[Axes] = every[: len(plan.panels)]
    for unused in every[len(axes) :]:
        unused.set_visible(False)
    for place, (one, group) in enumerate(zip(axes, plan.panels, strict=True)):
        if group is not None:
            one.set_title("\n".join(wrapped(group, 90 // columns)), loc="left")
        if place + columns >= len(axes):
            one.set_xlabel("Outcome accuracy (OA)")
            one.tick_params(labelbottom=True)
        if place % columns == 0:
            one.set_ylabel("Rationale consistency (RC)")
    legend = _draw_legend(figure, plan) if plan.has_families else None
    picture.draw_surroundings(figure, plan.theme, rows * height, plan.title, plan.caption, legend)
    zones = _set_limits(figure, axes, plan)
    unnamed: list[str] = []
    hidden: set[int] = set()
    for one, inside, texts in zip(axes, plan.panels.values(), zones, strict=True):
        _draw_points(one, inside, plan)
        for value, line in zip(plan.levels.values(), itertools.cycle(_LINES.values()), strict=False):
            one.axhline(value, color=plan.theme.muted, lw=1, ls=line, zorder=2)
        boxes = [] if plan.borders is None else place_names(one, inside, texts, plan.borders)
        hidden |= {place for place, box in enumerate(boxes) if box is None}
        taken = np.reshape([box for box in boxes if box is not None], (-1, 4))
        unnamed += _draw_names(one, inside, plan, taken)
    return figure, unnamed, hidden


def _draw_legend(figure: Figure, plan: _Plan) -> Legend:
    """Draw the families in as few lines as fit the width."""
    handles = [Line2D([], [], **_marker(family, plan)) for family in plan.marks]
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(handles=handles, loc="lower center", ncols=columns, borderpad=0, handletextpad=0.1)
        if columns == 1 or legend.get_window_extent().width < picture.WIDTH * picture.DPI:
            break
        legend.remove()
    return legend


def _set_limits(figure: Figure, axes: Sequence[Axes], plan: _Plan) -> list[list[Text]]:
    """Set the limits, draw the zones, return the texts of their names by panel; the layout is fixed afterwards."""
    oa, rc = plan.borders or (None, None)
    points = [point for inside in plan.panels.values() for point in inside]
    ends = [spot for point in points for line in point.whiskers() for spot in line]
    left, right = span([point.outcome_accuracy for point in points] + [x for x, _ in ends], oa)
    levels = [y for point in points for y in point.rc_bounds or (point.rationale_consistency,)]
    low, high = span([*levels, *plan.levels.values()] + [y for _, y in ends], rc)
    first = axes[0]
    first.set(xlim=(left, right), ylim=(low, high))
    figure.draw_without_rendering()
    names: list[list[Text]] = [[] for _ in axes]
    if plan.borders is not None:
        names = [draw_zones(one, plan.borders, plan.theme) for one in axes]
        # The names have their place above and below everything that the points need, as far as the scale reaches.
        heights = [text.get_window_extent().height + 2 * picture.EDGE * picture.DPI for text in names[0]]
        above, below = max(heights[0::2]), max(heights[1::2])
        unit = (high - low) / (first.get_window_extent().height - above - below)
        low, high = max(low - below * unit, 0.0), min(high + above * unit, 1.0)
    first.set_xticks([tick for tick in first.get_xticks() if left <= round(tick, 9) <= right])
    first.set_yticks([tick for tick in first.get_yticks() if low <= round(tick, 9) <= high])
    first.set(xlim=(left, right), ylim=(low, high))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return names


# ------------------------------------------------------------------ the points and their names


def _draw_points(axes: Axes, inside: Sequence[Point], plan: _Plan) -> None:
    for point in inside:
        for line in point.whiskers():
            colour, _ = plan.marks[point.family]
            axes.plot(
                *zip(*line, strict=True), color=colour, lw=0.9, alpha=0.75, zorder=3, solid_capstyle="butt",
                clip_on=False,
            )  # fmt: skip
        if point.rc_bounds is not None:
            colour, x = plan.marks[point.family][0], point.outcome_accuracy
            axes.plot([x, x], point.rc_bounds, color=colour, lw=5, alpha=0.35, zorder=3.2, solid_capstyle="butt")
        mark = _marker(point.family, plan)
        axes.plot(point.outcome_accuracy, point.rationale_consistency, zorder=4, clip_on=False, **mark)


def _name_lines(name: str) -> list[str]:
    """Cut a long name into lines, behind its hyphens, slashes, underscores and blanks where possible."""
    lines = [""]
    for part in re.findall(r"[^-/_ ]*[-/_ ]?", printable(" ".join(name.split()))):
        if len(lines[-1] + part) > _NAME_COLUMNS:
            lines.append("")
        lines[-1] += part
    return [piece for line in lines if line for piece in wrapped(line, _NAME_COLUMNS)]


def _marker(family: str | None, plan: _Plan) -> dict[str, Any]:
    (colour, marker), name = plan.marks[family], "\n".join(wrapped(family or "other", _NAME_COLUMNS))
    return {"ls": "", "marker": marker, "ms": MARKER, "mfc": colour, "mec": plan.theme.text, "mew": 0.5, "label": name}


def _draw_names(axes: Axes, inside: Sequence[Point], plan: _Plan, taken: Floats) -> list[str]:
    """Write the models' names; return those without a place."""
    halo = [patheffects.withStroke(linewidth=1.5, foreground=plan.theme.background)]
    texts = [
        axes.text(
            point.outcome_accuracy, point.rationale_consistency, "\n".join(_name_lines(point.model)),
            ha="center", va="center", zorder=5, path_effects=halo,
        )
        for point in inside
    ]  # fmt: skip
    sizes = np.array([text.get_window_extent().size for text in texts]) + np.array([6, 4])  # the halo
    frame, spots, avoided = (
        np.array(axes.get_window_extent().extents),
        spots_of(axes, inside),
        whiskers_of(axes, inside),
    )
    if plan.borders is not None:
        x, y = axes.transData.transform(plan.borders)
        crossed = [[x - 1, frame[1], x + 1, frame[3]], [frame[0], y - 1, frame[2], y + 1]]
        avoided = np.vstack([avoided, crossed])
    places = place_labels(spots, sizes, frame, REACH, taken, avoided)
    to_data = axes.transData.inverted().transform
    for text, spot, box in zip(texts, spots, places, strict=True):
        if box is None:
            text.remove()
            continue
        x, y = to_data((box[:2] + box[2:]) / 2)
        text.set_position((x, y))
        nearest = np.clip(spot, box[:2], box[2:])
        if np.hypot(*(nearest - spot)) > 2 * REACH:
            axes.plot(*to_data([spot, nearest]).T, color=plan.theme.muted, lw=0.7, zorder=3.5)
    return [point.model for point, box in zip(inside, places, strict=True) if box is None]
