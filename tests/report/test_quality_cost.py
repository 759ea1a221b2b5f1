"""The figure of quality against cost: its panels by hand, its labels as they are drawn."""

from itertools import combinations

import pytest
from matplotlib.text import Annotation

from srcnn_lightning.report.figures.quality_cost import (
    caption_quality_cost,
    describe_quality_cost,
    draw_quality_cost,
    make_panels,
)
from srcnn_lightning.report.figures.style import as_png, as_svg
from srcnn_lightning.report.tables.rows import TableRow

# Parameters in thousands, billions of multiply-adds, ms a megapixel, test PSNR of ten networks.
NETWORKS = {
    "ESPCN": (27, 6, 10, 29.8),
    "SRCNN": (20, 18, 25, 30.2),
    "FSRCNN": (25, 7, 12, 29.8),
    "NinaSR": (100, 22, 100, 30.7),
    "DRCN (small)": (114, 592, 118, 30.6),
    "SPAN": (481, 111, 107, 31.3),
    "VDSR": (667, 615, 32, 31.0),
    "EDSR": (1370, 316, 85, 31.4),
    "SRResNet": (1402, 332, 140, 29.9),
    "UNet++": (9043, 107, 193, 31.1),
}


def network(label, parameters, giga, milliseconds, psnr, device="cpu (A CPU)"):
    cost = {
        "parameters": parameters * 1e3,
        "multiply_adds": giga * 1e9,
        "seconds_per_megapixel": milliseconds / 1e3,
    }
    cost = {name: value for name, value in cost.items() if value}
    return TableRow(
        label,
        label,
        runs=1,
        mean={"test_psnr": psnr},
        cost=cost,
        time_device=device,
        epochs=10,
        gain=psnr - 28.9,
    )


def bicubic():
    cost = {"parameters": 0, "multiply_adds": 0, "seconds_per_megapixel": 0.001}
    return TableRow("Bicubic", "bicubic", runs=1, mean={"test_psnr": 28.9}, cost=cost, gain=0.0)


@pytest.fixture
def rows():
    return [*(network(label, *values) for label, values in NETWORKS.items()), bicubic()]


def efficient(panel):
    return [panel.rows[place].label for place in panel.frontier]


def test_each_cost_has_a_panel_with_a_frontier_of_its_own(rows):
    parameters, operations, seconds = make_panels(rows)
    # By hand: the next is the cheapest of the networks that are better than the last.
    assert efficient(parameters) == ["SRCNN", "NinaSR", "SPAN", "EDSR"]
    assert efficient(operations) == ["ESPCN", "SRCNN", "NinaSR", "UNet++", "SPAN", "EDSR"]
    assert efficient(seconds) == ["ESPCN", "SRCNN", "VDSR", "EDSR"]
    assert parameters.costs == pytest.approx(sorted(one[0] for one in NETWORKS.values()))
    assert operations.costs == pytest.approx(sorted(one[1] for one in NETWORKS.values()))
    assert seconds.costs == pytest.approx(sorted(one[2] for one in NETWORKS.values()))
    assert seconds.device == "cpu (A CPU)"


def test_network_without_a_cost_is_left_out_of_its_panel_and_named(rows):
    rows[0] = network("ESPCN", 27, 0, 10, 29.8)
    parameters, operations, _ = make_panels(rows)
    assert parameters.left_out == []
    assert operations.left_out == ["ESPCN"]
    assert efficient(operations)[0] == "FSRCNN"
    text = caption_quality_cost("A title", rows)
    assert text.startswith("A title: quality against cost.")
    assert text.endswith("Multiply-adds: left out: ESPCN.")
    drawn = draw_quality_cost("photos", rows)
    assert "left out: ESPCN" in drawn.axes[1].get_xlabel()


def test_time_of_another_device_is_left_out_and_named(rows):
    rows[0] = network("ESPCN", 27, 6, 1, 29.8, device="cuda (A GPU)")
    *_, seconds = make_panels(rows)
    assert (seconds.device, seconds.left_out) == ("cpu (A CPU)", ["ESPCN"])
    assert efficient(seconds)[0] == "FSRCNN"
    assert "on cpu (A CPU)" in draw_quality_cost("photos", rows).axes[2].get_xlabel()


def test_network_below_bicubic_is_drawn_and_not_efficient(rows):
    rows.append(network("Poor", 1, 1, 1, 28.0))
    for panel in make_panels(rows):
        assert "Poor" in [row.label for row in panel.rows]
        assert "Poor" not in efficient(panel)


def test_cost_that_one_network_alone_has_is_no_panel(rows):
    for row in rows[1:]:
        row.cost.pop("seconds_per_megapixel", None)
    assert [panel.label for panel in make_panels(rows)] == [
        "Parameters (thousands)",
        "Multiply-adds (billions)",
    ]
    assert make_panels([rows[0], bicubic()]) == []


def test_labels_are_drawn_apart_beside_their_points_and_within_the_axes(rows):
    drawn = draw_quality_cost("photos, antialiased x2", rows)
    for axes in drawn.axes:
        texts = [one for one in axes.get_children() if isinstance(one, Annotation)]
        assert {text.get_text() for text in texts} == {*NETWORKS, "Bicubic"}
        extents = [Annotation.get_window_extent(text) for text in texts if not text.arrow_patch]
        assert len(extents) > 8  # with a line to the point are few
        for one, other in combinations(extents, 2):
            overlap = min(one.x1, other.x1) - max(one.x0, other.x0)
            above = min(one.y1, other.y1) - max(one.y0, other.y0)
            assert overlap <= 0.5 or above <= 0.5
        frame = axes.get_window_extent()
        for extent in extents:
            assert frame.x0 - 1 <= extent.x0 < extent.x1 <= frame.x1 + 1


def test_efficient_networks_are_filled_and_the_axis_is_logarithmic(rows):
    drawn = draw_quality_cost("photos", rows)
    for axes, panel in zip(drawn.axes, make_panels(rows), strict=True):
        filled = [
            line.get_xdata()[0]
            for line in axes.lines
            if line.get_marker() == "o" and line.get_markerfacecolor() != "white"
        ]
        assert filled == pytest.approx([panel.costs[place] for place in panel.frontier])
        assert axes.get_xscale() == "log"
        low, high = axes.get_ylim()
        assert low < 28.9 < high  # bicubic's line is seen


def test_same_rows_give_the_same_files(rows):
    first, second = (draw_quality_cost("photos", rows) for _ in range(2))
    assert as_svg(first) == as_svg(second)
    assert as_png(first) == as_png(second)


def test_description_has_every_value(rows):
    text = describe_quality_cost(rows)
    assert "SRCNN 20, 30.20 dB" in text
    assert "efficient: ESPCN, SRCNN, VDSR, EDSR" in text
