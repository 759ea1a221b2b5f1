"""Kept figures: `results.csv`, one line for each set of figures of each benchmark."""

import csv
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median

import torch

from benchmarks.figures import FigureSet
from benchmarks.options import Options
from srcnn_lightning.training.environment import git_commit, processor

FILE_NAME = "results.csv"
PACKAGES = ("torch", "lightning", "onnxruntime")
FIELDS = (
    *("date", "commit", "device", "threads", "python", *PACKAGES),
    *("set", "rounds", "medians", "title", "images", "lowest", "highest"),
)


def device_name(device: str) -> str:
    """Of the GPU, or of the CPU."""
    return torch.cuda.get_device_name() if device == "cuda" else processor()


def append(folder: Path, found: list[FigureSet], options: Options) -> None:
    """One line a set; medians are `name (unit)=value`, separated by semicolons."""
    path = folder / FILE_NAME
    is_new = not path.exists()
    common = {
        "date": datetime.now(UTC).date().isoformat(),
        "commit": _commit(),
        "device": device_name(options.device),
        "threads": options.threads,
        "python": platform.python_version(),
        **{package: _version(package) for package in PACKAGES},
        "images": "drawn" if options.folder is None else options.folder.name,
    }
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        for figures in found:
            writer.writerow(
                {
                    **common,
                    "set": figures.name,
                    "title": figures.title,
                    "rounds": max(len(row.values) for row in figures.rows),
                    "medians": _joined(figures, median),
                    "lowest": _joined(figures, min),
                    "highest": _joined(figures, max),
                }
            )


def _joined(figures: FigureSet, choose: Callable[[tuple[float, ...]], float]) -> str:
    return "; ".join(f"{row.name} ({row.unit})={choose(row.values):.5g}" for row in figures.rows)


@cache
def _commit() -> str:
    """Once: the results themselves change a file of the checkout."""
    return git_commit() or ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # ONNX Runtime is for the benchmark alone
        return ""
