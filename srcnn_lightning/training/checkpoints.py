"""Checkpoints that a killed run resumes from: written whole, and checked before they are used."""

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.plugins.io import TorchCheckpointIO

from srcnn_lightning import files
from srcnn_lightning.config import Config
from srcnn_lightning.console import print_line
from srcnn_lightning.errors import one_line
from srcnn_lightning.models.checkpoint import load_checkpoint
from srcnn_lightning.run_record import RESULTS_VERSION, VERSION_KEY
from srcnn_lightning.training import loggers
from srcnn_lightning.training.history import History

FOLDER = "checkpoints"
BEST, LAST, PREVIOUS = "best.ckpt", "last.ckpt", "previous.ckpt"
# The best of the epochs that `last.ckpt` has; `best.ckpt` may be of a later one.
BEST_BEFORE = "best_before.ckpt"
# Parts of a checkpoint that are as large as the weights, or larger, and that training alone needs.
TRAINING_STATE = ("optimizer_states", "lr_schedulers", "current_model_state", "averaging_state")
STATE_KEY = "Checkpoints"  # key of the callback's state in a checkpoint


class Checkpoints(Checkpoint):
    """Keep the checkpoints of the last epoch, of an earlier one, and of the best by the monitor.

    `best.ckpt` holds no state of the optimizer: nothing goes on from it.

    Lightning's ModelCheckpoint forgets its best score if the folder is moved between a kill and the
    restart, and a kill between its two files leaves a best checkpoint that is not the best of the
    history. Here the history alone decides.
    """

    def __init__(self, run_folder: Path, lineage: str, config: Config, history: History) -> None:
        """Nothing is written before the first epoch has ended.

        Args:
            run_folder: folder of the run.
            lineage: digest by which a checkpoint is recognized as one of this run.
            config: configuration of the run.
            history: epochs of the run.
        """
        self.folder = run_folder / FOLDER
        self.lineage = lineage
        self.settings = asdict(config)
        self.every_n_epochs = config.trainer.checkpoint_epochs
        self.history = history
        self.seconds_before = 0.0
        self.started = time.monotonic()

    @property
    def state_key(self) -> str:
        """The key under which Lightning keeps the state; it stays if the class is renamed."""
        return STATE_KEY

    @property
    def seconds(self) -> float:
        """The duration of the training so far, in interrupted processes too."""
        return self.seconds_before + time.monotonic() - self.started

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Make `best.ckpt` that of the epochs so far: the killed run may have been further."""
        self.started = time.monotonic()
        if not (trainer.ckpt_path and trainer.is_global_zero):
            return
        best, kept = self.folder / BEST, self.folder / BEST_BEFORE
        if self._newest_is_best:
            checkpoint = load_checkpoint(Path(str(trainer.ckpt_path)))
            _save(_without_training_state(checkpoint), best)
        elif kept.is_file() and load_checkpoint(kept)["epoch"] + 1 == self.history.best()["epoch"]:
            _link(kept, best)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Save the epoch; this callback is the last, so that the other states include the epoch."""
        if self.history.diverged:
            return  # no run resumes from a diverged epoch
        loggers.flush(trainer.loggers, self.folder.parent)
        epoch = trainer.current_epoch + 1
        is_due = epoch % self.every_n_epochs == 0 or epoch == trainer.max_epochs
        if is_due:
            last = self.folder / LAST
            if trainer.is_global_zero and last.is_file():
                _link(last, self.folder / PREVIOUS)
            trainer.save_checkpoint(last)
        # The last epoch is always the best by `monitor=last`: `last.ckpt` is written as often.
        if self._newest_is_best and (is_due or self.history.monitor != "last"):
            trainer.save_checkpoint(self.folder / BEST)
        if is_due and self.every_n_epochs > 1 and trainer.is_global_zero:
            _link(self.folder / BEST, self.folder / BEST_BEFORE)

    @property
    def _newest_is_best(self) -> bool:
        """Whether no epoch before the newest was better."""
        return self.history.best().get("epoch") == len(self.history.epochs)

    def forget_previous(self) -> None:
        """Remove what only a killed run needs, once the run is finished."""
        for name in (PREVIOUS, BEST_BEFORE):
            (self.folder / name).unlink(missing_ok=True)

    def state_dict(self) -> dict[str, Any]:
        """What the checkpoint belongs to, lineage, version and settings, and the seconds it took.

        A stopped run leaves no record, so the settings stand here too: for the sentence on what
        makes another run another.
        """
        return {
            "lineage": self.lineage,
            VERSION_KEY: RESULTS_VERSION,
            "settings": self.settings,
            "seconds": self.seconds,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the seconds of a checkpoint."""
        self.seconds_before = float(state_dict["seconds"])


class AtomicCheckpointIO(TorchCheckpointIO):
    """Write a checkpoint whole or not at all; it is on the disk before it gets its name.

    Lightning writes through the system's temporary folder, which may be on another disk, and holds
    the whole file in memory.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Save through a temporary file in the folder of `path`; `best.ckpt` is for use alone."""
        path = Path(path)
        _save(_without_training_state(checkpoint) if path.name == BEST else checkpoint, path)


def _save(checkpoint: dict[str, Any], path: Path) -> None:
    with files.atomic_write(path) as file:
        torch.save(checkpoint, file)


def _without_training_state(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """The part of a checkpoint that a test or an upscaling needs."""
    return {key: value for key, value in checkpoint.items() if key not in TRAINING_STATE}


@dataclass(frozen=True)
class Resume:
    """A checkpoint to resume from.

    Attributes:
        path: path of the checkpoint.
        epochs: number of epochs that it has done.
    """

    path: Path
    epochs: int


def find_resume(
    run_folder: Path, lineage: str, max_epochs: int, *, sets_aside: bool = True
) -> Resume | None:
    """The furthest intact checkpoint of a run; None to begin at the first epoch.

    Args:
        run_folder: folder of the run.
        lineage: lineage of the run; checkpoints of another lineage are ignored.
        max_epochs: length of the run. A checkpoint beyond it belongs to a longer run, whose earlier
            checkpoints are not used either.
        sets_aside: whether damaged checkpoints are moved aside; False: nothing is changed.
    """
    for resume, state in _intact(run_folder, sets_aside):
        if state.get("lineage") == lineage:
            return resume if resume.epochs <= max_epochs else None
    return None


def last_state(run_folder: Path) -> dict[str, Any] | None:
    """The state of `Checkpoints` in the furthest intact checkpoint of any run; None without one."""
    return next((state for _, state in _intact(run_folder)), None)


def _link(path: Path, other: Path) -> None:
    """Give a file a second name, which stays when the first name is given to another file."""
    temporary = other.with_name(f".{other.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    try:
        temporary.hardlink_to(path)
    except OSError:  # a file system without hard links
        shutil.copyfile(path, temporary)
    temporary.replace(other)
    files.sync_folder(other.parent)


def _intact(run_folder: Path, sets_aside: bool = True) -> Iterator[tuple[Resume, dict[str, Any]]]:
    """Intact checkpoints with the state of `Checkpoints`, furthest first.

    Damaged checkpoints are moved aside where `sets_aside` says so, and a line tells.
    """
    for name in (LAST, PREVIOUS):
        path = run_folder / FOLDER / name
        if not path.is_file():
            continue
        try:
            checkpoint = load_checkpoint(path)
            state = checkpoint["callbacks"].get(STATE_KEY, {})
            epochs = int(checkpoint["epoch"]) + 1
        except Exception as error:
            if not sets_aside:
                continue
            aside = files.set_aside(path, path.parent / "damaged")
            print_line(f"{path}: damaged ({_summary(error)}), kept as {aside}; going on without it")
            continue
        yield Resume(path, epochs), state


def _summary(error: Exception) -> str:
    return f"{type(error).__name__}: {one_line(error)[:80]}"
