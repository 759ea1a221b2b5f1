"""Curves over epochs, and the scatter of gains."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srcnn_lightning.report.figures.figure_selection import Curve, CurveFigure
from srcnn_lightning.report.figures.style import COLOURS, DASHES, GREY, figure, set_log_scale
from srcnn_lightning.report.seed_groups import SeedGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("val_loss", "val_loss", "Validation loss (MSE, log scale)"),
    ("val_psnr", "max_val_psnr", "Validation PSNR (dB)"),
)
WORST_LOSS = 1.0  # black in place of white; only values outside [0, 1] lose more
MARKERS = "osD^v"
LINE = 46  # letters of a legend's line


def draw_curves(selection: CurveFigure, baselines: Sequence[SeedGroup], data: str) -> "Figure":
    """Validation loss above validation PSNR against the epoch; baselines as dashed lines.

    One column, so that it fits a phone and a column of a paper. Of several seeds the line is the
    mean, and a band reaches from the lowest to the highest. A second round of the colours is dashed
    and dotted. Of more curves the best are coloured, and the others thin and grey.

    Args:
        selection: curves.
        baselines: baselines, drawn beside them.
        data: data set and degradation, for the title.
    """
    from matplotlib.ticker import MaxNLocator

    curves = selection.curves
    with figure(5.4, 7.2) as canvas:
        panels = canvas.subplots(2, 1, sharex=True)
        best = sorted(curves, key=lambda curve: -(curve.group.mean("max_val_psnr") or 0))
        too_many = len(curves) > 2 * len(COLOURS)
        coloured = best[: len(COLOURS)] if too_many else curves
        for axes, (curve_name, metric, name) in zip(panels, PANELS, strict=True):
            label = name
            for curve in curves:
                if curve not in coloured:
                    _line(axes, curve, curve_name, color=GREY, linewidth=0.6, alpha=0.5)
            for place, curve in enumerate(coloured):
                again, colour = divmod(place if too_many else curve.colour, len(COLOURS))
                look = {"color": COLOURS[colour], "linestyle": "-." if again else "-"}
                _line(axes, curve, curve_name, label=curve.label, linewidth=1.6, **look)
            _baselines(axes, baselines, metric)
            if curve_name == "val_loss":
                set_log_scale(axes.yaxis)
                low, high = axes.get_ylim()
                if low < WORST_LOSS < high:  # one seed that broke would flatten all other curves
                    axes.set_ylim(top=WORST_LOSS)
                    set_log_scale(axes.yaxis)
                    label = label.replace("log scale", "log scale, up to 1")
            axes.set_ylabel(label)
            axes.margins(x=0.02)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            left, right = axes.get_xlim()
            axes.set_xlim(min(left, 0.5), max(right, 1.5))  # one epoch has room for a whole number
        panels[-1].set_xlabel("Epoch")
        _title(canvas, f"{selection.title}: {data}", selection.note)
        handles = {
            label: handle
            for axes in panels
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        if too_many:
            others = len(curves) - len(coloured)
            handles[f"{others} others"] = panels[0].plot([], [], color=GREY, linewidth=0.6)[0]
        _legend(canvas, handles)
    return canvas


def describe_curves(selection: CurveFigure) -> str:
    """A figure of curves in words, for those who cannot see it."""
    curves = selection.curves
    psnr = [(curve.group.mean("max_val_psnr"), curve.label) for curve in curves]
    best = max(((value, label) for value, label in psnr if value is not None), default=None)
    text = (
        f"{selection.title}: validation loss and PSNR against the epoch of {len(curves)} settings"
    )
    return f"{text}; the best, {best[1]}, reaches {best[0]:.2f} dB." if best else f"{text}."


def draw_gains(seed_groups: Sequence[SeedGroup], bicubic: dict[str, float], data: str) -> "Figure":
    """What each seed group gains on each test image, against how hard the image is for bicubic.

    Args:
        seed_groups: a few seed groups.
        bicubic: PSNR of bicubic in dB by image.
        data: data set and degradation, for the title.
    """
    with figure(5.4, 5.2) as canvas:
        axes = canvas.subplots()
        handles: dict[str, Any] = {}
        for group, colour, marker in zip(seed_groups, COLOURS, MARKERS, strict=False):
            psnr = group.psnr_per_image()
            names = [name for name in psnr if name in bicubic]
            gains = [psnr[name] - bicubic[name] for name in names]
            label = f"{group.label} (mean {np.mean(gains):+.2f} dB)" if gains else group.label
            places = [bicubic[name] for name in names]
            look: dict[str, Any] = {"s": 34, "color": colour, "marker": marker, "alpha": 0.85}
            handles[label] = axes.scatter(places, gains, **look)
        handles["Bicubic"] = axes.axhline(0, color=GREY, dashes=DASHES["bicubic"], label="Bicubic")
        axes.set_xlabel("Test PSNR of bicubic (dB)")
        axes.set_ylabel("Gain over bicubic (dB)")
        _title(canvas, f"Gain on each test image: {data}", "easy images lie on the right")
        _legend(canvas, handles)
    return canvas


def _title(canvas: "Figure", title: str, note: str) -> None:
    lines = f"{textwrap.fill(title, 52)}\n{textwrap.fill(note, 60)}"
    canvas.suptitle(lines, fontsize=10)


def _legend(canvas: "Figure", handles: Mapping[str, Any]) -> None:
    """A legend below the axes: names that are too long for a line have several."""
    names = [textwrap.fill(name, LINE) for name in handles]
    columns = 2 if max(map(len, handles), default=0) <= LINE // 2 else 1
    rows = sum(name.count("\n") + 1 for name in names) / columns
    canvas.set_figheight(canvas.get_figheight() + 0.2 * max(0, rows - 6))  # not at the axes' cost
    canvas.legend(
        [*handles.values()], names, loc="outside lower center", ncols=columns, frameon=False
    )


def _line(axes: "Axes", curve: Curve, name: str, **look: Any) -> None:
    table = _histories(curve.group, name)
    if not np.isfinite(table).any():
        return
    epochs = np.arange(1, table.shape[1] + 1)
    finite = np.isfinite(table)
    counts = finite.sum(0)
    sums = np.where(finite, table, 0).sum(0)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), math.nan)
    if curve.is_varied:
        look |= {"linestyle": (0, (2, 1)), "linewidth": 1.8}
    if finite.sum() < 3 * len(table):  # too few for a line
        look |= {"marker": "o", "markersize": 4}
    axes.plot(epochs, mean, **look)
    if len(table) > 1:
        low = np.where(finite, table, math.inf).min(0)
        high = np.where(finite, table, -math.inf).max(0)
        band = counts > 0
        axes.fill_between(
            epochs, low, high, where=band, color=look["color"], alpha=0.18, linewidth=0
        )


def _histories(group: SeedGroup, name: str) -> NDArray[np.float64]:
    """`(seeds, epochs)` of the seeds that finished, or of all where none has.

    NaN where a run had stopped or its value was not finite. A seed that diverged is named in the
    group's label: within a mean it would make a step where it ends.
    """
    runs = [run for run in group.finished or group.runs if run.history]
    length = max((epoch["epoch"] for run in runs for epoch in run.history), default=0)
    table = np.full((len(runs), length), math.nan)
    for row, run in zip(table, runs, strict=True):
        for epoch in run.history:
            value = epoch[name]  # type: ignore[literal-required]
            if value is not None:
                row[epoch["epoch"] - 1] = value
    return table


def _baselines(axes: "Axes", baselines: Sequence[SeedGroup], metric: str) -> None:
    for group in baselines:
        value = group.mean(metric)
        if value is not None:
            dashes = DASHES.get(group.kernel or "", (4, 4))
            axes.axhline(value, color=GREY, dashes=dashes, linewidth=1.4, label=group.label)
