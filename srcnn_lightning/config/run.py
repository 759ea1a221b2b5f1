"""The settings of one run, as the groups below it and the keys beside them."""

import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from srcnn_lightning.config.groups import (
    GIVEN,
    DataConfig,
    DegradationConfig,
)
from srcnn_lightning.config.sides import check_patch_size, check_target_side
from srcnn_lightning.config.trainer import TrainerConfig
from srcnn_lightning.errors import BadInput, choose, require, shown

TEST_IMAGES = "test_images"  # folder of targets below output_dir, beside the experiments
TASKS = ("supervised", "srgan")
LOSSES = ("mse", "l1", "charbonnier")
SCHEDULES = ("constant", "one_cycle", "cosine", "step")
# Their rates depend on the length of the training, so more epochs are another run.
SCHEDULES_OF_A_LENGTH = ("one_cycle", "cosine")
# The keys that say what a group of arguments stands for.
NAMED_BY = {
    "model": ("name", "_target_"),
    "task": ("name",),
    "loss": ("name",),
    "optimizer": ("_target_",),
    "schedule": ("name",),
}
SMALLEST_PATCH = 32  # pixels a side for a discriminator
MONITORS = ("val_psnr", "val_loss", "last")
TENSORBOARD = "lightning.pytorch.loggers.TensorBoardLogger"


@dataclass
class Config:
    """One run (conf/config.yaml).

    The group `optimizer` names a class by `_target_`, as each group below `logger` does; `task`,
    `loss` and `schedule` name one of this program by `name`, and `model` either. They hold its
    arguments and stay plain dictionaries, which `arguments.check` compares with its signature.

    Attributes:
        data: images.
        degradation: from target to input.
        model: network.
        task: `name` of how the network is trained, and its arguments.
        loss: `name` of the training's loss, and its arguments.
        optimizer: torch optimizer.
        schedule: `name` of the learning rate's schedule, and its arguments.
        trainer: device and length.
        logger: Lightning loggers by name; empty for none.
        experiment_name: first folder below `output_dir`.
        recipe: name of the recipe whose settings the run has where none is given.
        variant: row of an ablation that the run stands for.
        seed: seed of the initialization and of the order of the training images.
        monitor: what the best epoch, which is tested, is best by: `val_psnr`, `val_loss` or `last`.
        output_dir: folder of all runs.
        name_keys: settings that a run's name shows although names usually leave them out.
        rerun: whether a finished run is trained again.
        init_from: run folder or checkpoint whose weights the training starts from.
        prepare_only: whether the images are prepared and nothing is trained.
        check: whether the run is described and timed and nothing is trained.
    """

    data: DataConfig
    degradation: DegradationConfig
    model: dict[str, Any]
    task: dict[str, Any]
    loss: dict[str, Any]
    optimizer: dict[str, Any]
    schedule: dict[str, Any]
    trainer: TrainerConfig
    logger: dict[str, dict[str, Any]]
    experiment_name: str
    recipe: str | None
    variant: str | None
    seed: int
    monitor: str
    output_dir: str
    name_keys: list[str]
    rerun: bool
    init_from: str | None
    prepare_only: bool
    check: bool

    def __post_init__(self) -> None:
        """Refuse values that no run can use, and groups that do not fit together."""
        is_given = self.degradation.name == GIVEN
        require(
            is_given == (self.data.kind == "pairs"),
            "degradation",
            self.degradation.name,
            "degradation=given goes with data=pairs, and no other does",
        )
        require(
            not (self.check and self.prepare_only),
            "check",
            "true",
            "prepare_only=true trains nothing to check; leave one of them out",
        )
        require(self.seed >= 0, "seed", self.seed, "it must be 0 or more")
        require(self.seed < 2**32, "seed", self.seed, "it must be below 2**32")
        require(
            re.fullmatch(r"[\w+-][\w.+-]*", self.experiment_name) is not None,
            "experiment_name",
            self.experiment_name,
            "it names a folder, so use letters, digits and . _ + - alone",
        )
        require(
            self.experiment_name != TEST_IMAGES,
            "experiment_name",
            self.experiment_name,
            "this folder holds the targets of the test images; give another name",
        )
        what = "give one; several together are a file, as conf/recipe/modern.yaml is"
        require(self.recipe is not None, "recipe", "null", what)
        require(
            bool(self.output_dir),
            "output_dir",
            self.output_dir,
            "give the folder that shall hold the runs, output_dir=DIR",
        )
        choose("monitor", self.monitor, MONITORS)
        for name, keys in NAMED_BY.items():
            group = getattr(self, name)
            key = next((key for key in reversed(keys) if key in group), keys[0])
            if key not in group:
                raise BadInput(f"~{name}.{key}: it says what the group stands for; leave it in.")
            if group[key] is None:
                what = "its name" if key == "name" else "the class, package.module.Class"
                raise BadInput(f"{name}.{key}=null: give {what}.")
        for name, known in (("task", TASKS), ("loss", LOSSES), ("schedule", SCHEDULES)):
            choose(f"{name}.name", str(getattr(self, name)["name"]), known)
        self._check_task()
        self._check_optimizer()
        self._check_loggers()
        for scale in self.degradation.scales:
            check_target_side(self.data, scale)
            check_patch_size(self.data, scale)
        processes, batch = self.trainer.devices, self.data.batch_size
        require(
            batch % processes == 0,
            "data.batch_size",
            batch,
            f"it is the batch of all {processes} processes together (trainer.devices), so it must "
            "be a multiple of their number",
        )

    def _check_task(self) -> None:
        """Refuse settings of the training that two optimizers cannot take."""
        if self.task["name"] != "srgan":
            return
        trainer, schedule = self.trainer, self.schedule["name"]
        for key, value, neutral in (
            ("schedule", schedule, "constant"),
            ("trainer.gradient_clip_val", trainer.gradient_clip_val, None),
            ("trainer.accumulate_grad_batches", trainer.accumulate_grad_batches, 1),
            ("trainer.devices", trainer.devices, 1),
        ):
            what = f"task=srgan has two optimizers, which do not take it; give {shown(neutral)}"
            require(value == neutral, key, value, what)
        side = self.data.patch_size or self.data.side
        what = (
            f"the discriminator halves the sides four times; give at least {SMALLEST_PATCH} pixels"
        )
        key = "data.patch_size" if self.data.patch_size else "data.target_size"
        require(side is None or side >= SMALLEST_PATCH, key, side, what)
        before = self.task.get("pretrain_epochs", 0)
        what = (
            f"task.pretrain_epochs={before} leaves no epoch for the discriminator; give more epochs"
        )
        is_long = not isinstance(before, int) or trainer.max_epochs > before
        require(is_long, "trainer.max_epochs", trainer.max_epochs, what)

    def _check_optimizer(self) -> None:
        """Refuse numbers that no optimizer can use; its signature has the last word."""
        for key, smallest, advice in (
            ("lr", math.ulp(0.0), "a number above 0, and finite"),
            ("weight_decay", 0.0, "a number of 0 or more, and finite"),
        ):
            if key not in self.optimizer:
                raise BadInput(f"~optimizer.{key}: records and tables name it; leave it in.")
            value = self.optimizer[key]
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            is_right = is_number and smallest <= value < math.inf
            require(is_right, f"optimizer.{key}", value, f"it must be {advice}")

    def _check_loggers(self) -> None:
        """Refuse a logger of no class; the signature of the class has the last word."""
        for name, settings in self.logger.items():
            if not (isinstance(settings, dict) and settings.get("_target_")):
                raise BadInput(
                    f"logger.{name}={shown(settings)}: it names no class; choose loggers by "
                    "logger=NAME or logger=[NAME,NAME], or give logger.NAME._target_."
                )

    @property
    def logs_to_tensorboard(self) -> bool:
        """Whether one of the loggers is TensorBoard's."""
        return any(one["_target_"] == TENSORBOARD for one in self.logger.values())

    @property
    def output_folder(self) -> Path:
        """`output_dir`, with `~` expanded."""
        return Path(self.output_dir).expanduser()
