"""Assemble the parts of a run, train, test the best checkpoint."""

import logging
import random
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger, TensorBoardLogger

from srcnn_lightning import callbacks, environment, models, pictures
from srcnn_lightning.data.module import SuperResolutionData
from srcnn_lightning.data.sources import Source
from srcnn_lightning.data.split import Split
from srcnn_lightning.errors import BadInput
from srcnn_lightning.task import SuperResolution, summarize


@dataclass
class Parts:
    """What a run is made of."""

    task: SuperResolution
    data: SuperResolutionData
    trainer: Trainer
    history: callbacks.History
    test_pictures: callbacks.TestPictures
    best: ModelCheckpoint


@dataclass
class Result:
    """What a run found out; its fields are part of the run record."""

    status: str
    metrics: dict[str, float | None]
    history: list[dict[str, float]]
    per_image: list[dict[str, Any]]
    parameters: int
    epochs: int
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


def assemble(
    settings: dict[str, Any], source: Source, split: Split, folder: Path, name: str
) -> Parts:
    """Build every part of a run; nothing is read or written yet.

    Raises:
        BadInput: a setting that one of the parts refuses.
    """
    environment.check_accelerator(settings["trainer"]["accelerator"])
    _reset_process(settings["trainer"])
    degradation, model = settings["degradation"], settings["model"]
    scale = int(degradation["scale"])
    kernel = str(model.get("kernel", "bicubic"))
    data = SuperResolutionData(
        source, split, settings["data"], degradation, kernel, int(settings["seed"])
    )
    _seed(int(settings["seed"]))
    network = models.network_settings(model, bool(degradation["antialias"]), scale)
    task = SuperResolution(network, settings["optimizer"], scale)
    _probe(task, int(settings["data"]["target_size"]))
    if task.is_trained:
        task.configure_optimizers()  # refuses bad arguments now, not in the middle of the run
    history, test_pictures = callbacks.History(), callbacks.TestPictures()
    best, last = _checkpoints(folder / "checkpoints")
    trainer = _trainer(
        settings["trainer"],
        logger=_logger(settings["logger"], folder),
        default_root_dir=folder,
        callbacks=[
            history,
            callbacks.EpochProgress(name, history),
            callbacks.ValidationPictures(),
            test_pictures,
            best,
            last,
        ],
    )
    # Three quarters of a step's time on a CPU go into convolutions that are faster this way.
    task = task.to(memory_format=torch.channels_last)
    return Parts(task, data, trainer, history, test_pictures, best)


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


def fit_and_test(parts: Parts, settings: dict[str, Any], folder: Path) -> Result:
    """Train, test the checkpoint with the best val PSNR, leave pictures and events in `folder`."""
    task, trainer, history = parts.task, parts.trainer, parts.history
    started = time.monotonic()
    if task.is_trained:
        trainer.fit(task, parts.data)
        max_val_psnr = history.best().get("val_psnr")
    else:
        max_val_psnr = _validate_baseline(parts, settings["trainer"]["max_epochs"])
    fitted = time.monotonic()
    metrics: dict[str, float | None] = {"max_val_psnr": max_val_psnr}
    per_image: list[dict[str, Any]] = []
    if not history.diverged:
        if task.is_trained:
            checkpoint = torch.load(parts.best.best_model_path, weights_only=True)
            task.load_state_dict(checkpoint["state_dict"])
        trainer.test(task, parts.data, verbose=False)
        table = task.test_table()
        metrics |= summarize(table)
        per_image = [
            {"name": image, **{key: values[index] for key, values in table.items()}}
            for index, image in enumerate(parts.data.split.test)
        ]
        _leave_pictures(parts, folder, table["psnr"])
    _log_hyperparameters(trainer.loggers, settings, folder.name, metrics)
    for logger in trainer.loggers:
        logger.finalize("success")
    return Result(
        status="diverged" if history.diverged else "finished",
        metrics=metrics,
        history=history.epochs,
        per_image=per_image,
        parameters=sum(p.numel() for p in task.network.parameters() if p.requires_grad),
        epochs=len(history.epochs),
        environment=environment.describe(
            trainer.strategy.root_device, settings["trainer"]["precision"]
        ),
        durations={
            "fit_s": round(fitted - started, 3),
            "test_s": round(time.monotonic() - fitted, 3),
        },
    )


def _reset_process(trainer: dict[str, Any]) -> None:
    """One process runs all jobs of a sweep; nothing may leak from one into the next."""
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)  # no tips, no device notices
    # The data lies on the device: there is nothing for workers to do.
    warnings.filterwarnings("ignore", ".*does not have many workers.*")
    # torch deprecated a class that Lightning 2.6 asks for.
    warnings.filterwarnings("ignore", ".*isinstance\\(treespec, LeafSpec\\).*")
    environment.keep_freed_memory()
    torch.set_num_threads(trainer["threads"] or environment.ALL_THREADS)
    torch.set_float32_matmul_precision("highest")


def _seed(seed: int) -> None:
    """Every generator that a network may ask, also one that is not ours."""
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)


def _logger(settings: dict[str, Any], folder: Path) -> Logger | bool:
    from hydra.utils import instantiate

    return instantiate(settings, save_dir=str(folder)) if settings.get("_target_") else False


def _checkpoints(folder: Path) -> tuple[ModelCheckpoint, ModelCheckpoint]:
    """`best.ckpt` by val PSNR, `last.ckpt` after each epoch."""
    common: dict[str, Any] = {
        "dirpath": folder,
        "enable_version_counter": False,
        # After the epoch's history is written, so that a checkpoint knows its own epoch.
        "save_on_train_epoch_end": True,
    }
    best = ModelCheckpoint(filename="best", monitor="val/psnr", mode="max", **common)
    last = ModelCheckpoint(filename="last", **common)
    return best, last


def _trainer(settings: dict[str, Any], **parts: Any) -> Trainer:
    try:
        return Trainer(
            accelerator=settings["accelerator"],
            devices=1,
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


def _validate_baseline(parts: Parts, epochs: int) -> float:
    """One pass over the validation images, drawn as a horizontal line beside the curves."""
    trainer = parts.trainer
    trainer.validate(parts.task, parts.data, verbose=False)
    loss, psnr = (float(trainer.callback_metrics[f"val/{name}"]) for name in ("loss", "psnr"))
    figures = callbacks.scalars({"val_loss": loss, "val_psnr": psnr})
    for logger in trainer.loggers:
        for epoch in (1, epochs):
            logger.log_metrics(figures, step=epoch)
    callbacks.show(trainer, parts.task, epoch=1)
    return psnr


def _leave_pictures(parts: Parts, folder: Path, psnr: list[float]) -> None:
    names, outputs = parts.data.split.test, parts.test_pictures.outputs
    pictures.write_outputs(folder / "pictures", names, outputs)
    lr, hr = parts.data.pairs["test"][list(range(min(pictures.COMPARED, len(names))))]
    pictures.write_comparison(folder / "comparison.png", names, lr, outputs, hr, psnr)


def _log_hyperparameters(
    loggers: list[Logger], settings: dict[str, Any], name: str, metrics: dict[str, float | None]
) -> None:
    """One row in TensorBoard's HParams tab: what was chosen and what came of it.

    The tab shows five columns at first, so there are five; the record holds the rest.
    """
    chosen = {
        "variant": settings["variant"] or name,
        "model": str(settings["model"].get("name", "")),
        "lr": settings["optimizer"]["lr"],
        "weight_decay": settings["optimizer"]["weight_decay"],
        "seed": settings["seed"],
    }
    final = {f"final/{key}": value for key, value in metrics.items() if value is not None}
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(chosen, final)
