"""Limits of the axes, and places for the names of points: pure geometry in pixels, y upwards."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from metajudge.metrics.statistics.resampling import Floats


def place_labels(
    points: Floats, sizes: Floats, axes: Floats, reach: float, taken: Floats, avoided: Floats
) -> list[Floats | None]:
    """Find the nearest free box within the axes for each point's label; None if there is none.

    `points` and `sizes` are (n, 2), boxes are rows of left, bottom, right, top. No label comes nearer to a point than
    `reach` across or upwards, none overlaps another or a box of `taken`. A label crosses boxes
    of `avoided` (thin lines) only if there is no better place nearby.
    """
    blocked = np.vstack([taken, np.hstack([points - reach, points + reach])])
    places: list[Floats | None] = [None] * len(points)
    gaps = np.linalg.norm(points[:, None] - points, axis=2).sum(axis=1)
    for place in np.argsort(gaps, kind="stable"):  # the most crowded first: the others have more free places
        boxes = _candidates(points[place], sizes[place], axes, reach)
        boxes = boxes[~_overlaps(boxes, blocked).any(axis=1)]
        if len(boxes):
            away = boxes.reshape(-1, 2, 2).mean(axis=1) - points[place]
            costs = np.hypot(*(points[place] - np.clip(points[place], boxes[:, :2], boxes[:, 2:])).T)
            costs += sizes[place, 1] * _overlaps(boxes, avoided).sum(axis=1)
            # Among equally near places prefer the one at the point's height, then the right one, then the upper one.
            costs += 0.1 * abs(away[:, 1]) + 0.2 * (away[:, 0] < 0) + 0.1 * (away[:, 1] < 0)
            places[place] = boxes[costs.argmin()]
            blocked = np.vstack([blocked, boxes[costs.argmin()]])
    return places


def _candidates(point: Floats, size: Floats, axes: Floats, reach: float) -> Floats:
    """Return the boxes of a size within the axes, on a grid with some boxes that touch the point's marker."""
    half = size / 2
    steps = (half + reach) / (8, 2)
    lowest, highest = (np.trunc((end - point) / steps) for end in (axes[:2], axes[2:]))
    across, upwards = (np.arange(low, high + 1) for low, high in zip(lowest, highest, strict=True))
    centres = point + np.stack(np.meshgrid(across, upwards), axis=-1).reshape(-1, 2) * steps
    boxes = np.hstack([centres - half, centres + half])
    return boxes[((boxes[:, :2] >= axes[:2]) & (boxes[:, 2:] <= axes[2:])).all(axis=1)]


def _overlaps(a: Floats, b: Floats) -> np.ndarray[Any, np.dtype[np.bool_]]:
    """Return (a, b) truth values: the boxes share more than an edge."""
    return np.asarray(((a[:, None, :2] < b[:, 2:]) & (b[:, :2] < a[:, None, 2:])).all(axis=2))


def span(values: Sequence[float], border: float | None) -> tuple[float, float]:
    """Return the limits of an axis within 0 to 1: space at both ends, and beside a border as far as the scale reaches.

    A quarter of the axis is on either side of the border unless 0 or 1 is nearer.
    """
    ends = [*values, *([] if border is None else [border])]
    blank = max((max(ends) - min(ends)) * 0.06, 0.01)
    low, high = max(min(ends) - blank, 0.0), min(max(ends) + blank, 1.0)
    if border is not None:
        low = max(min(low, border - (high - border) / 3), 0.0)
        high = min(max(high, border + (border - low) / 3), 1.0)
    return low, high
