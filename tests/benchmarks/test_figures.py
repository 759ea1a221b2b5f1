import re

import pytest
from rich.console import Console

from benchmarks.alone import alternate
from benchmarks.figures import FigureSet, Row, ratio, show
from benchmarks.scaling import slope


def test_ratio_is_taken_within_each_round() -> None:
    # Medians of both are 20 and 4; a round that was slow for both does not change its ratio.
    fast, slow = Row("fast", "image/s", (10, 40, 20)), Row("slow", "image/s", (2, 10, 4))
    both = ratio("fast / slow", fast, slow, at_least=4)
    assert both.values == (5, 4, 5)
    assert both.median == 5


@pytest.mark.parametrize(
    ("low", "high", "aim"),
    [
        (None, None, ""),
        (2, None, ">= 2: yes"),
        (3, None, ">= 3: NO"),
        (None, 2, "<= 2: yes"),
        (None, 1, "<= 1: NO"),
        (1, 3, ">= 1, <= 3: yes"),
        (1, 1.5, ">= 1, <= 1.5: NO"),
    ],
)
def test_aim_says_whether_the_median_reaches_it(
    low: float | None, high: float | None, aim: str
) -> None:
    assert Row("name", "s", (1, 2, 9), low, high).aim == aim


def test_table_has_a_row_for_each_figure() -> None:
    console = Console(width=200, record=True)
    row = Row("training", "image/s", (41.26, 39.9, 1234.4), at_least=40)
    show(FigureSet("set", "Title", [row]), console)
    lines = console.export_text().splitlines()
    assert lines[0].strip() == "Title"
    (line,) = (line for line in lines if "training" in line)
    cells = re.split(r"\s{2,}", line.strip())
    assert cells == ["training", "41.3", "39.9", "1234", "image/s", ">= 40: yes"]


def test_rounds_alternate_in_order() -> None:
    order: list[str] = []

    def contender(name: str) -> dict[str, float]:
        order.append(name)
        return {"position": len(order)}

    found = alternate({name: lambda name=name: contender(name) for name in "abc"}, rounds=3)
    assert "".join(order) == "abccbaabc"
    assert [figures["position"] for figures in found["a"]] == [1, 6, 7]


@pytest.mark.parametrize("power", [0.5, 1, 2])
def test_slope_is_the_power_that_cost_grows_with(power: float) -> None:
    sizes = [25, 50, 400]
    assert slope(sizes, [3 * size**power for size in sizes]) == pytest.approx(power)
