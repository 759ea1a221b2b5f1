"""The settings of a run as dataclasses, each with its type, its meaning and the rule for its value.

Defaults stand in conf/*.yaml alone.
"""

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING

from srcnn_lightning.errors import BadInput

MAX_IMAGES = 100_000  # a typing error in data.count must not draw images for a week
SOURCES = ("div2k", "folder", "dead_leaves")


@dataclass
class DataConfig:
    """Which images a run uses, and how they are cut (conf/data).

    Attributes:
        name: name of the data set in folders and tables; None: the last component of `root`.
        kind: where the images come from: `div2k`, `folder` or `dead_leaves`.
        root: folder that holds the images.
        subset: `valid` or `train`, of DIV2K alone.
        url: address that holds DIV2K's zips.
        count: number of images in all.
        split: fractions of train, validation and test images; they add up to 1.
        split_file: JSON file with the lists of names `train`, `val` and `test`; replaces `count`
            and `split`.
        crop: side of the centre crop, in pixels, before any resize.
        target_size: side of the target, in pixels.
        batch_size: training images a step, of all processes together.
        eval_batch_size: validation and test images a batch.
        seed: seed of the choice of images, of the split and of built-in images.
        on_device: whether the whole split lies on the device as uint8.
        cache_dir: folder of the decoded and resized targets.
    """

    name: str | None
    kind: str
    root: str | None
    subset: str | None
    url: str | None
    count: int
    split: list[float]
    split_file: str | None
    crop: int
    target_size: int
    batch_size: int
    eval_batch_size: int
    seed: int
    on_device: bool
    cache_dir: str

    def __post_init__(self) -> None:
        """Refuse values that no run can use."""
        choose("data.kind", self.kind, SOURCES)
        require(
            3 <= self.count <= MAX_IMAGES,
            "data.count",
            self.count,
            f"it must be from 3 to {MAX_IMAGES}",
        )
        for key in ("crop", "target_size", "batch_size", "eval_batch_size"):
            at_least(f"data.{key}", getattr(self, key), 1)
        at_least("data.seed", self.seed, 0)
        require(
            self.target_size <= self.crop,
            "data.target_size",
            self.target_size,
            f"it must not exceed data.crop={self.crop}",
        )


@dataclass
class DegradationConfig:
    """How a target becomes a low-resolution input (conf/degradation).

    Attributes:
        name: name of the degradation in folders and tables.
        antialias: whether kernels are widened when an image is reduced.
        scale: factor between the sides of input and target.
    """

    name: str
    antialias: bool
    scale: int

    def __post_init__(self) -> None:
        """Refuse a name that says the opposite of the setting."""
        at_least("degradation.scale", self.scale, 1)
        opposite = {True: "aliased", False: "antialiased"}[self.antialias]
        require(
            self.name != opposite,
            "degradation.antialias",
            self.antialias,
            f"degradation.name={self.name} says the opposite, and tables go by the name",
        )


@dataclass
class OptimizerConfig:
    """A torch optimizer and its arguments (conf/optimizer)."""

    _target_: str = MISSING
    lr: float = MISSING
    weight_decay: float = MISSING


@dataclass
class TrainerConfig:
    """Device and length of the training (conf/trainer)."""

    accelerator: str = MISSING
    max_epochs: int = MISSING
    precision: str = MISSING
    threads: int | None = MISSING
    deterministic: bool = MISSING
    devices: int = MISSING
    jobs_per_gpu: int = MISSING
    keep_memory: bool = MISSING
    channels_last: bool = MISSING
    compile: bool = MISSING
    steps_per_call: int = MISSING
    cuda_graph: bool = MISSING
    tf32: bool = MISSING


@dataclass
class Config:
    """One run (conf/config.yaml). The model is open: each architecture brings its own keys."""

    data: DataConfig = MISSING
    degradation: DegradationConfig = MISSING
    model: Any = MISSING
    optimizer: OptimizerConfig = MISSING
    trainer: TrainerConfig = MISSING
    logger: dict[str, Any] = MISSING
    experiment_name: str = MISSING
    variant: str | None = MISSING
    seed: int = MISSING
    output_dir: str = MISSING
    name_keys: list[str] = MISSING
    rerun: bool = MISSING
    init_from: str | None = MISSING
    prepare_only: bool = MISSING


def require(is_right: bool, key: str, value: Any, advice: str) -> None:
    """Refuse a value unless it is right.

    Args:
        is_right: whether the value can be used.
        key: setting, as the command line has it.
        value: its value.
        advice: what would be right, without a full stop.

    Raises:
        BadInput: the sentence of the three.
    """
    if not is_right:
        raise BadInput(f"{key}={value}: {advice}.")


def choose(key: str, value: str, options: tuple[str, ...]) -> None:
    """Refuse a value that is none of the options."""
    require(value in options, key, value, f"choose {', '.join(options[:-1])} or {options[-1]}")


def at_least(key: str, value: int, smallest: int) -> None:
    """Refuse a number that is too small."""
    require(value >= smallest, key, value, f"it must be at least {smallest}")
