"""The loss and PSNR of each epoch, kept in every checkpoint and sent to the logger."""

import math
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer


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
        """The best epoch by the monitor, the first of equals; empty if every PSNR is NaN."""
        numbers = [epoch for epoch in self.epochs if not math.isnan(epoch["val_psnr"])]
        if not numbers:
            return {}
        if self.monitor == "last":
            return self.epochs[-1]
        if self.monitor == "val_loss":
            return min(numbers, key=lambda epoch: epoch["val_loss"])
        return max(numbers, key=lambda epoch: epoch["val_psnr"])

    def max_val_psnr(self) -> float | None:
        """The highest val PSNR in dB of any epoch; None if every PSNR is NaN."""
        values = [epoch["val_psnr"] for epoch in self.epochs if not math.isnan(epoch["val_psnr"])]
        return max(values, default=None)

    def state_dict(self) -> dict[str, Any]:
        """The state that each checkpoint keeps."""
        return {"epochs": self.epochs}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the state of a checkpoint."""
        self.epochs = list(state_dict["epochs"])


def scalars(metrics: dict[str, float]) -> dict[str, float]:
    """The metrics of an epoch under their names in TensorBoard, apart from those of `final/`."""
    return {f"epoch/{name}": value for name, value in metrics.items()}
