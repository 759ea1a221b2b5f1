"""What watches a training: its history, its progress, its pictures."""

import math
import random
import time
from hashlib import sha256
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from srcnn_lightning import metrics
from srcnn_lightning.console import duration, print_line, progress_bar
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.resize import to_uint8
from srcnn_lightning.sweeps.sweep import Place
from srcnn_lightning.training import tensorboard
from srcnn_lightning.training.images import captioned, comparison_strips

SHOWN_IMAGES = 4  # validation images in TensorBoard
SHOWN_TIMES = 5  # how often during a training


class History(Callback):
    """Keep and log train loss, val loss and val PSNR of each epoch; stop where they diverge."""

    def __init__(self) -> None:
        self.epochs: list[dict[str, float]] = []
        self.diverged = False

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """One value a curve and epoch; a NaN or infinity ends the training."""
        figures = {
            name: float(trainer.callback_metrics[f"{part}/{figure}"])
            for name, part, figure in (
                ("train_loss", "train", "loss"),
                ("val_loss", "val", "loss"),
                ("val_psnr", "val", "psnr"),
            )
        }
        epoch = trainer.current_epoch
        self.epochs.append({"epoch": epoch + 1, **figures})
        # The loss alone decides: PSNR is infinite for a perfect image.
        if not all(math.isfinite(figures[name]) for name in ("train_loss", "val_loss")):
            self.diverged = True
            trainer.should_stop = True
            return
        for logger in trainer.loggers:
            logger.log_metrics(scalars(figures), step=epoch + 1)

    def best(self) -> dict[str, float]:
        """The epoch with the best val PSNR, the first of equals; empty if none was finite."""
        finite = [epoch for epoch in self.epochs if not math.isnan(epoch["val_psnr"])]
        return max(finite, key=lambda epoch: epoch["val_psnr"]) if finite else {}

    def state_dict(self) -> dict[str, Any]:
        """Kept in each checkpoint."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Taken up with a checkpoint."""
        self.epochs = list(state_dict["epochs"])


def scalars(figures: dict[str, float]) -> dict[str, float]:
    """Under the names that TensorBoard shows, before the single points of `final/`."""
    return {f"epoch/{name}": value for name, value in figures.items()}


def seed_generators(number: int) -> None:
    """Every generator that a network may ask, also one that is not ours."""
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


class EpochSeeds(Callback):
    """Seed each epoch by itself: a run that goes on draws the numbers it would have drawn."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Each process of a run draws its own numbers."""
        text = f"{self.seed}/{trainer.current_epoch}/{trainer.global_rank}"
        seed_generators(int.from_bytes(sha256(text.encode()).digest()[:4]))


class EpochProgress(Callback):
    """A bar over epochs on a terminal; elsewhere ten lines a run."""

    def __init__(self, name: str, history: History, place: Place | None = None) -> None:
        self.name = f"{place.text}, {name}" if place else name
        self.place = place
        self.history = history
        self.bar = progress_bar()
        self.task: Any = None
        self.started = 0.0
        self.done_before = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show an empty bar, or one that is filled as far as the run has come."""
        if not trainer.is_global_zero:
            return
        self.started, self.done_before = time.monotonic(), len(self.history.epochs)
        self.bar.start()
        self.task = self.bar.add_task(
            self.name, total=trainer.max_epochs, completed=self.done_before, note=""
        )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Advance by an epoch."""
        if not trainer.is_global_zero:
            return
        epoch, epochs = trainer.current_epoch + 1, trainer.max_epochs or 1
        seconds = (time.monotonic() - self.started) / (epoch - self.done_before)
        if not self.bar.disable:
            self.bar.update(self.task, advance=1, note=self._note(seconds, epochs - epoch))
        elif epoch % max(1, epochs // 10) == 0:
            note = self._note(seconds, epochs - epoch)
            print_line(f"  {self.name}: epoch {epoch} of {epochs}, {note}")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Clear the bar, also after an exception."""
        self.bar.stop()

    def _note(self, seconds_an_epoch: float, epochs_left: int) -> str:
        best = self.history.best()
        parts = [f"best val {best['val_psnr']:.2f} dB"] if best else []
        left = seconds_an_epoch * epochs_left
        if self.bar.disable and epochs_left:  # the bar has a clock of its own
            parts.append(f"{duration(left)} left")
        epochs = len(self.history.epochs) + epochs_left
        after = self.place.seconds_after(seconds_an_epoch * epochs) if self.place else None
        if after:
            parts.append(f"sweep {duration(left + after)} left")
        return ", ".join(parts)


class ValidationImages(Callback):
    """Show input, output and target of the same validation images in TensorBoard."""

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """At a few epochs, the last among them."""
        epoch, epochs = trainer.current_epoch + 1, trainer.max_epochs or 1
        if epoch == epochs or epoch % max(1, epochs // SHOWN_TIMES) == 0:
            log_images(trainer, pl_module, epoch)


@torch.no_grad()
def log_images(trainer: Trainer, network: LightningModule, epoch: int) -> None:
    """Log one strip `input | output | target` for each of the first validation images."""
    data = trainer.datamodule  # type: ignore[attr-defined]
    loggers = [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]
    if not (loggers and trainer.is_global_zero and isinstance(data, SuperResolutionData)):
        return
    shown = min(SHOWN_IMAGES, len(data.split.val))
    was_training = network.training
    network.eval()
    lr, hr = (images.to(network.device) for images in data.pairs["val"][list(range(shown))])
    output = network(lr)
    network.train(was_training)
    psnr = metrics.psnr(output.float().clamp(0, 1), hr).tolist()
    for name, strip, decibels in zip(
        data.split.val, comparison_strips(lr, output, hr), psnr, strict=False
    ):
        picture = captioned(strip, ("input", f"output, {decibels:.2f} dB", "target"))
        for logger in loggers:
            tensorboard.add_image(logger, f"val/{name}", picture, epoch)


class TestOutputs(Callback):
    """Keep the outputs for the test images, `(N, 3, H, W)` uint8, in the order of the split."""

    __test__ = False  # not a test of pytest's

    def __init__(self) -> None:
        self.outputs: list[Tensor] = []

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Round as an image file does."""
        self.outputs.extend(to_uint8(outputs))
