"""Where labels of points stand, so that they cover neither one another nor the points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

DISTANCES = (1.0, 2.0, 3.5, 5.5, 8.0)  # from a point, in gaps
DIRECTIONS = 16
COVERED = 1e3  # what a pixel of a covered label or point costs; one of a line costs 1
OUTSIDE = 1e4
FARTHER = 2.0  # what a pixel of distance costs


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels; `left < right` and `bottom < top`."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """The area of both."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return width * height if width > 0 and height > 0 else 0.0

    @property
    def area(self) -> float:
        """Width times height."""
        return (self.right - self.left) * (self.top - self.bottom)


def place_labels(
    points: Sequence[tuple[float, float]],
    sizes: Sequence[tuple[float, float]],
    bounds: Box,
    taken: Sequence[Box] = (),
    lines: Sequence[Box] = (),
    gap: float = 8.0,
) -> list[Box]:
    """A place for the label of each point, as near to it as there is room.

    Each label takes the best place that those before it leave. Points with the nearest neighbours
    choose first, for they have the fewest places to choose from.

    Args:
        points: x and y of the points in pixels.
        sizes: width and height of the labels in pixels.
        bounds: labels stay within it.
        taken: boxes of other labels.
        lines: thin boxes that labels had better not cover.
        gap: distance in pixels from a point to its label, at least; half of it is the radius of a
            point.
    """
    radius = gap / 2
    markers = [Box(x - radius, y - radius, x + radius, y + radius) for x, y in points]
    placed: dict[int, Box] = {}

    def cost(number: int, box: Box) -> float:
        others = [*markers, *taken, *placed.values()]
        covered = sum(box.overlap(other) for other in others)
        crossed = sum(box.overlap(line) for line in lines)
        outside = box.area - box.overlap(bounds)
        away = distance(points[number], box)
        return COVERED * covered + OUTSIDE * outside + crossed + FARTHER * away

    for number in sorted(range(len(points)), key=lambda one: _nearest(points, one)):
        candidates = _candidates(points[number], sizes[number], gap)
        placed[number] = min(candidates, key=lambda box: cost(number, box))
    return [placed[number] for number in range(len(points))]


def _candidates(point: tuple[float, float], size: tuple[float, float], gap: float) -> list[Box]:
    """Boxes around a point; the first are to its right and left, above and below."""
    (x, y), (width, height) = point, size
    boxes = []
    for factor in DISTANCES:
        for step in sorted(range(DIRECTIONS), key=lambda one: (one % 4 > 0, one)):
            angle = 2 * math.pi * step / DIRECTIONS
            across, up = math.cos(angle), math.sin(angle)
            left = x + across * (gap * factor + width / 2) - width / 2
            bottom = y + up * (gap * factor + height / 2) - height / 2
            boxes.append(Box(left, bottom, left + width, bottom + height))
    return boxes


def distance(point: tuple[float, float], box: Box) -> float:
    """From a point to the nearest place of a box."""
    x, y = point
    across = max(box.left - x, 0, x - box.right)
    up = max(box.bottom - y, 0, y - box.top)
    return math.hypot(across, up)


def _nearest(points: Sequence[tuple[float, float]], number: int) -> float:
    others = [point for place, point in enumerate(points) if place != number]
    return min((math.dist(points[number], other) for other in others), default=math.inf)
