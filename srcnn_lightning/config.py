"""The type of every setting. Defaults stand in conf/*.yaml alone; here is what a value must be."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from hydra.core.config_store import ConfigStore
from omegaconf import MISSING, OmegaConf


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
    steps_per_call: int = MISSING
    cuda_graph: bool = MISSING
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


class _OwnSweepers(dict[str, Any]):
    """Hydra's store of conf/hydra/sweeper, where conf/hydra/sweeper/optuna.yaml stands for itself.

    The plugin stores an `optuna.yaml` as well, in workers again. Hydra would type ours by it, and
    refuses to because the plugin's has a defaults list.
    """

    def __setitem__(self, name: str, node: Any) -> None:
        if name != "optuna.yaml":
            super().__setitem__(name, node)


def register() -> None:
    """Make the types known to Hydra, under the names that the defaults lists use."""
    # Hydra types our conf/hydra/*.yaml by the plugins' files of the same names, which is welcome.
    warnings.filterwarnings("ignore", r"\s*'hydra/\w+/\w+' is validated against ConfigStore schema")
    OmegaConf.register_new_resolver("workers", _workers, replace=True)
    OmegaConf.register_new_resolver("gpus", _gpus, replace=True)
    OmegaConf.register_new_resolver("new_name", _new_name, replace=True, use_cache=True)
    OmegaConf.register_new_resolver(
        "expand_user", lambda path: str(Path(path).expanduser()), replace=True
    )
    store = ConfigStore.instance()
    stored = store.repo.setdefault("hydra", {})
    stored["sweeper"] = _OwnSweepers(stored.get("sweeper", {}))
    store.store(name="schema", node=Config)
    store.store(group="model", name="srcnn_schema", node=SRCNNConfig)
    store.store(group="model", name="interpolation_schema", node=InterpolationConfig)


def _new_name() -> str:
    """A name that nobody can have known before."""
    return uuid4().hex[:16]


def _workers(accelerator: str, jobs_per_gpu: int) -> int:
    """Runs at a time on this machine: one for each core, or `jobs_per_gpu` for each GPU."""
    from srcnn_lightning import devices

    if devices.device_type(accelerator) != "cuda":
        return devices.cores()
    return max(1, devices.gpu_count() * jobs_per_gpu)  # a GPU that is not there is refused later


def _gpus(accelerator: str) -> int:
    """GPUs of this machine that runs use."""
    from srcnn_lightning import devices

    return devices.gpu_count() if devices.device_type(accelerator) == "cuda" else 0
