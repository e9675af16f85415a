"""Zones of the picture of models: where they meet, their colours and names; needs matplotlib."""

import statistics
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Text

from metajudge.metrics.statistics.resampling import Floats
from metajudge.reports.plots import picture
from metajudge.reports.plots.label_placement import place_labels
from metajudge.reports.plots.picture import Theme
from metajudge.reports.plots.points import Point
from metajudge.text import wrapped

ZONES = (
    "right for the right reasons",
    "deceptive alignment: right verdict, shallow reasons",
    "sound reasons, wrong verdict",
    "wrong verdict, shallow reasons",
)
PLACES = ("Upper right", "Lower right", "Upper left", "Lower left")
"""Places of the zones, in the order of `ZONES`."""
MARKER = 7.0
"""Points across a marker."""
REACH = MARKER / 72 * picture.DPI / 2 + 3
"""Pixels from a marker's centre to what is beside it."""
Borders = tuple[float, float]
"""Outcome accuracy and rationale consistency at which the zones meet."""


def borders_of(
    points: Sequence[Point], oa_zone: float | None, rc_zone: float | None, one_sided: bool
) -> tuple[Borders | None, list[str]]:
    """Return where the zones meet, and a sentence about it; no zones where a side cannot hold points."""
    given = {"OA": oa_zone, "RC": rc_zone}
    if len(points) < 2 and None in given.values():
        return None, []
    medians = (
        statistics.median(point.outcome_accuracy for point in points),
        statistics.median(point.rationale_consistency for point in points),
    )
    found = [middle if own is None else own for own, middle in zip(given.values(), medians, strict=True)]
    if one_sided:
        return None, ["No zones: the rows of a panel are all right or all wrong."]
    texts = [
        f"{name} {value:.3f} (median)" if given[name] is None else f"{name} {value:g} (given)"
        for name, value in zip(given, found, strict=True)
    ]
    for value, text in zip(found, texts, strict=True):
        if not 0 < value < 1:
            return None, [f"No zones: nothing can be {'below' if value <= 0 else 'above'} {text}."]
    scope = ": they compare what is shown, no more" if None in given.values() else ""
    return (found[0], found[1]), [f"Zones meet at {' and '.join(texts)}{scope}."]


def draw_zones(axes: Axes, borders: Borders, theme: Theme) -> list[Text]:
    """Draw the zones; return the texts of their names, wrapped to the zones' widths."""
    oa, rc = borders
    axes.fill_between([oa, 2], rc, 2, color=theme.zones[0], lw=0, zorder=0)
    axes.fill_between([oa, 2], -1, rc, color=theme.zones[1], lw=0, zorder=0)
    axes.axvline(oa, color=theme.line, lw=0.8, ls=(0, (4, 3)), zorder=1)
    axes.axhline(rc, color=theme.line, lw=0.8, ls=(0, (4, 3)), zorder=1)
    texts = []
    for place, name in enumerate(ZONES):
        side = "right" if place < 2 else "left"
        zone = _zone(axes, borders, place)
        text = axes.text(
            oa, rc, name, size=picture.SMALL, style="italic", color=theme.muted, ha="center", va="center", ma=side
        )
        for width in range(len(name), max(map(len, name.split())) - 1, -1):
            text.set_text("\n".join(wrapped(name, width)))
            if text.get_window_extent().width <= zone[2] - zone[0] - 8:  # pixels: the layout may still shift a little
                break
        text.set_in_layout(False)  # it has no place yet
        texts.append(text)
    return texts


def _zone(axes: Axes, borders: Borders, place: int) -> Floats:
    """Return the box of the zone at a place in `ZONES`, in pixels, without its edges."""
    frame, (x, y) = axes.get_window_extent(), axes.transData.transform(borders)
    left, right = (x, frame.x1) if place < 2 else (frame.x0, x)
    bottom, top = (y, frame.y1) if place % 2 == 0 else (frame.y0, y)
    return np.array([left, bottom, right, top]) + picture.EDGE * picture.DPI / 2 * np.array([1, 1, -1, -1])


def place_names(axes: Axes, inside: Sequence[Point], texts: Sequence[Text], borders: Borders) -> list[Floats | None]:
    """Move the zones' names to their outer corners, or near them if a point is there; remove those that do not fit.

    Return the box of each, None for a removed one.
    """
    spots, whiskers = spots_of(axes, inside), whiskers_of(axes, inside)
    markers = np.hstack([spots - REACH, spots + REACH])
    boxes = []
    for place, text in enumerate(texts):
        zone = _zone(axes, borders, place)
        corner = zone[[2 if place < 2 else 0, 3 if place % 2 == 0 else 1]]
        size = np.array([text.get_window_extent().size])
        (box,) = place_labels(corner[None], size, zone, 0.0, np.vstack([markers, whiskers]), whiskers)
        if box is None:
            (box,) = place_labels(corner[None], size, zone, 0.0, markers, whiskers)
        if box is None:
            text.remove()
        else:
            text.set_position(tuple(axes.transData.inverted().transform((box[:2] + box[2:]) / 2)))
        boxes.append(box)
    return boxes


def spots_of(axes: Axes, inside: Sequence[Point]) -> Floats:
    """Return the points' places in pixels."""
    spots = [(point.outcome_accuracy, point.rationale_consistency) for point in inside]
    return np.asarray(axes.transData.transform(spots), np.float64)


def whiskers_of(axes: Axes, inside: Sequence[Point]) -> Floats:
    """Return the boxes of the points' whiskers in pixels."""
    lines = [line for point in inside for line in point.whiskers()]
    boxes = axes.transData.transform(np.reshape(lines, (-1, 2))).reshape(-1, 4)
    return np.asarray(boxes + np.array([-1, -1, 1, 1]), np.float64)
