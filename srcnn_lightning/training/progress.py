"""How far a training is, on a terminal as a bar, elsewhere as ten lines."""

import time
from typing import Any, Protocol

from lightning.pytorch import Callback, LightningModule, Trainer

from srcnn_lightning.console import duration, print_line, progress_bar
from srcnn_lightning.training.history import History


class SweepPosition(Protocol):
    """The position of a run in its sweep."""

    @property
    def text(self) -> str:
        """The position in words: `job 3 of 12`."""

    def seconds_after(self, seconds: float) -> float | None:
        """The expected time of the jobs after this one; None where their number is unknown.

        Args:
            seconds: expected time of this job.
        """


class EpochProgress(Callback):
    """Show the epochs of a run, its best val PSNR and the time left."""

    def __init__(self, name: str, history: History, position: SweepPosition | None = None) -> None:
        """Nothing is shown before the training.

        Args:
            name: name of the run.
            history: epochs of the run, those before a restart included.
            position: position of the run in its sweep; None for a single run.
        """
        self.name = f"{position.text}, {name}" if position else name
        self.position = position
        self.history = history
        self.bar = progress_bar()
        self.bar_task: Any = None
        self.started = 0.0
        self.epochs_before = 0

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Show a bar that is filled as far as an earlier process has come."""
        if not trainer.is_global_zero:
            return
        self.started, self.epochs_before = time.monotonic(), len(self.history.epochs)
        self.bar.start()
        self.bar_task = self.bar.add_task(
            self.name, total=trainer.max_epochs, completed=self.epochs_before, note=""
        )

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Advance by an epoch."""
        if not trainer.is_global_zero:
            return
        epoch, epochs = trainer.current_epoch + 1, trainer.max_epochs or 1
        epoch_seconds = (time.monotonic() - self.started) / (epoch - self.epochs_before)
        if not self.bar.disable:
            self.bar.update(self.bar_task, advance=1, note=self._note(epoch_seconds, epochs))
        elif epoch % max(1, epochs // 10) == 0:
            note = self._note(epoch_seconds, epochs)
            print_line(f"  {self.name}: epoch {epoch} of {epochs}, {note}")

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Remove the bar, also after an exception."""
        self.bar.stop()

    def _note(self, epoch_seconds: float, epochs: int) -> str:
        """The best val PSNR and the time left: `best val 28.64 dB, 12 min left`."""
        best = self.history.best()
        word = "val" if self.history.monitor == "last" else "best val"
        notes = [f"{word} {best['val_psnr']:.2f} dB"] if best else []
        if (discriminator := self.history.epochs[-1].get("train_discriminator_loss")) is not None:
            notes.append(f"discriminator loss {discriminator:.3f}")
        epochs_left = epochs - len(self.history.epochs)
        seconds_left = epoch_seconds * epochs_left
        if self.bar.disable and epochs_left:  # the bar shows the time left by itself
            notes.append(f"{duration(seconds_left)} left")
        after = self.position.seconds_after(epoch_seconds * epochs) if self.position else None
        if after:
            notes.append(f"sweep {duration(seconds_left + after)} left")
        return ", ".join(notes)
