"""The loss and PSNR of each epoch, kept in every checkpoint and sent to the logger."""

import math
import re
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from srcnn_lightning.training.loggers import scalars

SCALE = re.compile(r"_x\d+$")  # the end of a metric of one of several scales


class History(Callback):
    """Keep and log losses and val PSNR of each epoch; stop where a loss diverges.

    Attributes:
        epochs: for each epoch its number, counted from 1, and its metrics.
        diverged: whether a loss was NaN or infinite, which ends the training.
    """

    def __init__(self, monitor: str = "val_psnr") -> None:
        """Nothing is kept before the first epoch has ended.

        Args:
            monitor: what the best epoch is best by: `val_psnr`, `val_loss` or `last`.
        """
        self.monitor = monitor
        self.epochs: list[dict[str, float]] = []
        self.diverged = False

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the epoch's metrics; log them unless a loss has diverged."""
        metrics = {
            name.replace("/", "_"): float(value)
            for name, value in sorted(trainer.callback_metrics.items())
            if name.startswith(("train/", "val/"))
        }
        epoch = trainer.current_epoch + 1
        self.epochs.append({"epoch": epoch, **metrics})
        # The losses alone decide: the PSNR of a perfect image is infinite.
        losses = [value for name, value in metrics.items() if name.endswith("loss")]
        if not all(map(math.isfinite, losses)):
            self.diverged = True
            trainer.should_stop = True
            return
        rates = [
            group["lr"] for optimizer in trainer.optimizers for group in optimizer.param_groups
        ]
        for logger in trainer.loggers:
            logger.log_metrics(scalars({**metrics, "lr": rates[0]}), step=epoch)

    def best(self) -> dict[str, float]:
        """The best epoch by the monitor, the first of equals; empty if every PSNR is NaN.

        Once a discriminator takes part, the epochs before it do not count.
        """
        numbers = [epoch for epoch in self.epochs if not math.isnan(epoch["val_psnr"])]
        adversarial = [epoch for epoch in numbers if "train_discriminator_loss" in epoch]
        numbers = adversarial or numbers
        if not numbers:
            return {}
        if self.monitor == "last":
            return self.epochs[-1]
        if self.monitor == "val_loss":
            return min(numbers, key=lambda epoch: epoch["val_loss"])
        return max(numbers, key=lambda epoch: epoch["val_psnr"])

    def metrics(self, scale: int | None = None) -> dict[str, float | None]:
        """`max_val_psnr` in dB, of any epoch, and `val_loss` of the best; None if all are NaN.

        Args:
            scale: one of several scales; None: the mean over them, or the only one.
        """
        suffix = "" if scale is None else f"_x{scale}"
        values = [epoch.get(f"val_psnr{suffix}", math.nan) for epoch in self.epochs]
        numbers = [value for value in values if not math.isnan(value)]
        return {
            "max_val_psnr": max(numbers, default=None),
            "val_loss": self.best().get(f"val_loss{suffix}"),
        }

    def of_scale(self, scale: int) -> list[dict[str, float]]:
        """The epochs with the validation of one of several scales in the place of the mean."""
        names = ("val_loss", "val_psnr")
        return [
            {
                **{key: value for key, value in epoch.items() if not SCALE.search(key)},
                **{name: epoch.get(f"{name}_x{scale}", math.nan) for name in names},
            }
            for epoch in self.epochs
        ]

    def state_dict(self) -> dict[str, Any]:
        """The state that each checkpoint keeps."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state of a checkpoint."""
        self.epochs = list(state_dict["epochs"])
