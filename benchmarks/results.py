"""Kept figures: `results.csv`, one line for each set of figures of each benchmark."""

import csv
import platform
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from benchmarks.figures import FigureSet
from benchmarks.options import Options
from srcnn_lightning.training.environment import git_commit, processor

FILE_NAME = "results.csv"
PACKAGES = ("torch", "lightning", "onnxruntime")
FIELDS = ("date", "commit", "device", "threads", "python", *PACKAGES, "set", "rounds", "medians")


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
        "rounds": options.rounds,
    }
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, FIELDS, lineterminator="\n")
        if is_new:
            writer.writeheader()
        for figures in found:
            medians = "; ".join(f"{name}={value:.5g}" for name, value in figures.medians().items())
            writer.writerow({**common, "set": figures.name, "medians": medians})


@cache
def _commit() -> str:
    """Once: the results themselves change a file of the checkout."""
    return git_commit() or ""


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # ONNX Runtime is for the benchmark alone
        return ""
