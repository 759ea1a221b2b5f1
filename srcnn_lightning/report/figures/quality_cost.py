"""Quality against cost: the test PSNR of networks beside their size, operations and time."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from srcnn_lightning.report.figures.label_placement import Box, distance, place_labels
from srcnn_lightning.report.figures.style import COLOURS, DASHES, GREY, figure, set_log_scale
from srcnn_lightning.report.tables.networks import QUALITY, efficient_rows
from srcnn_lightning.report.tables.rows import TableRow

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TIME = "seconds_per_megapixel"
COSTS = {
    "parameters": ("Parameters (thousands)", 1e-3),
    "multiply_adds": ("Multiply-adds (billions)", 1e-9),
    TIME: ("Time of inference (ms for a megapixel of output)", 1e3),
}
WIDTH, PANEL = 5.4, 3.5  # inches
LINE = 58  # letters
MARKER = 6.5  # points
FONT = 9


@dataclass
class Panel:
    """One cost of the networks.

    Attributes:
        label: name of it for people, with its unit.
        device: where a time was measured; empty for other costs.
        rows: networks that have it, by rising cost.
        costs: cost of each of these networks, in the unit of the label.
        frontier: places in `rows` of the networks on the efficient frontier, by rising cost.
        left_out: labels of the networks that have none, or one that was measured elsewhere.
    """

    label: str
    device: str
    rows: list[TableRow]
    costs: list[float]
    frontier: list[int]
    left_out: list[str]


def make_panels(rows: Sequence[TableRow]) -> list[Panel]:
    """A panel for each cost that two networks or more have.

    Times are compared where they were measured on the device of most networks.

    Args:
        rows: rows of a table of networks.
    """
    networks = [row for row in rows if row.epochs and QUALITY in row.mean]
    panels = []
    for name, (label, unit) in COSTS.items():
        known, device = [row for row in networks if row.cost.get(name)], ""
        if name == TIME and known:
            device = Counter(row.time_device for row in known).most_common(1)[0][0]
            known = [row for row in known if row.time_device == device]
        known.sort(key=lambda row: row.cost[name])
        if len(known) > 1:
            costs = [row.cost[name] * unit for row in known]
            places = {id(row): place for place, row in enumerate(known)}
            frontier = [places[id(row)] for row in efficient_rows(known, name)]
            left_out = [row.label for row in networks if id(row) not in places]
            panels.append(Panel(label, device, known, costs, frontier, left_out))
    return panels


def draw_quality_cost(title: str, rows: Sequence[TableRow]) -> "Figure":
    """One panel for each cost, below one another, so that they fit a phone and a column.

    Args:
        title: data set and degradation.
        rows: rows of a table of networks, which give a panel.
    """
    panels = make_panels(rows)
    gains = [row for row in rows if row.gain is not None]
    bicubic = gains[0].mean[QUALITY] - gains[0].gain if gains else None  # type: ignore[operator]
    with figure(WIDTH, PANEL * len(panels) + 0.6) as canvas:
        grid = canvas.subplots(len(panels), 1, squeeze=False)[:, 0]
        for axes, panel in zip(grid, panels, strict=True):
            _draw_points(axes, panel)
            if bicubic is not None:
                axes.axhline(bicubic, color=GREY, dashes=DASHES["bicubic"], linewidth=1.4, zorder=1)
            axes.set_ylabel("Test PSNR (RGB, dB)")
            axes.margins(x=0.14, y=0.1)
            set_log_scale(axes.xaxis)
            lines = [panel.label, *_where(panel), *_without(panel)]
            axes.set_xlabel("\n".join(textwrap.fill(line, LINE) for line in lines))
        heading = textwrap.fill(f"Quality against cost: {title}", 52)
        canvas.suptitle(f"{heading}\nfilled: on the efficient frontier", fontsize=10)
        canvas.draw_without_rendering()  # now the axes have their places
        canvas.set_layout_engine("none")
        for axes, panel in zip(grid, panels, strict=True):
            axes.autoscale(enable=False)
            _draw_frontier(axes, panel)
            _draw_labels(axes, panel, bicubic)
    return canvas


def describe_quality_cost(rows: Sequence[TableRow]) -> str:
    """The figure in words, for those who cannot see it."""
    parts = []
    for panel in make_panels(rows):
        points = (
            f"{row.label} {cost:.4g}, {row.mean[QUALITY]:.2f} dB"
            for row, cost in zip(panel.rows, panel.costs, strict=True)
        )
        label = " ".join([panel.label, *_where(panel)])
        parts.append(f"{label}: {'; '.join(points)}; efficient: {_names(panel)}")
    return ". ".join(parts)


def caption_quality_cost(title: str, rows: Sequence[TableRow]) -> str:
    """The text below the figure: which networks are efficient by which cost, and what is missing.

    Args:
        title: title of the table of networks.
        rows: its rows.
    """
    panels = make_panels(rows)
    efficient = "; ".join(
        f"{' '.join([panel.label, *_where(panel)])}: {_names(panel)}" for panel in panels
    )
    missing = "".join(
        f" {panel.label.partition(' (')[0]}: {line}."
        for panel in panels
        for line in _without(panel)
    )
    return (
        f"{title}: quality against cost. On the efficient frontier: {efficient}. Vertical bars: "
        f"standard deviation over seeds; dashed: bicubic.{missing}"
    )


def _names(panel: Panel) -> str:
    return ", ".join(panel.rows[place].label for place in panel.frontier) or "none"


def _where(panel: Panel) -> list[str]:
    return [f"on {panel.device}"] if panel.device else []


def _without(panel: Panel) -> list[str]:
    return [f"left out: {', '.join(panel.left_out)}"] if panel.left_out else []


def _draw_points(axes: "Axes", panel: Panel) -> None:
    for place, (row, cost) in enumerate(zip(panel.rows, panel.costs, strict=True)):
        is_efficient = place in panel.frontier
        colour = COLOURS[0] if is_efficient else GREY
        axes.errorbar(
            cost,
            row.mean[QUALITY],
            yerr=row.deviation.get(QUALITY),
            fmt="o",
            markersize=MARKER,
            color=colour,
            markerfacecolor=colour if is_efficient else "white",
            elinewidth=1.2,
            zorder=3,
        )


def _steps(panel: Panel) -> list[tuple[float, float]]:
    """Corners of the frontier: the quality stays until the next network's cost."""
    points = [(panel.costs[place], panel.rows[place].mean[QUALITY]) for place in panel.frontier]
    corners = points[:1]
    for cost, quality in points[1:]:
        corners += [(cost, corners[-1][1]), (cost, quality)]
    return corners


def _draw_frontier(axes: "Axes", panel: Panel) -> None:
    corners = _steps(panel)
    if corners:
        corners = [*corners, (axes.get_xlim()[1], corners[-1][1])]
        axes.plot(*zip(*corners, strict=True), color=COLOURS[0], linewidth=1.0, alpha=0.6, zorder=2)


def _draw_labels(axes: "Axes", panel: Panel, bicubic: float | None) -> None:
    """Labels beside their points, and bicubic's above its line."""
    to_pixels, frame = axes.transData.transform, axes.get_window_extent()
    points = [tuple(to_pixels(pair)) for pair in zip(panel.costs, _qualities(panel), strict=True)]
    lines = [_line(*to_pixels(corners)) for corners in pairwise(_steps(panel))]
    for row, cost, quality in zip(panel.rows, panel.costs, _qualities(panel), strict=True):
        spread = row.deviation.get(QUALITY, 0.0)
        lines.append(_line(*to_pixels([(cost, quality - spread), (cost, quality + spread)])))
    taken = []
    if bicubic is not None:
        _, height = to_pixels((panel.costs[0], bicubic))
        lines.append(_line((frame.x0, height), (frame.x1, height)))
        baseline = axes.annotate(
            "Bicubic",
            (1, bicubic),
            (-4, 3),
            xycoords=("axes fraction", "data"),
            textcoords="offset points",
            ha="right",
            va="bottom",
            fontsize=FONT,
        )
        taken.append(Box(*baseline.get_window_extent().extents))
    sizes = []
    for row in panel.rows:
        name = axes.text(0, 0, row.label, transform=axes.transAxes, fontsize=FONT)
        extent = name.get_window_extent()
        sizes.append((extent.width, extent.height))
        name.remove()
    pixels = axes.figure.dpi / 72  # in a point; a file has others
    gap = MARKER * pixels
    boxes = place_labels(points, sizes, Box(*frame.extents), taken, lines, gap)
    for row, cost, (x, y), box in zip(panel.rows, panel.costs, points, boxes, strict=True):
        is_far = distance((x, y), box) > 1.5 * gap
        axes.annotate(
            row.label,
            (cost, row.mean[QUALITY]),
            ((box.left - x) / pixels, (box.bottom - y) / pixels),
            textcoords="offset points",
            va="bottom",
            fontsize=FONT,
            arrowprops={"arrowstyle": "-", "color": GREY, "linewidth": 0.7} if is_far else None,
            zorder=4,
        )


def _qualities(panel: Panel) -> list[float]:
    return [row.mean[QUALITY] for row in panel.rows]


def _line(start: Sequence[float], end: Sequence[float]) -> Box:
    """A box around a horizontal or vertical line."""
    (x, y), (other_x, other_y) = start, end
    return Box(min(x, other_x) - 1, min(y, other_y) - 1, max(x, other_x) + 1, max(y, other_y) + 1)
