"""The bars: training and inference beside their roofs."""

from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.figures import FigureSet, Row, format_value

FILE_NAME = "results.png"
DRAWN = ("training", "inference")
OURS, OTHERS = "#1f77b4", "#b0b0b0"


def draw(folder: Path, found: list[FigureSet], caption: str) -> None:
    """Images per second, a bar for each contender, a line from the slowest to the fastest round.

    Writes nothing if nothing that is drawn was measured.
    """
    sets = [figures for figures in found if figures.name in DRAWN]
    if not sets:
        return
    figure = Figure(figsize=(9, 1.2 + 2.4 * len(sets)), layout="constrained")
    for axes, figures in zip(figure.subplots(len(sets), squeeze=False)[:, 0], sets, strict=True):
        _bars(axes, figures.title, [row for row in figures.rows if row.unit == "image/s"])
    figure.suptitle(caption, fontsize="small")
    figure.savefig(folder / FILE_NAME, dpi=120)


def _bars(axes: Axes, title: str, rows: list[Row]) -> None:
    names = [row.name for row in rows]
    medians = [row.median for row in rows]
    spread = (
        [row.median - min(row.values) for row in rows],
        [max(row.values) - row.median for row in rows],
    )
    colours = [OURS if "ours" in name else OTHERS for name in names]
    axes.barh(names, medians, color=colours, xerr=spread, ecolor="black", capsize=2)
    for number, value in enumerate(medians):
        axes.annotate(f" {format_value(value)}", (0, number), va="center", fontsize="small")
    axes.invert_yaxis()
    axes.set_title(title, fontsize="medium")
    axes.set_xlabel("images per second; lines from the slowest to the fastest round")
