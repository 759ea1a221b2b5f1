"""Types of the settings and own resolvers, registered before Hydra composes a configuration."""

import warnings
from pathlib import Path
from typing import Any
from uuid import uuid4

from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf

from srcnn_lightning import hardware
from srcnn_lightning.cli.configuration_files import check_files
from srcnn_lightning.config import Config


class _OwnSweepers(dict[str, Any]):
    """Hydra's store of conf/hydra/sweeper, without the plugin's `optuna.yaml`.

    Hydra would take the plugin's file as the type of conf/hydra/sweeper/optuna.yaml, and refuses to
    because the plugin's file has a defaults list.
    """

    def __setitem__(self, name: str, node: Any) -> None:
        if name != "optuna.yaml":
            super().__setitem__(name, node)


def register() -> None:
    """Register the types and the resolvers that conf/ uses; a launcher's worker needs them too."""
    # Hydra types conf/hydra/*.yaml by the plugins' files of the same names, which is welcome.
    warnings.filterwarnings("ignore", r"\s*'hydra/\w+/\w+' is validated against ConfigStore schema")
    OmegaConf.register_new_resolver("workers", _workers, replace=True)
    OmegaConf.register_new_resolver("gpus", _gpus, replace=True)
    OmegaConf.register_new_resolver("new_name", _new_name, replace=True, use_cache=True)
    OmegaConf.register_new_resolver("scale_of_pairs", _scale_of_pairs, replace=True)
    OmegaConf.register_new_resolver(
        "expand_user", lambda path: str(Path(path).expanduser()), replace=True
    )
    check_files()
    store = ConfigStore.instance()
    stored = store.repo.setdefault("hydra", {})
    stored["sweeper"] = _OwnSweepers(stored.get("sweeper", {}))
    store.store(name="schema", node=Config)


def _scale_of_pairs(hr_root: str | None, lr_root: str | None) -> int:
    """The scale of `data=pairs`, where none is given."""
    from srcnn_lightning.data.image_folders import scale_of_pairs

    return scale_of_pairs(hr_root, lr_root, otherwise=2)


def _new_name() -> str:
    """A random name, which nobody can guess."""
    return uuid4().hex[:16]


def _workers(accelerator: str, jobs_per_gpu: int) -> int:
    """Runs at a time on this machine: one for each core, or `jobs_per_gpu` for each GPU."""
    if hardware.device_type(accelerator) != "cuda":
        return hardware.physical_cores()
    return max(1, hardware.gpu_count() * jobs_per_gpu)  # a missing GPU is refused by the run


def _gpus(accelerator: str) -> int:
    """Number of this machine's GPUs that runs use."""
    return hardware.gpu_count() if hardware.device_type(accelerator) == "cuda" else 0
