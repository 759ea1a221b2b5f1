"""The efficient frontier: which networks no other one beats at their cost."""

from collections.abc import Sequence


def efficient_frontier(points: Sequence[tuple[float, float]]) -> list[int]:
    """The places of the points that no other point beats, by rising cost.

    A point beats another where it costs no more and is of no less quality, and is better in one of
    the two. So of points of equal cost the best remain, and equal points remain together.

    Args:
        points: pairs of a cost, the lower the better, and a quality, the higher the better.
    """

    def beats(one: tuple[float, float], other: tuple[float, float]) -> bool:
        return one != other and one[0] <= other[0] and one[1] >= other[1]

    kept = [
        place
        for place, point in enumerate(points)
        if not any(beats(other, point) for other in points)
    ]
    return sorted(kept, key=lambda place: points[place])
