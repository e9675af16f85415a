"""Labels are apart, off the points, inside the axes, and near."""

import itertools
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metajudge.reports.plots.label_placement import place_labels, span
from tests.unit.reports.plots.boxes import Box

AXES = Box(50, 40, 750, 540)
REACH = 8.0
Pairs = Sequence[tuple[float, float]]


def placed(
    points: Pairs, sizes: Pairs, axes: Box = AXES, taken: Sequence[Box] = (), avoided: Sequence[Box] = ()
) -> list[Box | None]:
    """Return the labels' boxes among small markers, in axes of 700 x 500 unless said."""
    boxes = [np.array(some, np.float64).reshape(-1, 4) for some in (taken, avoided)]
    found = place_labels(np.array(points, float), np.array(sizes, float), np.array(axes, float), REACH, *boxes)
    return [box if box is None else Box(*map(float, box)) for box in found]


def assert_tidy(points: Pairs, places: Sequence[Box], axes: Box = AXES, taken: Sequence[Box] = ()) -> None:
    """No box over another, over any point's marker, over what is taken, or outside."""
    markers = [Box(x - REACH, y - REACH, x + REACH, y + REACH) for x, y in points]
    for box in places:
        assert box.within(axes)
        assert not any(box.overlaps(other) for other in (*markers, *taken))
    assert not any(one.overlaps(other) for one, other in itertools.combinations(places, 2))


@st.composite
def crowds(draw: st.DrawFn) -> tuple[Pairs, Pairs]:
    """Twenty points in one to three clusters, the tightest of them a single spot, with names of any length."""
    spot = st.tuples(st.floats(AXES.left, AXES.right), st.floats(AXES.bottom, AXES.top))
    centres = draw(st.lists(spot, min_size=1, max_size=3))
    spread = draw(st.sampled_from([0.0, 2.0, 15.0, 60.0]))
    points = []
    for number in range(20):
        x, y = centres[number % len(centres)]
        across, upwards = draw(st.tuples(st.floats(-1, 1), st.floats(-1, 1)))
        x, y = x + spread * across, y + spread * upwards
        points.append((min(max(x, AXES.left), AXES.right), min(max(y, AXES.bottom), AXES.top)))
    widths = draw(st.lists(st.floats(20, 180), min_size=20, max_size=20))
    return points, [(width, 14.0) for width in widths]


@settings(max_examples=25)
@given(crowds())
def test_twenty_crowded_labels_overlap_nothing_and_stay_inside(crowd: tuple[Pairs, Pairs]) -> None:
    """Each of the twenty has a place, and the same one every time."""
    taken = [Box(50, 520, 200, 540), Box(600, 40, 750, 60)]
    places = placed(*crowd, taken=taken)
    found = [place for place in places if place is not None]
    assert len(found) == 20
    assert_tidy(crowd[0], found, taken=taken)
    assert places == placed(*crowd, taken=taken)


@pytest.mark.parametrize(
    ("point", "expected"),
    [((400, 300), Box(408, 293, 508, 307)), ((740, 300), Box(632, 293, 732, 307))],
    ids=["to the right", "to the left where the axes end"],
)
def test_a_label_alone_touches_its_marker(point: tuple[float, float], expected: Box) -> None:
    """Centred upwards; of (100, 14) beside a reach of 8."""
    assert placed([point], [(100, 14)]) == [expected]


def test_whiskers_are_not_written_on_where_there_is_room() -> None:
    """A cross of whiskers through the point: the label takes one of its quarters, close by."""
    cross = [Box(300, 299, 500, 301), Box(399, 200, 401, 400)]
    (box,) = placed([(400, 300)], [(80, 14)], avoided=cross)
    assert box is not None and not any(box.overlaps(line) for line in cross)
    assert box.left - 400 <= 2 * REACH and box.bottom - 300 <= 2 * REACH


def test_a_label_wider_than_the_axes_has_no_place_and_costs_the_others_nothing() -> None:
    """Its neighbour is placed as if alone."""
    assert placed([(400, 300), (400, 450)], [(800, 14), (100, 14)]) == [None, Box(408, 443, 508, 457)]


def test_axes_that_hold_few_labels_leave_the_others_without_a_place() -> None:
    axes, points = Box(0, 0, 120, 60), [(60.0, 30.0)] * 12
    found = [box for box in placed(points, [(50.0, 14.0)] * 12, axes) if box is not None]
    assert 0 < len(found) < 12
    assert_tidy(points, found, axes)


@pytest.mark.parametrize("border", [None, 0.2, 0.201, 0.5, 0.9, 0.999])
def test_axes_hold_all_values_and_what_the_scale_has_of_a_quarter_on_either_side_of_the_border(
    border: float | None,
) -> None:
    """The border may be at the end of the values or beyond it; 0 and 1 are never passed."""
    low, high = span([0.2, 0.3, 0.9], border)
    assert 0 <= low < 0.2 and 0.9 < high <= 1
    if border is not None:
        assert (border - low) / (high - low) >= 0.25 - 1e-9 or low == 0
        assert (high - border) / (high - low) >= 0.25 - 1e-9 or high == 1


def test_axes_end_at_the_ends_of_the_scale() -> None:
    assert span([0.0, 1.0], 0.5) == (0, 1) and span([1.0], None) == pytest.approx((0.99, 1))


def test_axes_of_a_single_value_have_a_width() -> None:
    """One point, or equal ones: nothing is divided by zero."""
    assert span([0.5], None) == pytest.approx((0.49, 0.51))
