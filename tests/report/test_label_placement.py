"""Labels that cover neither one another nor the points, worked out on boxes."""

from itertools import combinations

import pytest

from srcnn_lightning.report.figures.label_placement import Box, distance, place_labels

BOUNDS = Box(0, 0, 400, 300)
SIZE = (60.0, 12.0)
GAP = 8.0


def around(point):
    x, y = point
    return Box(x - GAP / 2, y - GAP / 2, x + GAP / 2, y + GAP / 2)


@pytest.mark.parametrize(
    ("one", "other", "area"),
    [
        (Box(0, 0, 4, 4), Box(2, 1, 6, 3), 4),  # 2 wide, 2 high
        (Box(0, 0, 4, 4), Box(4, 0, 6, 4), 0),  # side by side
        (Box(0, 0, 4, 4), Box(1, 5, 2, 6), 0),
        (Box(0, 0, 4, 4), Box(1, 1, 2, 3), 2),  # within
    ],
)
def test_overlap_is_the_area_of_both(one, other, area):
    assert one.overlap(other) == other.overlap(one) == area


def test_distance_is_that_to_the_nearest_side_or_corner():
    assert distance((0, 0), Box(3, 4, 9, 9)) == 5
    assert distance((5, 0), Box(3, 4, 9, 9)) == 4
    assert distance((5, 5), Box(3, 4, 9, 9)) == 0


def test_label_of_a_single_point_is_beside_it():
    (box,) = place_labels([(200, 150)], [SIZE], BOUNDS, gap=GAP)
    assert distance((200, 150), box) <= GAP
    assert box.overlap(around((200, 150))) == 0
    assert (box.right - box.left, box.top - box.bottom) == pytest.approx(SIZE)


@pytest.mark.parametrize(
    "points",
    [
        [(200, 150), (203, 151)],
        [(200, 150)] * 3,  # on one spot
        [(200 + 9 * number, 150 + 4 * number) for number in range(10)],
        [(200, 100 + 11 * number) for number in range(10)],
        [(2, 2), (398, 298), (2, 298), (398, 2), (396, 150)],  # in the corners
        [(190 + 20 * (number % 3), 140 + 13 * (number // 3)) for number in range(9)],
    ],
)
def test_labels_cover_no_label_and_no_point_and_stay_inside(points):
    boxes = place_labels(points, [SIZE] * len(points), BOUNDS, gap=GAP)
    for one, other in combinations(boxes, 2):
        assert one.overlap(other) == 0
    for box in boxes:
        assert box.overlap(BOUNDS) == pytest.approx(box.area)
        assert all(box.overlap(around(point)) == 0 for point in points)


def test_labels_keep_clear_of_other_labels_and_of_lines():
    point = (200, 150)
    (free,) = place_labels([point], [SIZE], BOUNDS, gap=GAP)
    for barrier in ({"taken": [free]}, {"lines": [free]}):
        (box,) = place_labels([point], [SIZE], BOUNDS, gap=GAP, **barrier)
        assert box.overlap(free) == 0
