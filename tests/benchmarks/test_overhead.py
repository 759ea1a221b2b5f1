import pytest

from benchmarks import overhead
from benchmarks.figures import Row


def test_share_is_that_of_a_step_of_the_same_round() -> None:
    # 40 and 20 images/s in batches of 2 are steps of 50 and 100 ms.
    found = {
        overhead.LOOP: [{"milliseconds": 0.5}, {"milliseconds": 1.0}],
        overhead.OURS: [{"milliseconds": 1.5}, {"milliseconds": 4.0}],
        overhead.AT_ONCE: [{"milliseconds": 0.6}, {"milliseconds": 1.2}],
    }
    figures = overhead.figures(found, Row("c ours", "image/s", (40, 20)), batch=2)
    added, added_at_once, share = figures.rows[-3:]
    assert added.values == pytest.approx((1, 3))
    assert added_at_once.values == pytest.approx((0.1, 0.2))
    assert share.values == pytest.approx((2, 3))
    assert share.aim == "<= 5: yes"
