"""Checkpoints that a killed run goes on from: written whole, recognized, never trusted blindly."""

import io
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from srcnn_lightning import files
from srcnn_lightning.console import print_line
from srcnn_lightning.files import set_aside
from srcnn_lightning.inference.network import load_checkpoint
from srcnn_lightning.run_record import RESULTS_VERSION, VERSION_KEY
from srcnn_lightning.training import tensorboard
from srcnn_lightning.training.callbacks import History

FOLDER = "checkpoints"
BEST, LAST, PREVIOUS = "best.ckpt", "last.ckpt", "previous.ckpt"
STATE_KEY = "Checkpoints"  # the key of this callback's state in a checkpoint


class Checkpoints(Checkpoint):
    """Keep `last.ckpt` after each epoch, `best.ckpt` by val PSNR, and the one before the last.

    Lightning's ModelCheckpoint forgets its best score when the folder was moved between a kill and
    the restart, and a kill between its two files leaves a best that the history does not know; here
    the history alone decides.
    """

    def __init__(self, run_folder: Path, lineage: str, history: History) -> None:
        self.folder = run_folder / FOLDER
        self.lineage = lineage
        self.history = history
        self.seconds_before = 0.0
        self.started = time.monotonic()

    @property
    def state_key(self) -> str:
        """Under which Lightning keeps the state."""
        return STATE_KEY

    @property
    def seconds(self) -> float:
        """Of training so far, those of interrupted processes included."""
        return self.seconds_before + time.monotonic() - self.started

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """A kill between the two files leaves a best epoch without its `best.ckpt`."""
        self.started = time.monotonic()
        if trainer.ckpt_path and trainer.is_global_zero:
            self._keep_best(Path(str(trainer.ckpt_path)))

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Last of all callbacks, so that a checkpoint knows its own epoch."""
        if self.history.diverged:
            return  # nobody would go on from there
        tensorboard.flush(trainer.loggers, self.folder.parent)
        last = self.folder / LAST
        if trainer.is_global_zero and last.is_file():
            _link(last, self.folder / PREVIOUS)
        trainer.save_checkpoint(last)
        if trainer.is_global_zero:
            self._keep_best(last)

    def _keep_best(self, checkpoint: Path) -> None:
        """Copy the newest epoch's checkpoint if no epoch before it was better."""
        if self.history.best().get("epoch") == len(self.history.epochs):
            content = checkpoint.read_bytes()  # not a link: damage to one shall not be the other's
            with files.atomic_write(self.folder / BEST) as file:
                file.write(content)

    def forget_previous(self) -> None:
        """Once the run is finished, nobody goes on from there."""
        (self.folder / PREVIOUS).unlink(missing_ok=True)

    def state_dict(self) -> dict[str, Any]:
        """Whose checkpoint this is, and what it cost."""
        return {
            "lineage": self.lineage,
            VERSION_KEY: RESULTS_VERSION,
            "seconds": self.seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Taken up with a checkpoint."""
        self.seconds_before = float(state_dict["seconds"])


class AtomicCheckpointIO(TorchCheckpointIO):
    """Whole files or none, on the disk before they take their names.

    Lightning's own way goes through the system's temporary folder, which may be another disk.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save as torch does, through a temporary file beside `path`."""
        content = io.BytesIO()  # torch hides a full disk behind a RuntimeError
        torch.save(checkpoint, content)
        with files.atomic_write(Path(path)) as file:
            file.write(content.getbuffer())


@dataclass(frozen=True)
class Resume:
    """A checkpoint to go on from, after `epochs` epochs."""

    path: Path
    epochs: int


def find_resume(run_folder: Path, lineage: str, max_epochs: int) -> Resume | None:
    """The furthest intact checkpoint of this very run.

    Args:
        run_folder: of the run.
        lineage: of the run that is asked for; another's checkpoints are left alone.
        max_epochs: of the run that is asked for; one that has come further is another.
    """
    for resume, state in _intact(run_folder):
        if state.get("lineage") == lineage:
            # A run that has come further is not cut back to an earlier checkpoint: it is another.
            return resume if resume.epochs <= max_epochs else None
    return None


def last_state(run_folder: Path) -> dict[str, Any] | None:
    """What `Checkpoints` left in the furthest intact checkpoint of whatever run; None without."""
    return next((state for _, state in _intact(run_folder)), None)


def _link(path: Path, other: Path) -> None:
    """Give a file a second name; whoever replaces the first leaves the second as it is."""
    temporary = other.with_name(f".{other.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, temporary)
    temporary.replace(other)
    files.sync_folder(other.parent)


def _intact(run_folder: Path) -> Iterator[tuple[Resume, dict[str, Any]]]:
    """Checkpoints, furthest first, with the state of `Checkpoints`; damaged ones are set aside."""
    for name in (LAST, PREVIOUS, BEST):
        path = run_folder / FOLDER / name
        if not path.is_file():
            continue
        try:
            checkpoint = load_checkpoint(path)
            state = checkpoint["callbacks"].get(STATE_KEY, {})
            epochs = int(checkpoint["epoch"]) + 1
        except Exception as error:
            aside = set_aside(path, path.parent / "damaged")
            print_line(f"{path}: damaged ({_short(error)}), kept as {aside}; going on without it")
            continue
        yield Resume(path, epochs), state


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0][:80]}"
