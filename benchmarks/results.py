"""How are figures shown and kept? As a table, a line of results.csv and the bars of results.png."""

import csv
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from benchmarks.rounds import FigureSet, Row
from benchmarks.workload import Workload
from srcnn_lightning.training.environment import git_commit, processor

CSV, PICTURE = "results.csv", "results.png"
PACKAGES = ("torch", "lightning", "onnxruntime")
FIELDS = (
    *("date", "commit", "device", "threads", "python", *PACKAGES),
    *("set", "rounds", "medians", "title", "images", "lowest", "highest"),
)
DRAWN = ("training", "inference")
OURS, OTHERS = "#1f77b4", "#b0b0b0"


def show(figures: FigureSet, console: Console) -> None:
    """Print a table with a row for each figure."""
    table = Table(title=figures.title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("figure", "median", "lowest", "highest", "unit"):
        is_text = heading in ("figure", "unit")
        table.add_column(heading, no_wrap=True, justify="left" if is_text else "right")
    for row in figures.rows:
        values = map(format_value, (row.median, min(row.values), max(row.values)))
        table.add_row(escape(row.name), *values, row.unit)
    console.print(table)


def format_value(value: float) -> str:
    """Three significant digits, or all digits of a larger whole number."""
    return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.3g}"


def append(folder: Path, found: list[FigureSet], workload: Workload) -> None:
    """Add a line for each set to results.csv: `name (unit)=value; ...` of all its figures."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / CSV
    is_new = not path.exists()
    common = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "device": _device_name(workload.device),
        "threads": workload.threads,
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "images": "drawn" if workload.folder is None else workload.folder.name,
    }
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        for figures in found:
            own = {
                "set": figures.name,
                "title": figures.title,
                "rounds": max(len(row.values) for row in figures.rows),
                "medians": _joined(figures, median),
                "lowest": _joined(figures, min),
                "highest": _joined(figures, max),
            }
            writer.writerow({**common, **own})


def draw(folder: Path, found: list[FigureSet], workload: Workload) -> None:
    """Draw images per second of training and inference as results.png."""
    sets = [figures for figures in found if figures.name in DRAWN]
    figure = Figure(figsize=(9, 1.2 + 2.4 * len(sets)), layout="constrained")
    for axes, figures in zip(figure.subplots(len(sets), squeeze=False)[:, 0], sets, strict=True):
        _bars(axes, figures.title, [row for row in figures.rows if row.unit == "image/s"])
    threads = f"{workload.threads} thread{'s' if workload.threads > 1 else ''}"
    caption = f"{_device_name(workload.device)}, {threads}, torch {torch.__version__}"
    figure.suptitle(caption, fontsize="small")
    figure.savefig(folder / PICTURE, dpi=120)


def _bars(axes: Axes, title: str, rows: list[Row]) -> None:
    medians = [row.median for row in rows]
    spread = (
        [row.median - min(row.values) for row in rows],
        [max(row.values) - row.median for row in rows],
    )
    colours = [OURS if "ours" in row.name else OTHERS for row in rows]
    names = [row.name for row in rows]
    axes.barh(names, medians, color=colours, xerr=spread, ecolor="black", capsize=2)
    for number, value in enumerate(medians):
        axes.annotate(f" {format_value(value)}", (0, number), va="center", fontsize="small")
    axes.invert_yaxis()
    axes.set_title(title, fontsize="medium")
    axes.set_xlabel("images per second; lines from the slowest to the fastest round")


def _joined(figures: FigureSet, choose: Callable[[tuple[float, ...]], float]) -> str:
    return "; ".join(f"{row.name} ({row.unit})={choose(row.values):.5g}" for row in figures.rows)


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else processor()


@cache
def _commit() -> str:
    """Commit of this checkout, asked for once: results.csv is a file of the checkout itself."""
    return git_commit() or ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # ONNX Runtime comes with the extra `bench` alone
        return ""
