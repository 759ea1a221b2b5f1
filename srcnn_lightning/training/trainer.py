"""Lightning's Trainer, built from the group `trainer`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import EMAWeightAveraging
from lightning.pytorch.profilers import AdvancedProfiler, Profiler, SimpleProfiler
from lightning.pytorch.strategies import DDPStrategy

from srcnn_lightning.config import TrainerConfig
from srcnn_lightning.errors import BadInput
from srcnn_lightning.training.checkpoints import AtomicCheckpointIO
from srcnn_lightning.training.shared_batch_norm import SharedBatchNorms

# Settings that Lightning's Trainer takes under the same name.
PASSED_ON = (
    "accelerator",
    "max_epochs",
    "precision",
    "deterministic",
    "gradient_clip_val",
    "gradient_clip_algorithm",
    "accumulate_grad_batches",
    "limit_train_batches",
    "limit_val_batches",
    "limit_test_batches",
    "overfit_batches",
)
PROFILERS = {"simple": SimpleProfiler, "advanced": AdvancedProfiler}


def make_trainer(settings: TrainerConfig, devices: int | list[int], **options: Any) -> Trainer:
    """Lightning's Trainer, which shows and logs nothing by itself.

    Args:
        settings: settings of the group `trainer`.
        devices: number of processes, or the index of a GPU in a list.
        options: further arguments of Lightning's Trainer.

    Raises:
        BadInput: the precision does not suit the device.
    """
    # Without this environment Lightning would detect Slurm's job, and take the run for one process
    # of several.
    plugins: list[Any] = [AtomicCheckpointIO(), LightningEnvironment()]
    if isinstance(devices, int) and devices > 1:
        plugins.append(SharedBatchNorms())
        # Shared batch norms make the buffers equal. The DataModule divides the batches.
        strategy = DDPStrategy(broadcast_buffers=False, gradient_as_bucket_view=True)
        options |= {"strategy": strategy, "use_distributed_sampler": False}
    try:
        return Trainer(
            **{key: value for key, value in asdict(settings).items() if key in PASSED_ON},
            devices=devices,
            plugins=plugins,
            num_sanity_val_steps=0,
            log_every_n_steps=0,  # History logs each epoch, and nothing logs in between
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
    except ValueError as error:
        raise BadInput(f"trainer.precision={settings.precision}: {error}") from error


def weight_averaging(decay: float | None) -> list[Callback]:
    """The callback of `trainer.ema_decay`, as a list; empty without an average."""
    return [] if decay is None else [EMAWeightAveraging(decay=decay)]


def make_profiler(name: str | None, folder: Path) -> Profiler | None:
    """Lightning's profiler of a name, which writes `fit-profile.txt` and others to a folder."""
    return None if name is None else PROFILERS[name](dirpath=folder, filename="profile")
