"""The parts of a run, built from its configuration."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import DDPStrategy

from srcnn_lightning import hardware, models
from srcnn_lightning.acceleration import compilation
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.config import DataConfig, DegradationConfig
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.errors import BadInput
from srcnn_lightning.inference.network import load_checkpoint
from srcnn_lightning.runs import gpu_slots
from srcnn_lightning.runs.plan import Plan
from srcnn_lightning.sweeps.sweep import Place
from srcnn_lightning.training import callbacks, environment, process_state, processes, tensorboard
from srcnn_lightning.training.checkpoints import AtomicCheckpointIO, Checkpoints, Resume
from srcnn_lightning.training.several_steps import SeveralSteps
from srcnn_lightning.training.shared_batch_norm import SharedBatchNorms
from srcnn_lightning.training.task import SuperResolution


@dataclass
class Components:
    """What a run is made of."""

    task: SuperResolution
    data: SuperResolutionData
    trainer: Trainer
    history: callbacks.History
    test_pictures: callbacks.TestOutputs
    checkpoints: Checkpoints
    resume: Resume | None


def build(plan: Plan, resume: Resume | None, place: Place | None = None) -> Components:
    """Build every part of a run; nothing is written yet.

    Args:
        plan: the run.
        resume: the checkpoint to go on from.
        place: of the run in its sweep, for the progress bar.

    Raises:
        BadInput: a setting that one of the parts refuses.
    """
    settings, folder = plan.settings, plan.folder
    environment.check_accelerator(settings["trainer"]["accelerator"])
    seed, options = int(settings["seed"]), settings["trainer"]
    _reset_process(options)
    degradation, model = settings["degradation"], settings["model"]
    scale = int(degradation["scale"])
    kernel = str(model.get("kernel", "bicubic"))
    data = SuperResolutionData(
        plan.source,
        plan.split,
        DataConfig(**settings["data"]),
        DegradationConfig(**degradation),
        kernel,
        seed,
        options["channels_last"],
    )
    callbacks.seed_generators(seed)
    network = models.network_settings(model, bool(degradation["antialias"]), scale)
    kind = SeveralSteps if options["steps_per_call"] > 1 else SuperResolution
    task = kind(models.build(network), network, scale, settings["optimizer"])
    if isinstance(task, SeveralSteps):
        task.cuda_graph = options["cuda_graph"]
    _probe(task, int(settings["data"]["target_size"]))
    if task.is_trained:
        task.configure_optimizers()  # refuses bad arguments now, not in the middle of the run
        if options["compile"]:
            compilation.compile_network(task.network, hardware.device_type(options["accelerator"]))
    if settings["init_from"]:
        _load_weights(task, str(settings["init_from"]))
    history, test_pictures = callbacks.History(), callbacks.TestOutputs()
    checkpoints = Checkpoints(folder, plan.identity.lineage, history)
    trainer = _trainer(
        settings["trainer"],
        settings["trainer"]["devices"] if task.is_trained else 1,
        logger=tensorboard.make_logger(settings["logger"], folder, resume.epochs if resume else 0),
        default_root_dir=folder,
        callbacks=[
            callbacks.EpochSeeds(seed),
            history,
            callbacks.EpochProgress(plan.name, history, place),
            callbacks.ValidationImages(),
            test_pictures,
            checkpoints,
            processes.RestoreSignalHandlers(),
        ],
    )
    if options["channels_last"]:
        # Three quarters of a step's time on a CPU go into convolutions that are faster this way.
        task = task.to(memory_format=torch.channels_last)
    return Components(task, data, trainer, history, test_pictures, checkpoints, resume)


def tester(components: Components, settings: dict[str, Any]) -> Trainer:
    """One process tests: it has all images in their order."""
    if components.trainer.world_size == 1:
        return components.trainer
    pictures_alone: list[Any] = [components.test_pictures]
    return _trainer(settings, 1, logger=False, callbacks=pictures_alone, enable_checkpointing=False)


@torch.no_grad()
def _probe(task: SuperResolution, size: int) -> None:
    """One image through the network: a loss would quietly broadcast an output of another shape."""
    low = size // task.scale
    task.eval()
    output = task(torch.zeros(1, 3, low, low))
    task.train()
    if output.shape != (1, 3, size, size):
        target = task.hparams["network"]["_target_"]
        raise BadInput(
            f"model._target_={target}: it makes {tuple(output.shape)} of (1, 3, {low}, {low}); "
            f"a network must enlarge (B, 3, h, w) by degradation.scale={task.scale}."
        )


def _reset_process(trainer: dict[str, Any]) -> None:
    """One process runs all jobs of a sweep; nothing may leak from one into the next."""
    for part in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(part).setLevel(logging.WARNING)  # no tips, no device notices
    # The data lies on the device: there is nothing for workers to do.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # torch deprecated a class that Lightning 2.6 asks for.
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    # The steps before a CUDA graph are taken without it, by an optimizer that is ready for it.
    warnings.filterwarnings("ignore", ".*step\\(\\) is running without CUDA graph capture.*")
    # torch 2.13 has a new name for it, which torch 2.11 does not know.
    warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated.*")
    # Lightning looks for srun even where no Slurm is meant, as in `_trainer`.
    warnings.filterwarnings("ignore", "The `srun` command is available.*")
    if trainer["keep_memory"]:
        keep_freed_memory()
    torch.set_num_threads(trainer["threads"])
    process_state.reset(trainer["tf32"], keep_compiled=trainer["compile"])


def _load_weights(task: SuperResolution, checkpoint: str) -> None:
    try:
        weights = load_checkpoint(Path(checkpoint))["state_dict"]
    except Exception as error:  # torch names no type for a file that is none of its own
        raise BadInput(
            f"init_from={checkpoint}: it is no checkpoint, or a damaged one; "
            "give a run's folder or another checkpoint."
        ) from error
    try:
        task.load_state_dict(weights)
    except RuntimeError as error:
        raise BadInput(
            f"init_from={checkpoint}: it holds the weights of another network; "
            "give a checkpoint of the same model settings."
        ) from error


def _trainer(settings: dict[str, Any], count: int, **options: Any) -> Trainer:
    # Lightning would else detect Slurm's job and take the run for one process of several.
    plugins: list[Any] = [AtomicCheckpointIO(), LightningEnvironment()]
    if count > 1:
        plugins.append(SharedBatchNorms())
        # Shared batch norms make the buffers equal. The module of data divides the batches.
        strategy = DDPStrategy(broadcast_buffers=False, gradient_as_bucket_view=True)
        options |= {"strategy": strategy, "use_distributed_sampler": False}
    try:
        return Trainer(
            accelerator=settings["accelerator"],
            devices=gpu_slots.assigned() or count,
            plugins=plugins,
            precision=settings["precision"],
            max_epochs=settings["max_epochs"],
            deterministic=settings["deterministic"],
            num_sanity_val_steps=0,
            log_every_n_steps=0,  # History logs each epoch; there is nothing in between
            enable_progress_bar=False,
            enable_model_summary=False,
            **options,
        )
    except ValueError as error:
        raise BadInput(f"trainer.precision={settings['precision']}: {error}") from error
