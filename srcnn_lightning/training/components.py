"""The components of a training, built from the configuration."""

import logging
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import Logger

from srcnn_lightning import hardware
from srcnn_lightning.acceleration import compilation
from srcnn_lightning.acceleration.accelerate import accelerate
from srcnn_lightning.acceleration.memory import keep_freed_memory
from srcnn_lightning.config import Config, TrainerConfig
from srcnn_lightning.data import degradations
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.checkpoint import load_checkpoint, network_weights
from srcnn_lightning.training import environment, loggers, process_state, processes
from srcnn_lightning.training.checkpoints import Checkpoints, Resume
from srcnn_lightning.training.history import History
from srcnn_lightning.training.image_callbacks import TestOutputs, ValidationImages
from srcnn_lightning.training.progress import EpochProgress, SweepPosition
from srcnn_lightning.training.seeds import EpochSeeds, seed_generators
from srcnn_lightning.training.task import SuperResolution
from srcnn_lightning.training.tasks import build_task
from srcnn_lightning.training.trainer import make_profiler, make_trainer, weight_averaging

ANY_INPUT = 16  # pixels a side that a network is tried on where images have sizes of their own


@dataclass
class Components:
    """What a training consists of.

    Attributes:
        config: configuration of the run.
        folder: folder of the run.
        task: LightningModule with the network.
        data: LightningDataModule.
        trainer: Lightning's Trainer, with the loggers and callbacks below.
        loggers: loggers by name.
        history: metrics of each epoch.
        test_outputs: outputs for the test images.
        checkpoints: checkpoints of the run.
        resume: checkpoint that training goes on from; None to begin.
    """

    config: Config
    folder: Path
    task: SuperResolution
    data: SuperResolutionData
    trainer: Trainer
    loggers: dict[str, Logger]
    history: History
    test_outputs: TestOutputs
    checkpoints: Checkpoints
    resume: Resume | None


def build(
    config: Config,
    source: Source,
    split: Split,
    folder: Path,
    *,
    lineage: str,
    label: str,
    resume: Resume | None = None,
    gpu: int | None = None,
    position: SweepPosition | None = None,
) -> Components:
    """Build the components of a run; nothing is written yet.

    Args:
        config: configuration of the run.
        source: images.
        split: names of the images that train, validate and test.
        folder: folder of the run.
        lineage: digest that marks the run's checkpoints.
        label: name of the run, for the progress bar.
        resume: checkpoint that training goes on from.
        gpu: index of the GPU that the run has to itself or shares; None: Lightning's choice.
        position: position of the run in its sweep, for the progress bar.

    Raises:
        BadInput: a setting that one of the components refuses.
    """
    environment.check_accelerator(config.trainer.accelerator)
    _reset_process(config.trainer)
    data = SuperResolutionData(
        source=source,
        split=split,
        data=config.data,
        degradation=config.degradation,
        seed=config.seed,
        channels_last=config.trainer.channels_last,
    )
    task = _build_task(config)
    history, test_outputs = History(config.monitor), TestOutputs()
    checkpoints = Checkpoints(folder, lineage, config, history)
    epochs = resume.epochs if resume else 0
    run_loggers = loggers.make_loggers(config.logger, config.output_folder, folder, epochs)
    trainer = make_trainer(
        config.trainer,
        devices=[gpu] if gpu is not None else config.trainer.devices if task.is_trainable else 1,
        logger=list(run_loggers.values()),
        profiler=make_profiler(config.trainer.profiler, folder),
        default_root_dir=folder,
        callbacks=[
            EpochSeeds(config.seed),
            history,
            EpochProgress(label, history, position),
            ValidationImages(),  # before the average gives its place back to the weights
            *weight_averaging(config.trainer.ema_decay),
            test_outputs,
            checkpoints,
            processes.RestoreSignalHandlers(),
        ],
    )
    return Components(
        config, folder, task, data, trainer, run_loggers, history, test_outputs, checkpoints, resume
    )


def build_tester(components: Components) -> Trainer:
    """The Trainer that tests: one process, which has all test images in their order."""
    if components.trainer.world_size == 1:
        return components.trainer
    return make_trainer(
        components.config.trainer,
        devices=1,
        logger=False,
        callbacks=[components.test_outputs],
        enable_checkpointing=False,
    )


def check_task(config: Config) -> None:
    """Refuse arguments of any class that no run could use.

    Registered networks are built without memory and without a computation.

    Raises:
        BadInput: the sentence that the run itself would end with.
    """
    if config.degradation._target_:
        degradations.build(config.degradation)
    loggers.check_arguments(config.logger)
    with torch.device("cpu" if "_target_" in config.model else "meta"):
        _build_checked_task(config)


def _build_task(config: Config) -> SuperResolution:
    seed_generators(config.seed)
    task = _build_checked_task(config)
    device = hardware.device_type(config.trainer.accelerator)
    if config.trainer.accelerate and device == "cpu":
        accelerate(task.network)
    if task.is_trainable and config.trainer.compile:
        compilation.compile_network(task.network, device)
    if config.init_from:
        _load_weights(task, config.init_from)
    if config.trainer.channels_last:
        # On a CPU three quarters of a step go into convolutions, which are faster in this order.
        task = task.to(memory_format=torch.channels_last)
    return task


def _build_checked_task(config: Config) -> SuperResolution:
    task = build_task(config)
    task.logs_results = False  # `History` and the run record have them
    _check_output_shape(task, config)
    return task


@torch.no_grad()
def _check_output_shape(task: SuperResolution, config: Config) -> None:
    """Refuse a network of another scale: a loss would broadcast its output without a word.

    It is tried on an input of a target's or patch's size; where images keep their own, of any.
    """
    data = config.data
    task.eval()
    for scale in config.degradation.scales:
        input_size = (data.patch_size or data.side or ANY_INPUT * scale) // scale
        size = input_size * scale
        output = task(torch.zeros(1, 3, input_size, input_size), scale)
        if not isinstance(output, torch.Tensor):
            raise BadInput(
                f"{task.network_key}: it makes a {type(output).__name__}; a network must make a "
                "tensor."
            )
        if output.shape != (1, 3, size, size):
            raise BadInput(
                f"{task.network_key}: it makes {tuple(output.shape)} of "
                f"(1, 3, {input_size}, {input_size}); a network must upscale (B, 3, h, w) by "
                f"degradation.scale={scale}."
            )
    task.train()


def _load_weights(task: SuperResolution, checkpoint: str) -> None:
    try:
        weights = load_checkpoint(Path(checkpoint))["state_dict"]
    except Exception as error:  # torch has no exception of its own for a foreign file
        raise BadInput(
            f"init_from={checkpoint}: it is no checkpoint, or a damaged one; "
            "give a run's folder or another checkpoint."
        ) from error
    try:
        task.network.load_state_dict(network_weights(weights))
    except RuntimeError as error:
        raise BadInput(
            f"init_from={checkpoint}: it holds the weights of another network; "
            "give a checkpoint of the same model settings."
        ) from error


def _reset_process(trainer: TrainerConfig) -> None:
    """Undo what an earlier job has set: one process runs all jobs of a sweep."""
    for logger in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(logger).setLevel(logging.WARNING)  # no tips, no device notices
    # The data lies on the device, so workers have nothing to do.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # torch has deprecated a class that Lightning 2.6 asks for.
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    # torch 2.13 has a new name for the argument, which torch 2.11 does not know.
    warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated.*")
    # Lightning looks for srun even where it is told to use no Slurm, as in `make_trainer`.
    warnings.filterwarnings("ignore", "The `srun` command is available.*")
    if trainer.keep_memory:
        keep_freed_memory()
    torch.set_num_threads(trainer.threads or 1)
    process_state.reset(trainer.tf32, keep_compiled=trainer.compile)
