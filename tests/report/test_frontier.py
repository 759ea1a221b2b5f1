"""The efficient frontier, worked out by hand."""

import pytest

from srcnn_lightning.report.frontier import efficient_frontier


@pytest.mark.parametrize(
    ("points", "frontier"),
    [
        ([], []),
        ([(5, 30)], [0]),
        # The second costs more and is worse than the first; the third costs more and is better.
        ([(1, 29), (2, 28), (3, 31)], [0, 2]),
        # By cost, not in the order given.
        ([(9, 33), (1, 29), (4, 31)], [1, 2, 0]),
        # Of one cost the best, of one quality the cheapest.
        ([(2, 30), (2, 31), (2, 29)], [1]),
        ([(3, 30), (1, 30), (2, 30)], [1]),
        # Neither of two equal points beats the other.
        ([(2, 30), (2, 30), (3, 29)], [0, 1]),
        # One that is the best and the cheapest leaves no other.
        ([(2, 30), (1, 31), (3, 30.5)], [1]),
    ],
)
def test_frontier_has_the_points_that_no_other_beats(points, frontier):
    assert efficient_frontier(points) == frontier
