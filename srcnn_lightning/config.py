"""The type of every setting. Defaults stand in conf/*.yaml alone; here is what a value must be."""

from dataclasses import dataclass
from typing import Any

from omegaconf import MISSING


@dataclass
class DataConfig:
    """Where images come from and how they are cut (conf/data)."""

    name: str | None = MISSING
    kind: str = MISSING
    root: str | None = MISSING
    subset: str | None = MISSING
    url: str | None = MISSING
    count: int = MISSING
    split: list[float] = MISSING
    split_file: str | None = MISSING
    crop: int = MISSING
    target_size: int = MISSING
    batch_size: int = MISSING
    eval_batch_size: int = MISSING
    seed: int = MISSING
    cache_dir: str = MISSING
    on_device: bool = MISSING


@dataclass
class DegradationConfig:
    """How a target becomes a low-resolution input (conf/degradation)."""

    name: str = MISSING
    antialias: bool = MISSING
    scale: int = MISSING


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
    tf32: bool = MISSING


@dataclass
class SRCNNConfig:
    """Arguments of `srcnn_lightning.models.SRCNN` (conf/model/srcnn.yaml)."""

    _target_: str = MISSING
    name: str = MISSING
    kernel: str = MISSING
    kernel_sizes: list[int] = MISSING
    features: list[int] = MISSING
    batch_norm: bool = MISSING
    output_activation: str = MISSING
    init: str = MISSING
    cpu_forms: bool = MISSING


@dataclass
class InterpolationConfig:
    """Arguments of `srcnn_lightning.models.Interpolation` (conf/model/bicubic.yaml and others)."""

    _target_: str = MISSING
    name: str = MISSING
    kernel: str = MISSING


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
