"""A real run of this program, through Lightning, with a clock at its epochs."""

import tempfile
import time
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from benchmarks.alone import Figures
from benchmarks.compose import request
from srcnn_lightning.training import fit
from srcnn_lightning.training.components import build


class Clock(Callback):
    """Seconds of each epoch: of its training steps, and of all that belongs to it."""

    def __init__(self) -> None:
        self.starts: list[float] = []
        self.ends: list[float] = []

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """An epoch begins; the one before has ended."""
        self.starts.append(now(trainer))

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """All training steps of the epoch are done."""
        self.ends.append(now(trainer))

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The last epoch has ended."""
        self.starts.append(now(trainer))

    @property
    def steps(self) -> list[float]:
        """Training steps alone; the first epoch warms up and is left out."""
        return [end - start for start, end in zip(self.starts[1:-1], self.ends[1:], strict=True)]

    @property
    def epochs(self) -> list[float]:
        """With validation, checkpoints, pictures and events."""
        starts = self.starts[1:]
        return [after - start for start, after in pairwise(starts)]


def now(trainer: Trainer) -> float:
    """The time, when the device has done all it was given."""
    if trainer.strategy.root_device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def run(epochs: int, *overrides: str) -> Clock:
    """Train, test and leave everything behind, as the command does."""
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        asked = request(
            Path(folder), f"trainer.max_epochs={epochs + 1}", "model.init=default", *overrides
        )
        parts = build(asked, None)
        parts.data.prepare()
        callbacks: list[Any] = parts.trainer.callbacks  # type: ignore[attr-defined]
        callbacks.append(clock)
        fit.fit_and_test(parts, asked)
    return clock


def train(epochs: int, images: int, overrides: list[str]) -> Figures:
    """Images per second of the training steps and of whole epochs; `images` train in an epoch."""
    clock = run(epochs, *overrides)
    return {
        "images_per_second": epochs * images / sum(clock.steps),
        "whole_images_per_second": epochs * images / sum(clock.epochs),
    }


def epochs(runs: dict[str, list[str]], count: int) -> Figures:
    """Seconds an epoch of runs with several overrides; of each the median of `count`."""
    return {name: median(run(count, *overrides).epochs) for name, overrides in runs.items()}
