"""Where the names of points go: near their points, off each other and off the points, within the axes.

Pure geometry in one unit (pixels), y upwards; the same input gives the same places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from metajudge.text import wrapped

Floats = np.ndarray[Any, np.dtype[np.float64]]
Bools = np.ndarray[Any, np.dtype[np.bool_]]
Spot = tuple[float, float]
"""x, y."""

_PASSES = 12
"""After every label has a place, each may move this often to a better one."""
_AT_ONCE = 200
"""Candidates that are looked at together."""
# What a place costs, in label heights: the lowest sum wins.
_LEADER = 1.5
_STRUCK = 0.8
"""A height's length of a whisker or border line under the text."""
_AMBIGUOUS = 3.0
"""Another point is as near to the label as its own."""
_LEADER_OVER_POINT = 4.0
_LEADER_UNDER_LABEL = 8.0
_LEADERS_CROSS = 4.0


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle."""

    left: float
    bottom: float
    right: float
    top: float

    def overlaps(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        across = self.left < other.right and other.left < self.right
        return across and self.bottom < other.top and other.bottom < self.top

    def within(self, other: Box) -> bool:
        """Whether no part is outside of `other`."""
        across = other.left <= self.left and self.right <= other.right
        return across and other.bottom <= self.bottom and self.top <= other.top


@dataclass(frozen=True, slots=True)
class Placed:
    """The place of one label."""

    box: Box
    leader: tuple[Spot, Spot] | None
    """A line from the point to the box, where the box is too far off to be read without one."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What labels have to get along with."""

    axes: Box
    """No label leaves it."""
    reach: float
    """Half the side of a point's marker, with the blank around it: no label comes nearer to any point."""
    taken: Sequence[Box] = ()
    """No label overlaps these."""
    avoided: Sequence[Box] = ()
    """Thin boxes (whiskers, lines) that labels cross only for want of a better place."""


def place_labels(
    points: Sequence[Spot], sizes: Sequence[tuple[float, float]], around: Surroundings
) -> list[Placed | None]:
    """The place of each point's label of (width, height), blank around the text included; None where there is none."""
    if not points:
        return []
    spots = np.array(points, np.float64)
    choices = [_Choices.of(place, spots, size, around) for place, size in enumerate(sizes)]
    chosen: list[int | None] = [None] * len(points)
    hardest_first = sorted(range(len(points)), key=lambda place: -choices[place].least)
    for _ in range(_PASSES):
        before = list(chosen)
        for place in hardest_first:
            others = [(choices[other], index) for other, index in enumerate(chosen) if other != place]
            chosen[place] = choices[place].best([(one, index) for one, index in others if index is not None])
        if chosen == before:
            break
    return [None if index is None else one.placed(index) for one, index in zip(choices, chosen, strict=True)]


def span(values: Sequence[float], border: float | None) -> tuple[float, float]:
    """From where to where axes go: blank at the ends, and at least a quarter for names on either side of a border."""
    ends = [*values, *([] if border is None else [border])]
    blank = max((max(ends) - min(ends)) * 0.06, 0.01)
    low, high = min(ends) - blank, max(ends) + blank
    if border is not None:
        low = min(low, border - (high - border) / 3)
        high = max(high, border + (border - low) / 3)
    return low, high


def evenly_wrapped(text: str, width: int) -> list[str]:
    """`text` in as few lines as `width` columns allow, none of them longer than that takes."""
    lines = wrapped(text, width)
    longest = min(width, max(map(len, text.split()), default=1))
    return next(even for n in range(longest, width + 1) if len(even := wrapped(text, n)) == len(lines))


# ------------------------------------------------------------------ the places a label may take


@dataclass(frozen=True, slots=True)
class _Choices:
    """The candidate places of one label, with what each costs before the other labels are known."""

    boxes: Floats
    """(candidates, 4): left, bottom, right, top."""
    leaders: Floats
    """(candidates, 4): from x, y to x, y; of no length where the label is near."""
    costs: Floats
    """(candidates,), rising."""

    @classmethod
    def of(cls, place: int, spots: Floats, size: tuple[float, float], around: Surroundings) -> _Choices:
        """Those of the label of `spots[place]`."""
        boxes = _candidates(spots[place], size, around)
        markers = np.hstack([spots - around.reach, spots + around.reach])
        hard = np.vstack([markers, _array(around.taken)])
        boxes = boxes[~_overlaps(boxes, hard).any(axis=1)]
        distances = _distances(boxes, spots)
        own = distances[:, place]
        leaders = _leaders(spots[place], boxes, own > 2 * around.reach)
        elsewhere = (spots != spots[place]).any(axis=1)
        height, raised = size[1], boxes[:, [1, 3]].mean(axis=1) - spots[place, 1]
        costs = (
            own / height
            + _LEADER * _has_length(leaders)
            + _STRUCK * _shared_length(boxes, _array(around.avoided)).sum(axis=1) / height
            + _AMBIGUOUS * ((distances <= own[:, None] * 1.2) & elsewhere).sum(axis=1)
            + _LEADER_OVER_POINT * (_meets(leaders, markers) & elsewhere).sum(axis=1)
            # Of equally good places the right one, the one at the point's height, the upper one.
            + 0.02 * (boxes[:, 0] < spots[place, 0])
            + 0.01 * abs(raised) / height
            + 0.005 * (raised < 0)
        )
        cheapest_first = np.argsort(costs, kind="stable")
        return cls(boxes[cheapest_first], leaders[cheapest_first], costs[cheapest_first])

    @property
    def least(self) -> float:
        """The cost of the best place; infinite where there is none."""
        return float(self.costs[0]) if len(self.costs) else np.inf

    def best(self, others: Sequence[tuple[_Choices, int]]) -> int | None:
        """The candidate that costs least beside the other labels' places."""
        boxes = np.array([one.boxes[index] for one, index in others]).reshape(-1, 4)
        leaders = np.array([one.leaders[index] for one, index in others]).reshape(-1, 4)
        found, least = None, np.inf
        for start in range(0, len(self.costs), _AT_ONCE):
            if self.costs[start] >= least:
                break  # the others only add to what a place costs
            part = slice(start, start + _AT_ONCE)
            costs = self.costs[part] + _burden(self.boxes[part], self.leaders[part], boxes, leaders)
            index = int(costs.argmin())
            if costs[index] < least:
                found, least = start + index, float(costs[index])
        return found

    def placed(self, index: int) -> Placed:
        """The candidate as a record."""
        x, y, end_x, end_y = map(float, self.leaders[index])
        leader = ((x, y), (end_x, end_y)) if (x, y) != (end_x, end_y) else None
        return Placed(Box(*map(float, self.boxes[index])), leader)


def _burden(boxes: Floats, leaders: Floats, other_boxes: Floats, other_leaders: Floats) -> Floats:
    """What the other labels add to the cost of each candidate; infinite where they overlap."""
    under = _meets(leaders, other_boxes).sum(axis=1) + _meets(other_leaders, boxes).sum(axis=0)
    added = _LEADER_UNDER_LABEL * under + _LEADERS_CROSS * _cross(leaders, other_leaders).sum(axis=1)
    return np.where(_overlaps(boxes, other_boxes).any(axis=1), np.inf, added)


def _candidates(spot: Floats, size: tuple[float, float], around: Surroundings) -> Floats:
    """Boxes within the axes: a ring that touches the point's marker, then a grid over the whole axes."""
    width, height = size
    axes, reach = around.axes, around.reach
    shares = np.linspace(-1, 1, 5)
    corners = []
    for away in (reach, 1.5 * reach):
        x, y = width / 2 + away, height / 2 + away
        corners += [(x, y * share) for share in shares] + [(-x, y * share) for share in shares]
        corners += [(x * share, y) for share in shares] + [(x * share, -y) for share in shares]
    centres = spot + np.array(corners)
    # The grid is no finer than the labels need, and no larger than can be searched in a blink.
    across = np.arange(axes.left, axes.right - width, max(width / 5, (axes.right - axes.left) / 40))
    upwards = np.arange(axes.bottom, axes.top - height, max(height / 2, (axes.top - axes.bottom) / 80))
    half = np.array([width / 2, height / 2])
    grid = np.stack(np.meshgrid(across, upwards), axis=-1).reshape(-1, 2) + half
    centres = np.vstack([centres, grid])
    boxes = np.hstack([centres - half, centres + half])
    inside = (boxes[:, :2] >= [axes.left, axes.bottom]) & (boxes[:, 2:] <= [axes.right, axes.top])
    return np.asarray(boxes[inside.all(axis=1)], np.float64)


# ------------------------------------------------------------------ geometry: a candidates by b things


def _array(boxes: Sequence[Box]) -> Floats:
    return np.array([(box.left, box.bottom, box.right, box.top) for box in boxes], np.float64).reshape(-1, 4)


def _shared(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """By how much boxes overlap across and upwards, each (a, b); negative where they are apart."""
    across, upwards = (
        np.minimum(a[:, None, end], b[None, :, end]) - np.maximum(a[:, None, start], b[None, :, start])
        for start, end in ((0, 2), (1, 3))
    )
    return across, upwards


def _overlaps(a: Floats, b: Floats) -> Bools:
    across, upwards = _shared(a, b)
    return np.asarray((across > 0) & (upwards > 0))


def _shared_length(a: Floats, b: Floats) -> Floats:
    across, upwards = _shared(a, b)
    return np.where((across > 0) & (upwards > 0), np.maximum(across, upwards), 0.0)


def _distances(boxes: Floats, spots: Floats) -> Floats:
    across, upwards = (
        np.maximum(boxes[:, None, start] - spots[:, start], spots[:, start] - boxes[:, None, end]).clip(min=0)
        for start, end in ((0, 2), (1, 3))
    )
    return np.asarray(np.hypot(across, upwards))


def _leaders(spot: Floats, boxes: Floats, far: Bools) -> Floats:
    nearest = np.clip(spot, boxes[:, :2], boxes[:, 2:])
    return np.hstack([np.broadcast_to(spot, nearest.shape), np.where(far[:, None], nearest, spot)])


def _has_length(lines: Floats) -> Bools:
    return np.asarray((lines[:, :2] != lines[:, 2:]).any(axis=1))


def _meets(lines: Floats, boxes: Floats) -> Bools:
    """Whether a line passes through a box (clipping it at the box's four sides leaves something)."""
    entering, leaving = np.zeros((len(lines), len(boxes))), np.ones((len(lines), len(boxes)))
    for start, end in ((0, 2), (1, 3)):
        at = lines[:, None, start]
        way = lines[:, None, end] - at
        way = np.where(way == 0, 1e-9, way)
        one, other = (boxes[:, start] - at) / way, (boxes[:, end] - at) / way
        entering = np.maximum(entering, np.minimum(one, other))
        leaving = np.minimum(leaving, np.maximum(one, other))
    return np.asarray((entering < leaving) & _has_length(lines)[:, None])


def _cross(a: Floats, b: Floats) -> Bools:
    """Whether two lines cross; a common end is no crossing."""

    def side(lines: Floats, spots: Floats) -> Floats:
        way, off = (lines[:, 2:] - lines[:, :2])[:, None], spots[None] - lines[:, None, :2]
        return np.asarray(way[..., 0] * off[..., 1] - way[..., 1] * off[..., 0])

    apart_a = side(a, b[:, :2]) * side(a, b[:, 2:]) < 0
    apart_b = (side(b, a[:, :2]) * side(b, a[:, 2:]) < 0).T
    return np.asarray(apart_a & apart_b)
