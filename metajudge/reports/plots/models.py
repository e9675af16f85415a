"""Picture of models: outcome accuracy across, rationale consistency upwards, one point per model; needs matplotlib."""

import itertools
import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
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
from metajudge.text import printable, wrapped

ZONES = (
    "right for the right reasons",
    "deceptive alignment: right verdict, shallow reasons",
    "sound reasons, wrong verdict",
    "wrong verdict, shallow reasons",
)
"""Upper right, lower right, upper left, lower left."""
_MARKERS = "osD^vPX<>ph"  # 11 markers and 8 colours: 88 pairs before one repeats
_MARKER = 7.0  # points
_NAME_COLUMNS = 34


@dataclass(frozen=True, slots=True)
class Look:
    """Choices of the user."""

    theme: str = "light"
    title: str = ""
    oa_zone: float | None = None
    rc_zone: float | None = None
    """Borders of the right-hand and the upper zones; None = the median of the points, if there are several."""


def draw(panels: Panels, look: Look) -> tuple[Figure, list[str]]:
    """Draw one panel per group, grown until every name has a place; return also the models without a place."""
    plan = _Plan.of(panels, look)
    with picture.styled(plan.theme):
        for columns, height in _shapes(panels):
            figure, unnamed = _attempt(plan, columns, height)
            if not unnamed:
                break
    figure.set_label(". ".join(_in_words(group, point) for group, inside in panels.items() for point in inside))
    return figure, unnamed


# ------------------------------------------------------------------ independent of the size


@dataclass(frozen=True, slots=True)
class _Plan:
    panels: Panels
    theme: Theme
    title: str
    caption: str
    borders: tuple[float | None, float | None]  # of outcome accuracy and rationale consistency
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
        oa, oa_text = _border("OA", look.oa_zone, [point.outcome_accuracy for point in points])
        rc, rc_text = _border("RC", look.rc_zone, [point.rationale_consistency for point in points])
        caption = ["Whiskers: 95 % intervals."] if any(point.whiskers() for point in points) else []
        scope = ": they compare what is shown, no more" if None in (look.oa_zone, look.rc_zone) else ""
        caption += [f"Zones meet at {oa_text} and {rc_text}{scope}."] if oa_text and rc_text else []
        return cls(panels, theme, look.title, " ".join(caption), (oa, rc), marks, has_families)


def _in_words(group: str | None, point: Point) -> str:
    """Describe the figures for those who cannot see the picture."""
    name = point.model if group is None else f"{group}, {point.model}"
    return f"{printable(name)}: OA {point.outcome_accuracy:.3f}, RC {point.rationale_consistency:.3f}"


def _border(name: str, given: float | None, values: Sequence[float]) -> tuple[float | None, str]:
    if given is not None:
        return given, f"{name} {given:g} (given)"
    if len(values) < 2:
        return None, ""
    return (middle := statistics.median(values)), f"{name} {middle:.3f} (median)"


def _shapes(panels: Panels) -> Iterator[tuple[int, float]]:
    """Yield columns and a panel's height in inches, to be tried in order; a third column would be too narrow."""
    crowd = max(map(len, panels.values()))
    for columns in (2, 1) if len(panels) > 1 else (1,):
        height = (5.0 if columns == 1 else 3.3) + 0.08 * max(0, crowd - 8)
        yield from ((columns, height * growth) for growth in (1, 1.4, 2))


# ------------------------------------------------------------------ around the points


def _attempt(plan: _Plan, columns: int, height: float) -> tuple[Figure, list[str]]:
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
    zones = _draw_zones(figure, axes, plan)
    unnamed: list[str] = []
    for one, inside, texts in zip(axes, plan.panels.values(), zones, strict=True):
        _draw_points(one, inside, plan)
        unnamed += _draw_names(
            one, inside, plan, np.reshape([text.get_window_extent().extents for text in texts], (-1, 4))
        )
    return figure, unnamed


def _draw_legend(figure: Figure, plan: _Plan) -> Legend:
    """Draw the families in as few lines as fit the width."""
    handles = [Line2D([], [], **_marker(family, plan)) for family in plan.marks]
    for columns in range(len(handles), 0, -1):
        legend = figure.legend(handles=handles, loc="lower center", ncols=columns, borderpad=0, handletextpad=0.1)
        if columns == 1 or legend.get_window_extent().width < picture.WIDTH * picture.DPI:
            break
        legend.remove()
    return legend


def _draw_zones(figure: Figure, axes: Sequence[Axes], plan: _Plan) -> list[list[Text]]:
    """Set the limits, draw the zones, return the texts of their names by panel; the layout is fixed afterwards."""
    oa, rc = plan.borders
    points = [point for inside in plan.panels.values() for point in inside]
    ends = [spot for point in points for line in point.whiskers() for spot in line]
    left, right = span([point.outcome_accuracy for point in points] + [x for x, _ in ends], oa)
    low, high = span([point.rationale_consistency for point in points] + [y for _, y in ends], rc)
    first, zones = axes[0], plan.theme.zones
    first.set(xlim=(left, right), ylim=(low, high))
    figure.draw_without_rendering()
    names: list[list[Text]] = [[] for _ in axes]
    if oa is not None and rc is not None:
        for one in axes:
            one.fill_between([oa, 2], rc, 2, color=zones[0], lw=0, zorder=0)
            one.fill_between([oa, 2], -1, rc, color=zones[1], lw=0, zorder=0)
            one.axvline(oa, color=plan.theme.line, lw=0.8, ls=(0, (4, 3)), zorder=1)
            one.axhline(rc, color=plan.theme.line, lw=0.8, ls=(0, (4, 3)), zorder=1)
        widths = [(right - oa) / (right - left), (oa - left) / (right - left)]
        names = [_draw_zone_names(one, widths, plan) for one in axes]
        # The names have their place above and below everything that the points need.
        heights = [text.get_window_extent().height + 2 * picture.EDGE * picture.DPI for text in names[0]]
        above, below = max(heights[0::2]), max(heights[1::2])
        unit = (high - low) / (first.get_window_extent().height - above - below)
        low, high = low - below * unit, high + above * unit
    first.set_xticks([tick for tick in first.get_xticks() if max(left, 0) <= round(tick, 9) <= min(right, 1)])
    first.set_yticks([tick for tick in first.get_yticks() if max(low, 0) <= round(tick, 9) <= min(high, 1)])
    first.set(xlim=(left, right), ylim=(low, high))
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return names


def _draw_zone_names(axes: Axes, widths: Sequence[float], plan: _Plan) -> list[Text]:
    texts: list[Text] = []
    for place, name in enumerate(ZONES):
        right, upper = place < 2, place % 2 == 0
        text = axes.annotate(
            name, (float(right), float(upper)), xycoords="axes fraction", textcoords="offset points",
            xytext=(-4 if right else 4, -4 if upper else 4), size=picture.SMALL, style="italic", color=plan.theme.muted,
            ha="right" if right else "left", va="top" if upper else "bottom", ma="right" if right else "left",
        )  # fmt: skip
        a_letter = text.get_window_extent().width / len(name)
        room = widths[not right] * axes.get_window_extent().width - 2 * picture.EDGE * picture.DPI
        text.set_text("\n".join(wrapped(name, max(10, int(room / a_letter)))))
        texts.append(text)
    return texts


# ------------------------------------------------------------------ the points and their names


def _draw_points(axes: Axes, inside: Sequence[Point], plan: _Plan) -> None:
    for point in inside:
        for line in point.whiskers():
            colour, _ = plan.marks[point.family]
            axes.plot(*zip(*line, strict=True), color=colour, lw=0.9, alpha=0.75, zorder=3, solid_capstyle="butt")
        axes.plot(point.outcome_accuracy, point.rationale_consistency, zorder=4, **_marker(point.family, plan))


def _marker(family: str | None, plan: _Plan) -> dict[str, Any]:
    (colour, marker), name = plan.marks[family], "\n".join(wrapped(family or "other", _NAME_COLUMNS))
    return {"ls": "", "marker": marker, "ms": _MARKER, "mfc": colour, "mec": plan.theme.text, "mew": 0.5, "label": name}


def _draw_names(axes: Axes, inside: Sequence[Point], plan: _Plan, taken: Floats) -> list[str]:
    """Write the models' names; return those without a place."""
    halo = [patheffects.withStroke(linewidth=1.5, foreground=plan.theme.background)]
    texts = [
        axes.text(
            point.outcome_accuracy, point.rationale_consistency, "\n".join(wrapped(point.model, _NAME_COLUMNS)),
            ha="center", va="center", zorder=5, path_effects=halo,
        )
        for point in inside
    ]  # fmt: skip
    sizes = np.array([text.get_window_extent().size for text in texts]) + np.array([6, 4])  # the halo
    lines = [line for point in inside for line in point.whiskers()]
    if (oa := plan.borders[0]) is not None and (rc := plan.borders[1]) is not None:
        lines += [((oa, -1), (oa, 2)), ((-1, rc), (2, rc))]
    avoided = axes.transData.transform(np.reshape(lines, (-1, 2))).reshape(-1, 4) + np.array([-1, -1, 1, 1])
    spots = axes.transData.transform([text.get_position() for text in texts])
    reach = _MARKER / 72 * picture.DPI / 2 + 3
    places = place_labels(spots, sizes, np.array(axes.get_window_extent().extents), reach, taken, avoided)
    to_data = axes.transData.inverted().transform
    for text, spot, box in zip(texts, spots, places, strict=True):
        if box is None:
            text.remove()
            continue
        x, y = to_data((box[:2] + box[2:]) / 2)
        text.set_position((x, y))
        nearest = np.clip(spot, box[:2], box[2:])
        if np.hypot(*(nearest - spot)) > 2 * reach:
            axes.plot(*to_data([spot, nearest]).T, color=plan.theme.muted, lw=0.7, zorder=3.5)
    return [point.model for point, box in zip(inside, places, strict=True) if box is None]
