"""A trial of a training: a few steps and validation batches, timed, which leave nothing behind."""

import resource
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer

from srcnn_lightning.config import Config
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.models.cost import count_operations
from srcnn_lightning.training import environment
from srcnn_lightning.training.components import build
from srcnn_lightning.training.seeds import EpochSeeds
from srcnn_lightning.training.trainer import make_trainer, weight_averaging

STEPS = 8  # the first of them also prepare memory and kernels, and are not counted
WARM_UP = 3
VALIDATION_BATCHES = 3
LONGEST_S = 20.0  # of all steps; a large network on a CPU takes seconds for each


@dataclass(frozen=True)
class Trial:
    """What a training consists of and needs.

    Attributes:
        device: name of the device.
        parameters: number of trainable parameters.
        multiply_adds: of an output of 1280x720 pixels; None for a network that cannot be counted.
        target_size: height and width of the training targets or patches, in pixels.
        epoch_steps: steps an epoch.
        step_s: seconds of a step; None for a network that is not trained.
        validation_s: seconds of a validation.
        memory_mb: peak memory in MB, of the GPU or of this process.
    """

    device: str
    parameters: int
    multiply_adds: int | None
    target_size: tuple[int, int]
    epoch_steps: int
    step_s: float | None
    validation_s: float
    memory_mb: float

    def seconds(self, epochs: int) -> float:
        """The time of so many epochs, without the test."""
        if self.step_s is None:
            return self.validation_s
        return epochs * (self.epoch_steps * self.step_s + self.validation_s)


class _Clock(Callback):
    """Durations of training steps and validation batches."""

    def __init__(self) -> None:
        self.started = self.begun = 0.0
        self.steps: list[float] = []
        self.validation_batches: list[float] = []

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """The first step begins."""
        self.started = self.begun = time.perf_counter()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any
    ) -> None:
        """A step has ended. One step is enough where steps are long."""
        now = _now(pl_module.device)
        self.steps.append(now - self.begun)
        self.begun = now
        trainer.should_stop = now - self.started > LONGEST_S

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any
    ) -> None:
        """A batch begins."""
        self.begun = _now(pl_module.device)

    def on_validation_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, *_: Any, **__: Any
    ) -> None:
        """A batch has ended."""
        self.validation_batches.append(_now(pl_module.device) - self.begun)


def try_out(config: Config, source: Source, split: Split, gpu: int | None = None) -> Trial:
    """Build what a run needs and take a few steps; nothing of it is kept.

    Args:
        config: configuration of the run.
        source: images.
        split: names of the images that train, validate and test.
        gpu: index of the GPU; None: Lightning's choice.

    Raises:
        BadInput: a setting, an image or a device that the run would end with.
    """
    quiet = replace(config, logger={})
    clock = _Clock()
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    with tempfile.TemporaryDirectory() as folder:
        parts = build(quiet, source, split, Path(folder), lineage="", label="", gpu=gpu)
        parts.data.prepare()
        parts.data.check_sizes(parts.task.is_trainable)
        trainer = make_trainer(
            replace(
                config.trainer,
                max_epochs=1,
                limit_train_batches=STEPS,
                limit_val_batches=VALIDATION_BATCHES,
            ),
            devices=[gpu] if gpu is not None else 1,
            logger=False,
            enable_checkpointing=False,
            callbacks=[EpochSeeds(config.seed), *weight_averaging(config.trainer.ema_decay), clock],
        )
        if parts.task.is_trainable:
            trainer.fit(parts.task, parts.data)
        else:
            trainer.validate(parts.task, parts.data, verbose=False)
    device = trainer.strategy.root_device
    scale = config.degradation.scales[0]
    pairs = parts.data.pairs[scale]
    side = config.data.patch_size
    height, width = (side, side) if side else pairs["train"].hr[0].shape[-2:]
    validations = len(parts.data.val_dataloader())
    limits_of_run = config.trainer.limit_train_batches, config.trainer.limit_val_batches
    steps, validations = (
        min(count, limit or count)
        for count, limit in zip(
            (len(parts.data.train_dataloader()), validations), limits_of_run, strict=True
        )
    )
    counted = clock.steps[WARM_UP:] or clock.steps[-1:]
    return Trial(
        device=environment.describe(device, config.trainer.precision)["device_name"],
        parameters=sum(one.numel() for one in parts.task.network.parameters() if one.requires_grad),
        multiply_adds=count_operations(parts.task.network, scale).get("multiply_adds"),
        target_size=(int(height), int(width)),
        epoch_steps=steps,
        step_s=median(counted) if counted else None,
        validation_s=validations * median(clock.validation_batches or [0.0]),
        memory_mb=_peak_memory_mb(device),
    )


def _now(device: torch.device) -> float:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


def _peak_memory_mb(device: torch.device) -> float:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)  # bytes there, KiB elsewhere
