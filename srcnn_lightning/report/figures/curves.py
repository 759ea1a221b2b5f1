"""Curves over epochs (paper, figures 4 to 7), and the scatter of gains."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from srcnn_lightning.report.figures.figure_selection import Curve, CurveFigure
from srcnn_lightning.report.figures.style import COLOURS, DASHES, GREY, figure
from srcnn_lightning.report.seed_groups import SeedGroup

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANELS = (
    ("val_loss", "val_loss", "Validation loss (MSE, log scale)"),
    ("val_psnr", "max_val_psnr", "Validation PSNR (dB)"),
)
MARKERS = "osD^v"


def draw_curves(shown: CurveFigure, baselines: Sequence[SeedGroup], data: str) -> "Figure":
    """Validation loss above validation PSNR against the epoch; baselines as dashed lines.

    One column, so that it fits a phone and a column of a paper. Of several seeds the line is the
    mean, and a band reaches from the lowest to the highest. Of more curves than there are colours
    the best are coloured, and the others thin and grey.

    Args:
        shown: the curves.
        baselines: drawn beside them.
        data: the data set and degradation, for the title.
    """
    from matplotlib.ticker import MaxNLocator

    with figure(5.4, 7.2) as made:
        panels = made.subplots(2, 1, sharex=True)
        best = sorted(shown.curves, key=lambda curve: -(curve.setting.mean("max_val_psnr") or 0))
        several = len(shown.curves) > len(COLOURS)
        coloured = best[: len(COLOURS)] if several else shown.curves
        for axes, (curve_name, metric, label) in zip(panels, PANELS, strict=True):
            for curve in shown.curves:
                if curve not in coloured:
                    _line(axes, curve, curve_name, color=GREY, linewidth=0.6, alpha=0.5)
            for place, curve in enumerate(coloured):
                colour = COLOURS[place if several else curve.colour]
                _line(axes, curve, curve_name, color=colour, label=curve.label, linewidth=1.6)
            _baselines(axes, baselines, metric)
            if curve_name == "val_loss":
                _log_scale(axes)
            axes.set_ylabel(label)
            axes.margins(x=0.02)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            left, right = axes.get_xlim()
            axes.set_xlim(min(left, 0.5), max(right, 1.5))  # one epoch has room for a whole number
        panels[-1].set_xlabel("Epoch")
        _title(made, f"{shown.title}: {data}", shown.note)
        named = {
            label: handle
            for axes in panels
            for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        if len(coloured) < len(shown.curves):
            others = len(shown.curves) - len(coloured)
            named[f"{others} others"] = panels[0].plot([], [], color=GREY, linewidth=0.6)[0]
        columns = 2 if max(map(len, named), default=0) < 28 else 1
        made.legend(
            [*named.values()], [*named], loc="outside lower center", ncols=columns, frameon=False
        )
    return made


def describe_curves(shown: CurveFigure) -> str:
    """In words, for those who cannot see the figure."""
    known = [(curve.setting.mean("max_val_psnr"), curve.label) for curve in shown.curves]
    best = max(((psnr, label) for psnr, label in known if psnr is not None), default=None)
    text = f"{shown.title}: validation loss and PSNR against the epoch of {len(known)} settings"
    return f"{text}; the best, {best[1]}, reaches {best[0]:.2f} dB." if best else f"{text}."


def draw_gains(settings: Sequence[SeedGroup], bicubic: dict[str, float], data: str) -> "Figure":
    """What each setting gains on each test image, against how hard the image is for bicubic.

    Args:
        settings: a few.
        bicubic: its PSNR in dB for each image.
        data: the data set and degradation, for the title.
    """
    with figure(5.4, 5.2) as made:
        axes = made.subplots()
        for setting, colour, marker in zip(settings, COLOURS, MARKERS, strict=False):
            psnr = setting.psnr_per_image()
            names = [name for name in psnr if name in bicubic]
            gains = [psnr[name] - bicubic[name] for name in names]
            label = f"{setting.label} (mean {np.mean(gains):+.2f} dB)" if gains else setting.label
            at = [bicubic[name] for name in names]
            axes.scatter(at, gains, s=34, color=colour, marker=marker, alpha=0.85, label=label)
        axes.axhline(0, color=GREY, dashes=DASHES["bicubic"], label="Bicubic")
        axes.set_xlabel("Test PSNR of bicubic (dB)")
        axes.set_ylabel("Gain over bicubic (dB)")
        _title(made, f"Gain on each test image: {data}", "easy images lie on the right")
        made.legend(loc="outside lower center", frameon=False)
    return made


def _title(made: "Figure", title: str, note: str) -> None:
    from textwrap import fill

    made.suptitle(f"{fill(title, 52)}\n{fill(note, 60)}", fontsize=10)


def _log_scale(axes: "Axes") -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    low, high = axes.get_ylim()
    marks = (1, 2, 5) if high > 8 * low else (1, 1.5, 2, 3, 4, 5, 6, 7, 8)
    axes.yaxis.set_major_locator(LogLocator(subs=marks, numticks=12))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _line(axes: "Axes", curve: Curve, name: str, **look: Any) -> None:
    table = _histories(curve.setting, name)
    if not np.isfinite(table).any():
        return
    epochs = np.arange(1, table.shape[1] + 1)
    known = np.isfinite(table)
    counts = known.sum(0)
    sums = np.where(known, table, 0).sum(0)
    mean = np.where(counts > 0, sums / np.maximum(counts, 1), math.nan)
    if curve.is_varied:
        look |= {"linestyle": (0, (2, 1)), "linewidth": 1.8}
    if known.sum() < 3 * len(table):  # too few for a line
        look |= {"marker": "o", "markersize": 4}
    axes.plot(epochs, mean, **look)
    if len(table) > 1:
        low = np.where(known, table, math.inf).min(0)
        high = np.where(known, table, -math.inf).max(0)
        band = counts > 0
        axes.fill_between(
            epochs, low, high, where=band, color=look["color"], alpha=0.18, linewidth=0
        )


def _histories(setting: SeedGroup, name: str) -> NDArray[np.float64]:
    """`(seeds, epochs)` of the seeds that finished, or of all where none has.

    NaN where a run had stopped or its figure was not finite. A seed that diverged is named in the
    setting's label: within a mean it would make a step where it ends.
    """
    runs = [run for run in setting.finished or setting.runs if run.get("history")]
    length = max((epoch["epoch"] for run in runs for epoch in run["history"]), default=0)
    table = np.full((len(runs), length), math.nan)
    for row, run in zip(table, runs, strict=True):
        for epoch in run["history"]:
            if epoch[name] is not None:
                row[epoch["epoch"] - 1] = epoch[name]
    return table


def _baselines(axes: "Axes", baselines: Sequence[SeedGroup], metric: str) -> None:
    for setting in baselines:
        value = setting.mean(metric)
        if value is not None:
            dashes = DASHES.get(setting.kernel or "", (4, 4))
            axes.axhline(value, color=GREY, dashes=dashes, linewidth=1.4, label=setting.label)
