"""Places of labels: apart, off the points, inside, near, and led to where they are not near."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metajudge.reports.plots.label_placement import Box, Placed, Spot, Surroundings, evenly_wrapped, place_labels, span

AXES = Box(50, 40, 750, 540)
REACH = 8.0


def around(axes: Box = AXES, taken: Sequence[Box] = (), avoided: Sequence[Box] = ()) -> Surroundings:
    """Axes of 700 x 500 with small markers."""
    return Surroundings(axes, REACH, taken, avoided)


def placed(points: Sequence[Spot], sizes: Sequence[tuple[float, float]], where: Surroundings) -> list[Placed]:
    """The places, each of which there must be."""
    places = place_labels(points, sizes, where)
    assert len(places) == len(points)
    found = [place for place in places if place is not None]
    assert len(found) == len(points)
    return found


def assert_tidy(points: Sequence[Spot], places: Sequence[Placed], where: Surroundings) -> None:
    """No box over another, over any point's marker, over what is taken, or outside."""
    markers = [Box(x - REACH, y - REACH, x + REACH, y + REACH) for x, y in points]
    for place in places:
        assert place.box.within(where.axes)
        assert not any(place.box.overlaps(other) for other in (*markers, *where.taken))
    for one, other in itertools.combinations(places, 2):
        assert not one.box.overlaps(other.box)


def gap(box: Box, spot: Spot) -> float:
    """How far a point is from a box."""
    x, y = spot
    return math.hypot(max(box.left - x, x - box.right, 0), max(box.bottom - y, y - box.top, 0))


def passes(line: tuple[Spot, Spot], box: Box) -> bool:
    """Whether a line runs through the inside of a box: by looking at a thousand spots of it."""
    (x, y), (end_x, end_y) = line
    for step in range(1, 1000):
        at_x, at_y = x + (end_x - x) * step / 1000, y + (end_y - y) * step / 1000
        if box.left + 0.01 < at_x < box.right - 0.01 and box.bottom + 0.01 < at_y < box.top - 0.01:
            return True
    return False


@st.composite
def crowds(draw: st.DrawFn) -> tuple[list[Spot], list[tuple[float, float]]]:
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
def test_twenty_crowded_labels_overlap_nothing_and_stay_inside(
    crowd: tuple[list[Spot], list[tuple[float, float]]],
) -> None:
    """Whatever the clusters are, each of the twenty has a place."""
    points, sizes = crowd
    where = around(taken=[Box(50, 520, 200, 540), Box(600, 40, 750, 60)])
    assert_tidy(points, placed(points, sizes, where), where)


def test_labels_of_one_and_the_same_point_are_all_led_to_it() -> None:
    """Twenty identical points: leaders start at the point, end at their own box, and run under no other."""
    points = [(400.0, 300.0)] * 20
    places = placed(points, [(120.0, 14.0)] * 20, around())
    assert_tidy(points, places, around())
    led = [place for place in places if place.leader]
    assert len(led) >= 10
    for place in led:
        assert place.leader is not None
        assert place.leader[0] == points[0]
        assert gap(place.box, place.leader[1]) == pytest.approx(0, abs=1e-6)
        assert not any(passes(place.leader, other.box) for other in places)


def test_a_label_alone_stands_to_the_right_of_its_point_without_a_leader() -> None:
    """Close by, and centred upwards."""
    (place,) = placed([(400, 300)], [(100, 14)], around())
    assert place == Placed(Box(408, 293, 508, 307), None)


def test_a_label_at_the_right_end_goes_to_the_left() -> None:
    """The axes end before the text would."""
    (place,) = placed([(740, 300)], [(100, 14)], around())
    assert place.box.right <= 740 - REACH and place.leader is None


def test_only_a_label_that_is_near_has_no_leader() -> None:
    """In a seeded crowd: without one, a label is within two reaches of its point and no other point is nearer."""
    rng = random.Random(7)
    points = [(rng.gauss(400, 60), rng.gauss(300, 40)) for _ in range(20)]
    places = placed(points, [(90.0, 14.0)] * 20, around())
    assert {place.leader is None for place in places} == {True, False}
    for place, point in zip(places, points, strict=True):
        if place.leader is None:
            assert gap(place.box, point) <= 2 * REACH
        else:
            assert place.leader[0] == point and gap(place.box, point) > 2 * REACH


def test_whiskers_are_not_written_on_where_there_is_room() -> None:
    """A cross of whiskers through the point: the label stands in one of its quarters."""
    cross = [Box(300, 299, 500, 301), Box(399, 200, 401, 400)]
    (place,) = placed([(400, 300)], [(80, 14)], around(avoided=cross))
    assert not any(place.box.overlaps(line) for line in cross)
    assert place.leader is None


def test_the_places_are_the_same_every_time() -> None:
    """No randomness: pictures can be compared."""
    rng = random.Random(3)
    points = [(rng.uniform(300, 400), rng.uniform(300, 400)) for _ in range(15)]
    sizes = [(rng.uniform(40, 120), 14.0) for _ in points]
    assert place_labels(points, sizes, around()) == place_labels(points, sizes, around())


def test_a_label_wider_than_the_axes_has_no_place_and_costs_the_others_nothing() -> None:
    """None stands for it; its neighbour is placed as if alone."""
    first, second = place_labels([(400, 300), (400, 450)], [(800, 14), (100, 14)], around())
    assert first is None
    assert second is not None and second.box.left == 408


def test_labels_without_room_are_told_apart_from_those_that_have_it() -> None:
    """Axes that hold a few labels only: the others get None, the few are tidy."""
    where = around(Box(0, 0, 120, 60))
    points = [(60.0, 30.0)] * 12
    places = place_labels(points, [(50.0, 14.0)] * 12, where)
    found = [place for place in places if place is not None]
    assert 0 < len(found) < 12
    assert_tidy(points, found, where)


def test_no_points_need_no_places() -> None:
    """An empty panel is no error."""
    assert place_labels([], [], around()) == []


def test_a_touching_edge_is_no_overlap() -> None:
    """Neighbours may share an edge; one unit more overlaps."""
    assert not Box(0, 0, 10, 10).overlaps(Box(10, 0, 20, 10))
    assert Box(0, 0, 10, 10).overlaps(Box(9, 9, 20, 20))
    assert Box(0, 0, 10, 10).within(Box(0, 0, 10, 10))
    assert not Box(0, 0, 10, 10).within(Box(1, 0, 11, 10))


@pytest.mark.parametrize("border", [None, 0.2, 0.201, 0.5, 0.9, 1.0])
def test_axes_hold_all_values_and_a_quarter_on_either_side_of_the_border(border: float | None) -> None:
    """Also where the border is at the end of the values or beyond it."""
    low, high = span([0.2, 0.3, 0.9], border)
    assert low < 0.2 and high > 0.9
    if border is not None:
        assert (border - low) / (high - low) >= 0.25 - 1e-9
        assert (high - border) / (high - low) >= 0.25 - 1e-9


def test_axes_of_a_single_value_have_a_width() -> None:
    """One point, or equal ones: nothing is divided by zero."""
    assert span([0.5], None) == pytest.approx((0.49, 0.51))


def test_text_is_wrapped_into_lines_of_like_length() -> None:
    """As many lines as needed, but no short last one."""
    assert evenly_wrapped("wrong verdict, shallow reasons", 24) == ["wrong verdict,", "shallow reasons"]
    assert evenly_wrapped("wrong verdict, shallow reasons", 30) == ["wrong verdict, shallow reasons"]
    assert evenly_wrapped("deceptive", 4) == ["dece", "ptiv", "e"]
