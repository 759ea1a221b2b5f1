"""Assemble the parts of a run, train, test the best checkpoint."""

import logging
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.strategies import DDPStrategy

from srcnn_lightning import models
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.errors import BadInput
from srcnn_lightning.models.shared_batch_norm import SharedBatchNorms
from srcnn_lightning.request import Request
from srcnn_lightning.sweeps import gpus
from srcnn_lightning.sweeps.sweep import Place
from srcnn_lightning.training import callbacks, environment, events, pictures, processes
from srcnn_lightning.training.checkpoints import (
    BEST,
    FOLDER,
    AtomicCheckpointIO,
    Checkpoints,
    Resume,
    load,
)
from srcnn_lightning.training.task import SuperResolution, summarize


@dataclass
class Parts:
    """What a run is made of."""

    task: SuperResolution
    data: SuperResolutionData
    trainer: Trainer
    history: callbacks.History
    test_pictures: callbacks.TestPictures
    checkpoints: Checkpoints
    resume: Resume | None


@dataclass
class Result:
    """What a run found out; its fields are part of the run record."""

    status: str
    metrics: dict[str, float | None]
    history: list[dict[str, float]]
    per_image: list[dict[str, Any]]
    parameters: int
    epochs: int
    resumed_after: int | None
    environment: dict[str, Any]
    durations: dict[str, float]

    def sentence(self) -> str:
        """For the terminal."""
        if self.status == "diverged":
            return f"diverged at epoch {self.epochs} (its loss is not finite)"
        return (
            f"val {self.metrics['max_val_psnr']:.3f} dB, test {self.metrics['test_psnr']:.3f} dB, "
            f"{self.durations['fit_s']:.0f} s"
        )


def assemble(request: Request, resume: Resume | None, place: Place | None = None) -> Parts:
    """Build every part of a run; nothing is written yet.

    Args:
        request: the run.
        resume: the checkpoint to go on from.
        place: of the run in its sweep, for the progress bar.

    Raises:
        BadInput: a setting that one of the parts refuses.
    """
    settings, folder = request.settings, request.folder
    environment.check_accelerator(settings["trainer"]["accelerator"])
    seed = int(settings["seed"])
    _reset_process(settings["trainer"])
    degradation, model = settings["degradation"], settings["model"]
    scale = int(degradation["scale"])
    kernel = str(model.get("kernel", "bicubic"))
    data = SuperResolutionData(
        request.source, request.split, settings["data"], degradation, kernel, seed
    )
    callbacks.seed_generators(seed)
    network = models.network_settings(model, bool(degradation["antialias"]), scale)
    task = SuperResolution(network, settings["optimizer"], scale)
    _probe(task, int(settings["data"]["target_size"]))
    if task.is_trained:
        task.configure_optimizers()  # refuses bad arguments now, not in the middle of the run
    if settings["init_from"]:
        _load_weights(task, str(settings["init_from"]))
    history, test_pictures = callbacks.History(), callbacks.TestPictures()
    checkpoints = Checkpoints(folder, request.fingerprint.lineage, history)
    trainer = _trainer(
        settings["trainer"],
        settings["trainer"]["devices"] if task.is_trained else 1,
        logger=events.make_logger(settings["logger"], folder, resume.epochs if resume else 0),
        default_root_dir=folder,
        callbacks=[
            callbacks.EpochSeeds(seed),
            history,
            callbacks.EpochProgress(request.name, history, place),
            callbacks.ValidationPictures(),
            test_pictures,
            checkpoints,
            processes.OwnSignals(),
        ],
    )
    # Three quarters of a step's time on a CPU go into convolutions that are faster this way.
    task = task.to(memory_format=torch.channels_last)
    return Parts(task, data, trainer, history, test_pictures, checkpoints, resume)


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


def fit(parts: Parts, request: Request) -> None:
    """Train, from the checkpoint to go on from where there is one."""
    path = str(parts.resume.path) if parts.resume else None
    threads = request.settings["trainer"]["threads"]
    with processes.together(parts.trainer.world_size, threads):
        events.write_layout(parts.trainer.loggers)
        parts.trainer.fit(parts.task, parts.data, ckpt_path=path, weights_only=True)


def fit_and_test(parts: Parts, request: Request) -> Result:
    """Train, test the best checkpoint by val PSNR, leave pictures and events in the folder."""
    task, trainer, history = parts.task, parts.trainer, parts.history
    settings, folder = request.settings, request.folder
    started = time.monotonic()
    metrics: dict[str, float | None]
    if task.is_trained:
        fit(parts, request)
        best = history.best()
        metrics = {"max_val_psnr": best.get("val_psnr"), "val_loss": best.get("val_loss")}
    else:
        metrics = _validate_baseline(parts, settings["trainer"]["max_epochs"])
    fitted = time.monotonic()
    per_image: list[dict[str, Any]] = []
    if not history.diverged:
        if task.is_trained:
            task.load_state_dict(load(folder / FOLDER / BEST)["state_dict"])
        _tester(parts, settings["trainer"]).test(task, parts.data, verbose=False)
        table = task.test_table()
        metrics |= summarize(table)
        per_image = [
            {"name": image, **{key: values[index] for key, values in table.items()}}
            for index, image in enumerate(parts.data.split.test)
        ]
        _leave_pictures(parts, request, table["psnr"])
    for logger in trainer.loggers:
        logger.finalize("success")
    if any(isinstance(logger, TensorBoardLogger) for logger in trainer.loggers):
        events.write_hyperparameters(folder, settings, request.name, metrics)
    return Result(
        status="diverged" if history.diverged else "finished",
        metrics=metrics,
        history=history.epochs,
        per_image=per_image,
        parameters=sum(p.numel() for p in task.network.parameters() if p.requires_grad),
        epochs=len(history.epochs),
        resumed_after=parts.resume.epochs if parts.resume else None,
        environment=environment.describe(
            trainer.strategy.root_device, settings["trainer"]["precision"]
        ),
        durations={
            "fit_s": round(parts.checkpoints.seconds_before + fitted - started, 3),
            "test_s": round(time.monotonic() - fitted, 3),
        },
    )


def _reset_process(trainer: dict[str, Any]) -> None:
    """One process runs all jobs of a sweep; nothing may leak from one into the next."""
    for part in ("lightning.pytorch", "lightning.fabric"):
        logging.getLogger(part).setLevel(logging.WARNING)  # no tips, no device notices
    # The data lies on the device: there is nothing for workers to do.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # torch deprecated a class that Lightning 2.6 asks for.
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    # torch 2.13 has a new name for it, which torch 2.11 does not know.
    warnings.filterwarnings("ignore", "`broadcast_buffers` is deprecated.*")
    environment.keep_freed_memory(trainer["keep_memory"])
    torch.set_num_threads(trainer["threads"])
    environment.reset_switches()


def _load_weights(task: SuperResolution, checkpoint: str) -> None:
    try:
        weights = load(Path(checkpoint))["state_dict"]
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


def _tester(parts: Parts, settings: dict[str, Any]) -> Trainer:
    """One process tests: it has all images in their order."""
    if parts.trainer.world_size == 1:
        return parts.trainer
    pictures_alone: list[Any] = [parts.test_pictures]
    return _trainer(settings, 1, logger=False, callbacks=pictures_alone, enable_checkpointing=False)


def _trainer(settings: dict[str, Any], count: int, **parts: Any) -> Trainer:
    plugins: list[Any] = [AtomicCheckpointIO()]
    if count > 1:
        plugins += [LightningEnvironment(), SharedBatchNorms()]
        # Shared batch norms make the buffers equal. The module of data divides the batches.
        strategy = DDPStrategy(broadcast_buffers=False, gradient_as_bucket_view=True)
        parts |= {"strategy": strategy, "use_distributed_sampler": False}
    try:
        return Trainer(
            accelerator=settings["accelerator"],
            devices=gpus.held() or count,
            plugins=plugins,
            precision=settings["precision"],
            max_epochs=settings["max_epochs"],
            deterministic=settings["deterministic"],
            num_sanity_val_steps=0,
            log_every_n_steps=0,  # History logs each epoch; there is nothing in between
            enable_progress_bar=False,
            enable_model_summary=False,
            **parts,
        )
    except ValueError as error:
        raise BadInput(f"trainer.precision={settings['precision']}: {error}") from error


def _validate_baseline(parts: Parts, epochs: int) -> dict[str, float | None]:
    """One pass over the validation images, drawn as a horizontal line beside the curves."""
    trainer = parts.trainer
    trainer.validate(parts.task, parts.data, verbose=False)
    events.write_layout(trainer.loggers)  # the logger begins another file after a validation
    loss, psnr = (float(trainer.callback_metrics[f"val/{name}"]) for name in ("loss", "psnr"))
    figures = callbacks.scalars({"val_loss": loss, "val_psnr": psnr})
    for logger in trainer.loggers:
        for epoch in (1, epochs):
            logger.log_metrics(figures, step=epoch)
    callbacks.show(trainer, parts.task, epoch=1)
    return {"max_val_psnr": psnr, "val_loss": loss}


def _leave_pictures(parts: Parts, request: Request, psnr: list[float]) -> None:
    names, outputs = parts.data.split.test, parts.test_pictures.outputs
    pairs, folder = parts.data.pairs["test"], request.folder
    pictures.write_outputs(folder / "pictures", names, outputs)
    lr, hr = pairs[list(range(min(pictures.COMPARED, len(names))))]
    pictures.write_comparison(folder / "comparison.png", names, lr, outputs, hr, psnr)
    pictures.write_test_images(
        request.output_dir / request.test_images, names, pairs.hr, request.settings["degradation"]
    )
